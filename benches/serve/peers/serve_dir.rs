//! axum with tower-http's `ServeDir`: what most people write in Rust first.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Result;
use axum::Router;
use axum::serve::ListenerExt as _;
use tower_http::services::ServeDir;

/// The argument that chooses this mode; folder and address follow.
pub const MODE: &str = "--serve-dir";

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
