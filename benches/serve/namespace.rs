//! A network of one's own, whose loopback carries packets as small as real ones.
//!
//! Loopback sends segments of 64 KiB. What a server holds back until its packet is full then waits 40 ms for an
//! acknowledgement, which no network does. A process namespace comes along: whatever happens, nothing is left running.

use std::env;
use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::install::find;

/// Set for the process inside.
const INSIDE: &str = "SERVE_BENCH_INSIDE";

pub fn is_inside() -> bool {
    env::var_os(INSIDE).is_some()
}

/// Returns inside of the namespace, or outside with a warning if there can be none.
pub fn enter() -> Result<()> {
    let ip = find("ip").unwrap_or_default();
    if is_inside() {
        let up = Command::new(ip).args(["link", "set", "lo", "mtu", "1500", "up"]).status()?;
        ensure!(up.success(), "`ip link set lo mtu 1500 up` failed");
        return Ok(());
    }
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
        "warning: no network namespace (it takes root, unshare and ip): loopback keeps its 64 KiB segments, and \
         these figures do not compare with others"
    );
    Ok(())
}
