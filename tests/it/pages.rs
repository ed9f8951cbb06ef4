//! The pages: the home page, the watch page with each credential, and the page of a refusal.

use crate::support::files::bytes;
use crate::support::{Request, Response, Server, Setup, get};

const FILM: &str = "films/K\u{fc}che <2> \"quoted\" & more.mp4";

fn served() -> Server {
    let server = Setup::new().file(FILM, &bytes(5_000)).file("b.mp4", &bytes(100)).start();
    server.program.ok("user add ada --grant videos");
    server.program.ok("key create");
    server
}

fn navigation(target: impl Into<String>) -> Request {
    get(target).header("Sec-Fetch-Mode", "navigate").header("Accept", "text/html,application/xhtml+xml")
}

/// What stands in an attribute, references resolved.
fn unescaped(text: &str) -> String {
    let marks = [
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
    ];
    let text = marks.iter().fold(text.to_owned(), |text, (mark, letter)| text.replace(mark, letter));
    text.replace("&#38;", "&").replace("&amp;", "&")
}

/// The values of an attribute on a page.
fn values(page: &str, attribute: &str) -> Vec<String> {
    let opening = format!(" {attribute}=\"");
    page.split(&opening).skip(1).map(|rest| unescaped(rest.split('"').next().unwrap())).collect()
}

/// Rules for every page: nothing runs, nothing comes from elsewhere, nothing goes elsewhere.
#[track_caller]
fn assert_closed(page: &Response) {
    let text = page.text();
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(matches!(page.header("referrer-policy"), Some("no-referrer" | "same-origin")));
    assert_eq!(page.header("cache-control"), Some("no-store"));
    for forbidden in ["<script", "<iframe", "<form", "javascript:", " style=", "<meta http-equiv"] {
        assert!(!text.to_lowercase().contains(forbidden), "{forbidden} in {text}");
    }
    assert!(
        !text.contains(" onerror=") && !text.contains(" onload=") && !text.contains(" onclick="),
        "{text}"
    );
    for address in ["src", "href", "poster", "action"].iter().flat_map(|attribute| values(text, attribute)) {
        assert!(address.starts_with('/') && !address.starts_with("//"), "{address} leads elsewhere");
    }
    assert!(!text.contains("http://") && !text.contains("https://"), "{text}");
}

#[track_caller]
fn assert_policy(page: &Response) {
    let policy = page.header("content-security-policy").expect("a Content-Security-Policy");
    for directive in ["default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"]
    {
        assert!(policy.contains(directive), "{directive}: {policy}");
    }
    for loose in ["unsafe", "*", "http:", "https:", "data:"] {
        assert!(!policy.contains(loose), "{loose}: {policy}");
    }
}

/// The page's one video.
#[track_caller]
fn source(page: &Response) -> String {
    assert_eq!(page.status, 200, "{:?}", page.headers);
    assert_closed(page);
    assert_policy(page);
    let (_, video) = page.text().split_once("<video").expect("a video");
    assert!(!video.contains("<video"), "one video");
    let (attributes, _) = video.split_once('>').unwrap();
    assert!(attributes.contains("controls"), "{attributes}");
    values(attributes, "src").remove(0)
}

#[test]
fn the_watch_page_plays_with_the_credential_that_it_was_given() {
    let server = served();
    let (id, file) = (server.id(FILM), bytes(5_000));
    let ada = server.token("ada", "");
    let narrow = server.token("ada", &format!("--item {id}"));
    let signed = server.program.sign(&format!("/m/{id}"), "1h");
    let signature = signed.split_once('?').unwrap().1;
    let cases = [
        (format!("/watch/{id}?token={}", ada.token()), "a media token"),
        (format!("/watch/{id}?token={}", narrow.token()), "a narrowed token"),
        (format!("/watch/{id}?token={}&x=%22%3E%3Cscript%3E", ada.token()), "another parameter"),
        (format!("/watch/{id}?x='onerror='alert(1)'&token={}", ada.token()), "a parameter with quotes"),
        (format!("/watch/{id}?{signature}"), "a signature"),
    ];
    for (target, why) in cases {
        let page = server.send(&navigation(&target));
        let source = source(&page);
        assert!(source.starts_with(&format!("/m/{id}")), "{why}: {source}");
        server.send(&get(&source).range("bytes=0-1")).assert_part(&file, 0..2, why);
        server.send(&get(&source)).assert_whole(&file, why);
    }
}

