//! Settings: what was typed becomes what is true.
//!
//! Each place where a setting can stand is read into a layer (`RawConfig`): flags, `REELGATE_*` variables, the
//! configuration file. The layers are laid over each other, and only the result is checked and turned into
//! real values ([`Config`]), so that a value is judged once, wherever it was typed, and an error can say where
//! that was.
//!
//! ```text
//! args ─┐
//! raw   ├─ RawConfig: key → text and source ── check, folders ── Config
//! file ─┘
//! ```

mod args;
#[cfg(feature = "tls")]
mod certificate;
mod check;
mod error;
mod features;
mod file;
mod folders;
mod keys;
mod network;
mod origin;
mod raw;
mod tls;
mod units;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

pub use args::{ConfigArgs, ServeArgs};
#[cfg(feature = "tls")]
pub use certificate::Certificate;
pub use error::{ConfigError, Source};
pub use features::Feature;
pub use keys::{About, Area};
pub use network::Network;
pub use origin::Origin;
pub use tls::TlsFiles;

use raw::RawConfig;

/// The checked settings.
#[derive(Debug, Clone)]
pub struct Config {
    /// Database, keys and cache. Absolute; it need not exist yet.
    pub data: PathBuf,
    pub listen: SocketAddr,
    /// What people type to reach this server, when a proxy stands before it. Scheme, host and port only.
    pub public_url: Option<url::Url>,
    /// What HTTPS is spoken with; none: HTTP.
    pub tls: Option<TlsFiles>,
    /// Empty when no folder was given anywhere: a command may not need one.
    pub libraries: Vec<LibraryConfig>,
    /// Holds the password of the user `admin`, who is made when nobody else can administer.
    pub admin_password_file: Option<PathBuf>,
    /// The library behind `/private/files/download/`.
    pub legacy_route: Option<String>,
    /// Whose `X-Forwarded-*` count.
    pub trusted_proxies: Vec<Network>,
    /// Whose pages may show `/embed/` in a frame.
    pub embed_origins: Vec<Origin>,
    /// Whose pages may read media, not only show it.
    pub cors_origins: Vec<Origin>,
    pub limits: Limits,
    /// Time between two full scans; watching finds most changes earlier.
    pub scan_interval: Duration,
    pub zero_copy: ZeroCopy,
    pub log: LogFormat,
    /// The configuration file that was read.
    pub file: Option<PathBuf>,
    /// Keys that were set, and where; every other key has its default.
    origins: BTreeMap<String, Source>,
}

/// How a server would be reached by its settings.
#[derive(Debug, Clone, Copy)]
pub struct Listening {
    pub address: SocketAddr,
    /// A setting names the address; else it is the usual one.
    pub is_named: bool,
    /// It speaks HTTPS itself.
    pub is_encrypted: bool,
}

/// A setting with its value, as it is listed.
#[derive(Debug, Clone)]
pub struct Setting {
    pub key: String,
    /// Empty: not set.
    pub value: String,
    /// What it is when it stands nowhere.
    pub default: String,
    pub source: Source,
    pub about: About,
}

/// A folder that is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LibraryConfig {
    pub name: String,
    /// Absolute and free of symbolic links.
    pub path: PathBuf,
    /// Named by the configuration file, not by its folder.
    pub named: bool,
    /// Its films are shown in the form that plays soonest, not as they lie on the disk.
    pub repair: bool,
}

/// What one client, or all of them, may take from the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Request line and header lines together.
    pub head_bytes: usize,
    pub headers: usize,
    pub uri_bytes: usize,
    /// From the first byte of a head to its last.
    pub head_timeout: Duration,
    /// A connection kept open between two requests.
    pub idle_timeout: Duration,
    /// A response whose reader takes nothing.
    pub stream_timeout: Duration,
    /// Lowered at the start when the process may open fewer descriptors.
    pub max_connections: usize,
    /// What running responses get after SIGTERM.
    pub drain_timeout: Duration,
    /// Reads that wait for a disk at the same time.
    pub cold_reads: usize,
    /// Opening a file on a mount that no longer answers.
    pub open_timeout: Duration,
}

