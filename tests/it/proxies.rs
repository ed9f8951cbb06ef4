//! nginx and Caddy in front of it, with the files that `deploy/` gives: the same request gives the same answer.
//!
//! Of those files only names, ports, certificates and paths are changed.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use crate::support::proxy::{caddy, nginx};
use crate::support::viewer::connection_from;
use crate::support::{Proxy, Request, Response, Server, Setup, Viewer, eventually, files, get, head};

const FILM: u64 = 64 << 20;

impl Proxy {
    fn nginx(server: &Server) -> Proxy {
        Proxy::start("nginx", |folder, address| {
            let folder_text = folder.to_str().unwrap();
            let site = changed(
                "nginx.conf",
                &[
                    ("server 127.0.0.1:8080;", &format!("server {};", server.address)),
                    ("listen 443 ssl;", &format!("listen {address};")),
                    ("listen [::]:443 ssl;", ""),
                    ("ssl_certificate     /etc/letsencrypt/live/video.example.org/fullchain.pem;", ""),
                    ("ssl_certificate_key /etc/letsencrypt/live/video.example.org/privkey.pem;", ""),
                    ("/var/log/nginx", folder_text),
                ],
            );
            nginx(folder, &site)
        })
    }

    fn caddy(server: &Server) -> Proxy {
        Proxy::start("Caddy", |folder, address| {
            // A site by its port alone takes every Host, as one with a name takes its own.
            let site = changed(
                "Caddyfile",
                &[
                    ("video.example.org {", &format!("http://:{} {{\n\tbind 127.0.0.1", address.port())),
                    ("reverse_proxy 127.0.0.1:8080", &format!("reverse_proxy {}", server.address)),
                ],
            );
            caddy(folder, &site)
        })
    }

    fn both(server: &Server) -> [Proxy; 2] {
        [Proxy::nginx(server), Proxy::caddy(server)]
    }
}

/// A file of `deploy/`, each of these texts changed.
fn changed(name: &str, changes: &[(&str, &str)]) -> String {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(name)).unwrap();
    changes.iter().fold(text, |text, (from, to)| {
        assert!(text.contains(from), "deploy/{name} has no {from:?}");
        text.replace(from, to)
    })
}

fn behind_proxies(setup: Setup) -> Server {
    setup.arguments(["--legacy-route", "videos", "--trusted-proxy", "127.0.0.1"]).start()
}

/// What a proxy may change: what is about the connection, who it is and when it was, and what is for nginx only.
const NOT_END_TO_END: [&str; 9] = [
    "date",
    "server",
    "via",
    "connection",
    "keep-alive",
    "transfer-encoding",
    "x-request-id",
    "x-accel-buffering",
    "alt-svc",
];

/// Status, headers in the order of their names, body; the boundary of parts is drawn anew for each answer.
fn face(response: &Response) -> (u16, Vec<(String, String)>, Vec<u8>) {
    let boundary = response.header("content-type").and_then(|value| value.split_once("boundary="));
    let boundary = boundary.map(|(_, boundary)| boundary.trim_matches('"').to_owned());
    let neutral = |text: String| match &boundary {
        Some(boundary) => text.replace(boundary, "BOUNDARY"),
        None => text,
    };
    let body = match &boundary {
        Some(_) => neutral(String::from_utf8_lossy(&response.body).into_owned()).into_bytes(),
        None => response.body.clone(),
    };
    let mut headers: Vec<_> = response.headers.clone();
    headers.retain(|(name, _)| !NOT_END_TO_END.contains(&name.as_str()));
    for (_, value) in &mut headers {
        *value = neutral(std::mem::take(value));
    }
    headers.sort();
    (response.status, headers, without_id(&body))
}

/// Errors for programs and people name the request.
fn without_id(body: &[u8]) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(body) else { return body.to_vec() };
    let is_hex = |word: &str| word.len() == 16 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let words = text.split_inclusive(|c: char| !c.is_ascii_alphanumeric());
    let words = words.map(|word| {
        let bare = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        if is_hex(bare) { word.replace(bare, "ID") } else { word.to_owned() }
    });
    words.collect::<String>().into_bytes()
}

