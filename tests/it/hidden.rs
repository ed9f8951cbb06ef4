//! What is hidden and what is not there have one answer, byte for byte, however somebody asks.

use crate::support::files::bytes;
use crate::support::login::log_in;
use crate::support::media::{SOON, legacy};
use crate::support::{Request, Response, Server, Setup, eventually, get};

const HIDDEN: &str = "private/diary.mp4";
const SEEN: &str = "films/a.mp4";
/// An id that nothing has, spelled as ids are.
const NO_ID: &str = "AAAAAAAAAAAAAAAAAAAAAA";

fn served() -> Server {
    let setup = Setup::new().file(HIDDEN, &bytes(5_000)).file(SEEN, &bytes(3_000));
    let setup = setup.file("private/diary.jpg", b"\xff\xd8\xff").file("private/diary.vtt", b"WEBVTT\n");
    setup.arguments(["--legacy-route", "videos"]).start()
}

/// Targets of what is hidden, each with one of something like it that is not there.
fn pairs(hidden: &str) -> Vec<(String, String)> {
    let pair = |one: String, other: String| (one, other);
    vec![
        pair(format!("/m/{hidden}"), format!("/m/{NO_ID}")),
        pair(format!("/m/{hidden}/diary.mp4"), format!("/m/{NO_ID}/diary.mp4")),
        pair(format!("/m/{hidden}"), "/m/no-id-at-all".to_owned()),
        pair(format!("/m/{hidden}/poster/a.jpg"), format!("/m/{NO_ID}/poster/a.jpg")),
        pair(format!("/m/{hidden}/subtitles/default.vtt"), format!("/m/{NO_ID}/subtitles/default.vtt")),
        pair(format!("/m/{hidden}/"), "/m//".to_owned()),
        pair(format!("/files/videos/{HIDDEN}"), "/files/videos/private/none.mp4".to_owned()),
        pair(format!("/files/videos/{HIDDEN}"), "/files/nowhere/none.mp4".to_owned()),
        pair(format!("/files/videos/{HIDDEN}"), "/files/videos/private/a%2Fb%00".to_owned()),
        pair("/files/videos/private".to_owned(), "/files/videos/none".to_owned()),
        pair("/files/videos/private/".to_owned(), "/files/videos/none/".to_owned()),
        pair("/files/videos/".to_owned(), "/files/none/".to_owned()),
        pair("/files/videos".to_owned(), "/files/none".to_owned()),
        pair(legacy(HIDDEN), legacy("private/none.mp4")),
        pair(legacy("private"), legacy("none")),
        pair(format!("/watch/{hidden}"), format!("/watch/{NO_ID}")),
        pair(format!("/watch/{hidden}"), "/watch/no-id-at-all".to_owned()),
        pair(format!("/embed/{hidden}"), format!("/embed/{NO_ID}")),
        pair(format!("/embed/{hidden}"), "/embed/no-id-at-all".to_owned()),
    ]
}

/// Headers whose answer could depend on a file. `tag` is the hidden file's own.
fn questions(tag: &str) -> Vec<Vec<(&'static str, String)>> {
    let one = |name, value: &str| vec![(name, value.to_owned())];
    let navigation = vec![
        ("Accept", "text/html,application/xhtml+xml".to_owned()),
        ("Sec-Fetch-Mode", "navigate".to_owned()),
        ("Sec-Fetch-Dest", "document".to_owned()),
    ];
    let player = vec![
        ("Range", "bytes=0-".to_owned()),
        ("Sec-Fetch-Mode", "no-cors".to_owned()),
        ("Sec-Fetch-Dest", "video".to_owned()),
    ];
    vec![
        vec![],
        one("Range", "bytes=0-1"),
        one("Range", "bytes=5000-"),
        one("Range", "bytes=0-1,5-6"),
        one("Range", "bytes=5-2"),
        one("If-None-Match", "*"),
        one("If-None-Match", tag),
        one("If-Match", "*"),
        one("If-Match", tag),
        one("If-Match", "\"other\""),
        one("If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT"),
        one("If-Unmodified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"),
        vec![("If-Range", tag.to_owned()), ("Range", "bytes=5000-".to_owned())],
        one("Accept", "application/json"),
        navigation,
        player,
    ]
}

