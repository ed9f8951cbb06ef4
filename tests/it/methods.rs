//! GET and HEAD, and nothing else: RFC 9110 §9.3.2 and §15.5.6.

use std::collections::BTreeSet;

use crate::support::files::bytes;
use crate::support::http::Connection;
use crate::support::media::{SOON, legacy};
use crate::support::{Request, Server, Setup};

const FILM: &str = "films/a.mp4";

fn served() -> Server {
    let setup = Setup::new().file(FILM, &bytes(5_000)).arguments(["--legacy-route", "videos"]);
    let server = setup.start();
    server.program.ok("user add ada --grant videos");
    server.program.ok("key create");
    server
}

/// Every route, with what opens it.
fn routes(server: &Server) -> Vec<String> {
    let ada = server.token("ada", "");
    let (token, id) = (ada.token(), server.id(FILM));
    let mut routes = vec![
        format!("/m/{id}?token={token}"),
        format!("/m/{id}/a.mp4?token={token}"),
        format!("/t/{token}/m/{id}"),
        format!("/files/videos/{FILM}?token={token}"),
        format!("{}?token={token}", legacy(FILM)),
        format!("/watch/{id}?token={token}"),
        format!("/embed/{id}?token={token}"),
        server.program.sign(&format!("/m/{id}"), "1h"),
    ];
    routes.extend(["/assets/page.css", "/assets/icon.svg", "/healthz", "/readyz"].map(str::to_owned));
    routes
}

#[test]
fn other_methods_are_refused_with_those_that_are_not() {
    let server = served();
    let methods =
        ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "MKCOL", "FOO", "get", "Get"];
    for route in routes(&server) {
        assert_eq!(server.send(&Request::new("GET", &route)).status, 200, "{route}");
        for method in methods {
            for target in [route.as_str(), route.split('?').next().unwrap()] {
                let answer = server.send(&Request::new(method, target).header("X-Echo", "an-echo"));
                assert_eq!(answer.status, 405, "{method} {target}");
                let allow = answer.header("allow").unwrap_or_else(|| panic!("no Allow: {method} {target}"));
                let allowed: BTreeSet<_> = allow.split(',').map(str::trim).collect();
                assert_eq!(allowed, BTreeSet::from(["GET", "HEAD"]), "{method} {target}");
                let text = String::from_utf8_lossy(&answer.body);
                assert!(!text.contains("an-echo"), "{method} {target} is echoed (RFC 9110 §9.3.8)");
                let names: Vec<_> = answer.headers.iter().map(|(name, _)| name.as_str()).collect();
                assert!(
                    !names.contains(&"accept-ranges") && !names.contains(&"etag"),
                    "{method} {target}: {names:?}"
                );
            }
        }
    }
}

#[test]
fn a_body_that_comes_with_a_refused_method_does_no_harm() {
    let server = served();
    for route in routes(&server) {
        let mut connection = Connection::open(server.address);
        let smuggled = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
        let request = Request::new("POST", &route)
            .header("Content-Length", smuggled.len().to_string())
            .header("Connection", "close");
        connection.write(&request);
        connection.write_raw(smuggled.as_bytes());
        assert_eq!(connection.response("POST").status, 405, "{route}");
        assert!(connection.rest().is_empty(), "{route}: the body was taken for a request");
    }
}

#[test]
fn a_get_with_a_body_is_answered_once() {
    let server = served();
    for route in routes(&server) {
        let mut connection = Connection::open(server.address);
        let smuggled = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
        let length = smuggled.len().to_string();
        connection.write(
            &Request::new("GET", &route).header("Content-Length", length).header("Connection", "close"),
        );
        connection.write_raw(smuggled.as_bytes());
        let answer = connection.response("GET");
        assert!(matches!(answer.status, 200 | 400 | 413), "{route}: {}", answer.status);
        assert!(connection.rest().is_empty(), "{route}: the body was taken for a request");
    }
}

#[test]
fn head_has_the_head_of_get_and_no_body() {
    let server = served();
    let ada = server.token("ada", "");
    let (token, id) = (ada.token(), server.id(FILM));
    let film = format!("/m/{id}?token={token}");
    let tag = server.lasting_tag(&film);
    let over = server.program.sign(&format!("/m/{id}"), "1s");
    server.becomes("the end of a link", SOON, &Request::new("GET", &over), 410);
    let with = |target: &str, headers: &[(&str, &str)]| {
        let request = Request::new("GET", target);
        headers.iter().fold(request, |request, (name, value)| request.header(name, *value))
    };
    let navigation = [("Sec-Fetch-Mode", "navigate"), ("Accept", "text/html")];
    let mut cases = vec![
        (with(&film, &[("If-None-Match", &tag)]), 304),
        (with(&film, &[("If-Match", "\"other\"")]), 412),
        (with(&format!("{film}&token={token}"), &[]), 400),
        (with(&format!("{film}&token={token}"), &navigation), 400),
        (with(&format!("/m/{id}"), &[]), 401),
        (with(&format!("/m/{id}"), &navigation), 401),
        (with(&format!("/m/none?token={token}"), &[]), 404),
        (with(&format!("/m/none?token={token}"), &navigation), 404),
        (with(&over, &[]), 410),
        (with(&over, &navigation), 410),
        (with(&format!("/watch/{id}"), &[]), 401),
        (with(&format!("/watch/none?token={token}"), &[]), 404),
        (with(&format!("/embed/{id}"), &navigation), 401),
        (with("/nowhere", &[]), 404),
        (with("/nowhere", &navigation), 404),
        (with(&legacy(FILM), &[]), 403),
        (with(&format!("{}?token={token}", legacy("none")), &[]), 404),
        (with(&format!("/private/files/download/!?token={token}"), &[]), 404),
    ];
    cases.extend(routes(&server).iter().map(|route| (with(route, &[]), 200)));
    for (get, status) in cases {
        let answer = server.send(&get);
        // `send` fails where bytes follow the head.
        let headed = server.send(&Request { method: "HEAD".to_owned(), ..get.clone() });
        assert_eq!(answer.status, status, "{get:?}");
        let (_, mut headers, _) = answer.face();
        let (_, mut heads, _) = headed.face();
        headers.sort();
        heads.sort();
        assert_eq!((headed.status, heads), (status, headers), "{get:?}");
    }
}

#[test]
fn a_connection_goes_on_after_every_kind_of_answer() {
    let server = served();
    let ada = server.token("ada", "");
    let film = format!("/m/{}?token={}", server.id(FILM), ada.token());
    let mut connection = Connection::open(server.address);
    let requests = [
        (Request::new("HEAD", &film), 200),
        (Request::new("GET", &film).range("bytes=0-1"), 206),
        (Request::new("GET", &film).range("bytes=5000-"), 416),
        (Request::new("GET", &film).header("If-None-Match", "*"), 304),
        (Request::new("HEAD", &film).header("If-None-Match", "*"), 304),
        (Request::new("GET", "/m/none"), 401),
        (Request::new("HEAD", "/m/none"), 401),
        (Request::new("HEAD", "/nowhere"), 404),
        (Request::new("POST", &film), 405),
        (Request::new("GET", &film).range("bytes=0-1,5-6"), 206),
        (Request::new("GET", &film), 200),
    ];
    for (request, status) in requests.iter().chain(&requests) {
        connection.write(request);
        assert_eq!(connection.response(&request.method).status, *status, "{request:?}");
    }
}
