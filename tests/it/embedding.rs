//! Pages elsewhere: who may show the player in a frame, and whose scripts may read media.

use crate::support::files::bytes;
use crate::support::media::legacy;
use crate::support::{Request, Response, Server, Setup, get};

const FILM: &str = "films/a & b.mp4";
const JPEG: &[u8] = b"\xff\xd8\xff\xe0 a picture";
/// A page that the settings name, for frames and for scripts.
const PAGE: &str = "https://www.example.org";
const OTHER: &str = "http://localhost:3000";
const STRANGER: &str = "https://evil.example";

fn setup() -> Setup {
    let setup = Setup::new().file(FILM, &bytes(5_000)).file("b.mp4", &bytes(100));
    let setup = setup.file("films/a & b.jpg", JPEG).file("films/a & b.de.vtt", b"WEBVTT\n\nNOTE none\n");
    setup.arguments(["--legacy-route", "videos"])
}

fn embedded() -> Server {
    let setup = setup().arguments(["--cors-origin", PAGE, "--cors-origin", OTHER]);
    let server = setup.arguments(["--embed-origin", PAGE, "--embed-origin", OTHER]).start();
    server.program.ok("user add ada --grant videos");
    server.program.ok("key create");
    server
}

fn frame(target: impl Into<String>) -> Request {
    let request = get(target).header("Sec-Fetch-Mode", "navigate").header("Sec-Fetch-Dest", "iframe");
    request.header("Accept", "text/html")
}

/// The headers of the protocol: who may read, what is shown of the head, and for whom caches keep it apart.
fn cors(answer: &Response) -> [Option<&str>; 3] {
    ["access-control-allow-origin", "access-control-expose-headers", "vary"].map(|name| answer.header(name))
}

/// Every route of media with what opens it, and everything around that with its status.
fn media(server: &Server) -> Vec<(Request, u16)> {
    let ada = server.token("ada", "");
    let (token, id) = (ada.token(), server.id(FILM));
    let film = format!("/m/{id}?token={token}");
    vec![
        (get(&film), 200),
        (Request::new("HEAD", &film), 200),
        (get(&film).range("bytes=0-1"), 206),
        (get(&film).range("bytes=0-1,4-5"), 206),
        (get(&film).range("bytes=5000-"), 416),
        (get(&film).header("If-None-Match", "*"), 304),
        (get(&film).header("If-Match", "\"x\""), 412),
        (get(format!("/t/{token}/m/{id}/a.mp4")), 200),
        (get(format!("/t/{token}/m/{id}/poster/a.jpg")), 200),
        (get(format!("/t/{token}/m/{id}/subtitles/de.vtt")), 200),
        (get(format!("/files/videos/b.mp4?token={token}")), 200),
        (get(server.program.sign(&format!("/m/{id}"), "1h")), 200),
        (get(format!("{}?token={token}", legacy(FILM))), 200),
        (get(format!("{film}&token=x")), 400),
        (get(format!("/m/{id}")), 401),
        (get(format!("/t/x/m/{id}")), 401),
        (get(format!("/m/none?token={token}")), 404),
        (get(legacy(FILM)), 403),
        (Request::new("POST", &film), 405),
    ]
}

#[test]
fn pages_that_are_named_read_media_and_its_errors() {
    let server = embedded();
    for (request, status) in media(&server) {
        for origin in [PAGE, OTHER] {
            let answer = server.send(&request.clone().header("Origin", origin));
            let [allowed, shown, vary] = cors(&answer);
            assert_eq!((answer.status, allowed, vary), (status, Some(origin), Some("Origin")), "{request:?}");
            let shown: Vec<&str> = shown.expect("what is shown").split(", ").collect();
            for name in ["Accept-Ranges", "Content-Range", "Content-Length", "ETag", "Last-Modified"] {
                assert!(shown.contains(&name), "{name}: {shown:?}");
            }
            let credentials = answer.header("access-control-allow-credentials");
            assert_eq!(credentials, None, "the viewer's cookies are not the page's: {request:?}");
        }
    }
}

