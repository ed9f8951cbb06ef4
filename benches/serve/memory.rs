//! What the kernel keeps for connections.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::install::find;

/// What the sockets at this port hold, in bytes: what waits to be sent or read, and what is set aside for them. Only the
/// server's ends; the client's are not its business.
pub fn of_port(port: u16) -> Result<u64> {
    let ss = Command::new(find("ss").context("ss is not installed")?)
        .args(["-t", "-m", "-n", "-H", "-O", "state", "established", &format!("( sport = :{port} )")])
        .output()?;
    ensure!(ss.status.success(), "ss: {}", String::from_utf8_lossy(&ss.stderr));
    Ok(String::from_utf8_lossy(&ss.stdout).lines().filter_map(of_line).sum())
}

/// `skmem:(r0,rb131072,t0,tb87040,f0,w0,o0,bl0,d0)`: received, forward allocated, queued for writing.
fn of_line(line: &str) -> Option<u64> {
    let (_, fields) = line.split_once("skmem:(")?;
    let fields = fields.split(')').next()?.split(',');
    let value = |field: &str| field.strip_prefix(['r', 'f', 'w'])?.parse::<u64>().ok();
    Some(fields.filter_map(value).sum())
}

/// What all sockets of this network hold, both ends, in bytes.
pub fn of_both_ends() -> Result<u64> {
    let text = fs::read_to_string("/proc/net/sockstat")?;
    let line = text.lines().find(|line| line.starts_with("TCP:")).context("no TCP in sockstat")?;
    let pages: u64 = line.rsplit(' ').next().context("no mem in sockstat")?.parse()?;
    Ok(pages * 4096)
}
