//! Where certificate and key lie: both are named, or neither.

use std::path::PathBuf;

use super::error::{ConfigError, Fault};
use super::raw::RawConfig;

/// The files that HTTPS needs. They are read when a server starts, and again at SIGHUP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The server's own certificate, and behind it those that lead to one that clients know.
    pub cert: PathBuf,
    pub key: PathBuf,
}

pub(super) fn files(raw: &RawConfig) -> Result<Option<TlsFiles>, ConfigError> {
    let lonely = |there: &'static str, missing: &'static str| {
        let cure = format!("name the other file with {missing} (flag --{})", missing.replace('_', "-"));
        Fault::new(format!("{missing} is missing, and HTTPS needs both"), cure).at(there, raw.source(there))
    };
    match (path(raw, "tls_cert")?, path(raw, "tls_key")?) {
        (Some(cert), Some(key)) => Ok(Some(TlsFiles { cert, key })),
        (None, None) => Ok(None),
        (Some(_), None) => Err(lonely("tls_cert", "tls_key")),
        (None, Some(_)) => Err(lonely("tls_key", "tls_cert")),
    }
}

#[cfg(feature = "tls")]
pub(super) fn certificate(raw: &RawConfig) -> Result<Option<PathBuf>, ConfigError> {
    path(raw, "tls_cert")
}

fn path(raw: &RawConfig, key: &'static str) -> Result<Option<PathBuf>, ConfigError> {
    let Some(typed) = raw.values.get(key) else { return Ok(None) };
    let path = std::path::absolute(&typed.value);
    let path = path.map_err(|error| {
        Fault::new(format!("{:?}: {error}", typed.value), "give the path of a PEM file")
            .at(key, typed.source.clone())
    })?;
    if cfg!(feature = "tls") {
        return Ok(Some(path));
    }
    // To serve HTTP where HTTPS was asked for would send tokens unencrypted.
    let cure = "install it with its default features, or take the setting out and put a proxy in front";
    Err(Fault::new("this reelgate was built without HTTPS (the feature `tls`)", cure)
        .at(key, typed.source.clone()))
}
