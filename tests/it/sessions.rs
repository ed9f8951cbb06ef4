//! Logins: what a name and a password give, to whom, how often, and when it ends.

use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::login::{PASSWORD, cookie, log_in, login};
use crate::support::{Request, Response, Server, Setup, Viewer, eventually, files, get};

const FILM: u64 = 256 << 20;
const SECOND: Duration = Duration::from_secs(1);
const FIVE_SECONDS: Duration = Duration::from_secs(5);
/// 16 KiB in this time: the film would last for minutes.
const PACE: Duration = Duration::from_millis(20);
const MIB: u64 = 1 << 20;

type Lines<'l> = Vec<(&'l str, String)>;

fn served() -> Server {
    let server = Setup::new().file("a.mp4", &files::bytes(5_000)).start();
    server.person("ada", "--grant videos");
    server
}

/// Behind a proxy that says where a request comes from.
fn proxied() -> Server {
    let setup = Setup::new().file("a.mp4", &files::bytes(5_000));
    setup.arguments(["--trusted-proxy", "127.0.0.1"]).start()
}

fn from(address: &str, request: Request) -> Request {
    request.header("X-Forwarded-For", address)
}

fn own(request: Request) -> Request {
    request.header("Sec-Fetch-Site", "same-origin")
}

fn me(cookie: &str) -> Request {
    get("/api/v1/me").header("Cookie", cookie)
}

fn delete(target: &str, cookie: &str) -> Request {
    own(Request::new("DELETE", target)).header("Cookie", cookie)
}

#[test]
fn a_login_watches_without_a_token_until_it_is_ended() {
    let server = served();
    let film = format!("/m/{}", server.id("a.mp4"));
    let form = [("name", "ADA"), ("password", PASSWORD), ("next", "/watch/x")];
    let page = server.send(&own(Request::new("POST", "/login")).form(&form));
    assert_eq!((page.status, page.header("location")), (303, Some("/watch/x")));
    let answer = server.send(&login("Ada", PASSWORD));
    assert_eq!((answer.status, &answer.json()["name"]), (200, &json!("ada")));
    for (entered, way_out) in [
        (&page, own(Request::new("POST", "/logout"))),
        (&answer, own(Request::new("DELETE", "/api/v1/session"))),
    ] {
        assert_eq!(entered.header("cache-control"), Some("no-store"));
        let (set, cookie) = (entered.header("set-cookie").unwrap(), cookie(entered));
        assert_eq!(set, format!("{cookie}; Path=/; HttpOnly; SameSite=Lax"));
        assert_eq!(server.send(&me(&cookie)).json()["areas"], json!(["videos"]));
        let video = get(&film).header("Cookie", &cookie).header("Sec-Fetch-Dest", "video");
        server.send(&video).assert_whole(&files::bytes(5_000), "a video element");
        let left = server.send(&way_out.header("Cookie", &cookie));
        assert!(matches!(left.status, 204 | 303), "{left:?}");
        assert_eq!(left.header("set-cookie"), Some("reelgate=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"));
        assert_eq!(server.send(&me(&cookie)).status, 401, "at once");
        assert_eq!(server.send(&get(&film).header("Cookie", &cookie)).status, 401);
    }
    let again = server.send(&own(Request::new("DELETE", "/api/v1/session")));
    assert_eq!(again.status, 204, "nobody is logged in, and nobody is to be");
}

#[cfg(feature = "tls")]
#[test]
fn over_https_the_cookie_is_bound_to_the_host_and_never_sent_unencrypted() {
    let setup = Setup::new().file("a.mp4", &files::bytes(5_000));
    let identity = crate::support::tls::Identity::new(setup.folder(), "server");
    let server = setup.https(&identity).start();
    server.person("ada", "--grant videos");
    let send = |request: Request| request.send_over(identity.open(server.address));
    let answer = send(login("ada", PASSWORD));
    let (set, cookie) = (answer.header("set-cookie").unwrap(), cookie(&answer));
    assert_eq!(set, format!("{cookie}; Path=/; HttpOnly; SameSite=Lax; Secure"));
    let value = cookie.strip_prefix("__Host-reelgate=").expect("the name of HTTPS");
    assert_eq!(send(me(&cookie)).status, 200);
    assert_eq!(send(me(&format!("reelgate={value}"))).status, 401, "anybody can set that name");
    send(get(format!("/m/{}", server.id("a.mp4"))).header("Cookie", &cookie))
        .assert_whole(&files::bytes(5_000), "by the cookie");
}

