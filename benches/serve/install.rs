//! What the measurement needs, brought by Debian's packages if it is missing.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::geteuid;

/// What proves that it is there, and the packages that bring it, the smallest first.
type Need = (fn() -> bool, &'static [&'static str]);

const NEEDED: &[Need] = &[
    (|| find("ip").is_some() && find("ss").is_some(), &["iproute2"]),
    (|| find("unshare").is_some(), &["util-linux"]),
    // In some releases the light one lacks the checks.
    (nginx_checks, &["nginx-light", "nginx-full", "nginx-extras"]),
    (|| find("caddy").is_some(), &["caddy"]),
];

/// Installs what is missing, as root or with sudo. What cannot be had is left out of the tables later.
pub fn what_is_missing() {
    if NEEDED.iter().all(|(is_there, _)| is_there()) {
        return;
    }
    if find("apt-get").is_none() {
        eprintln!("this is not Debian: please install nginx, Caddy, iproute2 and util-linux, or do without");
        return;
    }
    apt_get(&["update", "-q"]);
    for (is_there, packages) in NEEDED {
        for package in *packages {
            if !is_there() {
                apt_get(&["install", "-y", "-q", "--no-install-recommends", package]);
            }
        }
        if !is_there() {
            eprintln!("{} cannot be installed here", packages[0]);
        }
    }
}

fn apt_get(arguments: &[&str]) {
    eprintln!("apt-get {}", arguments.join(" "));
    let mut command = Command::new(if geteuid().is_root() { "env" } else { "sudo" });
    if !geteuid().is_root() {
        command.arg("env");
    }
    command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]).args(arguments);
    // What it prints is nobody's table. Whether it worked shows in what is there afterwards.
    let _ = command.stdin(Stdio::null()).stdout(Stdio::null()).status();
}

/// A program, also where not everybody's path leads.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(["/usr/sbin", "/sbin"].map(PathBuf::from));
    folders.map(|folder| folder.join(program)).find(|path: &PathBuf| is_program(path))
}

fn is_program(path: &Path) -> bool {
    rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok() && path.is_file()
}

/// What nginx says it was built with.
pub fn nginx_modules() -> Option<String> {
    let output = Command::new(find("nginx")?).arg("-V").output().ok()?;
    Some(String::from_utf8_lossy(&output.stderr).into_owned())
}

fn nginx_checks() -> bool {
    let modules = nginx_modules().unwrap_or_default();
    ["http_secure_link_module", "http_auth_request_module"].iter().all(|module| modules.contains(module))
}
