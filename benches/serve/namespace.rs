//! A network of one's own with two hosts: the servers' and the client's, and a cable between them (veth).
//!
//! Two hosts, since a server may treat its own machine otherwise, and reelgate does: it sends to other machines without
//! copying. Packets are as small as real ones, which those of loopback are not: what a server holds back until its
//! packet is full then waits 40 ms for an acknowledgement, as on no network. A process namespace comes along: whatever
//! happens, nothing is left running.

use std::env;
use std::ffi::OsStr;
use std::net::Ipv4Addr;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Context, Result, ensure};

use crate::install::find;

/// Set for the process inside.
const INSIDE: &str = "SERVE_BENCH_INSIDE";

const CLIENT: &str = "10.77.0.1";
const SERVERS: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 2);

/// The network of the servers' host, as a file; none: there is one host only.
static SERVERS_NETWORK: OnceLock<String> = OnceLock::new();

pub fn is_inside() -> bool {
    env::var_os(INSIDE).is_some()
}

/// Returns inside of the namespace, or outside with a warning if there can be none.
pub fn enter() -> Result<()> {
    if is_inside() {
        return lay_cable();
    }
    let ip = find("ip").unwrap_or_default();
    let unshare = ["--net", "--pid", "--fork", "--kill-child", "--mount-proc"];
    let possible = Command::new("unshare").args(unshare).arg(ip).arg("link").output();
    if possible.is_ok_and(|output| output.status.success()) {
        let program = env::current_exe()?;
        let error = Command::new("unshare")
            .args(unshare)
            .arg(program)
            .args(env::args_os().skip(1))
            .env(INSIDE, "1")
            .exec();
        return Err(error.into());
    }
    eprintln!(
        "warning: no network namespace (it takes root, unshare and ip): everything goes over loopback, where reelgate \
         copies and packets are 64 KiB, and these figures do not compare with others"
    );
    Ok(())
}

fn lay_cable() -> Result<()> {
    // A network lives as long as somebody is in it; the process namespace ends him.
    let holder = Command::new("unshare")
        .args(["--net", "sleep", "infinity"])
        .stdin(Stdio::null())
        .spawn()
        .context("unshare --net")?;
    let (network, holder) = (format!("/proc/{}/ns/net", holder.id()), holder.id().to_string());
    wait_for(&network)?;
    run(&["link", "add", "client", "type", "veth", "peer", "name", "server", "netns", &holder])?;
    run(&["addr", "add", &format!("{CLIENT}/24"), "dev", "client"])?;
    run(&["link", "set", "lo", "up"])?;
    run(&["link", "set", "client", "up"])?;
    _ = SERVERS_NETWORK.set(network);
    let ip = find("ip").context("ip is not installed")?;
    let script = format!(
        "{ip} link set lo mtu 1500 up && {ip} addr add {SERVERS}/24 dev server && {ip} link set server up",
        ip = ip.display()
    );
    let done = command("sh").args(["-c", &script]).status()?;
    ensure!(done.success(), "the servers' host has no network");
    Ok(())
}

/// The holder is in its own network from one moment on, not from its start.
fn wait_for(network: &str) -> Result<()> {
    let own = std::fs::read_link("/proc/self/ns/net")?;
    for _ in 0..1_000 {
        if std::fs::read_link(network).is_ok_and(|its| its != own) {
            return Ok(());
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    anyhow::bail!("{network} is no network of its own")
}

fn run(arguments: &[&str]) -> Result<()> {
    let done = Command::new(find("ip").context("ip is not installed")?).args(arguments).status()?;
    ensure!(done.success(), "ip {} failed", arguments.join(" "));
    Ok(())
}

/// Where the servers listen.
pub fn host() -> Ipv4Addr {
    if SERVERS_NETWORK.get().is_some() { SERVERS } else { Ipv4Addr::LOCALHOST }
}

/// A program that will run on the servers' host.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    match SERVERS_NETWORK.get() {
        Some(network) => {
            let mut command = Command::new("nsenter");
            command.arg(format!("--net={network}")).arg("--").arg(program);
            command
        }
        None => Command::new(program),
    }
}