#[test]
fn each_login_is_a_new_one_and_ends_the_one_before_in_the_same_browser() {
    let server = served();
    let first = log_in(&server, "ada");
    let elsewhere = log_in(&server, "ada");
    let second = cookie(&server.send(&own(login("ada", PASSWORD)).header("Cookie", &first)));
    assert!(first != second && second != elsewhere);
    server.refuses("the end of the first", SECOND, &me(&first), 401);
    assert_eq!([&second, &elsewhere].map(|cookie| server.send(&me(cookie)).status), [200, 200]);
    let forged = format!("reelgate={}", "A".repeat(43));
    let given = cookie(&server.send(&own(login("ada", PASSWORD)).header("Cookie", &forged)));
    assert_ne!(given, forged, "nobody chooses the value for somebody else");
}

/// An answer without what differs every time.
fn said(response: &Response) -> (u16, Vec<(String, String)>, Value) {
    let (status, headers, _) = response.face();
    let mut body = response.json();
    body.as_object_mut().unwrap().remove("request_id").expect("a request's id");
    (status, headers, body)
}

#[test]
fn nobody_learns_who_has_an_account_not_even_by_the_work_that_is_done() {
    let server = served();
    let program = &server.program;
    for name in ["off", "gone", "robot"] {
        server.person(name, "--grant videos");
    }
    program.ok("user add open --grant videos");
    program.ok("user disable off");
    program.ok("user delete gone --yes");
    program.ok("user set robot --system true");
    let long = "x".repeat(1025);
    let cases = [
        ("ada", "another password", "a wrong password"),
        ("ada", "", "none"),
        ("ada", &long, "a long one"),
        ("nobody", PASSWORD, "no such user"),
        ("off", PASSWORD, "a disabled user's"),
        ("gone", PASSWORD, "a deleted user's"),
        ("robot", PASSWORD, "a machine's"),
        ("open", PASSWORD, "a user's who has none"),
        ("' or 1=1 --", PASSWORD, "no name at all"),
        ("", "", "nothing"),
    ];
    let mut first = None;
    for (name, password, why) in cases {
        let before = server.metric("password_hashes_total");
        let answer = server.send(&login(name, password));
        assert_eq!(server.metric("password_hashes_total") - before, 1, "{why}: work done");
        assert_eq!((answer.status, &answer.json()["code"]), (401, &json!("wrong_login")), "{why}");
        assert!(answer.header("set-cookie").is_none(), "{why}");
        let said = said(&answer);
        assert_eq!(first.get_or_insert_with(|| said.clone()), &said, "{why}");
    }
    let before = server.metric("password_hashes_total");
    assert_eq!(server.send(&login("ada", PASSWORD)).status, 200);
    assert_eq!(server.metric("password_hashes_total") - before, 1, "and for the right one");
}

#[test]
fn many_logins_at_once_take_little_memory_and_do_not_hold_up_who_watches() {
    let server = proxied();
    let names: Vec<String> = (0..8).map(|number| format!("user{number}")).collect();
    for name in &names {
        server.person(name, "--grant videos");
    }
    let watching = log_in(&server, "user0");
    let film = get(format!("/m/{}", server.id("a.mp4"))).header("Cookie", &watching).range("bytes=0-999");
    let before = server.process().peak_memory();
    let (answers, slowest, most) = (Mutex::new(Vec::new()), Mutex::new(Duration::ZERO), Mutex::new(0));
    thread::scope(|scope| {
        let logins: Vec<_> = (0..24)
            .map(|number: usize| {
                let request = from(&format!("198.51.{number}.1"), login(&names[number % 8], PASSWORD));
                scope.spawn(|| {
                    let request = request;
                    answers.lock().unwrap().push(server.send(&request).status);
                })
            })
            .collect();
        while logins.iter().any(|login| !login.is_finished()) {
            let begun = Instant::now();
            assert_eq!(server.send(&film).status, 206);
            let mut slowest = slowest.lock().unwrap();
            *slowest = begun.elapsed().max(*slowest);
            let mut most = most.lock().unwrap();
            *most = server.metric("password_hashes_in_flight").max(*most);
        }
    });
    let allowed = u64::try_from(thread::available_parallelism().unwrap().get().min(4)).unwrap();
    let (answers, slowest, most) =
        (answers.into_inner().unwrap(), slowest.into_inner().unwrap(), most.into_inner().unwrap());
    assert_eq!(answers, [200; 24]);
    assert!((1..=allowed).contains(&most), "{most} at once");
    assert!(slowest < SECOND, "a range took {slowest:?}");
    let grown = server.process().peak_memory() - before;
    assert!(grown <= (allowed * 19 + 16) * MIB, "{} MiB more", grown / MIB);
}