/// An answer without what the request itself said: the way to the login leads back to the address that was asked for.
fn face(answer: &Response, asked: &str) -> (u16, Vec<(String, String)>, String) {
    let (status, mut headers, body) = answer.blind_face();
    let back = percent_encoding::utf8_percent_encode(asked, percent_encoding::NON_ALPHANUMERIC).to_string();
    for (_, value) in headers.iter_mut().filter(|(name, _)| name == "location") {
        *value = value.replace(&back, "ASKED");
    }
    (status, headers, body)
}

/// Asks for both of each pair in every manner, and demands one answer.
fn assert_alike(server: &Server, allowed: &[u16], credential: impl Fn(Request) -> Request, who: &str) {
    let id = server.id(HIDDEN);
    let root = server.token("root", "");
    let tag = server.lasting_tag(&format!("/m/{id}?token={}", root.token()));
    let questions = questions(&tag);
    let reads = ["GET", "HEAD"].map(|method| (method, questions.as_slice(), allowed));
    // A method that is refused is refused before anything is read: a few headers will do.
    let others = ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"];
    let others = others.map(|method| (method, &questions[..2], [405].as_slice()));
    for (hidden, missing) in pairs(&id) {
        for (method, questions, allowed) in reads.iter().chain(&others) {
            for headers in *questions {
                let ask = |target: &str| {
                    let request = credential(Request::new(method, target));
                    server.send(&with(request, headers))
                };
                let (one, other) = (ask(&hidden), ask(&missing));
                let why = format!("{who}, {method} {hidden} and {missing}, {headers:?}");
                assert_eq!(face(&one, &hidden), face(&other, &missing), "{why}");
                assert!(allowed.contains(&one.status), "{why}: {}", one.status);
                let told = ["etag", "last-modified", "content-range", "accept-ranges", "content-disposition"];
                assert!(one.headers.iter().all(|(name, _)| !told.contains(&name.as_str())), "{why}");
            }
        }
    }
}

fn with(request: Request, headers: &[(&str, String)]) -> Request {
    headers.iter().fold(request, |request, (name, value)| request.header(name, value))
}

#[test]
fn to_somebody_without_a_grant_what_is_hidden_is_not_there() {
    let server = served();
    server.program.ok("user add root --role admin");
    let bob = server.user("bob", None);
    assert_alike(&server, &[404], |request| request.query(&format!("token={}", bob.token())), "no grant");
}

#[test]
fn to_somebody_with_another_grant_what_is_hidden_is_not_there() {
    let server = served();
    server.program.ok("user add root --role admin");
    let cam = server.user("cam", Some("videos/films"));
    assert_eq!(cam.send(&get(format!("/files/videos/{SEEN}"))).status, 200, "the grant is good");
    assert_alike(&server, &[404], |request| request.bearer(cam.token()), "another grant");
}

#[test]
fn to_a_token_narrowed_to_something_else_what_is_hidden_is_not_there() {
    let server = served();
    server.program.ok("user add root --role admin");
    let narrow = server.token("root", &format!("--item {}", server.id(SEEN)));
    assert_eq!(narrow.send(&get(format!("/files/videos/{SEEN}"))).status, 200, "the token is good");
    assert_alike(&server, &[404], |request| request.bearer(narrow.token()), "another item");
}

#[test]
fn to_a_stranger_nothing_is_there() {
    let server = served();
    server.program.ok("user add root --role admin");
    assert_alike(&server, &[303, 401, 403], |request| request, "nobody");
}

#[test]
fn to_two_credentials_nothing_is_there() {
    let server = served();
    server.program.ok("user add root --role admin");
    let root = server.token("root", "");
    let both = |request: Request| request.bearer(root.token()).query(&format!("token={}", root.token()));
    assert_alike(&server, &[400, 403], both, "two credentials");
}

