//! Paths that lead out, names that are no files, and files that are swapped while they are opened. Whoever asks is an
//! admin, who sees everything that is in the catalogue: what does not come out is not there for anybody.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use rustix::fs::{CWD, FileType, Mode, RenameFlags, makedev, mknodat, renameat_with};

use crate::support::files::{bytes, write};
use crate::support::http::Connection;
use crate::support::{Caller, Request, Response, Server, Setup, get};

const FILM: &str = "films/a.mp4";
/// Stands in every file that must not come out.
const SECRET: &str = "the-secret-of-the-house";

/// A library, and beside it what is nobody's business.
fn setup() -> Setup {
    let setup = Setup::new().file(FILM, &bytes(4_000)).file("home/c.mp4", &bytes(5_000));
    write(&setup.folder().join("secret.mp4"), SECRET.as_bytes());
    write(&setup.folder().join("outside/a.mp4"), SECRET.as_bytes());
    setup
}

fn admin(server: &Server) -> Caller<'_> {
    server.program.ok("user add root --role admin");
    server.token("root", "")
}

fn gives_away(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    [SECRET, "root:x:0:0", "SQLite format 3"].iter().any(|secret| text.contains(secret))
}

/// Writes a request line as it is, and reads all that comes.
fn raw(server: &Server, target: &[u8], token: &str) -> Vec<u8> {
    let mut connection = Connection::open(server.address);
    let head = format!(
        " HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n",
        server.address
    );
    connection.write_raw(&[b"GET ", target, head.as_bytes()].concat());
    connection.rest()
}

fn raw_status(answer: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(answer.get(..12)?).ok()?;
    text.strip_prefix("HTTP/1.1 ")?.parse().ok()
}

/// Spellings of "one up", each with a slash of its own.
const UPS: [&str; 21] = [
    "../",
    "./../",
    "..//",
    "%2e%2e/",
    ".%2e/",
    "%2E%2E%2F",
    "..%2f",
    "%252e%252e%252f",
    "%252e%252e/",
    "%25252e%25252e%25252f",
    "..%255c",
    "..\\",
    "..%5c",
    "%c0%ae%c0%ae/",
    "..%c0%af",
    "%e0%80%ae%e0%80%ae/",
    "%u002e%u002e/",
    "..;/",
    "..%00/",
    "%EF%BC%8E%EF%BC%8E/",
    "%EF%BC%8E%EF%BC%8E%EF%BC%8F",
];

#[test]
fn no_spelling_of_a_path_leads_out() {
    let server = setup().start();
    let root = admin(&server);
    let (token, id, film) = (root.token(), server.id(FILM), bytes(4_000));
    let bases = ["/files/videos/", "/files/videos/films/", "/files/", "/", "/m/", "/watch/", "/assets/"]
        .map(str::to_owned);
    let others = [format!("/m/{id}/"), format!("/t/{token}/m/"), format!("/t/{token}/")];
    for base in bases.iter().chain(&others) {
        for up in UPS {
            for goal in
                ["secret.mp4", "outside/a.mp4", "data/reelgate.db", "etc/passwd", "videos/films/a.mp4"]
            {
                for depth in [1, 2, 3, 9] {
                    let target = format!("{base}{}{goal}", up.repeat(depth));
                    let answer = raw(&server, target.as_bytes(), token);
                    // Behind an item's id stands any name, and the item is what comes.
                    let is_name = *base == others[0] && answer.ends_with(&film);
                    let wanted: &[u16] = if is_name { &[200] } else { &[400, 401, 404] };
                    let status = raw_status(&answer).unwrap_or_else(|| panic!("no answer to {target}"));
                    assert!(wanted.contains(&status), "{target}: {status}");
                    assert!(!gives_away(&answer), "{target}");
                }
            }
        }
    }
    assert_eq!(root.send(&get(format!("/files/videos/{FILM}"))).status, 200, "the straight way");
}

