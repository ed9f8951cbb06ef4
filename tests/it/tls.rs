//! HTTPS: the same bytes by both protocols, the same limits, and certificates that come, fit and go.

use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::story;
use crate::support::h2::{DATA, GOAWAY, H2, HEADERS};
use crate::support::media::SOON;
use crate::support::process::reading;
use crate::support::tls::{Identity, Secured};
use crate::support::viewer::slow_connection;
use crate::support::{Connection, Request, Response, Server, Setup, eventually, files, get};

const FILM: u64 = 256 << 20;
const BOTH: &[&str] = &["h2", "http/1.1"];
/// As much window as a stream can have.
const WIDE: u32 = 0x7fff_ffff;
const INTERNAL_ERROR: u32 = 2;
const CANCEL: u32 = 8;

struct Https {
    server: Server,
    identity: Identity,
}

impl Https {
    fn start(setup: Setup) -> Https {
        let identity = Identity::new(setup.folder(), "server");
        Https { server: setup.https(&identity).start(), identity }
    }

    fn send(&self, request: &Request) -> Response {
        request.send_over(self.identity.open(self.server.address))
    }

    fn metric(&self, name: &str) -> u64 {
        reading(self.send(&get("/metrics")).text(), name)
    }

    /// The target of a file for a new viewer, with a token.
    fn url(&self, path: &str) -> String {
        let ann = self.server.user("ann", Some("videos"));
        format!("/m/{}?token={}", self.server.id(path), ann.token())
    }

    fn h2(&self, window: u32) -> H2<Secured> {
        H2::begin(self.identity.connect(self.server.address, BOTH).unwrap(), window)
    }

    /// The answer that curl gets, which speaks HTTP/2 by a library of its own.
    fn curl(&self, request: &Request) -> Response {
        let mut command = Command::new("curl");
        command
            .args(["--silent", "--show-error", "--include", "--http2", "--cacert"])
            .arg(&self.identity.cert);
        for (name, value) in &request.headers {
            command.arg("--header").arg(format!("{name}: {value}"));
        }
        let output =
            command.arg(format!("https://{}{}", self.server.address, request.target)).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let end = output.stdout.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = str::from_utf8(&output.stdout[..end]).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().strip_prefix("HTTP/2 ").expect("HTTP/2");
        let headers = lines.map(|line| line.split_once(": ").unwrap());
        Response {
            status: status.trim().parse().unwrap(),
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            body: output.stdout[end + 4..].to_vec(),
        }
    }
}

fn impatient() -> Setup {
    Setup::new().film("film.mp4", FILM).settings(
        "[limits]\nhead_timeout = \"600ms\"\nidle_timeout = \"1200ms\"\nstream_timeout = \"1500ms\"\n",
    )
}

/// How long it lasts until nothing more comes.
fn life(mut stream: impl Read) -> Duration {
    let begun = Instant::now();
    let mut rest = Vec::new();
    // An end without TLS's own goodbye is an end as well.
    let _ = stream.read_to_end(&mut rest);
    begun.elapsed()
}

fn assert_about(life: Duration, want_ms: u64, why: &str) {
    let want = Duration::from_millis(want_ms);
    assert!(want.mul_f32(0.8) <= life && life <= want + Duration::from_secs(1), "{why}: after {life:?}");
}

#[test]
fn the_table_of_the_phone_video_holds_by_both_protocols() {
    let film = files::bytes(story::SIZE);
    // Where a socket could send files by itself, it must not: TLS and frames lie between.
    let setup = Setup::new().file("kitchen.mov", &film).arguments(["--zero-copy", "on"]);
    let https = Https::start(setup);
    let url = https.url("kitchen.mov");
    for (range, want, why) in story::TABLE {
        want.check(&https.send(&get(&url).range(range)), &film, &format!("HTTP/1.1, {range}: {why}"));
    }
    for (range, want, why) in story::TABLE {
        want.check(&https.curl(&get(&url).range(range)), &film, &format!("HTTP/2, {range}: {why}"));
    }
    https.curl(&get(&url)).assert_whole(&film, "HTTP/2 without a Range");
    let parts = https.curl(&get(&url).range("bytes=0-9,500000-599999"));
    assert_eq!((parts.status, parts.content_length()), (206, parts.body.len()));
}

