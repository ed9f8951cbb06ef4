//! The pages: those of people who are logged in, the watch page with each credential, and the page of a refusal.

use std::collections::BTreeSet;

use crate::support::files::{self, bytes};
use crate::support::login::{cookie, log_in};
use crate::support::media::SOON;
use crate::support::{Request, Response, Server, Setup, eventually, get};

const FILM: &str = "films/K\u{fc}che <2> \"quoted\" & more.mp4";

fn served() -> Server {
    let server = Setup::new().file(FILM, &bytes(5_000)).file("b.mp4", &bytes(100)).start();
    server.person("ada", "--grant videos");
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

/// Rules for every page: no script but our modules, nothing comes from elsewhere, nothing goes elsewhere.
#[track_caller]
fn assert_closed(page: &Response) {
    let text = page.text();
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    let policy = if page.status == 200 { "same-origin" } else { "no-referrer" };
    assert_eq!(page.header("referrer-policy"), Some(policy));
    assert_eq!(page.header("cache-control"), Some("no-store"));
    for forbidden in ["<iframe", "javascript:", " style=", "<style", "<meta http-equiv"] {
        assert!(!text.to_lowercase().contains(forbidden), "{forbidden} in {text}");
    }
    for script in text.split("<script").skip(1) {
        let (tag, _) = script.split_once("</script>").expect("an end of the script");
        assert!(tag.starts_with(" type=\"module\" src=\"/assets/js/") && tag.ends_with(".js\">"), "{tag}");
    }
    assert!(
        !text.contains(" onerror=") && !text.contains(" onload=") && !text.contains(" onclick="),
        "{text}"
    );
    for address in ["src", "href", "poster", "action"].iter().flat_map(|attribute| values(text, attribute)) {
        let leads_here = address.starts_with('/') && !address.starts_with("//") || address == "#main";
        assert!(leads_here, "{address} leads elsewhere");
    }
    assert!(!text.contains("http://") && !text.contains("https://"), "{text}");
}

#[track_caller]
fn assert_policy(page: &Response) {
    let policy = page.header("content-security-policy").expect("a Content-Security-Policy");
    for directive in ["default-src 'none'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'"]
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
        // What is no navigation keeps its address: a person's is moved to a clean one.
        let page = server.send(&get(&target));
        let source = source(&page);
        assert!(source.starts_with(&format!("/m/{id}")), "{why}: {source}");
        server.send(&get(&source).range("bytes=0-1")).assert_part(&file, 0..2, why);
        server.send(&get(&source)).assert_whole(&file, why);
    }
}

#[test]
fn a_link_that_a_person_follows_moves_into_a_cookie_for_its_item() {
    let server = served();
    let (id, other) = (server.id(FILM), server.id("b.mp4"));
    let ada = server.token("ada", "");
    let signed = server.program.sign(&format!("/m/{id}"), "1h");
    let signature = signed.split_once('?').unwrap().1.to_owned();
    for (query, why) in [(format!("token={}", ada.token()), "a token"), (signature, "a signature")] {
        let moved = server.send(&navigation(format!("/watch/{id}?{query}")));
        let clean = format!("/watch/{id}");
        assert_eq!((moved.status, moved.header("location")), (303, Some(clean.as_str())), "{why}");
        let visit = cookie(&moved);
        let page = server.send(&navigation(&clean).header("Cookie", &visit));
        let source = source(&page);
        assert!(!source.contains('?') && !page.text().contains(ada.token()), "{why}: {source}");
        assert!(!page.text().contains("data-account") && !page.text().contains("/profile"), "{why}");
        server.send(&get(&source).header("Cookie", &visit)).assert_whole(&bytes(5_000), why);
        let elsewhere = server.send(&get(format!("/m/{other}")).header("Cookie", &visit));
        assert_eq!(elsewhere.status, 401, "{why}: another item");
    }
}

#[test]
fn who_came_by_a_link_that_is_over_is_not_asked_to_log_in() {
    let server = served();
    let id = server.id(FILM);
    let ada = server.token("ada", "");
    let visit = cookie(&server.send(&navigation(format!("/watch/{id}?token={}", ada.token()))));
    let return_with = || server.send(&navigation(format!("/watch/{id}")).header("Cookie", &visit));
    assert_eq!(return_with().status, 200);
    server.program.ok(&format!("token revoke {}", ada.token_id()));
    let over = eventually("the revocation", SOON, || Some(return_with()).filter(|page| page.status != 200));
    assert_eq!((over.status, over.header("location")), (401, None));
    assert_closed(&over);
}

