//! Caddy's file server.

use std::fs;
use std::path::Path;

use anyhow::Result;

use super::{Place, free_port, quiet, wait_for};
use crate::client::Target;
use crate::process::Process;

pub fn start(place: &Place, folder: &Path) -> Result<(Process, Target)> {
    let address = free_port()?;
    let log = if place.logs { "log {\n output file access.log {\n roll_disabled\n }\n }" } else { "" };
    let config = format!(
        "{{\n admin off\n auto_https off\n}}\nhttp://{address} {{\n root * {}\n file_server\n {log}\n}}\n",
        place.films.display()
    );
    fs::write(folder.join("Caddyfile"), config)?;
    let mut command = quiet("caddy", folder)?;
    command.args(["run", "--config", "Caddyfile", "--adapter", "caddyfile"]);
    command.env("HOME", folder).env("XDG_DATA_HOME", folder).env("XDG_CONFIG_HOME", folder);
    let mut process = Process::start(&mut command)?;
    wait_for(address, &mut process, folder)?;
    Ok((process, Target { address, path: format!("/{}", place.film) }))
}