#[test]
fn the_client_chooses_the_protocol() {
    let https = Https::start(Setup::new());
    let chosen = |offered: &[&str]| {
        let wire = https.identity.connect(https.server.address, offered)?;
        Ok::<_, io::Error>(wire.conn.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned()))
    };
    assert_eq!(chosen(BOTH).unwrap().as_deref(), Some("h2"));
    assert_eq!(chosen(&["http/1.1", "h2"]).unwrap().as_deref(), Some("h2"), "the server's order counts");
    assert_eq!(chosen(&["http/1.1"]).unwrap().as_deref(), Some("http/1.1"));
    assert_eq!(chosen(&[]).unwrap(), None);
    assert!(chosen(&["gopher"]).is_err(), "nothing in common (RFC 7301 §3.2)");

    let without = https.identity.connect(https.server.address, &[]).unwrap();
    let answer = get("/healthz").send_over(Connection::on(without, https.server.address));
    assert_eq!(answer.status, 200, "no choice is HTTP/1.1");
    let mut h2 = https.h2(WIDE);
    let stream = h2.get("/healthz");
    let received = h2.receive(stream).unwrap();
    assert_eq!((received.status, received.body.as_slice()), (200, &b"ok\n"[..]));
}

#[test]
fn a_client_that_says_too_little_ends_within_the_time_of_a_head() {
    let https = Https::start(impatient());
    let (address, identity) = (https.server.address, &https.identity);
    assert_about(life(TcpStream::connect(address).unwrap()), 600, "nothing at all");

    let mut half = TcpStream::connect(address).unwrap();
    half.write_all(&[0x16, 3, 1, 2, 0, 1, 0]).unwrap();
    assert_about(life(half), 600, "half a greeting");

    for protocol in ["http/1.1", "h2"] {
        let silent = identity.connect(address, &[protocol]).unwrap();
        assert_about(life(silent), 600, &format!("a handshake and no {protocol}"));
    }
    let mut half = identity.connect(address, &["http/1.1"]).unwrap();
    half.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n").unwrap();
    assert_about(life(half), 600, "half a head");
    assert_eq!(https.metric("connections_slow_head_total"), 5);
}

#[test]
fn slow_handshakes_hold_up_nobody_and_failed_ones_are_no_line_in_the_log() {
    let https = Https::start(Setup::new());
    let greeting = [0x16, 3, 1, 2, 0, 1, 0];
    let slow: Vec<TcpStream> = (0..50)
        .map(|_| {
            let mut slow = TcpStream::connect(https.server.address).unwrap();
            slow.write_all(&greeting).unwrap();
            slow
        })
        .collect();
    let begun = Instant::now();
    assert_eq!(https.send(&get("/healthz")).status, 200);
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    drop(slow);
    let stranger = Identity::new(https.server.folder(), "stranger");
    let refused = stranger.connect(https.server.address, BOTH);
    assert!(refused.is_err(), "a client who does not trust the certificate");
    eventually("the failed handshakes", SOON, || {
        (https.metric("connections_unsecured_total") == 51).then_some(())
    });
    assert!(!https.server.log().contains("handshake"), "{}", https.server.log());
}

#[test]
fn who_forgets_the_s_is_told_so() {
    let https = Https::start(Setup::new());
    let answer = https.server.send(&get("/healthz"));
    assert_eq!((answer.status, answer.header("connection")), (400, Some("close")));
    assert!(answer.text().contains("HTTPS"), "{}", answer.text());
}