#[test]
fn a_file_that_is_gone_is_not_there() {
    let server = served();
    let ada = server.user("ada", Some("videos"));
    let id = server.id(HIDDEN);
    assert_eq!(ada.send(&get(format!("/m/{id}"))).status, 200);
    std::fs::remove_file(server.library().join(HIDDEN)).unwrap();
    for request in [get(format!("/m/{id}")), get(format!("/m/{id}")).range("bytes=0-1")] {
        let missing = Request { target: format!("/m/{NO_ID}"), ..request.clone() };
        assert_eq!(ada.send(&request).face(), ada.send(&missing).face());
    }
}

/// Tokens that open nothing, each for a reason of its own.
fn worthless(server: &Server) -> Vec<(String, &'static str)> {
    server.program.ok("user add ada --grant videos");
    server.program.ok("user add away --grant videos");
    let [expired, revoked, api] = ["--for 1s", "", "--kind api"].map(|flags| server.token("ada", flags));
    server.program.ok(&format!("token revoke {}", revoked.token_id()));
    let disabled = server.token("away", "").token().to_owned();
    server.program.ok("user disable away");
    let unknown = Server::with(&[]);
    unknown.program.ok("user add ada");
    let stranger = unknown.token("ada", "").token().to_owned();
    vec![
        (String::new(), "empty"),
        ("x".to_owned(), "malformed"),
        ("rg_".to_owned(), "malformed"),
        ("%00%ff".to_owned(), "not UTF-8"),
        (stranger, "well-formed and unknown"),
        (api.token().to_owned(), "for headers only"),
        (expired.token().to_owned(), "expired"),
        (revoked.token().to_owned(), "revoked"),
        (disabled, "its user is disabled"),
    ]
}

#[test]
fn every_credential_that_opens_nothing_gets_one_answer() {
    let server = served();
    let tokens = worthless(&server);
    let (hidden, legacy_film) = (server.id(HIDDEN), legacy(HIDDEN));
    for (token, why) in &tokens {
        // Not by asking for the video: a viewing that has begun goes on.
        let refused = || server.send(&get(format!("/m/{NO_ID}?token={token}"))).status == 401;
        eventually(why, SOON, || refused().then_some(()));
    }
    let routes =
        [format!("/m/{hidden}"), format!("/files/videos/{HIDDEN}"), legacy_film, format!("/watch/{hidden}")];
    for route in &routes {
        for question in questions("\"tag\"") {
            let ask = |credential: &str| {
                server.send(&with(get(format!("{route}{credential}")), &question)).blind_face()
            };
            // A person without any credential is asked to log in; who brings one by a link has no account.
            let none = ask(if route.starts_with("/watch/") { "?token=x" } else { "" });
            assert!([401, 403].contains(&none.0), "{route}: {}", none.0);
            for (token, why) in &tokens {
                assert_eq!(ask(&format!("?token={token}")), none, "{route}, {question:?}: {why}");
            }
        }
    }
    let none = server.send(&get(format!("/m/{hidden}"))).face();
    for (token, why) in tokens.iter().filter(|(_, why)| *why != "empty") {
        assert_eq!(server.send(&get(format!("/t/{token}/m/{hidden}"))).face(), none, "in the path: {why}");
    }
}

#[test]
fn a_share_of_what_its_owner_may_no_longer_see_is_like_one_of_what_is_no_longer_there() {
    let server = served();
    for user in ["dan", "eve"] {
        server.program.ok(&format!("user add {user} --grant videos"));
    }
    let share = |path: &str, owner: &str| {
        let url = server.program.json_text(&format!("share create videos/{path} --owner {owner}"), "url");
        url[url.find("/s/").unwrap()..].to_owned()
    };
    let (hidden, gone) = (share(HIDDEN, "dan"), share(SEEN, "eve"));
    server.program.ok("grant remove dan videos");
    std::fs::remove_file(server.library().join(SEEN)).unwrap();
    server.program.ok("scan videos");
    for below in ["", "/m", "/m/a.mp4", "/poster/a.jpg", "/subtitles/default.vtt"] {
        let ask = |page: &str, headers: &[(&str, String)]| {
            server.send(&with(get(format!("{page}{below}")), headers)).blind_face()
        };
        for headers in &questions("\"tag\"") {
            let answers = eventually("both changes", SOON, || {
                let answers = (ask(&hidden, headers), ask(&gone, headers));
                (answers.0.0 == 404 && answers.1.0 == 404).then_some(answers)
            });
            assert_eq!(answers.0, answers.1, "{below}, {headers:?}");
        }
    }
}