#[test]
fn odd_targets_name_nothing() {
    let server = setup().start();
    let root = admin(&server);
    let host = server.address;
    let secret = server.folder().join("secret.mp4");
    let secret = secret.to_str().unwrap();
    let film = server.library().join(FILM);
    let cases: [(Vec<u8>, &str); 24] = [
        (format!("/files/videos/{secret}").into(), "an absolute path"),
        (format!("/files/videos{secret}").into(), "an absolute path"),
        (format!("/files/{secret}").into(), "an absolute path"),
        (format!("/files/videos/{}", film.display()).into(), "an absolute path of a film"),
        (format!("/files/videos/file://{secret}").into(), "an address"),
        (b"/files/videos//films/a.mp4".into(), "an empty part"),
        (b"/files//videos/films/a.mp4".into(), "an empty part"),
        (b"//files/videos/films/a.mp4".into(), "an empty part"),
        (b"/files/videos/films/a.mp4/".into(), "a slash behind a file"),
        (b"/files/videos/films/./a.mp4".into(), "a dot"),
        (b"/files/videos/films/a.mp4/.".into(), "a dot"),
        (b"/files/videos/films/../films/a.mp4".into(), "there and back"),
        (b"/files/videos/films%2Fa.mp4".into(), "an encoded slash is another name"),
        (b"/files/videos%2Ffilms/a.mp4".into(), "an encoded slash is another name"),
        (b"/files/videos/films\\a.mp4".into(), "a backslash"),
        (b"/files/videos/films%5Ca.mp4".into(), "a backslash"),
        (b"/files/videos/films/a.mp4%00".into(), "a NUL"),
        (b"/files/videos/films/a.mp4%00.jpg".into(), "a NUL"),
        (b"/files/videos/films/a.mp4%20".into(), "a space behind"),
        (b"/files/videos/films/a.mp4.".into(), "a dot behind"),
        (b"/files/videos/films/a.mp4::$DATA".into(), "a stream"),
        (b"/files/videos/FILMS/A.MP4".into(), "capitals"),
        (format!("http://{host}/files/videos/../secret.mp4").into(), "the absolute form"),
        (format!("http://{host}/files/videos/films/%2e%2e/%2e%2e/secret.mp4").into(), "the absolute form"),
    ];
    for (target, why) in cases {
        let answer = raw(&server, &target, root.token());
        let target = String::from_utf8_lossy(&target);
        assert!(matches!(raw_status(&answer), Some(400 | 404)), "{why}: {target}");
        assert!(!gives_away(&answer), "{why}: {target}");
    }
    let absolute = raw(&server, format!("http://{host}/files/videos/{FILM}").as_bytes(), root.token());
    assert_eq!(raw_status(&absolute), Some(200), "the absolute form itself is allowed (RFC 9112 §3.2.2)");
    for target in
        [&b"/files/videos/films/a.mp4\0"[..], b"/files/videos/\xff\xfe", b"/files/videos/films/a.mp4\r"]
    {
        let answer = raw(&server, target, root.token());
        assert!(matches!(raw_status(&answer), Some(400 | 404)), "{}", target.escape_ascii());
    }
}

#[test]
fn a_grant_on_a_folder_has_no_way_to_the_next() {
    let server = setup().start();
    let cam = server.user("cam", Some("videos/films"));
    assert_eq!(cam.send(&get(format!("/files/videos/{FILM}"))).status, 200);
    for up in UPS {
        let target = format!("/files/videos/films/{up}home/c.mp4");
        let answer = raw(&server, target.as_bytes(), cam.token());
        assert!(matches!(raw_status(&answer), Some(400 | 404)), "{target}");
    }
    assert_eq!(cam.send(&get("/files/videos/home/c.mp4")).status, 404);
}

#[test]
fn base64_leads_nowhere_either() {
    let server = setup().arguments(["--legacy-route", "videos"]).start();
    let root = admin(&server);
    let ups = UPS.map(|up| up.as_bytes().to_vec());
    let decoded = UPS.map(|up| percent_encoding::percent_decode_str(up).collect::<Vec<u8>>());
    for up in ups.iter().chain(&decoded) {
        for goal in [&b"secret.mp4"[..], b"etc/passwd", b"data/reelgate.db"] {
            for depth in [1, 2, 9] {
                let path = [up.repeat(depth).as_slice(), goal].concat();
                let target = format!("/private/files/download/{}", BASE64.encode(&path));
                let answer = raw(&server, target.as_bytes(), root.token());
                assert_eq!(raw_status(&answer), Some(404), "{}", path.escape_ascii());
                assert!(!gives_away(&answer), "{}", path.escape_ascii());
            }
        }
    }
}

/// A pipe, a device or a socket in the library.
fn make(path: &Path, kind: FileType) -> io::Result<()> {
    Ok(mknodat(CWD, path, kind, Mode::RUSR | Mode::WUSR, makedev(1, 5))?)
}

/// A request that must be answered at once.
fn quickly(root: &Caller<'_>, request: &Request) -> Response {
    let begun = Instant::now();
    let answer = root.send(request);
    assert!(begun.elapsed() < Duration::from_secs(5), "{request:?} took {:?}", begun.elapsed());
    answer
}

