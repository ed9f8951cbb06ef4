//! Where people reach the server, for commands that print addresses.

use std::net::SocketAddr;

use crate::config::{Config, ConfigArgs};
use crate::db::folder::DataFolder;

use super::output::Output;

/// Scheme and host, without a slash at the end.
#[derive(Debug)]
pub(super) struct Base {
    pub(super) url: String,
    is_guess: bool,
}

impl Base {
    /// What the settings publish, else what the server that runs on the data folder said, else where the settings have it
    /// listen.
    pub(super) fn find(config: &ConfigArgs) -> anyhow::Result<Base> {
        let known = |url| Ok(Base { url, is_guess: false });
        if let Some(url) = Config::public_url(config, std::env::vars_os())? {
            return known(plain(&url));
        }
        let folder = DataFolder::existing(&Config::data_folder(config, std::env::vars_os())?)?;
        if let Some(url) = folder.server_address()? {
            return known(url);
        }
        let listening = Config::listening(config, std::env::vars_os())?;
        let url = typed(listening.is_encrypted, listening.address);
        Ok(Base { url, is_guess: !listening.is_named })
    }

    /// For who sends such an address on.
    pub(super) fn warn_of_guess(&self, output: Output) {
        if self.is_guess {
            output.warning(&format!(
                "{} is a guess: no server runs on this data folder, and no setting says where it will. \
                 Name what people type with public_url in reelgate.toml (REELGATE_PUBLIC_URL).",
                self.url
            ));
        }
    }
}

/// What people type to reach a server that listens there.
pub(super) fn url(config: &Config, address: SocketAddr) -> String {
    config.public_url.as_ref().map_or_else(|| typed(config.tls.is_some(), address), plain)
}

fn plain(url: &url::Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}

fn typed(is_encrypted: bool, address: SocketAddr) -> String {
    let scheme = if is_encrypted { "https" } else { "http" };
    if address.ip().is_unspecified() {
        format!("{scheme}://localhost:{}", address.port())
    } else {
        format!("{scheme}://{address}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_for_everybody_is_typed_as_this_machine() {
        let cases = [
            ("127.0.0.1:8080", false, "http://127.0.0.1:8080"),
            ("0.0.0.0:80", false, "http://localhost:80"),
            ("[::]:443", true, "https://localhost:443"),
            ("[::1]:9", false, "http://[::1]:9"),
        ];
        for (address, is_encrypted, want) in cases {
            assert_eq!(typed(is_encrypted, address.parse().unwrap()), want);
        }
    }
}