/// What the API is asked about an item: method, path and body, with `ID` for the item.
const CALLS: [(&str, &str, &str); 11] = [
    ("GET", "/api/v1/items/ID", ""),
    ("GET", "/api/v1/items/ID/verdict", ""),
    ("PUT", "/api/v1/items/ID/position", r#"{"at_ms": 1}"#),
    ("PUT", "/api/v1/items/ID/position", "no JSON"),
    ("POST", "/api/v1/items/ID/links", r#"{"for": "url"}"#),
    ("POST", "/api/v1/items/ID/links", r#"{"for": "url", "lasts": "for ever"}"#),
    ("POST", "/api/v1/reports", r#"{"item": "ID", "steps": "It stops."}"#),
    ("POST", "/api/v1/reports", r#"{"item": "ID", "steps": ""}"#),
    ("POST", "/api/v1/shares", r#"{"item": "ID"}"#),
    ("POST", "/api/v1/shares", r#"{"item": "ID", "plays": 0}"#),
    ("POST", "/api/v1/tokens", r#"{"kind": "media", "item": "ID"}"#),
];

#[test]
fn to_the_api_what_is_hidden_is_not_there() {
    let server = served();
    server.person("cam", "--grant videos/films");
    let (media, api) = (server.token("cam", ""), server.token("cam", "--kind api"));
    let narrow = server.token("cam", "--kind api --path videos/films");
    let login = log_in(&server, "cam");
    let hidden = server.id(HIDDEN);
    let callers: [(&str, &dyn Fn(Request) -> Request); 6] = [
        ("a login", &|request| request.header("Cookie", &*login).header("Sec-Fetch-Site", "same-origin")),
        ("an api token", &|request| request.bearer(api.token())),
        ("a narrowed one", &|request| request.bearer(narrow.token())),
        ("a media token", &|request| request.query(&format!("token={}", media.token()))),
        ("a media token in the header", &|request| request.bearer(media.token())),
        ("nobody", &|request| request),
    ];
    for (who, credential) in callers {
        for (method, path, body) in CALLS {
            let ask = |id: &str| {
                let request = Request::new(method, path.replace("ID", id));
                let body = body.replace("ID", id);
                let request =
                    if body.is_empty() { request } else { request.body("application/json", body.as_bytes()) };
                let answer = server.send(&credential(request));
                let (status, headers, text) = answer.blind_face();
                (status, headers, text.replace(id, "ID"))
            };
            let (one, other) = (ask(&hidden), ask(NO_ID));
            assert_eq!(one, other, "{who}: {method} {path} {body}");
            assert!([400, 401, 403, 404].contains(&one.0), "{who}: {method} {path} {body}: {}", one.0);
        }
    }
    let listed = |query: &str| {
        let answer = server.send(&get(format!("/api/v1/items?{query}")).bearer(api.token()));
        let (status, headers, text) = answer.blind_face();
        assert!(!text.contains("diary"), "{query}: {text}");
        (status, headers, text)
    };
    for (hidden, missing) in [
        ("q=diary", "q=nothing"),
        ("library=videos&below=private", "library=videos&below=nothing"),
        ("library=videos&below=private&folders=1", "library=videos&below=nothing&folders=1"),
        ("library=videos&below=private/diary.mp4", "library=videos&below=nothing"),
    ] {
        assert_eq!(listed(hidden), listed(missing), "{hidden}");
    }
}