#[test]
fn above_the_cap_a_client_gets_an_alert() {
    let https = Https::start(Setup::new().settings("[limits]\nmax_connections = 1\n"));
    let mut seated = https.identity.open(https.server.address);
    seated.write(&get("/healthz"));
    assert_eq!(seated.response("GET").status, 200);
    let error = https.identity.connect(https.server.address, BOTH).expect_err("no seat is free");
    assert!(error.to_string().contains("InternalError"), "{error}");
}

#[test]
fn an_idle_connection_ends_in_time_and_is_told_before() {
    let https = Https::start(impatient());
    let mut kept = https.identity.open(https.server.address);
    kept.write(&get("/healthz"));
    assert_eq!(kept.response("GET").status, 200);
    let begun = Instant::now();
    assert!(kept.rest().is_empty(), "an end with a goodbye");
    assert_about(begun.elapsed(), 1200, "HTTP/1.1");

    let mut h2 = https.h2(WIDE);
    let stream = h2.get("/healthz");
    assert_eq!(h2.receive(stream).unwrap().status, 200);
    let begun = Instant::now();
    assert_eq!(h2.frame().unwrap().kind, GOAWAY);
    assert_about(begun.elapsed(), 1200, "HTTP/2");
    let mut rest = Vec::new();
    h2.wire.read_to_end(&mut rest).expect("an end with a goodbye");
    eventually("both", SOON, || (https.metric("connections_idle_total") == 2).then_some(()));
}

#[test]
fn a_stream_whose_reader_takes_nothing_is_reset_and_the_others_go_on() {
    const WINDOW: u32 = 100_000;
    let setup = impatient().file("short.mp4", &files::bytes(150_000));
    let https = Https::start(setup);
    let (film, short) = (https.url("film.mp4"), https.server.id("short.mp4"));
    let token = film.split_once('?').unwrap().1;
    let mut h2 = https.h2(WINDOW);
    // Of the short one, all that is left fits into the queue: its work is done but for the reader.
    let stalled = [h2.get(&film), h2.get(&format!("/m/{short}?{token}"))];
    let moving = h2.get(&film);
    let (begun, mut resets) = (Instant::now(), Vec::new());
    let mut moved = 0;
    while resets.len() < 2 || begun.elapsed() < Duration::from_secs(4) {
        let frame = h2.frame().expect("the connection lives on");
        match frame.kind {
            DATA if frame.stream == moving => {
                moved += frame.payload.len();
                // A slow reader, who takes a little ten times within the time.
                std::thread::sleep(Duration::from_millis(20));
                h2.widen(moving, u32::try_from(frame.payload.len()).unwrap());
            }
            DATA | HEADERS => {}
            _ => {
                assert_eq!(frame.reason(), CANCEL, "{frame:?}");
                resets.push((frame.stream, begun.elapsed()));
            }
        }
    }
    for (stream, after) in &resets {
        assert!(stalled.contains(stream), "{stream} was read from");
        assert_about(*after, 1500, "a stalled stream");
    }
    assert!(resets.len() == 2 && moved > 500_000, "{resets:?}, {moved}");
    assert_eq!(https.metric("connections_stalled_total"), 2);
}

#[test]
fn a_stream_without_any_window_is_reset_as_well() {
    let https = Https::start(impatient());
    let url = https.url("film.mp4");
    let mut h2 = https.h2(0);
    let stream = h2.get(&url);
    let begun = Instant::now();
    let received = h2.receive(stream).unwrap();
    assert_eq!((received.status, received.body.len(), received.reset), (200, 0, Some(CANCEL)));
    assert_about(begun.elapsed(), 1500, "no window at all");
}

/// Asks for a target by a protocol and leaves the answer to be read, all the window given that there is.
fn asked(https: &Https, socket: TcpStream, protocol: &str, target: &str) -> Secured {
    let mut wire = https.identity.secure(socket, &[protocol]).unwrap();
    if protocol == "h2" {
        let mut h2 = H2::begin(wire, WIDE);
        h2.get(target);
        return h2.wire;
    }
    wire.write_all(get(target).text(https.server.address).as_bytes()).unwrap();
    wire
}

