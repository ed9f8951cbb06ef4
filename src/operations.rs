//! For who runs the server: is it alive, is it ready, what does it count.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HOST};
use http::{HeaderMap, StatusCode};

use crate::access::credential;
use crate::app::App;
use crate::error::Error;
use crate::server::Connection;

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
        let admin = app.access.admin(presented.map_err(|_| Error::AmbiguousCredential)?).await;
        admin.map_err(Error::from).inspect_err(|error| app.metrics.decided("refuse", error.reason()))?;
    }
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let text = app.metrics.text();
    Ok(([(CONTENT_TYPE, content_type), (CACHE_CONTROL, "no-store")], text).into_response())
}

/// Somebody on this machine who means this machine: not a proxy on it that speaks for somebody else, and not a page of
/// another site whose name leads here.
fn is_local(request: &http::request::Parts) -> bool {
    let connection = request.extensions.get::<Connection>();
    let is_here = connection.is_some_and(|connection| connection.peer().ip().is_loopback());
    is_here && !is_forwarded(&request.headers) && names_this_machine(&request.headers)
}

fn names_this_machine(headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name =
        host.rsplit_once(':').map_or(host, |(name, port)| if port.contains(']') { host } else { name });
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

fn is_forwarded(headers: &HeaderMap) -> bool {
    let proxies_say =
        ["forwarded", "via", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-real-ip"];
    proxies_say.iter().any(|name| headers.contains_key(*name))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_host_names_this_machine_or_another_one() {
        let cases = [
            ("127.0.0.1:8080", true, "by address"),
            ("localhost", true, "by name"),
            ("LocalHost:8080", true, "names know no case"),
            ("[::1]:8080", true, "version 6"),
            ("[::1]", true, "without a port"),
            ("evil.example:8080", false, "a name that leads here"),
            ("localhost.evil.example", false, "a longer name"),
            ("10.0.0.1", false, "another machine"),
            ("", false, "nothing"),
        ];
        for (host, want, why) in cases {
            let headers = HeaderMap::from_iter([(HOST, HeaderValue::from_static(host))]);
            assert_eq!(names_this_machine(&headers), want, "{why}: {host}");
        }
    }
}
