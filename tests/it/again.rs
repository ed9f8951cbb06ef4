//! The same question again on one connection: the decision is kept, and nothing else is different.

use std::time::Duration;

use serde_json::Value;

use crate::support::login::log_in;
use crate::support::media::SOON;
use crate::support::{Connection, Request, Response, Server, Setup, eventually, files, get, head};

/// Long enough to be sent without copying, where that is allowed.
const LEN: usize = 200_000;
const PAGE: &str = "https://page.example";
const SECOND: Duration = Duration::from_secs(1);

fn setup() -> Setup {
    Setup::new().file("a.mp4", &files::bytes(LEN)).arguments(["--trusted-proxy", "127.0.0.1"])
}

/// Whose file is old enough to be kept open, as nearly all are.
fn settled(setup: Setup) -> Server {
    let server = setup.start();
    let root = server.user("root", Some("videos"));
    server.lasting_tag(&format!("/m/{}?token={}", server.id("a.mp4"), root.token()));
    server
}

/// How many requests were let in by a decision that stood.
fn standing(server: &Server) -> usize {
    let metrics = server.send(&get("/metrics"));
    let name = r#"reelgate_auth_decisions_total{result="allow",reason="standing"} "#;
    metrics.text().lines().find_map(|line| line.strip_prefix(name)).map_or(0, |count| count.parse().unwrap())
}

/// Each place of a credential.
fn callers(server: &Server) -> Vec<(&'static str, Request)> {
    let id = server.id("a.mp4");
    let by_id = format!("/m/{id}");
    let ann = server.user("ann", Some("videos"));
    let ends = server.token("ann", "--for 1h");
    server.program.ok("key create");
    server.person("ada", "--grant videos");
    let share = server.program.json("share create videos/a.mp4 --owner ann");
    let share = share["url"].as_str().unwrap();
    vec![
        ("a token in the query", get(format!("{by_id}?token={}", ann.token()))),
        ("one that ends", get(format!("{by_id}?token={}", ends.token()))),
        ("a token in the path", get(format!("/t/{}/m/{id}/a.mp4", ann.token()))),
        ("a token in the header", get("/files/videos/a.mp4").bearer(ann.token())),
        ("a browser", get(format!("{by_id}?token={}", ann.token())).header("Connection", "keep-alive")),
        ("a signed URL", get(server.program.sign(&by_id, "1h"))),
        ("a login", get(&*by_id).header("Cookie", log_in(server, "ada"))),
        ("a page that was opened", get(&*by_id).header("Cookie", format!("reelgate-{id}=t.{}", ann.token()))),
        ("a share", get(format!("{}/m", &share[share.find("/s/").unwrap()..]))),
        ("a page elsewhere", get(format!("{by_id}?token={}", ann.token())).header("Origin", PAGE)),
        ("a page that may not", get(format!("{by_id}?token={}", ann.token())).header("Origin", "https://x")),
    ]
}

const RANGES: [Option<&str>; 10] = [
    Some("bytes=0-1"),
    Some("bytes=0-"),
    Some("bytes=100000-100000"),
    Some("bytes=-7"),
    Some("bytes=5-2"),
    Some("bytes=200000-"),
    Some("bytes=150000-170000"),
    None,
    Some("items=0-1"),
    Some("bytes=0-70000"),
];

fn with_range(request: &Request, range: Option<&str>) -> Request {
    range.map_or_else(|| request.clone(), |range| request.clone().range(range))
}

#[test]
fn whoever_asks_again_gets_what_somebody_new_gets() {
    let server = settled(setup().arguments(["--cors-origin", PAGE]));
    let callers = callers(&server);
    let tag = server.send(&callers[0].1).tag();
    let conditions = [
        ("GET", None),
        ("HEAD", None),
        ("GET", Some(("If-None-Match", tag.clone()))),
        ("GET", Some(("If-None-Match", "\"x\"".to_owned()))),
        ("GET", Some(("If-Match", "\"x\"".to_owned()))),
        ("GET", Some(("If-Range", tag))),
        ("GET", Some(("If-Range", "\"x\"".to_owned()))),
    ];
    for (who, request) in &callers {
        for (method, condition) in &conditions {
            let request = Request { method: (*method).to_owned(), ..request.clone() };
            let request =
                condition.iter().fold(request, |request, (name, value)| request.header(name, value));
            let (mut acquainted, before) = (Connection::open(server.address), standing(&server));
            // A share's first bytes begin a viewing; what comes before that is decided each time.
            acquainted.ask(&request);
            acquainted.ask(&request);
            for range in RANGES {
                let request = with_range(&request, range);
                let (got, want) = (acquainted.ask(&request), Connection::open(server.address).ask(&request));
                assert!(got.face() == want.face(), "{who}, {method}, {condition:?}, {range:?}: {got:?}");
                assert_ne!(got.header("x-request-id"), want.header("x-request-id"), "{who}");
            }
            let stood = standing(&server) - before;
            // News of an earlier change may void one.
            assert!(stood + 1 >= RANGES.len(), "{who}, {method}: only {stood} decisions stood");
        }
    }
}

