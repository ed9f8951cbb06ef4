//! Reports of videos that do not play.

use serde_json::{Value, json};

use crate::support::files::bytes;
use crate::support::{Called, Request, Server, Setup, Viewer, get};

const SIZE: usize = 50_000;
const CHROME: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0";

fn server() -> Server {
    let server = Setup::new().file("film.mp4", &bytes(SIZE)).file("other.mp4", &bytes(SIZE)).start();
    server.program.ok("user add ada --grant videos");
    server
}

fn reported(server: &Server, request: Request, body: &Value) -> Called {
    server.call(Request { method: "POST".to_owned(), ..request }, body)
}

/// What the viewer of this token reports by what stands in its URL.
fn report(server: &Server, token: &str, agent: &str, body: &Value) -> Called {
    let request = get(format!("/api/v1/reports?token={token}")).header("User-Agent", agent);
    reported(server, request, body)
}

fn shown(server: &Server, api: &str, id: &str) -> Called {
    server.call(get(format!("/api/v1/reports/{id}")).bearer(api), &Value::Null)
}

#[test]
fn a_report_holds_what_this_viewer_asked_and_got_and_nothing_of_others() {
    let server = server();
    let (film, other) = (server.id("film.mp4"), server.id("other.mp4"));
    let (ada, root) = (server.token("ada", "--for 1h"), server.administrator());
    let ask = |item: &str, agent: &str, range: &str| {
        let request = get(format!("/m/{item}?token={}", ada.token())).header("User-Agent", agent);
        server.send(&request.range(range)).status
    };
    assert_eq!(ask(&film, CHROME, "bytes=0-1"), 206);
    assert_eq!(ask(&film, CHROME, "bytes=777777-"), 416);
    assert_eq!(ask(&film, CHROME, "bytes=100-"), 206);
    assert_eq!(ask(&film, FIREFOX, "bytes=7-8"), 206, "another viewer");
    assert_eq!(ask(&other, CHROME, "bytes=9-10"), 206, "another item");
    let poster = get(format!("/m/{film}/poster/a.jpg?token={}", ada.token())).header("User-Agent", CHROME);
    assert_eq!(server.send(&poster).status, 404);

    let brands = json!([{ "brand": "Google Chrome", "version": "156.0.7342.101" }]);
    let body = json!({
        "item": film,
        "steps": "I pressed play.",
        "error": "MEDIA_ERR_DECODE",
        "player": { "readyState": 1, "currentSrc": format!("/m/{film}?token={}", ada.token()) },
        "user_agent_data": { "fullVersionList": brands, "platform": "Linux" },
    });
    let made = report(&server, ada.token(), CHROME, &body);
    assert_eq!(made.status, 201, "{made:?}");
    let full = shown(&server, &root, made.text("id"));
    assert_eq!(
        (full.text("user"), full.text("title"), full.text("state")),
        ("ada", "videos/film.mp4", "open")
    );
    assert_eq!(full.text("browser"), "Chrome 156.0.7342.101 on Linux");
    assert_eq!((full.text("steps"), full.text("error")), ("I pressed play.", "MEDIA_ERR_DECODE"));
    let exchanges = full.body["facts"]["exchanges"].as_array().unwrap();
    assert_exchanges(exchanges);
    assert!(exchanges[0]["first_byte_ms"].as_f64().unwrap() > 0.0);
    let markdown = full.text("markdown");
    for part in [
        "bytes=777777-",
        "416",
        "` videos/film.mp4 `",
        "Chrome 156.0.7342.101",
        "I pressed play.",
        "[blanked]",
    ] {
        assert!(markdown.contains(part), "{part} is not in {markdown}");
    }
    assert!(!full.body.to_string().contains(ada.token()));
}