/// A file that is newer than two seconds gets another tag for each answer.
fn lasting_tag(server: &Server, request: &Request) -> String {
    let tag = || server.send(request).header("etag").unwrap().to_owned();
    eventually("a tag that lasts", Duration::from_secs(4), || {
        let first = tag();
        (tag() == first).then_some(first)
    })
}

/// Requests with the status that each is to get.
fn requests(server: &Server, bytes: &[u8]) -> Vec<(u16, Request, &'static str)> {
    let ann = server.user("ann", Some("videos"));
    let token = ann.token();
    let id = server.id("film.mp4");
    let program = &server.program;
    program.ok("key create");
    let signed = program.json_text(&format!("sign /m/{id} --for 1h"), "url");
    let url = format!("/m/{id}?token={token}");
    let film = || get(url.as_str());
    let etag = lasting_tag(server, &film());
    let beyond = format!("bytes={}-", bytes.len());
    let legacy =
        data_encoding::BASE64.encode("Ein Film+? ü.mp4".as_bytes()).replace('+', "%2B").replace('=', "%3D");
    let key = "a-key-of-another-application";
    let ran = program.run_with_input(["token", "create", "ann", "--import-stdin"], key);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    vec![
        (200, film(), "the whole file"),
        (206, film().range("bytes=0-1"), "Apple's first request"),
        (206, film().range("bytes=0-"), "Chromium's first request"),
        (206, film().range("bytes=100-4099"), "a range"),
        (206, film().range("bytes=-1"), "the last byte"),
        (206, film().range("bytes=0-1,100-101,-2"), "three parts"),
        (416, film().range(&beyond), "beyond the end"),
        (200, film().range("lines=0-1"), "an unknown unit"),
        (206, film().range("bytes=5-9").header("If-Range", &etag), "if it is the same"),
        (200, film().range("bytes=5-9").header("If-Range", "\"other\""), "if it were another"),
        (304, film().header("If-None-Match", &etag), "not modified"),
        (412, film().header("If-Match", "\"other\""), "a precondition"),
        (200, film().header("Accept-Encoding", "gzip, br, zstd"), "never compressed"),
        (200, head(url.as_str()), "HEAD"),
        (200, head(url.as_str()).range("bytes=0-1"), "HEAD with a range"),
        (200, get(format!("/m/{id}/any%20name.mp4?token={token}")), "with a name"),
        (206, get(format!("/t/{token}/m/{id}")).range("bytes=0-9"), "the token in the path"),
        (
            206,
            get(format!("/m/{id}")).header("Authorization", format!("Bearer {token}")).range("bytes=0-9"),
            "in a header",
        ),
        (206, get(signed.as_str()).range("bytes=0-9"), "a signed URL"),
        (401, get(signed.replace("exp=", "exp=1")), "a forged one"),
        (200, get(format!("/files/videos/Ein%20Film%2B%3F%20%C3%BC.mp4?token={token}")), "a name with signs"),
        (404, get(format!("/files/videos/a%2F..%2Ffilm.mp4?token={token}")), "an encoded climb"),
        (404, get(format!("/files/videos//film.mp4?token={token}")), "two slashes"),
        (
            206,
            get(format!("/private/files/download/{legacy}?token={key}")).range("bytes=0-1"),
            "the drop-in route",
        ),
        (403, get(format!("/private/files/download/{legacy}?token=wrong")), "refused there"),
        (404, get(format!("/private/files/download/!!?token={key}")), "nothing there"),
        (401, get(format!("/m/{id}")), "no credential"),
        (401, get(format!("/m/{id}?token=rg_wrong")), "a wrong one"),
        (400, get(format!("{url}&token={token}")), "two"),
        (404, get(format!("/m/AAAAAAAAAAAAAAAAAAAAAA?token={token}")), "another id"),
        (404, get("/nowhere"), "no such page, for a program"),
        (404, get("/nowhere").header("Accept", "text/html"), "for a person"),
        (200, get(format!("/watch/{id}?token={token}")), "a page"),
        (200, get("/assets/page.css"), "its style"),
        (405, Request::new("DELETE", url.as_str()), "another method"),
        (405, Request::new("OPTIONS", url.as_str()), "and another"),
    ]
}