#[test]
fn tries_are_limited_and_the_user_still_comes_in_from_home() {
    let server = proxied();
    server.person("ada", "");
    assert_eq!(server.send(&from("192.0.2.7", login("ada", PASSWORD))).status, 200, "ada's home");
    let mut number = 0;
    let mut elsewhere = |name: &str| {
        number += 1;
        server.send(&from(&format!("198.51.{number}.1"), login(name, "another password")))
    };
    // One of ada's ten was her own, when nobody knew her home yet.
    for (name, tries) in [("ada", 9), ("nobody", 10)] {
        let answers: Vec<Response> = (0..tries + 2).map(|_| elsewhere(name)).collect();
        let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        assert_eq!(statuses, [vec![401; tries], vec![429; 2]].concat(), "{name}");
        let last = &answers[tries + 1];
        let wait: u32 = last.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=31).contains(&wait) && last.json()["code"] == "too_many", "{last:?}");
    }
    let before = server.metric("password_hashes_total");
    assert_eq!(
        server.send(&from("203.0.113.9", login("ada", PASSWORD))).status,
        429,
        "not even the right one"
    );
    assert_eq!(server.metric("password_hashes_total"), before, "and nothing is computed for it");
    let form = [("name", "ada"), ("password", PASSWORD)];
    let page = server.send(&from("203.0.113.9", Request::new("POST", "/login").form(&form)));
    assert!(
        page.status == 429 && page.header("retry-after").is_some() && page.text().contains("role=\"alert\"")
    );
    assert_eq!(server.send(&from("192.0.2.200", login("ada", PASSWORD))).status, 200, "ada at home");
}

#[test]
fn tries_are_limited_by_address() {
    let server = proxied();
    server.person("ada", "");
    let try_from = |address: &str, count: usize| -> Vec<u16> {
        let one =
            |number| server.send(&from(address, login(&format!("u{number}"), "another password"))).status;
        (0..count).map(one).collect()
    };
    assert_eq!(try_from("2001:db8:1:2::7", 30), [401; 30]);
    assert_eq!(try_from("2001:db8:1:2:3:4:5:6", 1), [429], "the same /64");
    assert_eq!(try_from("2001:db8:1:3::7", 1), [401], "the next one");
    assert_eq!(server.send(&from("2001:db8:1:3::7", login("ada", PASSWORD))).status, 200);
}

#[test]
fn only_pages_of_this_server_change_something_by_a_cookie() {
    let server = served();
    let host = server.address.to_string();
    let origin = |text: &str| vec![("Origin", text.to_owned())];
    let site = |text: &str| vec![("Sec-Fetch-Site", text.to_owned())];
    // By a cookie; to log in, which needs none.
    let cases: [(Lines, bool, bool, &str); 9] = [
        (site("same-origin"), true, true, "a page of ours"),
        (site("same-site"), false, false, "a neighbour's"),
        (site("cross-site"), false, false, "a stranger's"),
        (site("none"), false, false, "an address line"),
        (
            [site("cross-site"), origin(&format!("http://{host}"))].concat(),
            false,
            false,
            "the newer word counts",
        ),
        (origin(&format!("http://{host}")), true, true, "an older browser's, of ours"),
        (origin("https://evil.example"), false, false, "an older browser's, of a stranger"),
        (origin("null"), false, false, "a sandboxed one"),
        (Vec::new(), false, true, "no browser"),
    ];
    for (lines, by_cookie, to_log_in, why) in cases {
        let with = |request: Request| {
            lines.iter().fold(request, |request, (name, value)| request.header(name, value.as_str()))
        };
        let cookie = log_in(&server, "ada");
        let change = json!({ "current": PASSWORD, "new": PASSWORD });
        let changes = [
            Request::new("DELETE", "/api/v1/me/sessions"),
            Request::new("PUT", "/api/v1/me/password").json(&change),
        ];
        for request in changes {
            let status = server.send(&with(request.clone()).header("Cookie", &cookie)).status;
            assert_eq!(status, if by_cookie { 204 } else { 403 }, "{why}: {request:?}");
        }
        let form = [("name", "ada"), ("password", PASSWORD)];
        let logins = [(login("ada", PASSWORD), 200), (Request::new("POST", "/login").form(&form), 303)];
        for (request, good) in logins {
            let answer = server.send(&with(request));
            assert_eq!(answer.status, if to_log_in { good } else { 403 }, "{why}: a login");
            assert_eq!(answer.header("set-cookie").is_some(), to_log_in, "{why}: a login");
        }
        let left = server.send(&with(Request::new("POST", "/logout")).header("Cookie", &cookie)).status;
        assert_eq!(left, if to_log_in { 303 } else { 403 }, "{why}: the way out");
        assert_eq!(server.send(&me(&cookie)).status, if to_log_in { 401 } else { 200 }, "{why}");
    }
}