#[test]
fn only_plain_files_of_the_library_are_in_the_catalogue() {
    let setup = setup();
    let library = setup.library();
    let outside = setup.folder().join("outside");
    symlink(setup.folder().join("secret.mp4"), library.join("out.mp4")).unwrap();
    symlink("../secret.mp4", library.join("relative.mp4")).unwrap();
    symlink(&outside, library.join("out")).unwrap();
    symlink("films", library.join("inside")).unwrap();
    symlink("films/a.mp4", library.join("inside.mp4")).unwrap();
    symlink("loop.mp4", library.join("loop.mp4")).unwrap();
    symlink("/proc/self/root", library.join("root")).unwrap();
    make(&library.join("pipe.mp4"), FileType::Fifo).unwrap();
    let _socket = UnixListener::bind(library.join("socket.mp4")).unwrap();
    // Making one needs a right that containers may lack.
    let has_device = make(&library.join("zero.mp4"), FileType::CharacterDevice).is_ok();
    for hidden in [".hidden.mp4", ".folder/a.mp4", "films/.b.mp4", "...mp4", "..x/a.mp4"] {
        write(&library.join(hidden), SECRET.as_bytes());
    }
    for other in ["notes.txt", "page.html", "mp4", "films/a.mp4.part", "a.jpg"] {
        write(&library.join(other), SECRET.as_bytes());
    }
    let server = setup.start();
    let root = admin(&server);
    let known: Vec<_> = server.program.json("items").as_array().unwrap().clone();
    let paths: Vec<_> = known.iter().map(|item| item["path"].as_str().unwrap()).collect();
    assert_eq!(paths, [FILM, "home/c.mp4"]);
    let names = [
        "out.mp4",
        "relative.mp4",
        "out/a.mp4",
        "inside/a.mp4",
        "inside.mp4",
        "loop.mp4",
        "root/etc/passwd",
        "pipe.mp4",
        "socket.mp4",
        "zero.mp4",
        ".hidden.mp4",
        ".folder/a.mp4",
        "films/.b.mp4",
        "...mp4",
        "..x/a.mp4",
        "notes.txt",
        "page.html",
        "mp4",
        "films/a.mp4.part",
        "a.jpg",
        "films",
        "",
        "films/",
    ];
    for name in names {
        let answer = quickly(&root, &get(format!("/files/videos/{name}")));
        assert_eq!((answer.status, answer.body.len()), (404, 0), "{name}, device: {has_device}");
    }
}

#[test]
fn names_are_decoded_once_and_compared_as_they_are() {
    // The composed and the decomposed ä, a literal escape, and characters that mean something in a URL.
    let names = [
        "plus+and space.mp4",
        "100%.mp4",
        "a%2Fb.mp4",
        "%2e%2e.mp4",
        "what?.mp4",
        "#1.mp4",
        "quote\"'.mp4",
        "back\\slash.mp4",
        "tag<b>.mp4",
        "semi;colon=1&2.mp4",
        "\u{e4}.mp4",
        "a\u{308}.mp4",
        "\u{ff0e}\u{ff0e}.mp4",
        "\u{1f3ac} film.mp4",
        " space.mp4",
        "a...mp4",
        "a b/c d/e f.mp4",
    ];
    let content = |at: usize| format!("film number {at}");
    let setup = names
        .iter()
        .enumerate()
        .fold(Setup::new(), |setup, (at, name)| setup.file(name, content(at).as_bytes()));
    let server = setup.start();
    let root = admin(&server);
    for (at, name) in names.iter().enumerate() {
        let encoded: String = name
            .split('/')
            .map(|part| {
                percent_encoding::utf8_percent_encode(part, percent_encoding::NON_ALPHANUMERIC).to_string()
            })
            .collect::<Vec<_>>()
            .join("/");
        let answer = root.send(&get(format!("/files/videos/{encoded}")));
        assert_eq!((answer.status, answer.text()), (200, content(at).as_str()), "{name}");
        let twice = encoded.replace('%', "%25");
        assert_eq!(root.send(&get(format!("/files/videos/{twice}"))).status, 404, "{name}, encoded twice");
    }
    for other in [
        "plus%20and%20space.mp4",
        "plus+and+space.mp4",
        "a/b.mp4",
        "a%2Fb.mp4",
        "%2e%2e.mp4",
        "back/slash.mp4",
    ] {
        assert_eq!(root.send(&get(format!("/files/videos/{other}"))).status, 404, "{other}");
    }
}