#[test]
fn a_request_gets_the_same_answer_directly_and_through_both_proxies() {
    let bytes = files::bytes(300_000);
    let server =
        behind_proxies(Setup::new().file("film.mp4", &bytes).file("Ein Film+? ü.mp4", &bytes[..5_000]));
    let proxies = Proxy::both(&server);
    for (status, request, why) in requests(&server, &bytes) {
        let direct = server.send(&request);
        assert_eq!(direct.status, status, "{why}, directly: {:?}", direct.headers);
        for proxy in &proxies {
            let (want, got) = (face(&direct), face(&request.send(proxy.address)));
            assert_eq!((want.0, &want.1), (got.0, &got.1), "{why}, through {}", proxy.name);
            assert!(want.2 == got.2, "{why}, through {}: other bytes", proxy.name);
        }
    }
}

/// The whole lines of the log for requests.
fn lines(server: &Server) -> Vec<serde_json::Value> {
    let log = server.log();
    let lines = log.lines().filter(|line| line.contains(r#""message":"request""#));
    lines.filter_map(|line| serde_json::from_str(line).ok()).collect()
}

#[test]
fn the_log_names_the_network_of_the_client_behind_a_proxy_and_believes_nobody_else() {
    let server = behind_proxies(Setup::new());
    let proxies = Proxy::both(&server);
    let asked_from = |source: [u8; 4], address: SocketAddr| {
        let before = lines(&server).len();
        let mut connection = connection_from(source, address);
        connection
            .write(&get("/healthz").header("X-Forwarded-For", "203.0.113.9").header("Connection", "close"));
        assert_eq!(connection.response("GET").status, 200);
        let line = eventually("its line", Duration::from_secs(5), || lines(&server).get(before).cloned());
        line["client"].as_str().unwrap().to_owned()
    };
    assert_eq!(asked_from([127, 5, 6, 7], server.address), "127.5.6.0", "directly");
    for proxy in &proxies {
        assert_eq!(asked_from([127, 5, 6, 7], proxy.address), "127.5.6.0", "through {}", proxy.name);
    }
}

#[test]
fn metrics_are_for_the_machine_itself_and_not_for_who_comes_through_a_proxy() {
    let server = behind_proxies(Setup::new());
    assert_eq!(server.send(&get("/metrics")).status, 200);
    for proxy in &Proxy::both(&server) {
        assert_eq!(get("/metrics").send(proxy.address).status, 401, "through {}", proxy.name);
    }
}

#[test]
fn a_proxy_reads_no_further_than_its_viewer_and_passes_a_broken_response_on() {
    let server = behind_proxies(Setup::new().film("film.mp4", FILM));
    for (proxy, name) in Proxy::both(&server).iter().zip(["ann", "bea"]) {
        let viewer = server.user(name, Some("videos"));
        let request = get(format!("/m/{}?token={}", server.id("film.mp4"), viewer.token())).range("bytes=0-");
        let mut slow = Viewer::open(proxy.address, &request);
        assert_eq!((slow.status, slow.length), (206, FILM), "{}", proxy.name);
        slow.take(1 << 20).unwrap();
        assert_eq!(
            server.metric("media_streams_in_flight"),
            1,
            "{} has read ahead of its viewer",
            proxy.name
        );
        let buffered = fs::read_dir(proxy.folder.path().join("proxy")).map_or(0, Iterator::count);
        assert_eq!(buffered, 0, "{} writes to a file", proxy.name);

        server.program.ok(&format!("token revoke {}", viewer.token_id()));
        let end = slow.watch(Duration::from_millis(1));
        assert!(!end.is_complete(), "through {}: {end:?}", proxy.name);
        eventually("the end of the response", Duration::from_secs(2), || {
            (server.metric("media_streams_in_flight") == 0).then_some(())
        });
    }
}