#[track_caller]
fn assert_exchanges(exchanges: &[Value]) {
    let seen: Vec<(&str, &Value, u64, &Value, u64, &str)> = exchanges
        .iter()
        .map(|one| {
            let number = |key: &str| one[key].as_u64().unwrap();
            let text = |key: &str| one[key].as_str().unwrap();
            (
                text("what"),
                &one["range"],
                number("status"),
                &one["content_range"],
                number("sent"),
                text("outcome"),
            )
        })
        .collect();
    let none = Value::Null;
    let part = |text: &str| json!(format!("bytes {text}/{SIZE}"));
    let rest = part(&format!("100-{}", SIZE - 1));
    assert_eq!(
        seen,
        [
            ("film", &json!("bytes=0-1"), 206, &part("0-1"), 2, "complete"),
            ("film", &json!("bytes=777777-"), 416, &part("*"), 0, "complete"),
            ("film", &json!("bytes=100-"), 206, &rest, u64::try_from(SIZE - 100).unwrap(), "complete"),
            ("poster", &none, 404, &none, 0, "complete"),
        ]
    );
}

#[test]
fn what_is_being_sent_while_somebody_reports_stands_in_the_report() {
    let server = Setup::new().film("film.mp4", 256 << 20).start();
    server.program.ok("user add ada --grant videos");
    let (film, ada, root) = (server.id("film.mp4"), server.token("ada", "--for 1h"), server.administrator());
    let request = get(format!("/m/{film}?token={}", ada.token())).header("User-Agent", FIREFOX);
    let mut viewer = Viewer::open(server.address, &request);
    viewer.take(50_000).unwrap();
    let made = report(&server, ada.token(), FIREFOX, &json!({ "item": film, "steps": "It hangs." }));
    let full = shown(&server, &root, made.text("id"));
    let exchange = &full.body["facts"]["exchanges"][0];
    assert_eq!(exchange["outcome"], "running");
    assert!(exchange["sent"].as_u64() >= Some(50_000), "{exchange}");
}

#[test]
fn who_may_not_watch_may_not_report() {
    let server = server();
    let film = server.id("film.mp4");
    let (ada, bob) = (server.token("ada", "--for 1h"), server.user("bob", None));
    let narrow = server.token("ada", &format!("--item {}", server.id("other.mp4")));
    let body = json!({ "item": film, "steps": "It hangs." });
    let nowhere = json!({ "item": "nowhere", "steps": "It hangs." });
    let post = || get("/api/v1/reports");
    let cookie = format!("reelgate-{film}=t.{}", ada.token());
    let visit = || post().header("Cookie", cookie.as_str());
    let cases = [
        (post(), &body, 401, "nobody"),
        (post().query(&format!("token={}", bob.token())), &body, 404, "nothing is granted"),
        (post().query(&format!("token={}", narrow.token())), &body, 404, "another item"),
        (post().query(&format!("token={}", ada.token())), &nowhere, 404, "no item"),
        (post().bearer("rg_wrong"), &body, 401, "no token"),
        (visit(), &body, 403, "a cookie, and no page"),
        (visit().header("Sec-Fetch-Site", "cross-site"), &body, 403, "a stranger's page"),
        (visit().header("Sec-Fetch-Site", "same-origin"), &body, 201, "our page"),
        (
            post().query(&format!("token={}", ada.token())),
            &json!({ "item": film, "steps": " " }),
            422,
            "no words",
        ),
        (post().query(&format!("token={}", ada.token())), &json!({ "item": film }), 400, "nothing"),
    ];
    for (request, body, want, why) in cases {
        assert_eq!(reported(&server, request, body).status, want, "{why}");
    }
}

#[test]
fn a_visit_has_a_viewing_though_its_token_has_no_end() {
    let server = server();
    let (film, ada, root) = (server.id("film.mp4"), server.token("ada", ""), server.administrator());
    let cookie = format!("reelgate-{film}=t.{}", ada.token());
    let watch = |target: String| get(target).header("Cookie", cookie.as_str()).header("User-Agent", CHROME);
    server.send(&watch(format!("/m/{film}")).range("bytes=5-9"));
    server.send(
        &get(format!("/m/{film}?token={}", ada.token())).header("User-Agent", CHROME).range("bytes=1-2"),
    );
    let request = watch("/api/v1/reports".to_owned()).header("Sec-Fetch-Site", "same-origin");
    let made = reported(&server, request, &json!({ "item": film, "steps": "It hangs." }));
    let full = shown(&server, &root, made.text("id"));
    let exchanges = full.body["facts"]["exchanges"].as_array().unwrap();
    assert_eq!(exchanges.len(), 1, "of the token in an address nothing is remembered: {exchanges:?}");
    assert_eq!(exchanges[0]["range"], "bytes=5-9");
}

