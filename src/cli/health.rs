//! `healthcheck`: for containers and service managers.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::config::{Config, ConfigArgs, ServeArgs};

use super::output::Output;

#[derive(Args, Debug)]
pub(super) struct HealthArgs {
    /// Where the server listens [default: as configured]
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Ask over HTTPS, of a server that shows the certificate in this file [default: as configured]
    #[arg(long, value_name = "FILE")]
    tls_cert: Option<PathBuf>,
    /// Ask whether it can decide requests, not only whether it lives
    #[arg(long)]
    ready: bool,
}

/// A container's check that takes longer counts as failed anyway.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn run(config: &ConfigArgs, args: &HealthArgs, output: Output) -> anyhow::Result<()> {
    let serve =
        ServeArgs { listen: args.listen.clone(), tls_cert: args.tls_cert.clone(), ..ServeArgs::default() };
    let mut address = Config::listen(config, &serve, std::env::vars_os())?;
    if address.ip().is_unspecified() {
        let loopback =
            if address.is_ipv4() { [127, 0, 0, 1].into() } else { std::net::Ipv6Addr::LOCALHOST.into() };
        address.set_ip(loopback);
    }
    let path = if args.ready { "/readyz" } else { "/healthz" };
    let asked = tokio::time::timeout(PATIENCE, connect_and_ask(config, &serve, address, path)).await;
    let status = asked.with_context(|| format!("{address} does not answer"))??;
    let value = json!({ "address": address.to_string(), "status": status });
    output.show(&value, || format!("{address}{path}: {status}"))?;
    if status == 200 { Ok(()) } else { anyhow::bail!("the server is not well") }
}

async fn connect_and_ask(
    config: &ConfigArgs,
    serve: &ServeArgs,
    address: SocketAddr,
    path: &str,
) -> anyhow::Result<u16> {
    let connected = TcpStream::connect(address).await;
    let stream = connected.with_context(|| format!("nothing listens on {address}"))?;
    #[cfg(feature = "tls")]
    if let Some(certificate) = Config::shown_certificate(config, serve, std::env::vars_os())? {
        return ask(super::pinned::secure(stream, certificate).await?, address, path).await;
    }
    #[cfg(not(feature = "tls"))]
    let _ = (config, serve);
    ask(stream, address, path).await
}

async fn ask(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    address: SocketAddr,
    path: &str,
) -> anyhow::Result<u16> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    stream.flush().await?;
    let mut head = [0; 12];
    stream.read_exact(&mut head).await.context("the answer is not HTTP")?;
    let status = std::str::from_utf8(&head).ok().and_then(|head| head.strip_prefix("HTTP/1.1 "));
    status.and_then(|status| status.parse().ok()).context("the answer is not HTTP")
}