#[test]
fn a_reader_that_takes_nothing_from_the_socket_is_cut_and_a_slow_one_is_not() {
    let https = Https::start(impatient());
    let url = https.url("film.mp4");
    let slow_socket = || slow_connection(https.server.address).socket().try_clone().unwrap();
    for protocol in ["http/1.1", "h2"] {
        let before = https.metric("connections_stalled_total");
        let mut sleeper = asked(&https, slow_socket(), protocol, &url);
        let mut slow = asked(&https, slow_socket(), protocol, &url);
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(4) {
            slow.read_exact(&mut vec![0; 32 * 1024]).expect("a slow reader makes progress");
            std::thread::sleep(Duration::from_millis(100));
        }
        assert!(https.metric("connections_stalled_total") > before, "{protocol}: the sleeper");
        assert_eq!(https.metric("media_streams_in_flight"), 1, "{protocol}: the slow one");
        let mut rest = Vec::new();
        let end = sleeper.read_to_end(&mut rest);
        assert!(end.is_err(), "{protocol}: {} bytes and an orderly end", rest.len());
        slow.read_exact(&mut vec![0; 1 << 20]).expect("the slow reader can go on");
        drop(slow);
        eventually("the end of all streams", SOON, || {
            (https.metric("media_streams_in_flight") == 0).then_some(())
        });
    }
}

#[test]
fn two_hundred_slow_readers_fit_into_128_mib() {
    let https = Https::start(Setup::new().film("film.mp4", FILM));
    let url = https.url("film.mp4");
    let slow_socket = || slow_connection(https.server.address).socket().try_clone().unwrap();
    let mut readers: Vec<Secured> =
        (0..200).map(|number| asked(&https, slow_socket(), ["http/1.1", "h2"][number % 2], &url)).collect();
    for _ in 0..3 {
        for reader in &mut readers {
            reader.read_exact(&mut [0; 16 * 1024]).unwrap();
        }
    }
    assert_eq!(https.metric("media_streams_in_flight"), 200);
    let peak = https.server.process().peak_memory();
    assert!(peak < 128 << 20, "{} MiB", peak >> 20);
}

#[test]
fn a_film_that_shrinks_breaks_its_answer_and_no_other() {
    let https = Https::start(Setup::new().film("film.mp4", FILM));
    let url = https.url("film.mp4");
    let mut wire = asked(&https, TcpStream::connect(https.server.address).unwrap(), "http/1.1", &url);
    wire.read_exact(&mut [0; 1000]).unwrap();
    let mut h2 = https.h2(100_000);
    let stream = h2.get(&url);
    assert_eq!(h2.frame().unwrap().status(), 200);
    let film = fs::File::options().write(true).open(https.server.library().join("film.mp4")).unwrap();
    film.set_len(50_000).unwrap();
    assert!(wire.read_to_end(&mut Vec::new()).is_err(), "HTTP/1.1: no end in order");
    h2.widen(stream, WIDE - 100_000);
    assert_eq!(h2.receive(stream).unwrap().reset, Some(INTERNAL_ERROR));
    let other = h2.get("/healthz");
    assert_eq!(h2.receive(other).unwrap().status, 200, "the connection lives on");
    assert_eq!(https.metric("connections_broken_total"), 2);
}

/// A socket that keeps what it has read: the heads of TLS's records are not encrypted.
struct Tapped(TcpStream, Vec<u8>);

impl Read for Tapped {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(buffer)?;
        self.1.extend(&buffer[..read]);
        Ok(read)
    }
}