/// The line of a request in the access log, without what differs from one to the next.
fn logged(server: &Server, answer: &Response) -> Value {
    let id = answer.header("x-request-id").unwrap();
    let line = eventually("the line", SOON, || {
        server.log().lines().find(|line| line.contains(id)).map(str::to_owned)
    });
    let mut line: Value = serde_json::from_str(&line).unwrap();
    for differs in ["timestamp", "request_id", "duration_ms", "first_byte_ms"] {
        line.as_object_mut().unwrap().entry(differs).and_modify(|value| *value = Value::Null);
    }
    line
}

#[test]
fn the_log_tells_as_much_of_it() {
    let server = settled(setup());
    let ann = server.user("ann", Some("videos"));
    let request = get(format!("/m/{}?token={}", server.id("a.mp4"), ann.token()))
        .header("X-Forwarded-For", "198.51.100.77");
    let mut connection = Connection::open(server.address);
    for range in ["bytes=0-1", "bytes=5-100004", "bytes=200000-"] {
        let request = request.clone().range(range);
        let first = Connection::open(server.address).ask(&request);
        let [_, again] = [connection.ask(&request), connection.ask(&request)];
        let line = logged(&server, &again);
        assert_eq!(line, logged(&server, &first), "{range}");
        assert_eq!((&line["client"], &line["outcome"]), (&"198.51.100.0".into(), &"complete".into()));
    }
    // Each is asked twice; news of an earlier change may void one.
    assert!(standing(&server) >= 3, "{}", standing(&server));
}

/// As behind a proxy, which sends requests of many over one connection.
#[test]
fn other_words_on_the_same_connection_are_another_question() {
    let server = settled(setup());
    let path = format!("/m/{}", server.id("a.mp4"));
    let ann = server.user("ann", Some("videos"));
    let bob = server.user("bob", None);
    let by = |token: &str| get(&*path).bearer(token).range("bytes=0-9");
    let ann_asks = by(ann.token());
    let cases = [
        (by(bob.token()), 404, "somebody without a right"),
        (by("rg_media_unknown"), 401, "a token that is none"),
        (get(&*path).range("bytes=0-9"), 401, "nobody"),
        (get(format!("{path}x")).bearer(ann.token()), 404, "another item"),
        (ann_asks.clone().query("token=x"), 400, "two credentials"),
        (ann_asks.clone().header("Range", "bytes=1-2"), 200, "two ranges are no range"),
        (head(&*path).bearer(ann.token()), 200, "HEAD"),
        (ann_asks.clone().query("raw=1"), 206, "the file as it lies there"),
        (ann_asks.clone().query("download=1"), 206, "to be saved"),
        (ann_asks.clone().body("text/plain", "a body"), 206, "a body that nobody wants"),
        (Request { method: "POST".to_owned(), ..ann_asks.clone() }, 405, "another method"),
        (ann_asks.clone().header("Host", "x y"), 400, "a Host that is none"),
    ];
    for (request, status, why) in cases {
        let mut connection = Connection::open(server.address);
        for _ in 0..3 {
            connection.ask(&ann_asks).assert_part(&files::bytes(LEN), 0..10, "ann herself");
        }
        let answer = connection.ask(&request);
        assert_eq!(answer.status, status, "{why}");
        if status != 400 {
            connection.ask(&ann_asks).assert_part(&files::bytes(LEN), 0..10, "ann after others");
        }
    }
    assert!(standing(&server) >= 18, "{}", standing(&server));
}

#[test]
fn a_logout_is_heard_at_once_by_connections_that_have_asked_before() {
    let server = settled(setup());
    server.person("ada", "--grant videos");
    let cookie = log_in(&server, "ada");
    let film = get(format!("/m/{}", server.id("a.mp4"))).header("Cookie", &*cookie).range("bytes=0-9");
    let mut connection = Connection::open(server.address);
    assert_eq!([206; 3], [(); 3].map(|()| connection.ask(&film).status));
    let logout = Request::new("DELETE", "/api/v1/session").header("Sec-Fetch-Site", "same-origin");
    assert_eq!(server.send(&logout.header("Cookie", cookie)).status, 204);
    assert_eq!(connection.ask(&film).status, 401);
}

#[test]
fn a_share_takes_one_play_for_a_viewing_however_often_it_is_asked() {
    let server = settled(setup());
    server.user("ann", Some("videos"));
    let share = server.program.json("share create videos/a.mp4 --owner ann --plays 1");
    let url = share["url"].as_str().unwrap();
    let film = get(format!("{}/m", &url[url.find("/s/").unwrap()..]));
    let mut connection = Connection::open(server.address);
    let mut ask = |agent: &str| {
        let request = film.clone().header("User-Agent", agent).range("bytes=0-9");
        connection.try_ask(&request).map_or(0, |answer| answer.status)
    };
    assert_eq!([206; 4], [(); 4].map(|()| ask("one")));
    assert!(![0, 206].contains(&ask("two")), "the only play is taken");
    assert_eq!(ask("one"), 206, "whose it is");
    let id = share["id"].as_str().unwrap();
    server.program.ok(&format!("share revoke {id}"));
    eventually("the revocation", SECOND, || (ask("one") != 206).then_some(()));
}