#[test]
fn an_account_has_its_buttons_on_the_watch_page() {
    let server = served();
    let ada = log_in(&server, "ada");
    let page = server.send(&navigation(format!("/watch/{}", server.id(FILM))).header("Cookie", ada));
    assert!(!source(&page).contains('?'));
    assert!(page.text().contains("data-account") && page.text().contains("/profile"));
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
    let page = ada.send(&get(format!("/watch/{}", server.id(FILM))));
    let page = page.text();
    let (_, heading) = page.split_once("<h1 class=\"title\" title=\"").unwrap();
    let (heading, _) = heading.split_once("</bdi></h1>").unwrap();
    let (whole, shown) = heading.split_once("\"><bdi>").unwrap();
    for title in [whole, shown] {
        assert!(!title.contains(['<', '>', '"']), "{title}");
        let name = FILM.split_once('/').unwrap().1;
        assert_eq!(unescaped(title), name.strip_suffix(".mp4").unwrap(), "as the library has it");
    }
    assert!(!page.contains("films/"), "the folders above are nobody's business");
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
    for target in ["/watch/none?token=x", "/m/none", "/nowhere"] {
        let page = server.send(&navigation(target));
        assert!([401, 404].contains(&page.status), "{target}");
        assert_closed(&page);
        assert_policy(&page);
    }
}

#[test]
fn a_refusal_tells_people_where_to_go_and_guests_whom_to_ask() {
    let server = served();
    let id = server.id("b.mp4");
    let made = server.program.json("share create videos/b.mp4 --owner ada");
    let code = made["url"].as_str().unwrap().rsplit_once('/').unwrap().1.to_owned();
    server.program.ok(&format!("share revoke {code}"));
    let page = |target: &str| server.send(&navigation(target));
    let revoked = eventually("the revocation", SOON, || {
        Some(page(&format!("/s/{code}"))).filter(|page| page.status != 200)
    });
    let last = code.chars().last().unwrap();
    let unknown = page(&format!("/s/{}{last}", "A".repeat(code.len() - 1)));
    // But for the number of the request.
    let said = |page: &Response| page.text().split_once(", request ").unwrap().0.to_owned();
    assert_eq!((revoked.status, said(&revoked)), (unknown.status, said(&unknown)));
    for guest in [revoked, unknown, page("/s/")] {
        let text = guest.text();
        assert!(
            text.contains("does not open anything any more") && text.contains("Ask whoever sent it"),
            "{text}"
        );
        assert!(!text.contains("credential") && !text.contains("<a "), "{text}");
    }
    let ada = log_in(&server, "ada");
    let cases = [
        (navigation(format!("/m/{id}")), "/login", "a stranger"),
        (navigation(format!("/watch/{id}?token=x")), "/login", "who follows a link that is over"),
        (navigation("/watch/none").header("Cookie", &ada), "/", "a person at what is not there"),
        (navigation("/nowhere").header("Cookie", &ada), "/", "a person at no address"),
    ];
    for (request, way, who) in cases {
        let refused = server.send(&request);
        let text = refused.text();
        assert!(text.contains(&format!("<a class=\"button main\" href=\"{way}\">")), "{who}: {text}");
        assert!(!text.contains("credential"), "{who}: {text}");
    }
}

/// What only somebody with an account sees.
const PERSONAL: [&str; 3] = ["/", "/shares", "/profile"];

#[test]
fn pages_of_people_ask_a_stranger_to_log_in() {
    let server = served();
    let watch = format!("/watch/{}", server.id(FILM));
    for target in PERSONAL.into_iter().chain([watch.as_str(), "/watch/none"]) {
        let stranger = server.send(&navigation(target));
        assert_eq!(stranger.status, 303, "{target}");
        let place = stranger.header("location").unwrap();
        let next = place.strip_prefix("/login").unwrap_or_else(|| panic!("{target}: {place}"));
        let encoded = target.replace('/', "%2F").replace('-', "%2D").replace('_', "%5F");
        assert!((target == "/" && next.is_empty()) || next == format!("?next={encoded}"), "{place}");
        assert_eq!(server.send(&get(target)).status, 401, "a program at {target}");
    }
}