impl Write for Tapped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Tapped {
    /// How long each record is without its head.
    fn records(&self) -> Vec<usize> {
        let mut rest = self.1.as_slice();
        std::iter::from_fn(|| {
            let length = usize::from(u16::from_be_bytes([*rest.get(3)?, *rest.get(4)?]));
            rest = rest.get(5 + length..)?;
            Some(length)
        })
        .collect()
    }
}

#[test]
fn records_are_full() {
    const LEN: usize = 8 << 20;
    let https = Https::start(Setup::new().file("film.mp4", &files::bytes(LEN)));
    let url = https.url("film.mp4");
    let tapped = || Tapped(TcpStream::connect(https.server.address).unwrap(), Vec::new());
    let wire = https.identity.agree(tapped(), &["http/1.1"]).unwrap();
    let mut connection = Connection::on(wire, https.server.address);
    connection.write(&get(&url));
    assert_eq!(connection.response("GET").body.len(), LEN);
    let mut h2 = H2::begin(https.identity.agree(tapped(), BOTH).unwrap(), WIDE);
    let stream = h2.get(&url);
    assert_eq!(h2.receive(stream).unwrap().body.len(), LEN);
    for (protocol, tapped) in [("HTTP/1.1", &connection.socket().sock), ("HTTP/2", &h2.wire.sock)] {
        let records = tapped.records();
        let full = records.iter().filter(|length| **length >= 16 * 1024).count();
        assert!(full * 100 >= records.len() * 85, "{protocol}: {full} of {} are full", records.len());
        // For 128 KiB, which are read at a time: eight, and over HTTP/2 a short one for their frames' heads.
        assert!(records.len() <= LEN / (128 * 1024) * 9 + 20, "{protocol}: {} records", records.len());
    }
}

#[test]
fn a_withdrawn_right_ends_a_running_film() {
    let https = Https::start(Setup::new().film("film.mp4", FILM));
    let program = &https.server.program;
    for (name, protocol) in [("bea", "http/1.1"), ("cid", "h2")] {
        let viewer = https.server.user(name, Some("videos"));
        let target = format!("/m/{}?token={}", https.server.id("film.mp4"), viewer.token());
        let socket = TcpStream::connect(https.server.address).unwrap();
        let mut wire = asked(&https, socket, protocol, &target);
        let watching = std::thread::spawn(move || {
            let (mut taken, mut some) = (0, [0; 16 * 1024]);
            loop {
                std::thread::sleep(Duration::from_millis(10));
                match wire.read(&mut some) {
                    Ok(0) => return (taken, None, Instant::now()),
                    Ok(read) => taken += u64::try_from(read).unwrap(),
                    Err(error) => return (taken, Some(error.kind()), Instant::now()),
                }
            }
        });
        eventually("somebody who watches", SOON, || {
            (https.metric("media_streams_in_flight") == 1).then_some(())
        });
        program.ok(&format!("token revoke {}", viewer.token_id()));
        let revoked = Instant::now();
        let (taken, error, ended) = watching.join().unwrap();
        assert!(taken < FILM && error == Some(ErrorKind::ConnectionReset), "{protocol}: {taken}, {error:?}");
        assert!(ended - revoked < Duration::from_secs(5), "{protocol}: {:?}", ended - revoked);
        assert_eq!(https.send(&get(&target)).status, 401, "{protocol}");
    }
}

#[test]
fn heads_have_their_limits_over_http_2() {
    let https = Https::start(Setup::new());
    let long = https.curl(&get("/healthz").header("X-Long", "x".repeat(33 * 1024)));
    assert_eq!(long.status, 431, "33 KiB");
    let fits = https.curl(&get("/healthz").header("X-Long", "x".repeat(20 * 1024)));
    assert_eq!(fits.status, 200, "20 KiB");
    let many = (0..65).fold(get("/healthz"), |request, number| request.header(&format!("X-{number}"), "1"));
    assert_eq!(https.curl(&many).status, 431, "more than 64 lines");
    assert_eq!(https.curl(&get(format!("/{}", "a".repeat(9_000)))).status, 414, "a target of 9,000 bytes");
    let elsewhere = https.curl(&get("/metrics").header("Host", "evil.example"));
    assert_eq!(elsewhere.status, 401, "metrics are for who names this machine");
    assert_eq!(https.curl(&get("/metrics")).status, 200);
    let mut h2 = https.h2(WIDE);
    let stream = h2.ask("/healthz", &[("host", "another.example")]);
    let head = h2.frame().unwrap();
    assert_eq!((head.stream, head.kind, head.payload[0]), (stream, HEADERS, 0x8c), "400 in the static table");
}

