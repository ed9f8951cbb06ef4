//! What heads say, header by header, and what errors look like to players, programs and people.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;

use crate::support::files::bytes;
use crate::support::media::legacy;
use crate::support::{Request, Response, Server, Setup, get};

const FILM: &str = "films/a.mp4";

fn served() -> Server {
    let server = Setup::new().file(FILM, &bytes(5_000)).arguments(["--legacy-route", "videos"]).start();
    server.program.ok("user add ada --grant videos");
    server
}

fn map(answer: &Response) -> BTreeMap<&str, &str> {
    let map: BTreeMap<_, _> =
        answer.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(map.len(), answer.headers.len(), "a header stands twice: {:?}", answer.headers);
    map
}

#[test]
fn media_has_these_headers_and_no_others() {
    let server = served();
    let ada = server.token("ada", "");
    let (token, id) = (ada.token(), server.id(FILM));
    let ways = [
        format!("/m/{id}?token={token}"),
        format!("/t/{token}/m/{id}/x.mp4"),
        format!("/files/videos/{FILM}?token={token}"),
        format!("{}?token={token}", legacy(FILM)),
    ];
    let fixed = [
        ("accept-ranges", "bytes"),
        ("cache-control", "private, no-cache, no-transform"),
        ("cdn-cache-control", "no-store"),
        ("x-accel-buffering", "no"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
        ("cross-origin-resource-policy", "cross-origin"),
        ("content-disposition", "inline; filename=\"a.mp4\"; filename*=UTF-8''a.mp4"),
        ("connection", "close"),
    ];
    let kinds = [
        ("none", "5000", "video/mp4", None),
        ("bytes=0-1", "2", "video/mp4", Some("bytes 0-1/5000")),
        ("bytes=0-", "5000", "video/mp4", Some("bytes 0-4999/5000")),
    ];
    for target in ways {
        for method in ["GET", "HEAD"] {
            for (range, length, content_type, content_range) in kinds {
                let answer = server.send(&Request::new(method, &target).range(range));
                let mut headers = map(&answer);
                let mut take = |name: &str| headers.remove(name);
                let why = format!("{method} {target}, {range}");
                let is_part = method == "GET" && content_range.is_some();
                assert_eq!(answer.status, if is_part { 206 } else { 200 }, "{why}");
                for (name, value) in fixed {
                    assert_eq!(take(name), Some(value), "{name}: {why}");
                }
                assert_eq!(take("content-length"), Some(if is_part { length } else { "5000" }), "{why}");
                assert_eq!(take("content-type"), Some(content_type), "{why}");
                assert_eq!(take("content-range"), content_range.filter(|_| is_part), "{why}");
                assert_policy(take("content-security-policy").expect("a Content-Security-Policy"));
                for name in ["etag", "last-modified", "date", "x-request-id"] {
                    assert!(take(name).is_some_and(|value| !value.is_empty()), "{name}: {why}");
                }
                assert_eq!(headers, BTreeMap::new(), "others: {why}");
            }
        }
    }
}

/// Nothing but the medium itself, and no script: none has a source that is allowed.
fn assert_policy(policy: &str) {
    let directives: BTreeMap<_, _> =
        policy.split(';').map(|part| part.trim().split_once(' ').unwrap_or((part.trim(), ""))).collect();
    assert_eq!(directives.get("default-src"), Some(&"'none'"), "{policy}");
    assert_eq!(directives.get("media-src"), Some(&"'self'"), "{policy}");
    assert!(directives.keys().all(|name| !name.starts_with("script-src")), "no script runs: {policy}");
    // Controls of a browser's own may need the one, the medium its cookie by the other.
    let mut open = directives.get("sandbox").expect("a sandbox").split_whitespace();
    let harmless = ["allow-scripts", "allow-same-origin"];
    assert!(open.all(|word| harmless.contains(&word)), "{policy}");
    assert!(!policy.contains("http:") && !policy.contains("https:") && !policy.contains('*'), "{policy}");
}

#[test]
fn the_content_type_is_of_what_the_file_is_and_not_of_its_name() {
    let box_of =
        |brand: &[u8; 4]| [b"\0\0\0\x14ftyp".as_slice(), brand, b"\0\0\0\0", brand, &[0; 500]].concat();
    let webm = [b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm".as_slice(), &[0; 500]].concat();
    let page = b"<!doctype html><script>alert(document.domain)</script>".to_vec();
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>".to_vec();
    let cases = [
        ("phone.mov", box_of(b"qt  "), "video/quicktime", true, "QuickTime"),
        ("phone.mp4", box_of(b"qt  "), "video/quicktime", true, "QuickTime under another name"),
        ("film.mp4", box_of(b"isom"), "video/mp4", true, "MP4"),
        ("film.webm", box_of(b"isom"), "video/mp4", true, "MP4 under another name"),
        ("net.mp4", webm, "video/webm", true, "WebM under another name"),
        ("page.mp4", page, "application/octet-stream", false, "a page"),
        ("picture.mp4", svg, "application/octet-stream", false, "a picture with a script"),
        ("empty.mp4", Vec::new(), "application/octet-stream", false, "nothing"),
    ];
    let setup = cases.iter().fold(Setup::new(), |setup, (name, content, ..)| setup.file(name, content));
    let server = setup.start();
    let ada = server.user("ada", Some("videos"));
    for (name, content, content_type, is_shown, why) in cases {
        let answer = ada.send(&get(format!("/files/videos/{name}")));
        assert_eq!((answer.header("content-type"), &answer.body), (Some(content_type), &content), "{why}");
        let disposition = answer.header("content-disposition").unwrap();
        let kind = if is_shown { "inline; " } else { "attachment; " };
        assert!(disposition.starts_with(kind), "{why}: {disposition}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{why}");
    }
}

#[test]
fn names_stand_in_the_disposition_without_breaking_it() {
    let cases = [
        ("two words.mp4", "two%20words.mp4"),
        ("quote\".mp4", "quote%22.mp4"),
        ("back\\slash.mp4", "back%5Cslash.mp4"),
        ("semi;colon=x.mp4", "semi%3Bcolon%3Dx.mp4"),
        ("100%41.mp4", "100%2541.mp4"),
        ("it's.mp4", "it%27s.mp4"),
        ("K\u{fc}che.mp4", "K%C3%BCche.mp4"),
        ("\u{1f3ac}.mp4", "%F0%9F%8E%AC.mp4"),
    ];
    let setup = cases.iter().fold(Setup::new(), |setup, (name, _)| setup.file(name, &bytes(100)));
    let server = setup.start();
    let ada = server.user("ada", Some("videos"));
    for (name, encoded) in cases {
        let answer = ada.send(&get(format!("/m/{}", server.id(name))));
        let disposition = answer.header("content-disposition").unwrap();
        let (simple, extended) = disposition.split_once("; filename*=UTF-8''").expect(disposition);
        assert_eq!(extended, encoded, "RFC 8187");
        let simple = simple.strip_prefix("inline; filename=\"").and_then(|rest| rest.strip_suffix('"'));
        let simple = simple.expect(disposition);
        let is_plain = |c: char| (' '..='~').contains(&c) && !['"', '\\', '%'].contains(&c);
        assert!(simple.chars().all(is_plain), "RFC 6266 appendix D: {disposition}");
    }
}

/// Requests for every route and most kinds of answer, with what their reader is.
fn every_kind(server: &Server) -> Vec<Request> {
    let ada = server.token("ada", "");
    let (token, id) = (ada.token(), server.id(FILM));
    let film = format!("/m/{id}?token={token}");
    let mut requests = vec![
        get(&film),
        get(&film).range("bytes=0-1"),
        get(&film).range("bytes=0-1,5-6"),
        get(&film).range("bytes=5000-"),
        get(&film).header("If-None-Match", "*"),
        get(&film).header("If-Match", "\"x\""),
        get(format!("{film}&token=x")),
        Request::new("POST", &film),
        get(format!("/watch/{id}?token={token}")),
        get(format!("{}?token={token}", legacy("none"))),
        get(legacy(FILM)),
        get("/m/none"),
        get(format!("/m/none?token={token}")),
    ];
    let open = ["/", "/nowhere", "/assets/page.css", "/assets/icon.svg", "/healthz", "/readyz", "/metrics"];
    requests.extend(open.map(get));
    let navigations =
        requests.clone().into_iter().map(|request| request.header("Sec-Fetch-Mode", "navigate"));
    requests.extend(navigations.collect::<Vec<_>>());
    requests
}

#[test]
fn no_answer_names_the_server_sets_a_cookie_or_asks_for_a_password() {
    let server = served();
    let mut ids = HashSet::new();
    for request in every_kind(&server) {
        let answer = server.send(&request);
        let headers = map(&answer);
        for name in ["server", "x-powered-by", "via", "access-control-allow-origin"] {
            assert_eq!(headers.get(name), None, "{request:?}");
        }
        // A person's link to a page moves out of the address, into a cookie.
        let is_moved = headers.get("location").is_some_and(|place| place.starts_with("/watch/"));
        assert_eq!(headers.contains_key("set-cookie"), is_moved, "{request:?}");
        let login = (answer.status == 303 && !is_moved).then_some(&"/login");
        assert_eq!(headers.get("location").filter(|_| !is_moved), login, "{request:?}");
        assert_eq!(headers.get("x-content-type-options"), Some(&"nosniff"), "{request:?}");
        // Where a form may stand, the browser has to say where it comes from.
        let is_page =
            answer.status == 200 && headers.get("content-type") == Some(&"text/html; charset=utf-8");
        let policy = if is_page { "same-origin" } else { "no-referrer" };
        assert_eq!(headers.get("referrer-policy"), Some(&policy), "{request:?}");
        let challenge = headers.get("www-authenticate");
        let expected = (answer.status == 401).then_some(&"Bearer realm=\"reelgate\"");
        assert_eq!(challenge, expected, "{request:?}");
        assert!(headers.contains_key("date"), "{request:?}");
        assert!(ids.insert(headers["x-request-id"].to_owned()), "an id twice: {request:?}");
        if answer.status >= 400 && ![412, 416].contains(&answer.status) {
            assert_eq!(headers.get("cache-control"), Some(&"no-store"), "{request:?}");
        }
    }
}

#[test]
fn a_request_cannot_choose_its_id_or_put_words_into_a_head() {
    let server = served();
    let ada = server.token("ada", "");
    let film = format!("/m/{}/%0d%0aSet-Cookie:%20a=b?token={}", server.id(FILM), ada.token());
    let answer = server.send(&get(film).header("X-Request-Id", "chosen"));
    assert_eq!(answer.status, 200);
    assert_ne!(answer.header("x-request-id"), Some("chosen"));
    assert_eq!(answer.header("set-cookie"), None);
    let answer = server.send(&get("/m/x?token=%0d%0aSet-Cookie:%20a=b"));
    assert_eq!((answer.status, answer.header("set-cookie")), (401, None));
}

/// The fields of RFC 9457 and ours.
#[track_caller]
fn assert_problem(answer: &Response, status: u16, code: &str) {
    assert_eq!((answer.status, answer.header("content-type")), (status, Some("application/problem+json")));
    let problem: Value = serde_json::from_slice(&answer.body).unwrap();
    let fields: Vec<_> = problem.as_object().unwrap().keys().map(String::as_str).collect();
    let wanted = ["code", "detail", "hint", "request_id", "status", "title", "type"];
    assert_eq!(fields.into_iter().collect::<HashSet<_>>(), HashSet::from(wanted));
    assert_eq!((problem["status"].as_u64(), problem["code"].as_str()), (Some(status.into()), Some(code)));
    assert_eq!(problem["request_id"].as_str(), answer.header("x-request-id"));
    for text in ["title", "detail", "hint", "type"] {
        assert!(problem[text].as_str().is_some_and(|text| !text.is_empty()), "{text}: {problem}");
    }
}

#[test]
fn a_program_gets_a_problem() {
    let server = served();
    let ada = server.token("ada", "");
    let id = server.id(FILM);
    let watch = |query: &str| get(format!("/watch/{id}{query}"));
    let twice = format!("?token={0}&token={0}", ada.token());
    assert_problem(&server.send(&watch("")), 401, "unauthorized");
    assert_problem(&server.send(&watch("?token=x")), 401, "unauthorized");
    assert_problem(&server.send(&watch(&twice)), 400, "ambiguous_credential");
    assert_problem(&ada.send(&get("/watch/none")), 404, "not_found");
    assert_problem(&server.send(&get("/nowhere")), 404, "not_found");
    assert_problem(&server.send(&Request::new("POST", "/watch/x")), 405, "method_not_allowed");
    let json = get("/nowhere").header("Accept", "application/json, text/html;q=0.5");
    assert_problem(&server.send(&json), 404, "not_found");
}

#[test]
fn a_person_gets_a_page_and_a_player_the_status_alone() {
    let server = served();
    let ada = server.token("ada", "");
    let (id, token) = (server.id(FILM), ada.token());
    let cases = [
        (format!("/m/{id}"), 401),
        (format!("/m/{id}?token=%3Cb%3Ex"), 401),
        (format!("/m/none?token={token}"), 404),
        (format!("/files/videos/none%3Cb%3E.mp4?token={token}"), 404),
        (format!("/m/{id}?token={token}&token={token}"), 400),
        (format!("/t/x/m/{id}"), 401),
    ];
    for (target, status) in cases {
        let page =
            server.send(&get(&target).header("Sec-Fetch-Mode", "navigate").header("Accept", "text/html"));
        assert_eq!((page.status, page.header("content-type")), (status, Some("text/html; charset=utf-8")));
        let text = page.text();
        assert!(
            text.starts_with("<!doctype html>") && text.contains(&status.to_string()),
            "{target}: {text}"
        );
        assert!(
            text.contains(page.header("x-request-id").unwrap()),
            "{target}: an id to tell the administrator"
        );
        assert!(!text.contains(token) && !text.contains("<b>") && !text.contains(&id), "{target}: {text}");
        let older = server.send(&get(&target).header("Accept", "text/html,application/xhtml+xml,*/*;q=0.8"));
        assert_eq!((older.status, older.header("content-type")), (status, Some("text/html; charset=utf-8")));
        let players = [
            get(&target),
            get(&target)
                .header("Accept", "*/*")
                .header("Sec-Fetch-Mode", "no-cors")
                .header("Sec-Fetch-Dest", "video"),
            get(&target).header("Accept", "text/html").header("Sec-Fetch-Mode", "no-cors"),
            get(&target).range("bytes=0-1").header("Accept-Encoding", "identity"),
        ];
        for request in players {
            let answer = server.send(&request);
            assert_eq!((answer.status, answer.content_length()), (status, 0), "{request:?}");
            assert_eq!(answer.header("content-type"), None, "{request:?}");
        }
    }
}