#[test]
fn pages_of_people_hold_what_the_person_sees_and_nothing_of_others() {
    let server = served();
    server.person("bob", "");
    let ada = log_in(&server, "ada");
    for target in PERSONAL {
        let page = server.send(&navigation(target).header("Cookie", &ada));
        assert_eq!(page.status, 200, "{target}");
        assert_closed(&page);
        assert_policy(&page);
        let text = page.text();
        assert!(text.contains(">ada</a>") && !text.contains("bob"), "{target}: {text}");
        assert!(!text.contains("\"/admin\""), "{target}: nothing of the administration for a viewer");
        assert!(
            !text.contains("quoted") && !text.contains(&server.id("b.mp4")),
            "{target}: lists are the API's"
        );
    }
}

/// The files that a module imports, by their addresses.
fn imports(address: &str, text: &str) -> Vec<String> {
    let statements = ["from \"", "import(\""].iter().flat_map(|word| text.split(word).skip(1));
    let folder = address.rsplit_once('/').unwrap().0;
    let resolved = statements.map(|rest| {
        let path = rest.split('"').next().unwrap();
        match path.strip_prefix("../") {
            Some(above) => format!("{}/{above}", folder.rsplit_once('/').unwrap().0),
            None => format!("{folder}/{}", path.strip_prefix("./").unwrap_or_else(|| panic!("{path}"))),
        }
    });
    resolved.collect()
}

#[test]
fn what_pages_need_is_there() {
    let server = served();
    let ada = log_in(&server, "ada");
    let watch = format!("/watch/{}", server.id(FILM));
    let mut wanted = Vec::new();
    for target in PERSONAL.into_iter().chain([watch.as_str()]) {
        let page = server.send(&navigation(target).header("Cookie", &ada));
        let addresses = ["src", "href"].iter().flat_map(|attribute| values(page.text(), attribute));
        wanted.extend(addresses.filter(|address| address.starts_with("/assets/")));
    }
    let mut seen = BTreeSet::new();
    while let Some(address) = wanted.pop() {
        if !seen.insert(address.clone()) {
            continue;
        }
        let asset = server.send(&get(&address));
        let content_type = asset.header("content-type").unwrap();
        let kinds = ["text/css; charset=utf-8", "image/svg+xml", "text/javascript; charset=utf-8"];
        assert!(asset.status == 200 && kinds.contains(&content_type), "{address}: {content_type}");
        let text = asset.text();
        for word in ["innerHTML", "outerHTML", "eval(", "<script", "@import", "https:"] {
            assert!(!text.contains(word), "{word} in {address}");
        }
        if content_type.starts_with("text/javascript") {
            wanted.extend(imports(&address, text));
        }
    }
    let scripts = seen.iter().filter(|address| address.starts_with("/assets/js/")).count();
    assert!(scripts >= 4 && seen.len() > scripts, "{seen:?}");
}

#[test]
fn an_empty_library_says_what_to_do_and_where_to_administrators_alone() {
    let server = Server::with(&[]);
    server.person("root", "--role admin");
    server.person("ada", "--grant videos");
    server.person("bob", "");
    let home =
        |name: &str, target: &str| server.send(&navigation(target).header("Cookie", log_in(&server, name)));
    let place = server.library().canonicalize().unwrap().display().to_string();
    let cases = [
        ("root", "Put some into a folder below", true, true),
        ("ada", "shows up here", true, false),
        ("bob", "Nothing is shared with you yet", false, false),
    ];
    for (name, said, is_named, has_path) in cases {
        let page = home(name, "/");
        let text = page.text();
        assert!(page.status == 200 && text.contains(said), "{name}: {text}");
        assert_closed(&page);
        assert_eq!(text.contains(">videos<"), is_named, "{name}: {text}");
        assert_eq!(unescaped(text).contains(&place), has_path, "{name}: {text}");
        assert!(!text.contains("class=\"button"), "{name}: no button leads back here: {text}");
    }
    for (name, library) in [("root", "nope"), ("bob", "nope"), ("bob", "videos")] {
        let page = home(name, &format!("/?library={library}"));
        let text = page.text();
        assert_eq!(page.status, 404, "{name}: {library}");
        assert!(
            text.contains("There is no library") && text.contains("href=\"/\">To the library"),
            "{name}: {text}"
        );
    }
    files::write(&server.library().join("a.mp4"), &bytes(2_000));
    server.program.ok("scan videos");
    let text = eventually("the list", SOON, || {
        Some(home("ada", "/?library=videos")).filter(|page| page.text().contains("/assets/js/library.js"))
    });
    assert_eq!(text.status, 200);
}