#[test]
fn streams_of_one_connection_get_what_is_theirs_also_when_they_ask_again() {
    let film = files::bytes(200_000);
    let https = Https::start(Setup::new().file("a.mp4", &film));
    let path = format!("/m/{}", https.server.id("a.mp4"));
    let ann = https.server.user("ann", Some("videos"));
    let bob = https.server.user("bob", None);
    let tag = || https.send(&get(&*path).bearer(ann.token()).range("bytes=0-1")).tag();
    eventually("a file that is kept open", SOON, || (tag() == tag()).then_some(()));
    let [ann, bob] = [ann.token(), bob.token()].map(|token| format!("Bearer {token}"));
    let mut h2 = https.h2(WIDE);
    for _ in 0..3 {
        let [mine, other] = [&ann, &bob].map(|who| {
            let stream = h2.ask(&path, &[("authorization", &**who), ("range", "bytes=7-99999")]);
            h2.receive(stream).unwrap()
        });
        assert_eq!((mine.status, other.status), (206, 404));
        assert!(mine.body == film[7..100_000]);
    }
    assert!(https.metric(r#"auth_decisions_total{result="allow",reason="standing"}"#) > 0);
    let lines: Vec<_> = [("authorization", &*ann)].into_iter().chain([("range", "bytes=0-1"); 100]).collect();
    let stream = h2.ask(&path, &lines);
    assert_eq!(
        h2.receive(stream).unwrap().status,
        431,
        "more lines than there may be, whatever was asked before"
    );
}

#[test]
fn sigterm_lets_streams_finish() {
    let mut https = Https::start(Setup::new().film("film.mp4", 8 << 20));
    let url = https.url("film.mp4");
    let mut idle = https.h2(WIDE);
    let answered = idle.get("/healthz");
    assert_eq!(idle.receive(answered).unwrap().status, 200);
    let mut silent = https.h2(WIDE);
    let mut h2 = https.h2(100_000);
    let stream = h2.get(&url);
    assert_eq!(h2.frame().unwrap().status(), 200);
    https.server.signal(Signal::TERM);
    assert_eq!(idle.frame().unwrap().kind, GOAWAY, "no further requests");
    let goaway = loop {
        let frame = h2.frame().unwrap();
        if frame.kind != DATA {
            break frame;
        }
    };
    assert_eq!(goaway.kind, GOAWAY);
    h2.widen(stream, WIDE - 100_000);
    let mut taken = 0;
    while !eventually("a frame", SOON, || h2.frame().ok()).ends_its_stream() {
        taken += 1;
    }
    assert!(taken > 100, "{taken} frames");
    let mut rest = Vec::new();
    let _ = silent.wire.read_to_end(&mut rest);
    drop((h2, idle, silent));
    let status = eventually("the end", SOON, || https.server.ended());
    assert_eq!(status.code(), Some(0));
    assert!(https.server.log().contains(r#""cut":0"#), "{}", https.server.log());
}

/// Closing over the windows that a slow reader sends would be a reset, and what is under way would be lost.
#[test]
fn sigterm_lets_a_slow_reader_have_the_last_bytes() {
    let mut https = Https::start(Setup::new().film("film.mp4", 1 << 20));
    let url = https.url("film.mp4");
    let socket = slow_connection(https.server.address).socket().try_clone().unwrap();
    let mut h2 = H2::begin(https.identity.secure(socket, BOTH).unwrap(), WIDE);
    let stream = h2.get(&url);
    assert_eq!(h2.frame().unwrap().status(), 200);
    https.server.signal(Signal::TERM);
    let mut taken = 0;
    loop {
        let frame = h2.frame().expect("everything arrives");
        if frame.kind == GOAWAY {
            continue;
        }
        assert_eq!((frame.kind, frame.stream), (DATA, stream));
        taken += frame.payload.len();
        if frame.ends_its_stream() {
            break;
        }
        // The server has sent the last byte long before it is read here.
        std::thread::sleep(Duration::from_millis(100));
        h2.widen(0, u32::try_from(frame.payload.len()).unwrap().max(1));
    }
    assert_eq!(taken, 1 << 20);
    drop(h2);
    assert_eq!(eventually("the end", SOON, || https.server.ended()).code(), Some(0));
}

#[test]
fn sighup_shows_the_new_certificate_and_keeps_the_old_one_when_that_is_no_good() {
    let https = Https::start(Setup::new().film("film.mp4", FILM));
    let (server, old) = (&https.server, &https.identity);
    let url = https.url("film.mp4");
    let mut watching = old.connect(server.address, &["http/1.1"]).unwrap();
    watching.write_all(get(&url).text(server.address).as_bytes()).unwrap();
    watching.read_exact(&mut vec![0; 100_000]).unwrap();
    let is_shown = |identity: &Identity| identity.connect(server.address, BOTH).is_ok();

    let new = Identity::new(server.folder(), "new");
    assert!(is_shown(old) && !is_shown(&new));
    old.put_in_place(&new);
    server.signal(Signal::HUP);
    eventually("the new certificate", SOON, || (is_shown(&new) && !is_shown(old)).then_some(()));
    watching.read_exact(&mut vec![0; 1_000_000]).expect("who watches goes on");

    fs::write(&old.key, "no key").unwrap();
    server.signal(Signal::HUP);
    eventually("a line in the log", SOON, || server.log().contains("the old one stays").then_some(()));
    assert!(server.log().contains("server-key.pem"), "{}", server.log());
    assert!(is_shown(&new));
}

#[test]
fn files_that_do_not_fit_are_named_with_a_cure() {
    let setup = Setup::new();
    let folder = setup.folder();
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    Identity::new(folder, "a");
    Identity::new(folder, "b");
    fs::write(path("empty.pem"), "").unwrap();
    fs::write(path("half.pem"), "-----BEGIN CERTIFICATE-----\nMIIB\n").unwrap();
    fs::write(path("text.pem"), "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n").unwrap();
    let locked = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n";
    fs::write(path("locked.pem"), locked).unwrap();
    let cases = [
        ("a-cert.pem", "b-key.pem", ["tls_key (flag --tls-key)", "b-key.pem is not that of", "a-cert.pem"]),
        ("none.pem", "a-key.pem", ["tls_cert (flag --tls-cert)", "none.pem cannot be read", "No such file"]),
        ("a-cert.pem", "none.pem", ["tls_key (flag --tls-key)", "none.pem cannot be read", "user that runs"]),
        ("empty.pem", "a-key.pem", ["tls_cert", "empty.pem holds no certificate", "fullchain.pem"]),
        ("half.pem", "a-key.pem", ["tls_cert", "half.pem is not PEM", "no end"]),
        ("text.pem", "a-key.pem", ["tls_cert", "text.pem is of no use", "version 3"]),
        ("a-cert.pem", "empty.pem", ["tls_key", "empty.pem holds no private key", "privkey.pem"]),
        ("a-cert.pem", "a-cert.pem", ["tls_key", "a-cert.pem holds no private key", "privkey.pem"]),
        ("a-cert.pem", "locked.pem", ["tls_key", "locked.pem is encrypted", "without one"]),
    ];
    for command in ["config check videos", "serve videos --listen 127.0.0.1:0"] {
        for (cert, key, wanted) in &cases {
            let words = command.split(' ').map(str::to_owned);
            let files = ["--tls-cert".to_owned(), path(cert), "--tls-key".to_owned(), path(key)];
            let ran = setup.program().run(words.chain(files));
            assert_eq!(ran.code, Some(2), "{cert} and {key}: {ran:?}");
            for part in wanted {
                assert!(ran.stderr.contains(part), "{cert} and {key}: {part:?} is not in {}", ran.stderr);
            }
        }
    }
}

#[test]
fn a_certificate_whose_time_is_over_is_a_warning() {
    let setup = Setup::new();
    let over = Identity::with(setup.folder(), "over", |params| {
        params.not_before = rcgen::date_time_ymd(2001, 1, 1);
        params.not_after = rcgen::date_time_ymd(2002, 1, 1);
    });
    let words = ["config", "check", "videos", "--tls-cert", over.cert.to_str().unwrap()];
    let ran = setup.program().run(words.into_iter().chain(["--tls-key", over.key.to_str().unwrap()]));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stderr.contains("over-cert.pem expired on 2002-01-01T00:00:00Z"), "{}", ran.stderr);
    let server = setup.https(&over).start();
    assert!(server.log().contains("over-cert.pem expired on 2002-01-01"), "{}", server.log());
    let error = over.connect(server.address, BOTH).expect_err("the client looks at the time");
    assert!(error.to_string().contains("xpired"), "{error}");
}

#[test]
fn a_key_that_everybody_can_read_is_a_warning() {
    let setup = Setup::new();
    let identity = Identity::new(setup.folder(), "own");
    let (cert, key) = (identity.cert.to_str().unwrap(), identity.key.to_str().unwrap());
    let said = "every user of this machine can read the private key in";
    let check = |mode: u32| {
        fs::set_permissions(key, fs::Permissions::from_mode(mode)).unwrap();
        let words = ["config", "check", "videos", "--tls-cert", cert, "--tls-key", key];
        let ran = setup.program().run(words);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        ran.stderr
    };
    for (mode, is_said, why) in [
        (0o600, false, "its owner alone"),
        (0o640, false, "and a group, as Debian's ssl-cert"),
        (0o644, true, "everybody"),
    ] {
        let told = check(mode);
        assert_eq!(told.contains(said) && told.contains("own-key.pem"), is_said, "{why}: {told}");
    }
    let server = setup.https(&identity).start();
    assert!(server.log().contains(said), "{}", server.log());
}

#[test]
fn the_healthcheck_accepts_the_certificate_of_the_settings_and_no_other() {
    let https = Https::start(Setup::new());
    let address = https.server.address.to_string();
    let check = |identity: &Identity| {
        let cert = identity.cert.to_str().unwrap().to_owned();
        let words = ["healthcheck", "--listen", &address, "--tls-cert", &cert, "--ready"];
        https.server.program.run(words)
    };
    let well = check(&https.identity);
    assert_eq!(well.code, Some(0), "{well:?}");
    let other = check(&Identity::new(https.server.folder(), "other"));
    assert_eq!(other.code, Some(1), "{other:?}");
    assert!(other.stderr.contains("SIGHUP"), "{other:?}");
    let plain = https.server.program.run(["healthcheck", "--listen", &address]);
    assert_eq!(plain.code, Some(1), "{plain:?}");
}

#[test]
fn printed_addresses_say_https() {
    let setup = Setup::new();
    let identity = Identity::new(setup.folder(), "server");
    let setup = setup.https(&identity);
    let mut child = setup.command().stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    let mut out = std::io::BufReader::new(child.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut out, &mut line).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let announced: serde_json::Value = serde_json::from_str(&line).unwrap();
    let address = announced["listen"].as_str().unwrap();
    assert_eq!(announced["url"], format!("https://{address}"));
}
