//! axum with tower-http's `ServeDir`: what most people write in Rust first. A mode of this very program, so that it is
//! compiled as reelgate is.

use std::env;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Result;
use axum::Router;
use axum::serve::ListenerExt as _;
use tower_http::services::ServeDir;

use super::{Place, free_port, wait_for};
use crate::client::Target;
use crate::process::Process;

/// The argument that chooses this mode; folder and address follow.
pub const MODE: &str = "--serve-dir";

pub fn start(place: &Place) -> Result<(Process, Target)> {
    let address = free_port()?;
    let mut command = Command::new(env::current_exe()?);
    command.arg(MODE).arg(&place.films).arg(address.to_string()).stdin(Stdio::null());
    let mut process = Process::start(&mut command)?;
    wait_for(address, &mut process, &place.folder)?;
    Ok((process, Target { address, path: format!("/{}", place.film) }))
}

/// The peer itself.
pub fn run(folder: &Path, address: SocketAddr) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(address).await?.tap_io(|stream| {
            // A socket that does not take it is dead already.
            let _ = stream.set_nodelay(true);
        });
        let router = Router::new().fallback_service(ServeDir::new(folder));
        Ok(axum::serve(listener, router).await?)
    })
}