#[test]
fn hostile_words_stay_words() {
    let server = server();
    let (film, ada, root) = (server.id("film.mp4"), server.token("ada", "--for 1h"), server.administrator());
    let hostile = "```\n````\n<img src=x onerror=alert(1)>\n# heading\n@everyone";
    let links = "https://a.example/s/secret-code, /m/ID?exp=1&kid=k&sig=secret-sig, /t/secret-t/m/ID";
    let body = json!({
        "item": film,
        "steps": format!("{hostile}\n{links} {}", ada.token()),
        "error": hostile,
        "player": { hostile: hostile, "x".repeat(3_000): "y".repeat(3_000) },
    });
    let made = report(&server, ada.token(), "<script>alert(1)</script>", &body);
    let full = shown(&server, &root, made.text("id"));
    let text = full.body.to_string();
    for secret in ["secret-code", "secret-sig", "secret-t", ada.token()] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    assert_eq!(full.text("browser"), "Another program");
    assert!(text.len() < 12_000, "{} bytes", text.len());
    let markdown = full.text("markdown");
    let (before, after) = markdown.split_once("## What was done\n\n`````text\n").expect("a longer fence");
    assert!(before.contains("- Error: ````` ```"), "{before}");
    let (words, _) = after.split_once("\n`````\n").unwrap();
    assert!(words.starts_with(hostile), "{words}");
}

#[test]
fn reports_are_listed_closed_and_deleted_by_administrators() {
    let server = server();
    let (film, ada, root) = (server.id("film.mp4"), server.token("ada", "--for 1h"), server.administrator());
    let made = report(&server, ada.token(), FIREFOX, &json!({ "item": film, "steps": "It hangs." }));
    let id = made.text("id").to_owned();
    let call = |method: &str, target: String, body: &Value| {
        server.call(Request::new(method, format!("/api/v1/reports{target}")).bearer(&root), body)
    };
    let open =
        || call("GET", "?state=open".to_owned(), &Value::Null).body["entries"].as_array().unwrap().len();
    assert_eq!(open(), 1);
    assert_eq!(call("PATCH", format!("/{id}"), &json!({ "state": "closed" })).text("state"), "closed");
    assert_eq!(open(), 0);
    assert_eq!(
        call("GET", String::new(), &Value::Null).entry("id", &id)["browser"],
        "Firefox 153.0 on Linux"
    );
    assert_eq!(call("PATCH", format!("/{id}"), &json!({ "state": "odd" })).status, 422);
    assert_eq!(call("GET", "?state=odd".to_owned(), &Value::Null).status, 422);

    let viewer = server.token("ada", "--kind api");
    for (method, target) in [("GET", ""), ("GET", "/id"), ("DELETE", "/id")] {
        let target = format!("/api/v1/reports{}", target.replace("id", &id));
        let called = server.call(Request::new(method, target).bearer(viewer.token()), &Value::Null);
        assert_eq!(called.status, 403, "{method}");
    }
    assert_eq!(call("DELETE", format!("/{id}"), &Value::Null).status, 204);
    assert_eq!(call("DELETE", format!("/{id}"), &Value::Null).status, 404);
    assert_eq!(call("GET", format!("/{id}"), &Value::Null).status, 404);
}

#[test]
fn a_client_reports_twenty_times_an_hour() {
    let server = server();
    let (film, ada) = (server.id("film.mp4"), server.token("ada", "--for 1h"));
    let body = json!({ "item": film, "steps": "It hangs." });
    let statuses: Vec<u16> = (0..21).map(|_| report(&server, ada.token(), FIREFOX, &body).status).collect();
    assert_eq!(statuses, [vec![201; 20], vec![429]].concat());
    let over = report(&server, ada.token(), CHROME, &body);
    assert_eq!((over.status, over.text("code")), (429, "too_many"), "another program of the same client");
}
