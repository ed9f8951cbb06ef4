//! nginx as it is set up for files: sendfile, two workers, keep-alive without an end.

use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Result, ensure};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};

use super::{COLD, FILM, Place, Started, free_port, quiet, wait_for};
use crate::process::Process;

/// How a request shows that it may.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Check {
    None,
    SecureLink,
    /// Asks a server of the operator's, here the cheapest there can be: another `server` of the same nginx, over
    /// connections that are kept.
    AuthRequest,
}

const SECRET: &str = "a secret of this file only";
const TOKEN: &str = "4bXxRmNq0Zt7uVwYpKc2Lh9Jd5Ge8Af1";
const EXPIRES: u64 = 4_000_000_000;

/// The location that `auth_request` goes to. A subrequest has no arguments of its own, but shares variables.
const ASKING: &str = "location = /check {
    internal;
    proxy_pass http://checker/?token=$token;
    proxy_http_version 1.1; proxy_set_header Connection \"\";
    proxy_pass_request_body off; proxy_set_header Content-Length \"\";
}";

/// How the disk is read.
pub const NO_AIO: &str = "";
pub const THREADS: &str = "aio threads;";

pub fn start(place: &Place, folder: &Path, check: Check, aio: &str) -> Result<Started> {
    let (address, checker) = (free_port()?, free_port()?);
    let config = folder.join("nginx.conf");
    fs::write(&config, configuration(place, folder, (check, aio), address, checker))?;
    let mut command = quiet("nginx", folder)?;
    command.arg("-p").arg(folder).arg("-c").arg(config);
    let mut process = Process::start(&mut command)?;
    wait_for(address, &mut process, folder)?;
    let path = |name: &str| -> Result<String> {
        let path = format!("/{name}");
        Ok(match check {
            Check::None => path,
            Check::SecureLink => format!("{path}?md5={}&expires={EXPIRES}", signature(&path)?),
            Check::AuthRequest => format!("{path}?token={TOKEN}"),
        })
    };
    Ok(Started { process, address, paths: [path(FILM)?, path(COLD)?] })
}

fn configuration(
    place: &Place,
    folder: &Path,
    (check, aio): (Check, &str),
    address: SocketAddr,
    checker: SocketAddr,
) -> String {
    // Workers of root's nginx would be somebody else, who may not enter our folder.
    let user = if rustix::process::geteuid().is_root() { "user root;" } else { "" };
    let log = if place.logs { "access_log access.log;" } else { "access_log off;" };
    let (ssl, certificate) = match &place.tls {
        Some(tls) => (
            "ssl",
            format!(
                "ssl_protocols TLSv1.2 TLSv1.3; ssl_certificate {}; ssl_certificate_key {};",
                tls.certificate.display(),
                tls.key.display()
            ),
        ),
        None => ("", String::new()),
    };
    let guard = match check {
        Check::None => String::new(),
        Check::SecureLink => format!(
            "secure_link $arg_md5,$arg_expires;
             secure_link_md5 \"$secure_link_expires$uri {SECRET}\";
             if ($secure_link = \"\") {{ return 403; }}
             if ($secure_link = \"0\") {{ return 410; }}"
        ),
        Check::AuthRequest => "set $token $arg_token; auth_request /check;".to_owned(),
    };
    let (asking, checking) = match check {
        Check::AuthRequest => (
            ASKING,
            format!(
                "upstream checker {{ server {checker}; keepalive 64; keepalive_requests 100000000; }}
             server {{
                 listen {checker}; access_log off; keepalive_requests 100000000;
                 location / {{ if ($arg_token != \"{TOKEN}\") {{ return 401; }} return 204; }}
             }}"
            ),
        ),
        Check::None | Check::SecureLink => ("", String::new()),
    };
    format!(
        "{user}
         daemon off; worker_processes 2; pid nginx.pid; error_log error.log;
         events {{ worker_connections 16384; }}
         worker_rlimit_nofile 32768;
         http {{
             client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
             uwsgi_temp_path uwsgi; scgi_temp_path scgi;
             {log}
             types {{ video/mp4 mp4; }}
             sendfile on; tcp_nopush on; sendfile_max_chunk 2m; {aio}
             keepalive_requests 100000000;
             {checking}
             server {{
                 listen {address} backlog=4096 {ssl}; {certificate}
                 root {films};
                 location / {{ {guard} }}
                 {asking}
             }}
         }}",
        films = place.films.display(),
    )
    .replace("access.log", &folder.join("access.log").display().to_string())
}

/// What `secure_link_md5` compares with; MD5 by the tool that everybody has.
fn signature(path: &str) -> Result<String> {
    let mut command = Command::new("md5sum");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    if let Some(mut input) = child.stdin.take() {
        write!(input, "{EXPIRES}{path} {SECRET}")?;
    }
    let output = child.wait_with_output()?;
    ensure!(output.status.success() && output.stdout.len() > 32, "md5sum does not work");
    Ok(BASE64URL_NOPAD.encode(&HEXLOWER.decode(&output.stdout[..32])?))
}