#[test]
fn nobody_else_reads_and_caches_keep_the_answers_apart() {
    let server = embedded();
    let near = [
        STRANGER,
        "null",
        "*",
        "",
        "https://www.example.org.evil.example",
        "https://www.example.org/",
        "https://WWW.example.org",
        "https://www.example.org:443",
        "http://www.example.org",
        "https://example.org",
        "http://localhost",
    ];
    for (request, status) in media(&server) {
        let strangers = near.map(|origin| request.clone().header("Origin", origin));
        let twice = request.clone().header("Origin", PAGE).header("Origin", PAGE);
        let both = request.clone().header("Origin", format!("{PAGE}, {OTHER}"));
        for request in strangers.into_iter().chain([request.clone(), twice, both]) {
            let answer = server.send(&request);
            assert_eq!((answer.status, cors(&answer)), (status, [None, None, Some("Origin")]), "{request:?}");
        }
    }
}

#[test]
fn without_a_list_nothing_is_told_to_anybody() {
    let server = setup().start();
    server.program.ok("user add ada --grant videos");
    server.program.ok("key create");
    for (request, status) in media(&server) {
        for request in [request.clone(), request.clone().header("Origin", PAGE)] {
            let answer = server.send(&request);
            assert_eq!((answer.status, cors(&answer)), (status, [None; 3]), "{request:?}");
        }
    }
    let asked = preflight(&format!("/m/{}", server.id(FILM)), PAGE);
    assert_eq!(server.send(&asked).status, 405);
}

fn preflight(target: &str, origin: &str) -> Request {
    let request = Request::new("OPTIONS", target).header("Origin", origin);
    let request = request.header("Access-Control-Request-Method", "GET");
    request.header("Access-Control-Request-Headers", "authorization,range")
}

#[test]
fn a_preflight_is_answered_alike_whatever_it_names() {
    let server = embedded();
    let ada = server.token("ada", "");
    let (token, id) = (ada.token(), server.id(FILM));
    let targets = [
        format!("/m/{id}"),
        format!("/m/{id}?token={token}"),
        format!("/m/{id}?token=x&token=y"),
        "/m/none".to_owned(),
        format!("/m/{id}/subtitles/de.vtt"),
        format!("/t/x/m/{id}"),
        "/files/videos/b.mp4".to_owned(),
        "/files/nowhere/none.mp4".to_owned(),
        legacy(FILM),
    ];
    let mut faces = Vec::new();
    for target in &targets {
        let answer = server.send(&preflight(target, PAGE));
        assert_eq!(
            (answer.status, answer.header("access-control-allow-origin")),
            (204, Some(PAGE)),
            "{target}"
        );
        assert_eq!(answer.header("access-control-allow-methods"), Some("GET, HEAD"));
        let taken = answer.header("access-control-allow-headers").unwrap().to_ascii_lowercase();
        for name in ["range", "if-range", "if-none-match", "authorization"] {
            assert!(taken.split(", ").any(|taken| taken == name), "{name}: {taken}");
        }
        let seconds: u32 = answer.header("access-control-max-age").unwrap().parse().unwrap();
        assert!((600..=86_400).contains(&seconds), "{seconds}");
        assert_eq!(answer.header("access-control-allow-credentials"), None);
        faces.push(answer.face());
    }
    assert!(faces.windows(2).all(|pair| pair[0] == pair[1]), "they differ: {faces:?}");
}

#[test]
fn a_preflight_of_others_and_what_is_none_is_refused_as_ever() {
    let server = embedded();
    let target = format!("/m/{}", server.id(FILM));
    let cases = [
        (preflight(&target, STRANGER), None, "a stranger"),
        (preflight(&target, "null"), None, "no origin"),
        (Request::new("OPTIONS", &target), None, "no page"),
        (Request::new("OPTIONS", &target).header("Origin", PAGE), Some(PAGE), "it asks for nothing"),
        (preflight("/api/v1/me", PAGE), None, "not media"),
        (preflight("/healthz", PAGE), None, "not media"),
        (
            preflight(&format!("/embed/{}", server.id(FILM)), PAGE),
            None,
            "a page, which is shown and not read",
        ),
    ];
    for (request, allowed, why) in cases {
        let answer = server.send(&request);
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (405, allowed), "{why}");
        assert_eq!(answer.header("access-control-allow-methods"), None, "{why}");
    }
}

#[test]
fn pages_and_the_api_are_read_by_nobody() {
    let server = embedded();
    let ada = server.token("ada", "");
    let watch = format!("/watch/{}?token={}", server.id(FILM), ada.token());
    let embed = format!("/embed/{}?token={}", server.id(FILM), ada.token());
    for target in [&watch, &embed, "/", "/api/v1/me", "/api/v1/openapi.json", "/healthz", "/nowhere"] {
        let answer = server.send(&get(target).header("Origin", PAGE));
        assert_eq!(answer.header("access-control-allow-origin"), None, "{target}");
    }
}

