//! The phone video of 611,610 bytes that a hand-written endpoint served wrongly: what each player asked of it, and
//! what it gets. And that endpoint's own route, with the answers that its application expects.

use std::ops::Range;

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD};

use crate::support::files::bytes;
use crate::support::media::{CHROME, SOON, legacy};
use crate::support::{Request, Response, Server, Setup, get, head};

pub const SIZE: usize = 611_610;
const FILM: &str = "2023/kitchen.mov";
/// A key of the application before us.
const KEY: &str = "0d9c1c6e-5f0a-4a52-9f5e-6a4a5d3c2b1a";

fn served() -> Server {
    let setup = Setup::new().file(FILM, &bytes(SIZE)).arguments(["--legacy-route", "videos"]);
    let server = setup.start();
    server.program.ok("user add ada --grant videos");
    server.program.import_key("ada", KEY);
    server
}

/// Every way to the film: a name and a target.
fn ways(server: &Server) -> [(&'static str, String); 5] {
    let ada = server.token("ada", "");
    let (token, id) = (ada.token(), server.id(FILM));
    [
        ("the old route with the application's key", format!("{}?token={KEY}", legacy(FILM))),
        ("the old route with a media token", format!("{}?token={token}", legacy(FILM))),
        ("by path", format!("/files/videos/{FILM}?token={token}")),
        ("by id", format!("/m/{id}/kitchen.mov?token={token}")),
        ("the token in the path", format!("/t/{token}/m/{id}")),
    ]
}

pub enum Answer {
    Part(Range<usize>),
    Unsatisfiable,
    Whole,
}

impl Answer {
    pub fn check(self, answer: &Response, file: &[u8], why: &str) {
        match self {
            Answer::Part(range) => answer.assert_part(file, range, why),
            Answer::Unsatisfiable => answer.assert_unsatisfiable(file.len(), why),
            Answer::Whole => answer.assert_whole(file, why),
        }
        assert_eq!(answer.header("accept-ranges"), Some("bytes"), "{why}");
    }
}

pub const TABLE: [(&str, Answer, &str); 8] = [
    ("bytes=0-1", Answer::Part(0..2), "Safari's probe"),
    ("bytes=0-", Answer::Part(0..SIZE), "Chrome's start: the length that was one too short"),
    ("bytes=589824-", Answer::Part(589_824..SIZE), "a seek"),
    (
        "bytes=611609-",
        Answer::Part(SIZE - 1..SIZE),
        "Chrome, one byte short, asked for the last: it got a 500",
    ),
    ("bytes=611610-", Answer::Unsatisfiable, "one byte behind the last"),
    ("bytes=611609-61160", Answer::Whole, "the wrong way round is no range"),
    ("bytes=0-0", Answer::Part(0..1), "a zero end is not the end of the file"),
    ("bytes=-1", Answer::Part(SIZE - 1..SIZE), "a suffix"),
];

#[test]
fn the_table_of_the_phone_video_holds_on_every_way_to_it() {
    let (server, file) = (served(), bytes(SIZE));
    for (way, target) in ways(&server) {
        for (range, want, why) in TABLE {
            let request = get(&target).range(range).header("Accept-Encoding", CHROME);
            want.check(&server.send(&request), &file, &format!("{way}, {range}: {why}"));
        }
        let plain = server.send(&get(&target).header("Accept-Encoding", CHROME));
        plain.assert_whole(&file, &format!("{way}: without a Range the body was empty"));
        let headed = server.send(&head(&target).range("bytes=0-1"));
        assert_eq!((headed.status, headed.content_length()), (200, SIZE), "{way}: HEAD");
    }
}

/// What applications read: the status and the words.
#[track_caller]
fn assert_says(answer: &Response, status: u16, words: &str, why: &str) {
    assert_eq!((answer.status, answer.text()), (status, words), "{why}");
    assert_eq!(answer.content_length(), words.len(), "{why}");
}

#[test]
fn the_old_route_speaks_as_its_application_expects() {
    let server = served();
    let not_base64 = "/private/files/download/!!!!".to_owned();
    let cases = [
        (get(legacy(FILM)).query("token=wrong-key-wrong-key"), 403, "Access Denied", "an unknown key"),
        (get(legacy(FILM)), 403, "Access Denied", "no key"),
        (get(legacy(FILM)).query("token="), 403, "Access Denied", "an empty key"),
        (get(legacy(FILM)).query(&format!("Token={KEY}")), 403, "Access Denied", "another parameter"),
        (get(legacy(FILM)).query(&format!("token={}", KEY.to_uppercase())), 403, "Access Denied", "capitals"),
        (get(legacy("gone.mov")).query(&format!("token={KEY}")), 404, "File Not Found", "a missing file"),
        (get(&not_base64).query(&format!("token={KEY}")), 404, "Invalid Path", "not base64"),
        (
            get(legacy("gone.mov")).query("token=wrong-key-wrong-key"),
            403,
            "Access Denied",
            "the key is first",
        ),
        (get(&not_base64).query("token=wrong-key-wrong-key"), 403, "Access Denied", "the key is first"),
        (get(&not_base64), 403, "Access Denied", "the key is first"),
    ];
    for (request, status, words, why) in cases {
        assert_says(&server.send(&request), status, words, why);
        let ranged = server.send(&request.clone().range("bytes=0-1").header("If-None-Match", "*"));
        assert_says(&ranged, status, words, why);
        let headed = server.send(&Request { method: "HEAD".to_owned(), ..request });
        assert_eq!((headed.status, headed.content_length()), (status, words.len()), "HEAD, {why}");
    }
}

#[test]
fn the_old_route_takes_every_spelling_of_base64() {
    // Both characters in which the alphabets differ, and padding.
    const NAME: &str = "films/???>>>.mp4";
    let file = bytes(5_000);
    let server = Setup::new().file(NAME, &file).arguments(["--legacy-route", "videos"]).start();
    server.program.ok("user add ada --grant videos");
    server.program.import_key("ada", KEY);
    let name = NAME.as_bytes();
    let standard = BASE64.encode(name);
    assert!(standard.contains('/') && standard.contains('+') && standard.ends_with("=="));
    let each_encoded: Vec<_> = standard.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let cases = [
        (standard.clone(), "standard"),
        (standard.replace('/', "%2F"), "the slash encoded"),
        (standard.replace('/', "%2f").replace('+', "%2b").replace('=', "%3d"), "small digits"),
        (BASE64_NOPAD.encode(name), "standard without padding"),
        (BASE64URL.encode(name), "URL-safe"),
        (BASE64URL.encode(name).replace('=', "%3D"), "URL-safe with encoded padding"),
        (BASE64URL_NOPAD.encode(name), "URL-safe without padding"),
        (each_encoded.concat(), "every character encoded"),
    ];
    for (text, why) in cases {
        let target = format!("/private/files/download/{text}?token={KEY}");
        server.send(&get(&target).range("bytes=-7")).assert_part(&file, 4_993..5_000, why);
    }
}

#[test]
fn what_base64_does_not_say_is_an_invalid_path() {
    let server = served();
    let cases = [
        ("", "nothing"),
        ("%21%21", "other characters"),
        ("Zm9vYg=", "one sign of padding where two belong"),
        ("Zm9v====", "too much padding"),
        ("Zm9vY", "five digits: there are no six bits of a byte"),
        ("Zm9vYh", "bits behind the last byte"),
        ("Zm%209v", "white space"),
        ("Zm9v.mp4", "an extension"),
        ("Pz8_Pj4+", "both alphabets in one"),
        ("%252F", "encoded twice"),
        ("%ff%fe", "not UTF-8"),
        ("_w", "base64 of a byte that is not UTF-8"),
    ];
    for (text, why) in cases {
        let target = format!("/private/files/download/{text}?token={KEY}");
        assert_says(&server.send(&get(target)), 404, "Invalid Path", why);
    }
}

#[test]
fn the_old_route_opens_nothing_outside_its_library() {
    let setup = Setup::new().file(FILM, &bytes(SIZE)).arguments(["other", "--legacy-route", "videos"]);
    crate::support::files::write(&setup.folder().join("other/private.mp4"), &bytes(100));
    std::fs::write(setup.folder().join("secret.mov"), "a secret").unwrap();
    setup.program().ok("scan videos other");
    let server = setup.start_unscanned();
    server.program.ok("user add ada --role admin");
    server.program.import_key("ada", KEY);
    let film = format!("{}?token={KEY}", legacy(FILM));
    assert_eq!(server.send(&get(film)).status, 200, "the key is good");
    let absolute = server.library().join(FILM).to_str().unwrap().to_owned();
    let paths = [
        "../../etc/passwd",
        "../secret.mov",
        "2023/../../secret.mov",
        "2023/../2023/kitchen.mov",
        "./2023/kitchen.mov",
        "2023//kitchen.mov",
        "/2023/kitchen.mov",
        "2023/kitchen.mov/",
        "2023/kitchen.mov\0",
        "2023/kitchen.mov\0.jpg",
        "2023\\kitchen.mov",
        "2023/Kitchen.mov",
        "2023%2Fkitchen.mov",
        "..\\secret.mov",
        "other/private.mp4",
        "../other/private.mp4",
        "private.mp4",
        "2023",
        "/",
        ".",
        absolute.as_str(),
        "/etc/passwd",
        "file:///etc/passwd",
    ];
    for path in paths {
        let answer = server.send(&get(legacy(path)).query(&format!("token={KEY}")));
        assert_says(&answer, 404, "File Not Found", path);
    }
}

#[test]
fn an_account_that_is_not_a_viewers_gets_access_denied() {
    let server = served();
    let media = server.token("ada", "");
    let good = [KEY, media.token()].map(|token| format!("{}?token={token}", legacy(FILM)));
    let ways = good.map(get);
    let changes = [
        ("user disable ada", 403, "disabled"),
        ("user enable ada", 200, "enabled again"),
        ("user set ada --system true", 403, "a machine's account"),
        ("user set ada --system false", 200, "a person again"),
        ("user delete ada --yes", 403, "deleted"),
    ];
    for (command, status, why) in changes {
        server.program.ok(command);
        for way in &ways {
            if status == 200 {
                server.becomes(why, SOON, way, status);
            } else {
                server.refuses(why, SOON, way, status);
                assert_says(&server.send(way), 403, "Access Denied", why);
            }
        }
    }
}

#[test]
fn a_key_that_was_taken_over_opens_what_its_user_may_see_and_only_by_the_old_route() {
    let server = served();
    server.program.ok("user add bob");
    server.program.import_key("bob", "another-key-of-the-application");
    let hidden = server.send(&get(legacy(FILM)).query("token=another-key-of-the-application"));
    let missing = server.send(&get(legacy("gone.mov")).query("token=another-key-of-the-application"));
    assert_says(&hidden, 404, "File Not Found", "not granted");
    assert_eq!(hidden.face(), missing.face());
    let id = server.id(FILM);
    for target in [format!("/m/{id}"), format!("/files/videos/{FILM}"), format!("/watch/{id}")] {
        let answer = server.send(&get(&target).query(&format!("token={KEY}")));
        assert_eq!(answer.status, 401, "{target}");
    }
    assert_eq!(server.send(&get(format!("/t/{KEY}/m/{id}"))).status, 401);
    let by_header = server.send(&get(legacy(FILM)).bearer(KEY));
    assert_eq!(by_header.status, 200, "the application's backend may send it in a header");
}

#[test]
fn the_old_route_is_off_unless_a_library_stands_behind_it() {
    let server = Setup::new().file(FILM, &bytes(1_000)).start();
    let ada = server.user("ada", Some("videos"));
    let known = ada.send(&get(legacy(FILM)));
    let unknown = ada.send(&get("/private/files/elsewhere/x"));
    assert_eq!((known.status, unknown.status), (404, 404));
    assert!(!String::from_utf8_lossy(&known.body).contains("File Not Found"), "nobody speaks for the route");
}
