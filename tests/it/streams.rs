//! What an administrator sees of running videos, and how he ends one.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Called, Request, Server, Setup, Viewer, eventually, get};

const FILM: u64 = 256 << 20;
const SECOND: Duration = Duration::from_secs(1);
const SOON: Duration = Duration::from_secs(5);
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0";

fn server() -> Server {
    server_with("auto")
}

fn server_with(zero_copy: &str) -> Server {
    let setup = Setup::new().film("film.mp4", FILM).film("other.mp4", FILM);
    let server = setup.arguments(["--zero-copy", zero_copy]).start();
    server.program.ok("user add ada --grant videos");
    server
}

fn streams(server: &Server, api: &str) -> Called {
    server.call(get("/api/v1/streams").bearer(api), &Value::Null)
}

fn cut(server: &Server, api: &str, id: &str) -> u16 {
    server.call(Request::new("DELETE", format!("/api/v1/streams/{id}")).bearer(api), &Value::Null).status
}

#[test]
fn a_slow_reader_is_seen_with_who_and_how_far() {
    // Copied, and sent by the kernel.
    ["off", "on"].into_iter().for_each(assert_seen);
}

fn assert_seen(zero_copy: &str) {
    let server = server_with(zero_copy);
    let root = server.administrator();
    let (id, ada) = (server.id("film.mp4"), server.token("ada", ""));
    let request = get(format!("/m/{id}?token={}", ada.token())).header("User-Agent", FIREFOX);
    let mut viewer = Viewer::open(server.address, &request.range("bytes=1000-"));
    viewer.take(100_000).unwrap();

    let seen = streams(&server, &root);
    let stream = seen.entry("by", "token");
    assert_eq!(
        (seen.status, &stream["who"], &stream["program"]),
        (200, &"ada".into(), &"Firefox 153 on Linux".into())
    );
    assert_eq!((&stream["item"]["id"], &stream["item"]["name"]), (&id.as_str().into(), &"film.mp4".into()));
    assert_eq!((&stream["credential"], &stream["network"]), (&ada.token_id().into(), &"127.0.0.0".into()));
    assert_eq!((stream["from"].as_u64(), stream["size"].as_u64()), (Some(1_000), Some(FILM)));
    let sent = |called: &Called| called.entry("by", "token")["sent"].as_u64().unwrap();
    let first = sent(&seen);
    assert!((100_000..FILM).contains(&first), "{first} bytes");
    viewer.take(8 << 20).unwrap();
    eventually("more of it", SOON, || (sent(&streams(&server, &root)) > first).then_some(()));
    assert!(!seen.body.to_string().contains(ada.token()));

    drop(viewer);
    let is_over = || streams(&server, &root).body["entries"].as_array().unwrap().is_empty();
    eventually("the end of it", SOON, || is_over().then_some(()));
}

#[test]
fn a_stream_that_is_ended_ends_within_a_second_and_others_go_on() {
    let server = server();
    let root = server.administrator();
    server.program.ok("key create");
    let target = server.program.sign(&format!("/m/{}", server.id("film.mp4")), "1h");
    let mut viewer = Viewer::open(server.address, &get(target));
    viewer.take(100_000).unwrap();
    let ada = server.token("ada", "");
    let other = get(format!("/m/{}?token={}", server.id("other.mp4"), ada.token()));
    let mut bystander = Viewer::open(server.address, &other);
    bystander.take(100_000).unwrap();

    let seen = streams(&server, &root);
    let stream = seen.entry("by", "link");
    assert_eq!(stream["who"], stream["credential"], "the key");
    let id = stream["id"].as_str().unwrap();
    let begun = Instant::now();
    assert_eq!(cut(&server, &root, id), 204);
    let end = viewer.rest();
    assert!(begun.elapsed() < SECOND && !end.is_complete(), "after {:?}: {end:?}", begun.elapsed());
    assert_eq!(cut(&server, &root, id), 404, "it is gone");
    let left = streams(&server, &root);
    assert_eq!(left.body["entries"].as_array().unwrap().len(), 1);
    bystander.take(8 << 20).unwrap();
}

#[test]
fn streams_are_for_administrators() {
    let server = server();
    let ada = server.token("ada", "--kind api");
    let mut viewer =
        Viewer::open(server.address, &get(format!("/m/{}", server.id("film.mp4"))).bearer(ada.token()));
    viewer.take(1_000).unwrap();
    let root = server.administrator();
    let id = streams(&server, &root).entry("who", "ada")["id"].as_str().unwrap().to_owned();
    assert_eq!(streams(&server, ada.token()).status, 403);
    assert_eq!(cut(&server, ada.token(), &id), 403);
    assert_eq!(streams(&server, "rg_nobody").status, 401);
    viewer.take(1 << 20).unwrap();
}

#[test]
fn the_status_counts_and_names_what_is_wrong() {
    let server = server();
    let root = server.administrator();
    let request = get(format!("/m/{}?token={}", server.id("film.mp4"), server.token("ada", "").token()));
    let mut viewer = Viewer::open(server.address, &request);
    viewer.take(100_000).unwrap();
    let ask = || server.call(get("/api/v1/status").bearer(&root), &Value::Null);
    let status = ask();
    let number = |key: &str| status.body[key].as_i64().unwrap_or_else(|| panic!("no {key}: {status:?}"));
    assert_eq!((number("users"), number("libraries"), number("items"), number("streams")), (2, 1, 2, 1));
    assert!(number("bytes_sent") >= 100_000 && number("connections") >= 2, "{status:?}");
    assert_eq!(status.text("version"), env!("CARGO_PKG_VERSION"));
    assert!(
        status.body["database"]["ok"] == true && status.body["database"]["size"].as_u64() > Some(100_000)
    );
    let checks = status.body["checks"].as_array().unwrap();
    let check = |name: &str| checks.iter().find(|check| check["name"] == name).unwrap();
    for name in ["database", "data folder", "free space", "clock", "library videos", "open files"] {
        assert_eq!(check(name)["ok"], true, "{name}: {checks:?}");
    }
    let viewer = server.token("ada", "--kind api");
    assert_eq!(server.call(get("/api/v1/status").bearer(viewer.token()), &Value::Null).status, 403);
}