/// Who may show this in a frame, by its policy, whose other parts are those of every page.
#[track_caller]
fn ancestors(answer: &Response) -> &str {
    let policy = answer.header("content-security-policy").expect("a Content-Security-Policy");
    for directive in ["default-src 'none'", "base-uri 'none'", "media-src 'self'"] {
        assert!(policy.contains(directive), "{directive}: {policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(answer.header("x-frame-options"), None, "it knows no list, and would win in old browsers");
    policy.split("frame-ancestors ").nth(1).expect(policy).split(';').next().unwrap()
}

#[test]
fn the_embed_page_may_be_framed_by_those_that_are_named() {
    let server = embedded();
    let (ada, id) = (server.token("ada", ""), server.id(FILM));
    let named = format!("{PAGE} {OTHER}");
    let embed = |query: &str| server.send(&frame(format!("/embed/{id}{query}")));
    let cases = [
        (embed(&format!("?token={}", ada.token())), 200),
        (embed(""), 401),
        (embed("?token=x"), 401),
        (embed(&format!("?token={0}&token={0}", ada.token())), 400),
        (ada.send(&frame("/embed/none")), 404),
    ];
    for (answer, status) in cases {
        assert_eq!((answer.status, ancestors(&answer)), (status, named.as_str()));
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"), "{status}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{status}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{status}");
        assert_eq!(answer.header("set-cookie"), None, "a frame of another site keeps none: {status}");
        let permissions = answer.header("permissions-policy").expect("a Permissions-Policy");
        assert!(
            permissions.contains("fullscreen=(self)") && permissions.contains("camera=()"),
            "{permissions}"
        );
        assert!(status == 200 || answer.text().contains(&status.to_string()), "a page that says so");
    }
}

#[test]
fn every_other_page_may_be_framed_by_nobody() {
    let server = embedded();
    let (ada, id) = (server.token("ada", ""), server.id(FILM));
    let targets = [
        format!("/watch/{id}?token={}", ada.token()),
        format!("/watch/{id}"),
        "/nowhere".to_owned(),
        format!("/m/{id}"),
        "/login".to_owned(),
    ];
    for target in targets {
        let answer = server.send(&frame(&target));
        // The way to another page shows nothing itself.
        let is_way = answer.status == 303 && answer.body.is_empty();
        assert!(is_way || ancestors(&answer) == "'none'", "{target}: {answer:?}");
    }
}

#[test]
fn without_a_list_the_embed_page_opens_alone_and_in_no_frame() {
    let server = setup().start();
    let ada = server.user("ada", Some("videos"));
    let page = ada.send(&frame(format!("/embed/{}", server.id(FILM))));
    assert_eq!((page.status, ancestors(&page)), (200, "'none'"));
}

/// The addresses on a page, references resolved.
fn addresses(page: &Response) -> Vec<String> {
    let values = ["src", "poster"].into_iter().flat_map(|attribute| {
        let opening = format!(" {attribute}=\"");
        let parts: Vec<_> =
            page.text().split(&opening).skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        parts.into_iter().map(|value| value.replace("&#38;", "&").replace("&amp;", "&")).collect::<Vec<_>>()
    });
    values.collect()
}

#[test]
fn film_poster_and_subtitles_of_the_embed_page_inherit_its_credential() {
    let server = embedded();
    let (ada, id) = (server.token("ada", ""), server.id(FILM));
    let signed = server.program.sign(&format!("/embed/{id}"), "1h");
    assert!(signed.starts_with(&format!("/embed/{id}?exp=")), "{signed}");
    assert_eq!(server.program.json_text(&format!("verify {signed}"), "verdict"), "good");
    for target in [format!("/embed/{id}?token={}", ada.token()), signed] {
        let page = server.send(&frame(&target));
        assert_eq!(page.status, 200, "{target}");
        let text = page.text();
        assert!(
            !text.contains("<a href=\"/\"") && !text.contains("<nav") && !text.contains("<script"),
            "{text}"
        );
        let found: Vec<_> = addresses(&page).iter().map(|address| server.send(&get(address)).body).collect();
        let subtitles = b"WEBVTT\n\nNOTE none\n".to_vec();
        assert_eq!(found, [bytes(5_000), subtitles, JPEG.to_vec()], "{target}: {text}");
    }
}