/// The form of the log's lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    #[default]
    Json,
    Text,
}

/// When files go from the page cache to the socket by themselves, which costs a fifth to a third less than copying them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ZeroCopy {
    /// To clients elsewhere. A program on this machine that has not read what it received shares the file's pages until
    /// it does, which no lease covers.
    #[default]
    Auto,
    /// To programs on this machine too, such as a proxy.
    On,
    Off,
}

/// An empty environment, for commands and tests that want none.
pub const NO_ENVIRONMENT: [(&str, &str); 0] = [];

const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
const DEFAULT_DATA: &str = "./reelgate-data";
const DEFAULT_SCAN_INTERVAL: Duration = Duration::from_mins(15);

impl Config {
    /// Reads flags, environment and file, and checks the result. The environment is [`std::env::vars_os`] in
    /// the program; `vars` would panic on any variable that is not UTF-8.
    pub fn load<K, V>(
        args: &ConfigArgs,
        serve: &ServeArgs,
        environment: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Config, ConfigError>
    where
        K: Into<OsString>,
        V: Into<OsString>,
    {
        check::config(&RawConfig::gather(args, serve, environment, &file::PLACES)?)
    }

    /// The data folder alone, for commands that need no library: withdrawing a token has to work on the day
    /// when the disk with the videos does not.
    pub fn data_folder<K, V>(
        args: &ConfigArgs,
        environment: impl IntoIterator<Item = (K, V)>,
    ) -> Result<PathBuf, ConfigError>
    where
        K: Into<OsString>,
        V: Into<OsString>,
    {
        folders::data(&RawConfig::gather(args, &ServeArgs::default(), environment, &file::PLACES)?)
    }

    /// The address alone, for who asks a running server: a library's disk that is away does not matter there.
    pub fn listen<K, V>(
        args: &ConfigArgs,
        serve: &ServeArgs,
        environment: impl IntoIterator<Item = (K, V)>,
    ) -> Result<SocketAddr, ConfigError>
    where
        K: Into<OsString>,
        V: Into<OsString>,
    {
        check::listening(&RawConfig::gather(args, serve, environment, &file::PLACES)?)
    }

    /// How a server is reached by these settings alone; libraries and the certificate are not looked at.
    pub fn listening<K, V>(
        args: &ConfigArgs,
        environment: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Listening, ConfigError>
    where
        K: Into<OsString>,
        V: Into<OsString>,
    {
        let raw = RawConfig::gather(args, &ServeArgs::default(), environment, &file::PLACES)?;
        let named = check::listening_if_named(&raw)?;
        Ok(Listening {
            address: named.unwrap_or(DEFAULT_LISTEN),
            is_named: named.is_some(),
            is_encrypted: raw.values.contains_key("tls_cert"),
        })
    }

    /// The public URL alone, likewise.
    pub fn public_url<K, V>(
        args: &ConfigArgs,
        environment: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Option<url::Url>, ConfigError>
    where
        K: Into<OsString>,
        V: Into<OsString>,
    {
        check::published(&RawConfig::gather(args, &ServeArgs::default(), environment, &file::PLACES)?)
    }

    /// Libraries of the file whose films are shown as they lie on the disk: name and folder.
    pub fn unrepaired<K, V>(
        args: &ConfigArgs,
        environment: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Vec<(String, PathBuf)>, ConfigError>
    where
        K: Into<OsString>,
        V: Into<OsString>,
    {
        let raw = RawConfig::gather(args, &ServeArgs::default(), environment, &file::PLACES)?;
        let off = raw.names.into_iter().filter(|library| library.repair == Some(false));
        Ok(off.filter_map(|library| Some((library.name?, library.path))).collect())
    }

    /// All defaults over this data folder and nothing read or checked.
    pub fn with_defaults(data: impl Into<PathBuf>) -> Config {
        Config {
            data: data.into(),
            listen: DEFAULT_LISTEN,
            public_url: None,
            tls: None,
            libraries: Vec::new(),
            admin_password_file: None,
            legacy_route: None,
            trusted_proxies: Vec::new(),
            embed_origins: Vec::new(),
            cors_origins: Vec::new(),
            limits: Limits::default(),
            scan_interval: DEFAULT_SCAN_INTERVAL,
            zero_copy: ZeroCopy::default(),
            log: LogFormat::default(),
            file: None,
            origins: BTreeMap::new(),
        }
    }

    /// Every setting and where it came from, in the order of the documentation. None of them is a secret.
    pub fn settings(&self) -> impl Iterator<Item = Setting> {
        let defaults = Config::with_defaults(DEFAULT_DATA);
        let settings = keys::SETTINGS.iter().map(move |about| {
            let default = defaults.text(about.key);
            self.setting(about.key.to_owned(), self.text(about.key), default, *about)
        });
        settings.chain(self.libraries.iter().flat_map(|library| self.library(library)))
    }

    fn library(&self, library: &LibraryConfig) -> [Setting; 2] {
        let (key, repair) = (library.key(), library.repair_key());
        [
            self.setting(key, library.path.display().to_string(), String::new(), keys::LIBRARY),
            self.setting(repair, library.repair.to_string(), true.to_string(), keys::REPAIR),
        ]
    }

    fn setting(&self, key: String, value: String, default: String, about: About) -> Setting {
        let source = self.origins.get(&key).cloned().unwrap_or(Source::Default);
        Setting { key, value, default, source, about }
    }

    fn text(&self, key: &str) -> String {
        match key {
            "data" => self.data.display().to_string(),
            "listen" => self.listen.to_string(),
            "public_url" => self.public_url.as_ref().map(ToString::to_string).unwrap_or_default(),
            "tls_cert" => self.tls.as_ref().map(|tls| tls.cert.display().to_string()).unwrap_or_default(),
            "tls_key" => self.tls.as_ref().map(|tls| tls.key.display().to_string()).unwrap_or_default(),
            "admin_password_file" => {
                self.admin_password_file.as_ref().map(|file| file.display().to_string()).unwrap_or_default()
            }
            "legacy_route" => self.legacy_route.clone().unwrap_or_default(),
            "trusted_proxies" => list(&self.trusted_proxies),
            "embed_origins" => list(&self.embed_origins),
            "cors_origins" => list(&self.cors_origins),
            "scan_interval" => units::duration_text(self.scan_interval),
            "zero_copy" => self.zero_copy.to_string(),
            "log_format" => self.log.to_string(),
            _ => self.limits.text(key.trim_start_matches("limits.")),
        }
    }
}

fn list<T: ToString>(values: &[T]) -> String {
    values.iter().map(T::to_string).collect::<Vec<_>>().join(", ")
}

impl LibraryConfig {
    fn key(&self) -> String {
        format!("library.{}", self.name)
    }

    fn repair_key(&self) -> String {
        format!("{}.repair", self.key())
    }
}

impl Limits {
    fn text(&self, key: &str) -> String {
        match key {
            "head_bytes" => units::size_text(self.head_bytes),
            "headers" => self.headers.to_string(),
            "uri_bytes" => units::size_text(self.uri_bytes),
            "head_timeout" => units::duration_text(self.head_timeout),
            "idle_timeout" => units::duration_text(self.idle_timeout),
            "stream_timeout" => units::duration_text(self.stream_timeout),
            "max_connections" => self.max_connections.to_string(),
            "drain_timeout" => units::duration_text(self.drain_timeout),
            "cold_reads" => self.cold_reads.to_string(),
            "open_timeout" => units::duration_text(self.open_timeout),
            _ => String::new(),
        }
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            head_bytes: 32 * 1024,
            headers: 64,
            uri_bytes: 8 * 1024,
            head_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(20),
            stream_timeout: Duration::from_mins(1),
            max_connections: 10_000,
            drain_timeout: Duration::from_secs(30),
            cold_reads: 32,
            open_timeout: Duration::from_secs(30),
        }
    }
}

impl std::fmt::Display for ZeroCopy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            ZeroCopy::Auto => "auto",
            ZeroCopy::On => "on",
            ZeroCopy::Off => "off",
        })
    }
}

impl std::fmt::Display for LogFormat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            LogFormat::Json => "json",
            LogFormat::Text => "text",
        })
    }
}

#[cfg(test)]
mod tests;