#[test]
fn the_watch_page_of_a_header_plays_with_the_header() {
    let server = served();
    let id = server.id(FILM);
    for kind in ["media", "api"] {
        let token = server.token("ada", &format!("--kind {kind}"));
        let page = server.send(&navigation(format!("/watch/{id}")).bearer(token.token()));
        let source = source(&page);
        assert!(!page.text().contains(token.token()), "a token of a header comes into no page");
        server.send(&get(&source).bearer(token.token())).assert_whole(&bytes(5_000), kind);
        assert_eq!(server.send(&get(&source)).status, 401, "{kind}");
    }
}

#[test]
fn a_name_on_the_page_is_text() {
    let server = served();
    let ada = server.token("ada", "");
    let page = ada.send(&navigation(format!("/watch/{}", server.id(FILM))));
    let (_, title) = page.text().split_once("<h1>").unwrap();
    let (title, _) = title.split_once("</h1>").unwrap();
    assert!(!title.contains(['<', '>', '"']), "{title}");
    assert_eq!(unescaped(title), FILM.split_once('/').unwrap().1);
    assert!(!page.text().contains("films/"), "the folders above are nobody's business");
}

#[test]
fn a_page_opens_for_nobody_else() {
    let server = served();
    let (id, other) = (server.id(FILM), server.id("b.mp4"));
    let bob = server.user("bob", None);
    let ada = server.token("ada", &format!("--item {other}"));
    let api = server.token("ada", "--kind api");
    let watch = |query: &str| navigation(format!("/watch/{id}{query}"));
    let cases = [
        (watch(""), 401, "nobody"),
        (watch("?token=x"), 401, "a malformed token"),
        (watch(&format!("?token={}", api.token())), 401, "an api token in the address"),
        (watch(&format!("?token={}", bob.token())), 404, "no grant"),
        (watch(&format!("?token={}", ada.token())), 404, "another item's token"),
        (watch(&format!("?token={0}&token={0}", ada.token())), 400, "twice"),
    ];
    for (request, status, why) in cases {
        let page = server.send(&request);
        assert_eq!(page.status, status, "{why}");
        assert_closed(&page);
        let text = page.text();
        assert!(!text.contains("<video") && !text.contains(&id) && !text.contains("quoted"), "{why}: {text}");
        let told = [ada.token(), api.token(), bob.token()].iter().any(|token| text.contains(token));
        assert!(!told, "{why}: {text}");
    }
}

#[test]
fn a_refusal_has_a_policy_as_every_page_has() {
    let server = served();
    for target in ["/watch/none", "/m/none", "/nowhere"] {
        let page = server.send(&navigation(target));
        assert!([401, 404].contains(&page.status), "{target}");
        assert_closed(&page);
        assert_policy(&page);
    }
}

#[test]
fn the_home_page_lists_nothing() {
    let server = served();
    let ada = server.token("ada", "");
    let stranger = server.send(&navigation("/"));
    assert_eq!(stranger.status, 200);
    assert_closed(&stranger);
    assert_policy(&stranger);
    assert!(!stranger.text().contains("quoted") && !stranger.text().contains(&server.id("b.mp4")));
    let known = ada.send(&navigation("/"));
    assert!(!known.text().contains(ada.token()), "a token does not come back");
}

#[test]
fn what_pages_need_is_there() {
    let server = served();
    let page = server.send(&navigation("/"));
    let (text, mut count) = (page.text(), 0);
    for address in values(text, "href") {
        let asset = server.send(&get(&address));
        let content_type = asset.header("content-type").unwrap();
        let fits = matches!(content_type, "text/css; charset=utf-8" | "image/svg+xml");
        assert!(asset.status == 200 && fits && !asset.body.is_empty(), "{address}: {content_type}");
        assert!(
            !asset.text().contains("http") || content_type == "image/svg+xml",
            "{address} loads from elsewhere"
        );
        assert!(!asset.text().contains("<script") && !asset.text().contains("@import"), "{address}");
        count += 1;
    }
    assert_eq!(count, 2);
}
