//! A person who follows a link with a credential in it ends at an address without one.

use crate::support::files::bytes;
use crate::support::media::SOON;
use crate::support::{Request, Response, Server, Setup, get};

const FILM: &str = "films/a.mp4";
const OTHER: &str = "films/b.mp4";

fn served() -> Server {
    let server = Setup::new().file(FILM, &bytes(5_000)).file(OTHER, &bytes(3_000)).start();
    server.program.ok("user add ada --grant videos");
    server.program.ok("key create");
    server
}

fn navigation(target: impl Into<String>) -> Request {
    get(target).header("Sec-Fetch-Mode", "navigate").header("Accept", "text/html,application/xhtml+xml")
}

/// Where a person is sent, and with which cookie.
#[track_caller]
fn moved(answer: &Response) -> (String, String) {
    assert_eq!(answer.status, 303, "{:?}", answer.headers);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let cookie = answer.header("set-cookie").expect("a cookie");
    assert!(cookie.contains("; HttpOnly; SameSite=Lax"), "{cookie}");
    let place = answer.header("location").expect("a place").to_owned();
    (place, cookie.split(';').next().unwrap().to_owned())
}

#[test]
fn a_navigation_with_a_credential_is_moved_to_a_clean_address() {
    let server = served();
    let (id, other) = (server.id(FILM), server.id(OTHER));
    let ada = server.token("ada", "");
    let signed = server.program.sign(&format!("/m/{id}"), "1h").replace("/m/", "/watch/");
    let old_browser = get(format!("/watch/{id}?token={}", ada.token())).header("Accept", "text/html,*/*");
    let requests = [
        (navigation(format!("/watch/{id}?token={}", ada.token())), 200, "a token"),
        (navigation(signed), 401, "a signature"),
        (old_browser, 200, "a browser that says only what it accepts"),
    ];
    for (request, at_another, why) in requests {
        let (place, cookie) = moved(&server.send(&request));
        assert_eq!(place, format!("/watch/{id}"), "{why}");
        let page = server.send(&navigation(&place).header("Cookie", &*cookie));
        assert_eq!(page.status, 200, "{why}");
        assert!(page.text().contains(&format!("src=\"/m/{id}/a%2Emp4\"")), "{why}: {}", page.text());
        assert!(!page.text().contains(ada.token()), "{why}");
        server
            .send(&get(format!("/m/{id}/a.mp4")).header("Cookie", &*cookie))
            .assert_whole(&bytes(5_000), why);
        let at_other = cookie.replace(&id, &other);
        let answer = server.send(&get(format!("/m/{other}")).header("Cookie", at_other));
        assert_eq!(answer.status, at_another, "{why}: a cookie holds what the link held");
        assert_eq!(server.send(&get(format!("/m/{other}")).header("Cookie", cookie)).status, 401, "{why}");
    }
}

#[test]
fn only_who_may_see_it_is_moved() {
    let server = served();
    let id = server.id(FILM);
    let bob = server.user("bob", None);
    let ada = server.token("ada", "");
    let by_header =
        navigation(format!("/watch/{id}")).header("Authorization", format!("Bearer {}", ada.token()));
    let cases = [
        (navigation(format!("/watch/{id}?token={}", bob.token())), 404, "a token that does not open it"),
        (navigation(format!("/watch/{id}?token=x")), 401, "no token"),
        (get(format!("/watch/{id}?token={}", ada.token())), 200, "a program keeps its address"),
        (by_header, 200, "there is nothing in the address"),
        (get(format!("/m/{id}?token={}", ada.token())).header("Sec-Fetch-Mode", "no-cors"), 200, "a player"),
        (navigation(format!("/m/{id}?token={}", ada.token())), 200, "the bytes themselves"),
    ];
    for (request, status, why) in cases {
        let answer = server.send(&request);
        assert_eq!((answer.status, answer.header("set-cookie")), (status, None), "{why}");
    }
}

#[test]
fn a_visit_ends_with_its_token() {
    let server = served();
    let id = server.id(FILM);
    let ada = server.token("ada", "");
    let (place, cookie) = moved(&server.send(&navigation(format!("/watch/{id}?token={}", ada.token()))));
    let page = navigation(&place).header("Cookie", cookie);
    assert_eq!(server.send(&page).status, 200);
    server.program.ok(&format!("token revoke {}", ada.token_id()));
    server.refuses("the revocation", SOON, &page, 401);
}