#[test]
fn people_see_where_they_are_logged_in_and_end_it() {
    let server = served();
    server.person("bob", "");
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0";
    let here = cookie(&server.send(&login("ada", PASSWORD).header("User-Agent", firefox)));
    let (there, others) = (log_in(&server, "ada"), log_in(&server, "bob"));
    let list = |cookie: &str| {
        let answer = server.send(&get("/api/v1/me/sessions").header("Cookie", cookie));
        answer.json()["entries"].as_array().unwrap().clone()
    };
    let entries = list(&here);
    assert_eq!(entries.len(), 2, "{entries:?}");
    let own = entries.iter().find(|entry| entry["current"] == true).unwrap();
    assert_eq!([&own["client"], &own["network"]], [&json!("Firefox 153 on Linux"), &json!("127.0.0.0")]);
    assert_eq!(own["id"], server.send(&me(&here)).json()["session"]);
    assert!(own["expires_at"].as_str() > own["created_at"].as_str());
    let other = entries.iter().find(|entry| entry["current"] == false).unwrap()["id"].as_str().unwrap();
    let target = format!("/api/v1/me/sessions/{other}");
    assert_eq!(server.send(&delete(&target, &others)).status, 404, "somebody else's");
    assert_eq!(server.send(&delete(&target, &here)).status, 204);
    assert_eq!(server.send(&delete(&target, &here)).status, 404, "it has ended");
    server.refuses("the end", SECOND, &me(&there), 401);
    let third = log_in(&server, "ada");
    assert_eq!(server.send(&delete("/api/v1/me/sessions", &third)).status, 204);
    server.refuses("the end", SECOND, &me(&here), 401);
    assert_eq!([list(&third).len(), list(&others).len()], [1, 1]);
}

#[test]
fn a_password_is_changed_by_who_knows_it_and_keeps_the_rules() {
    let server = served();
    let here = log_in(&server, "ada");
    let change = |current: &str, new: &str| {
        let request = own(Request::new("PUT", "/api/v1/me/password")).header("Cookie", &here);
        let answer = server.send(&request.json(&json!({ "current": current, "new": new })));
        let code = if answer.status == 204 { String::new() } else { answer.json()["code"].to_string() };
        (answer.status, code.replace('"', ""))
    };
    let cases = [
        ("another password", "battery staple", (403, "wrong_password"), "not the current one"),
        (PASSWORD, "short", (422, "unfit"), "too short"),
        (PASSWORD, &"ab".repeat(513), (422, "unfit"), "too long"),
        (PASSWORD, "Password123", (422, "unfit"), "a common one"),
        (PASSWORD, "p\u{e4}ssword staple ", (204, ""), "a good one, with a space behind"),
        (PASSWORD, "battery staple", (403, "wrong_password"), "the old one is over"),
    ];
    for (current, new, (status, code), why) in cases {
        assert_eq!(change(current, new), (status, code.to_owned()), "{why}");
    }
    assert_eq!(server.send(&login("ada", "p\u{e4}ssword staple ")).status, 200);
    assert_eq!(server.send(&login("ada", "p\u{e4}ssword staple")).status, 401, "nothing is trimmed");
    let ran = server.program.run_with_input(["user", "passwd", "ada", "--password-stdin"], "adaadaada\n");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for (name, password) in [("adalovelace", "AdaLovelace\n"), ("bob", "passwort123\n")] {
        let ran = server.program.run_with_input(["user", "add", name, "--password-stdin"], password);
        assert!(ran.code == Some(1) && ran.stderr.contains("password"), "{name}: {ran:?}");
    }
}