#[test]
fn what_becomes_of_a_file_after_the_scan_is_seen_when_it_is_opened() {
    let server = setup().start();
    let root = admin(&server);
    let (id, path) = (server.id(FILM), server.library().join(FILM));
    let targets = [format!("/m/{id}"), format!("/files/videos/{FILM}")];
    let remove = |path: &Path| fs::remove_file(path).or_else(|_| fs::remove_dir_all(path)).unwrap();
    let changes: [(&dyn Fn(), &str); 6] = [
        (&|| symlink("../../secret.mp4", &path).unwrap(), "a link out"),
        (&|| symlink("../home/c.mp4", &path).unwrap(), "a link to another film"),
        (&|| make(&path, FileType::Fifo).unwrap(), "a pipe"),
        (&|| fs::create_dir(&path).unwrap(), "a folder"),
        (&|| drop(UnixListener::bind(&path).unwrap()), "a socket"),
        (&|| symlink("/dev/zero", &path).unwrap(), "a link to an endless device"),
    ];
    assert_eq!(root.send(&get(&targets[0])).status, 200);
    for (change, why) in changes {
        remove(&path);
        change();
        for target in &targets {
            for request in [get(target), get(target).range("bytes=0-9"), Request::new("HEAD", target)] {
                let answer = quickly(&root, &request);
                assert_eq!((answer.status, answer.body.len()), (404, 0), "{why}: {request:?}");
            }
        }
    }
    let films = server.library().join("films");
    remove(&films);
    symlink(server.folder().join("outside"), &films).unwrap();
    for target in &targets {
        let answer = quickly(&root, &get(target));
        assert_eq!((answer.status, answer.body.len()), (404, 0), "a folder that became a link: {target}");
    }
}

/// Tells when it is dropped, also by a test that fails.
struct Telling<'a>(&'a AtomicBool);

impl Drop for Telling<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// From one swap to the next, in turn from none to longer than an answer takes. Without any, the swaps and the server's news
/// of them take both processors of a small machine, and hardly an answer comes in between.
fn pauses() -> impl Iterator<Item = Duration> {
    (0..16).cycle().map(|step| Duration::from_micros(step * 200))
}

/// Swaps two names for as long as `during` runs; a swap leaves no moment without a file.
fn while_swapping(one: &Path, other: &Path, during: impl FnOnce()) {
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for pause in pauses().take_while(|_| !is_over.load(Ordering::Relaxed)) {
                renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).unwrap();
                std::thread::sleep(pause);
            }
        });
        let _telling = Telling(&is_over);
        during();
    });
}

/// Each answer is the film, as far as it goes, or nothing; and both occur: the race is run.
fn race(one: &Path, other: &Path, server: &Server, token: &str) {
    let film = bytes(4_000);
    let target = format!("/files/videos/{FILM}");
    let (mut films, mut nothings) = (0, 0);
    while_swapping(one, other, || {
        let begun = Instant::now();
        while films + nothings < 2_000 || films < 20 || nothings < 20 {
            let answer = raw(server, target.as_bytes(), token);
            assert!(!gives_away(&answer), "the secret came out after {films} films");
            let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head") + 4;
            match raw_status(&answer) {
                // A swap is a change too; whoever sees one after opening breaks off.
                Some(200) => {
                    assert!(film.starts_with(&answer[end..]), "other bytes than the film's");
                    films += 1;
                }
                Some(404 | 503) => {
                    assert_eq!(answer.len(), end);
                    nothings += 1;
                }
                other => panic!("{other:?}"),
            }
            assert!(begun.elapsed() < Duration::from_mins(1), "{films} films, {nothings} nothings: no race");
        }
    });
}

#[test]
fn a_file_swapped_for_a_link_while_it_is_opened_gives_nothing_away() {
    let server = setup().arguments(["--scan-interval", "1h"]).start();
    let root = admin(&server);
    let link = server.folder().join("link");
    symlink(server.folder().join("secret.mp4"), &link).unwrap();
    race(&server.library().join(FILM), &link, &server, root.token());
}

#[test]
fn a_folder_swapped_for_a_link_while_it_is_opened_gives_nothing_away() {
    let server = setup().arguments(["--scan-interval", "1h"]).start();
    let root = admin(&server);
    let link = server.folder().join("link");
    symlink(server.folder().join("outside"), &link).unwrap();
    race(&server.library().join("films"), &link, &server, root.token());
}
