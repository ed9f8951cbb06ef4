//! For who runs the server: is it alive, is it ready, what does it count.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};

use crate::access::credential;
use crate::app::App;
use crate::error::Error;

/// The address at the other end of the connection; the server puts it into the request's extensions.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub std::net::SocketAddr);

/// `/healthz`: the process answers. It asks nothing of database and disks, or a slow disk would restart the server.
pub async fn health() -> impl IntoResponse {
    ([(CACHE_CONTROL, "no-store")], "ok\n")
}

/// `/readyz`: requests can be decided, so the database answers.
pub async fn readiness(State(app): State<App>) -> Result<Response, Error> {
    app.access.expect_informed().map_err(Error::unavailable)?;
    app.db.libraries().await.map_err(Error::unavailable)?;
    Ok((StatusCode::OK, [(CACHE_CONTROL, "no-store")], "ready\n").into_response())
}

/// `/metrics`: for this machine itself, or with an admin's api token.
pub async fn metrics(State(app): State<App>, request: Request) -> Result<Response, Error> {
    let (request, _) = request.into_parts();
    if !is_local(&request) {
        let presented = credential::presented(&request.headers, request.uri.query(), None);
        app.access.admin(presented.map_err(|_| Error::AmbiguousCredential)?).await?;
    }
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let text = app.metrics.text();
    Ok(([(CONTENT_TYPE, content_type), (CACHE_CONTROL, "no-store")], text).into_response())
}

/// Somebody on this machine, not a proxy on it that speaks for somebody else.
fn is_local(request: &http::request::Parts) -> bool {
    let peer = request.extensions.get::<Peer>().is_some_and(|peer| peer.0.ip().to_canonical().is_loopback());
    peer && !is_forwarded(&request.headers)
}

fn is_forwarded(headers: &HeaderMap) -> bool {
    let proxies_say =
        ["forwarded", "via", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-real-ip"];
    proxies_say.iter().any(|name| headers.contains_key(*name))
}
