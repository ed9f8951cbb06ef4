//! Caddy's file server.

use std::fs;
use std::path::Path;

use anyhow::Result;

use super::{Place, Started, free_port, plain_paths, quiet, wait_for};
use crate::process::Process;

pub fn start(place: &Place, folder: &Path) -> Result<Started> {
    let address = free_port()?;
    let log = if place.logs { "log {\n output file access.log {\n roll_disabled\n }\n }" } else { "" };
    let (scheme, tls) = match &place.tls {
        // The client does not ask for an address by name, so this one is the default.
        Some(tls) => ("https", format!("tls {} {}", tls.certificate.display(), tls.key.display())),
        None => ("http", String::new()),
    };
    let config = format!(
        "{{\n admin off\n auto_https off\n}}\n{scheme}://{address} {{\n {tls}\n root * {}\n file_server\n {log}\n}}\n",
        place.films.display()
    );
    fs::write(folder.join("Caddyfile"), config)?;
    let mut command = quiet("caddy", folder)?;
    command.args(["run", "--config", "Caddyfile", "--adapter", "caddyfile"]);
    command.env("HOME", folder).env("XDG_DATA_HOME", folder).env("XDG_CONFIG_HOME", folder);
    let mut process = Process::start(&mut command)?;
    wait_for(address, &mut process, folder)?;
    Ok(Started { process, address, paths: plain_paths() })
}