/// What ends a login that somebody watches by.
#[test]
fn an_ended_login_ends_requests_within_a_second_and_responses_within_five() {
    type End = fn(&Server, &str, &str);
    fn send(server: &Server, request: &Request, want: u16) {
        let answer = server.send(request);
        assert_eq!(answer.status, want, "{answer:?}");
    }
    let cases: [(&str, End); 6] = [
        ("a new password by an administrator", |server, name, _| {
            let args = ["user", "passwd", name, "--password-stdin"];
            assert_eq!(server.program.run_with_input(args, "battery staple\n").code, Some(0));
        }),
        ("a disabled user", |server, name, _| drop(server.program.ok(&format!("user disable {name}")))),
        ("a new password of one's own", |server, name, _| {
            let request = own(Request::new("PUT", "/api/v1/me/password"));
            let body = json!({ "current": PASSWORD, "new": "battery staple" });
            send(server, &request.header("Cookie", log_in(server, name)).json(&body), 204);
        }),
        ("all others", |server, name, _| {
            send(server, &delete("/api/v1/me/sessions", &log_in(server, name)), 204);
        }),
        ("one by its id", |server, name, cookie| {
            let id = server.send(&me(cookie)).json()["session"].as_str().unwrap().to_owned();
            send(server, &delete(&format!("/api/v1/me/sessions/{id}"), &log_in(server, name)), 204);
        }),
        ("the way out", |server, _, cookie| send(server, &delete("/api/v1/session", cookie), 204)),
    ];
    let server = Setup::new().film("film.mp4", FILM).start();
    let film = format!("/m/{}", server.id("film.mp4"));
    for (number, (why, end)) in cases.into_iter().enumerate() {
        let name = format!("user{number}");
        server.person(&name, "--grant videos");
        let cookie = log_in(&server, &name);
        let request = get(&film).header("Cookie", &cookie);
        let mut viewer = Viewer::open(server.address, &request);
        assert_eq!((viewer.status, viewer.length), (200, FILM), "{why}");
        let watching = thread::spawn(move || (viewer.watch(PACE), Instant::now()));
        end(&server, &name, &cookie);
        let done = Instant::now();
        let probe = request.range("bytes=0-0");
        server.refuses(why, SECOND, &probe, 401);
        let (ended, at) = watching.join().unwrap();
        assert!(!ended.is_complete() && ended.reset, "{why}: {ended:?}");
        assert!(at - done < FIVE_SECONDS, "{why}: after {:?}", at - done);
    }
    server.program.ok("user enable user1");
    assert_eq!(server.send(&login("user1", PASSWORD)).status, 200, "whoever is enabled again logs in anew");
}

#[test]
fn kill_9_during_logins_loses_none_that_was_acknowledged() {
    let server = proxied();
    for number in 0..4 {
        server.person(&format!("user{number}"), "");
    }
    let (told, ended) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    let address = server.address;
    let setup = thread::scope(|scope| {
        for number in 0..4_u8 {
            let (told, ended) = (&told, &ended);
            scope.spawn(move || {
                for network in 0..=255_u8 {
                    let place = format!("198.{number}.{network}.1");
                    let name = format!("user{}", network % 4);
                    let Ok(answer) = from(&place, login(&name, PASSWORD)).try_send(address) else {
                        return;
                    };
                    if answer.status != 200 {
                        continue;
                    }
                    let cookie = cookie(&answer);
                    if network % 3 == 0 {
                        let left = delete("/api/v1/session", &cookie).try_send(address);
                        let Ok(204) = left.map(|left| left.status) else { return };
                        ended.lock().unwrap().push(cookie);
                    } else {
                        told.lock().unwrap().push(cookie);
                    }
                }
            });
        }
        eventually("logins", Duration::from_secs(30), || (told.lock().unwrap().len() >= 12).then_some(()));
        server.kill()
    });
    let server = setup.start_unscanned();
    let (told, ended) = (told.into_inner().unwrap(), ended.into_inner().unwrap());
    assert!(!ended.is_empty());
    for cookie in &told {
        assert_eq!(server.send(&me(cookie)).status, 200, "a login is lost");
    }
    for cookie in &ended {
        assert_eq!(server.send(&me(cookie)).status, 401, "an ended login is back");
    }
}
