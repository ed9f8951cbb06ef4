//! What was typed, with nothing judged but the names.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::args::{ConfigArgs, ServeArgs};
use super::error::{ConfigError, Fault, Source};
use super::{file, keys};

/// One value as it was typed. Paths need not be UTF-8, so nothing is text yet.
#[derive(Debug, Clone)]
pub(super) struct Typed {
    pub(super) value: OsString,
    pub(super) source: Source,
}

/// A folder as it was typed, with its name when the file gave one.
#[derive(Debug, Clone)]
pub(super) struct RawLibrary {
    pub(super) name: Option<String>,
    pub(super) path: PathBuf,
    pub(super) repair: Option<bool>,
    pub(super) source: Source,
}

/// One layer of settings, or several laid over each other.
#[derive(Debug, Default)]
pub(super) struct RawConfig {
    /// By key of the file; `config` (the file itself) stands here as well.
    pub(super) values: BTreeMap<&'static str, Typed>,
    /// All from one layer: folders in the arguments replace those of the file.
    pub(super) libraries: Vec<RawLibrary>,
    /// The file's libraries, kept beside: their names hold for a folder however it was given.
    pub(super) names: Vec<RawLibrary>,
    pub(super) file: Option<PathBuf>,
}

impl RawConfig {
    /// Flags over environment over the first file there is.
    pub(super) fn gather<K: Into<OsString>, V: Into<OsString>>(
        args: &ConfigArgs,
        serve: &ServeArgs,
        environment: impl IntoIterator<Item = (K, V)>,
        places: &[&str],
    ) -> Result<RawConfig, ConfigError> {
        let environment = environment.into_iter().map(|(name, value)| (name.into(), value.into()));
        let typed = from_flags(args, serve).over(from_environment(environment)?);
        let file = file::read(typed.values.get("config"), places)?;
        Ok(typed.over(file))
    }

    /// This layer, and where it says nothing the weaker one.
    fn over(mut self, weaker: RawConfig) -> RawConfig {
        for (key, typed) in weaker.values {
            self.values.entry(key).or_insert(typed);
        }
        if self.libraries.is_empty() {
            self.libraries = weaker.libraries;
        }
        self.names.extend(weaker.names);
        self.file = self.file.or(weaker.file);
        self
    }

    pub(super) fn set(&mut self, key: &'static str, value: impl Into<OsString>, source: Source) {
        self.values.insert(key, Typed { value: value.into(), source });
    }

    /// The checked value of a key, if it was typed at all.
    pub(super) fn parse<T>(
        &self,
        key: &'static str,
        parse: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Result<Option<T>, ConfigError> {
        let Some(typed) = self.values.get(key) else { return Ok(None) };
        let value = typed.text().and_then(parse).map_err(|fault| fault.at(key, typed.source.clone()))?;
        Ok(Some(value))
    }

    pub(super) fn source(&self, key: &str) -> Source {
        self.values.get(key).map_or(Source::Default, |typed| typed.source.clone())
    }
}

impl Typed {
    fn text(&self) -> Result<&str, Fault> {
        self.value.to_str().map(str::trim).ok_or_else(|| {
            Fault::new(format!("{:?} is not UTF-8", self.value), "write it with the characters of UTF-8 only")
        })
    }
}

fn from_flags(args: &ConfigArgs, serve: &ServeArgs) -> RawConfig {
    let mut raw = RawConfig::default();
    let joined = |list: &[String]| (!list.is_empty()).then(|| list.join(","));
    let proxies = joined(&serve.trusted_proxies);
    let (embed, cors) = (joined(&serve.embed_origins), joined(&serve.cors_origins));
    let texts = [
        ("listen", "--listen", &serve.listen),
        ("public_url", "--public-url", &serve.public_url),
        ("legacy_route", "--legacy-route", &serve.legacy_route),
        ("trusted_proxies", "--trusted-proxy", &proxies),
        ("embed_origins", "--embed-origin", &embed),
        ("cors_origins", "--cors-origin", &cors),
        ("scan_interval", "--scan-interval", &serve.scan_interval),
        ("limits.drain_timeout", "--drain-timeout", &serve.drain_timeout),
        ("limits.max_connections", "--max-connections", &serve.max_connections),
        ("zero_copy", "--zero-copy", &serve.zero_copy),
        ("log_format", "--log-format", &serve.log_format),
    ];
    for (key, flag, text) in texts {
        if let Some(text) = text {
            raw.set(key, text, Source::Flag(flag));
        }
    }
    let paths = [
        ("data", "--data", &args.data),
        ("config", "--config", &args.config),
        ("tls_cert", "--tls-cert", &serve.tls_cert),
        ("tls_key", "--tls-key", &serve.tls_key),
    ];
    for (key, flag, path) in paths {
        if let Some(path) = path {
            raw.set(key, path, Source::Flag(flag));
        }
    }
    raw.libraries = serve.dirs.iter().map(|path| unnamed(path.clone(), Source::Flag("DIR"))).collect();
    raw
}

fn from_environment(variables: impl Iterator<Item = (OsString, OsString)>) -> Result<RawConfig, ConfigError> {
    let mut raw = RawConfig::default();
    for (name, value) in variables {
        let Some(name) = name.to_str().filter(|name| is_ours(name)) else { continue };
        let source = Source::Environment(name.to_owned());
        let keys = || keys::KEYS.into_iter().chain(["config"]);
        match keys().find(|key| keys::variable(key) == name) {
            // `REELGATE_LISTEN=` in a compose file means "not set".
            _ if value.is_empty() => {}
            Some(key) => raw.set(key, value, source),
            None if name == keys::variable("libraries") => raw.libraries = split_folders(&value, &source),
            None => return Err(unknown_variable(name, source)),
        }
    }
    Ok(raw)
}

/// Kubernetes puts `REELGATE_PORT=tcp://...` and `REELGATE_SERVICE_HOST` into every pod beside a service
/// called `reelgate`; nobody typed those.
fn is_ours(name: &str) -> bool {
    let of_kubernetes =
        |rest: &str| rest == "PORT" || rest.starts_with("PORT_") || rest.starts_with("SERVICE_");
    name.strip_prefix("REELGATE_").is_some_and(|rest| !of_kubernetes(rest))
}

fn split_folders(value: &OsStr, source: &Source) -> Vec<RawLibrary> {
    let folders = std::env::split_paths(value).filter(|path| path != Path::new(""));
    folders.map(|path| unnamed(path, source.clone())).collect()
}

fn unnamed(path: PathBuf, source: Source) -> RawLibrary {
    RawLibrary { name: None, path, repair: None, source }
}

fn unknown_variable(name: &str, source: Source) -> ConfigError {
    let known: Vec<String> =
        keys::KEYS.iter().chain(&["config", "libraries"]).map(|key| keys::variable(key)).collect();
    Fault::new("no setting has this name", keys::suggestion(name, &known)).at(name, source)
}
