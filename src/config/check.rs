//! What is true: each setting from its text, and those that must fit together.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::error::{ConfigError, Fault, Source};
use super::origin::{Origin, Purpose, origins};
use super::raw::RawConfig;
use super::units::{duration, duration_text, size, size_text};
use super::{
    Config, DEFAULT_LISTEN, LibraryConfig, Limits, LogFormat, Network, ZeroCopy, folders, keys, tls,
};

const DAY: Duration = Duration::from_hours(24);
const TIMEOUTS: RangeInclusive<Duration> = Duration::from_millis(1)..=DAY;

pub(super) fn config(raw: &RawConfig) -> Result<Config, ConfigError> {
    let defaults = Config::with_defaults(folders::data(raw)?);
    let libraries = folders::libraries(raw, &defaults.data)?;
    let mut config = Config {
        listen: listening(raw)?,
        public_url: published(raw)?,
        tls: tls::files(raw)?,
        admin_password_file: folders::password(raw)?,
        legacy_route: raw.parse("legacy_route", |name| legacy_route(name, &libraries))?,
        trusted_proxies: raw.parse("trusted_proxies", trusted_proxies)?.unwrap_or_default(),
        embed_origins: named(raw, "embed_origins", Purpose::Frame)?,
        cors_origins: named(raw, "cors_origins", Purpose::Read)?,
        limits: limits(raw)?,
        scan_interval: raw.parse("scan_interval", scan_interval)?.unwrap_or(defaults.scan_interval),
        zero_copy: raw.parse("zero_copy", zero_copy)?.unwrap_or(defaults.zero_copy),
        log: raw.parse("log_format", log_format)?.unwrap_or_default(),
        file: raw.file.clone(),
        libraries: Vec::new(),
        ..defaults
    };
    config.origins = raw.values.iter().map(|(key, typed)| (key.to_string(), typed.source.clone())).collect();
    for (library, source) in libraries {
        if let Some(repair) = folders::repair_source(raw, &library) {
            config.origins.insert(library.repair_key(), repair);
        }
        config.origins.insert(library.key(), source);
        config.libraries.push(library);
    }
    Ok(config)
}

/// None: it listens where every server does that was not told otherwise.
pub(super) fn listening_if_named(raw: &RawConfig) -> Result<Option<SocketAddr>, ConfigError> {
    raw.parse("listen", listen)
}

pub(super) fn listening(raw: &RawConfig) -> Result<SocketAddr, ConfigError> {
    Ok(listening_if_named(raw)?.unwrap_or(DEFAULT_LISTEN))
}

pub(super) fn published(raw: &RawConfig) -> Result<Option<url::Url>, ConfigError> {
    raw.parse("public_url", public_url)
}

fn limits(raw: &RawConfig) -> Result<Limits, ConfigError> {
    let default = Limits::default();
    let limits = Limits {
        // hyper's read buffer is never smaller than 8 KiB.
        head_bytes: bytes(raw, "limits.head_bytes", 8 * 1024..=1024 * 1024)?.unwrap_or(default.head_bytes),
        headers: number(raw, "limits.headers", 8..=1000)?.unwrap_or(default.headers),
        uri_bytes: bytes(raw, "limits.uri_bytes", 256..=64 * 1024)?.unwrap_or(default.uri_bytes),
        head_timeout: timeout(raw, "limits.head_timeout")?.unwrap_or(default.head_timeout),
        idle_timeout: timeout(raw, "limits.idle_timeout")?.unwrap_or(default.idle_timeout),
        stream_timeout: timeout(raw, "limits.stream_timeout")?.unwrap_or(default.stream_timeout),
        max_connections: number(raw, "limits.max_connections", 1..=1_000_000)?
            .unwrap_or(default.max_connections),
        drain_timeout: timeout(raw, "limits.drain_timeout")?.unwrap_or(default.drain_timeout),
        // Below the 512 threads that tokio allows for blocking work, so that the database gets its share.
        cold_reads: number(raw, "limits.cold_reads", 1..=448)?.unwrap_or(default.cold_reads),
        open_timeout: timeout(raw, "limits.open_timeout")?.unwrap_or(default.open_timeout),
    };
    uri_fits_into_head(raw, &limits)?;
    Ok(limits)
}

fn uri_fits_into_head(raw: &RawConfig, limits: &Limits) -> Result<(), ConfigError> {
    if limits.uri_bytes <= limits.head_bytes {
        return Ok(());
    }
    let (uri, head) = (size_text(limits.uri_bytes), size_text(limits.head_bytes));
    let fault = Fault::new(
        format!("a URI of {uri} does not fit into a head of {head}"),
        "make limits.head_bytes larger, or limits.uri_bytes smaller",
    );
    let keys = ["limits.uri_bytes", "limits.head_bytes"];
    let typed = keys.into_iter().find(|key| raw.values.contains_key(key)).unwrap_or(keys[0]);
    Err(fault.at(typed, raw.source(typed)))
}

fn bytes(
    raw: &RawConfig,
    key: &'static str,
    range: RangeInclusive<usize>,
) -> Result<Option<usize>, ConfigError> {
    raw.parse(key, |text| within(size(text)?, &range, |bytes| size_text(*bytes)))
}

fn number(
    raw: &RawConfig,
    key: &'static str,
    range: RangeInclusive<usize>,
) -> Result<Option<usize>, ConfigError> {
    let example = range.start();
    let not_a_number = |text: &str| {
        Fault::new(format!("{text:?} is not a number"), format!("write digits, such as {example}"))
    };
    raw.parse(key, |text| within(text.parse().map_err(|_| not_a_number(text))?, &range, usize::to_string))
}

fn timeout(raw: &RawConfig, key: &'static str) -> Result<Option<Duration>, ConfigError> {
    raw.parse(key, |text| within(duration(text)?, &TIMEOUTS, |duration| duration_text(*duration)))
}

fn scan_interval(text: &str) -> Result<Duration, Fault> {
    within(duration(text)?, &(Duration::from_secs(1)..=365 * DAY), |duration| duration_text(*duration))
}

fn within<T: PartialOrd>(
    value: T,
    range: &RangeInclusive<T>,
    text: impl Fn(&T) -> String,
) -> Result<T, Fault> {
    if range.contains(&value) {
        return Ok(value);
    }
    let bounds = format!("from {} to {}", text(range.start()), text(range.end()));
    Err(Fault::new(format!("{} is out of bounds", text(&value)), format!("choose a value {bounds}")))
}

fn listen(text: &str) -> Result<SocketAddr, Fault> {
    text.parse().map_err(|_| {
        Fault::new(
            format!("{text:?} is not an address with a port"),
            "write both in numbers: 127.0.0.1:8080, 0.0.0.0:8080 for every network, or [::1]:8080",
        )
    })
}

/// Scheme, host and port. A path is refused: the pages link to `/m/...`, so a prefix would break them.
fn public_url(text: &str) -> Result<url::Url, Fault> {
    let cure = "write scheme and host, such as https://video.example.org";
    let url =
        url::Url::parse(text).map_err(|error| Fault::new(format!("{text:?} is not a URL: {error}"), cure))?;
    let problem = match () {
        () if !matches!(url.scheme(), "http" | "https") => "only http and https lead to a browser",
        () if !url.username().is_empty() || url.password().is_some() => {
            "a name or password does not belong here"
        }
        () if url.query().is_some() || url.fragment().is_some() => "it has a query or a fragment",
        () if url.path() != "/" => "it has a path, and reelgate needs a host name of its own",
        () => return Ok(url),
    };
    Err(Fault::new(problem, cure))
}

fn named(raw: &RawConfig, key: &'static str, purpose: Purpose) -> Result<Vec<Origin>, ConfigError> {
    Ok(raw.parse(key, |text| origins(text, purpose))?.unwrap_or_default())
}

fn trusted_proxies(text: &str) -> Result<Vec<Network>, Fault> {
    let parts = text.split([',', ' ']).filter(|part| !part.is_empty());
    parts.map(trusted_proxy).collect()
}

fn trusted_proxy(text: &str) -> Result<Network, Fault> {
    let network = Network::parse(text)?;
    if network.is_everything() {
        let problem = format!("{network} lets anybody pretend to be any address");
        return Err(Fault::new(problem, "name the proxies' own addresses or networks"));
    }
    Ok(network)
}

fn legacy_route(name: &str, libraries: &[(LibraryConfig, Source)]) -> Result<String, Fault> {
    let names: Vec<&str> = libraries.iter().map(|(library, _)| library.name.as_str()).collect();
    if names.contains(&name) {
        return Ok(name.to_owned());
    }
    let cure = if names.is_empty() {
        "name a folder to serve first".to_owned()
    } else {
        keys::suggestion(name, &names)
    };
    Err(Fault::new(format!("no library is called {name:?}"), cure))
}

fn zero_copy(text: &str) -> Result<ZeroCopy, Fault> {
    match text {
        "auto" => Ok(ZeroCopy::Auto),
        "on" => Ok(ZeroCopy::On),
        "off" => Ok(ZeroCopy::Off),
        _ => Err(Fault::new(format!("{text:?} is none of them"), "write auto, on or off")),
    }
}

fn log_format(text: &str) -> Result<LogFormat, Fault> {
    match text {
        "json" => Ok(LogFormat::Json),
        "text" => Ok(LogFormat::Text),
        _ => Err(Fault::new(format!("{text:?} is not a form of the log"), "write json or text")),
    }
}
