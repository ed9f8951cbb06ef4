//! What one client, or all of them together, may take: heads, time, connections, descriptors, memory.

use std::io::Read;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::support::viewer::slow_connection;
use crate::support::{Connection, Request, Server, Setup, Viewer, eventually, files, get, head};

const FILM: u64 = 64 << 20;

/// Everything that the server says to these bytes, up to the end of the connection.
fn said(address: SocketAddr, sent: &str) -> String {
    let mut connection = Connection::open(address);
    connection.write_raw(sent.as_bytes());
    String::from_utf8(connection.rest()).unwrap()
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).unwrap_or_else(|| panic!("no status in {answer:?}")).parse().unwrap()
}

/// hyper answers some heads itself, and nobody can add a line to that; such an answer has no body that a browser could
/// take for something else.
#[track_caller]
fn assert_nothing_to_guess(answer: &str) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let is_told = head.to_lowercase().contains("\r\nx-content-type-options: nosniff");
    assert!(is_told || body.is_empty(), "{answer}");
}

/// A head of exactly this many bytes.
fn head_of(bytes: usize) -> String {
    let (before, after) = ("GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Long: ", "\r\n\r\n");
    format!("{before}{}{after}", "x".repeat(bytes - before.len() - after.len()))
}

fn lines(count: usize) -> String {
    let more = "X-More: 1\r\n".repeat(count - 2);
    format!("GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{more}\r\n")
}

/// A target of exactly this many bytes.
fn target(bytes: usize) -> String {
    let target = format!("/{}", "a".repeat(bytes - 1));
    format!("GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
}

#[test]
fn a_head_has_its_limits_and_up_to_them_it_is_read() {
    let server = Server::with(&[]);
    let cases = [
        (head_of(32 * 1024 - 1), 200, "just below 32 KiB"),
        (head_of(32 * 1024 + 1), 431, "above it"),
        (head_of(1 << 20), 431, "far above it"),
        (lines(64), 200, "64 header lines"),
        (lines(65), 431, "one more"),
        (target(8 * 1024), 404, "a target of 8 KiB: no such page"),
        (target(8 * 1024 + 1), 414, "one byte more"),
        (target(30 * 1024), 414, "as long as a head may be"),
    ];
    for (request, want, why) in cases {
        let answer = said(server.address, &request);
        assert_eq!(status(&answer), want, "{why}: {:?}", &answer[..answer.len().min(200)]);
        assert!(answer.to_lowercase().contains("connection: close\r\n"), "{why}: {answer}");
        assert_nothing_to_guess(&answer);
    }
}

#[test]
fn a_head_that_is_not_http_gets_400_and_the_end() {
    let server = Server::with(&[]);
    let cases = [
        ("GET / HTTP/1.1\r\n\r\n", "no Host"),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "twice"),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "two"),
        ("GET / HTTP/1.1\r\nHost:\r\n\r\n", "empty"),
        ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "a space in it"),
        ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "a path in it"),
        ("GET / HTTP/1.1\r\nHost: ada@a\r\n\r\n", "a user in it"),
        ("GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", "a port that is none"),
        ("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", "half an address"),
        ("GET http://a@b/ HTTP/1.1\r\nHost: b\r\n\r\n", "a user in the target"),
        ("GET / HTTP/1.0\r\nHost: a b\r\n\r\n", "HTTP/1.0 with a bad one"),
        ("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "chunked"),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "a length as well",
        ),
        ("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", "another coding"),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "two lengths"),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", "a negative length"),
        ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", "a space before the colon"),
        ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "two spaces"),
        ("GET /\r\n\r\n", "HTTP/0.9"),
        ("\u{16}\u{3}\u{1}\u{2}\r\n\r\n", "a greeting of TLS"),
    ];
    for (request, why) in cases {
        // What stands behind it must not be taken for a request: nobody knows where it begins.
        let answer = said(server.address, &format!("{request}GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert_eq!(status(&answer), 400, "{why}: {answer}");
        assert_eq!(answer.matches("HTTP/1.").count(), 1, "{why}: {answer}");
        assert_nothing_to_guess(&answer);
    }
    assert_eq!(server.send(&get("/healthz")).status, 200);
}

#[test]
fn http_1_0_needs_no_host_and_ends_after_its_answer() {
    let server = Server::with(&[]);
    for request in ["GET /healthz HTTP/1.0\r\n\r\n", "GET /healthz HTTP/1.0\r\nHost: a\r\n\r\n"] {
        let answer = said(server.address, request);
        assert_eq!((status(&answer), answer.ends_with("\r\n\r\nok\n")), (200, true), "{answer}");
    }
}

#[test]
fn requests_in_a_row_are_answered_in_a_row() {
    let bytes = files::bytes(5_000);
    let server = Server::with(&[("film.mp4", &bytes)]);
    let ann = server.user("ann", Some("videos"));
    let url = format!("/m/{}?token={}", server.id("film.mp4"), ann.token());
    let mut connection = Connection::open(server.address);
    let requests: Vec<Request> = vec![
        get(&url).range("bytes=0-9"),
        head(&url),
        get("/nowhere"),
        get(&url).range("bytes=5000-"),
        get(&url),
        get("/healthz"),
    ];
    let text: String = requests.iter().map(|request| request.text(server.address)).collect();
    connection.write_raw(text.as_bytes());
    let answers: Vec<_> = requests.iter().map(|request| connection.response(&request.method)).collect();
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [206, 200, 404, 416, 200, 200]);
    assert_eq!(answers[0].body, bytes[..10]);
    assert_eq!(answers[4].body, bytes);
}

fn impatient() -> Setup {
    Setup::new().film("film.mp4", FILM).settings(
        "[limits]\nhead_timeout = \"600ms\"\nidle_timeout = \"1200ms\"\nstream_timeout = \"1500ms\"\n",
    )
}

/// How long a connection lives on which nothing is said, from now on.
fn life(connection: &mut Connection) -> Duration {
    let begun = Instant::now();
    let rest = connection.rest();
    assert!(rest.is_empty(), "{}", String::from_utf8_lossy(&rest));
    begun.elapsed()
}

fn assert_about(life: Duration, want_ms: u64, why: &str) {
    let want = Duration::from_millis(want_ms);
    assert!(want.mul_f32(0.9) <= life && life <= want + Duration::from_secs(1), "{why}: after {life:?}");
}

#[test]
fn a_connection_without_a_full_head_ends_in_time() {
    let server = impatient().start();
    let mut silent = Connection::open(server.address);
    assert_about(life(&mut silent), 600, "silence");

    let mut half = Connection::open(server.address);
    half.write_raw(b"GET / HTTP/1.1\r\nHost: a\r\n");
    assert_about(life(&mut half), 600, "half a head");

    // One byte at a time wins nothing.
    let mut slow = TcpStream::connect(server.address).unwrap();
    slow.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    let begun = Instant::now();
    let ended = eventually("the end of a slow head", Duration::from_secs(3), || {
        let written = std::io::Write::write_all(&mut slow, b"G");
        let mut byte = [0];
        let read = slow.read(&mut byte);
        let waits = read.as_ref().is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock);
        (written.is_err() || !waits).then(|| begun.elapsed())
    });
    assert_about(ended, 600, "a byte at a time");
    assert_eq!(server.metric("connections_slow_head_total"), 3);
}

#[test]
fn an_idle_connection_ends_in_time_and_a_slow_second_head_earlier() {
    let server = impatient().start();
    let mut idle = Connection::open(server.address);
    idle.write(&get("/healthz"));
    assert_eq!(idle.response("GET").status, 200);
    assert_about(life(&mut idle), 1200, "idle");
    assert_eq!(server.metric("connections_idle_total"), 1);

    let mut second = Connection::open(server.address);
    second.write(&get("/healthz"));
    assert_eq!(second.response("GET").status, 200);
    second.write_raw(b"GET /hea");
    assert_about(life(&mut second), 600, "half of a second head");
}

#[test]
fn a_reader_that_takes_nothing_is_reset_and_one_that_takes_little_is_not() {
    let server = impatient().start();
    let ann = server.user("ann", Some("videos"));
    let request = get(format!("/m/{}?token={}", server.id("film.mp4"), ann.token()));
    let mut sleeper = Viewer::open(server.address, &request);
    let mut slow = Viewer::open(server.address, &request);
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(5) {
        slow.take(32 * 1024).expect("a slow reader makes progress");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(server.metric("connections_stalled_total"), 1, "the sleeper and nobody else");
    let end = sleeper.rest();
    assert!(end.reset && !end.is_complete(), "{end:?}");
    slow.take(1 << 20).expect("the slow reader can go on");
}

#[test]
fn above_the_cap_there_is_503_and_below_it_room_again() {
    let server = Setup::new().settings("[limits]\nmax_connections = 4\n").start();
    let mut seated: Vec<Connection> = (0..4).map(|_| Connection::open(server.address)).collect();
    for connection in &mut seated {
        connection.write(&get("/healthz"));
        assert_eq!(connection.response("GET").status, 200);
    }
    let refused = get("/healthz").send(server.address);
    assert_eq!((refused.status, refused.header("connection")), (503, Some("close")));
    assert!(refused.header("retry-after").is_some_and(|after| after.parse::<u32>().is_ok()), "{refused:?}");
    for connection in &mut seated {
        connection.write(&get("/healthz"));
        assert_eq!(connection.response("GET").status, 200, "those who are in stay in");
    }
    drop(seated.pop());
    server.becomes("room for one", Duration::from_secs(1), &get("/healthz"), 200);
}

/// Status of an answer, or none where there is no answer: not accepted, or closed without one.
fn asked(connection: &mut Connection, request: &Request) -> Option<u16> {
    connection.socket().set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    std::io::Write::write_all(&mut connection.socket(), request.text(connection.address).as_bytes()).ok()?;
    connection.head().ok().map(|(status, _)| status)
}

#[test]
fn out_of_descriptors_it_refuses_rests_and_recovers() {
    let films = (0..40).map(|number| format!("{number}.mp4")).collect::<Vec<_>>();
    let setup = films.iter().fold(Setup::new(), |setup, film| setup.film(film, FILM));
    setup.program().ok("scan videos");
    let server = setup.start_in_shell("ulimit -n 64");
    let ann = server.user("ann", Some("videos"));
    let film = |number: usize| get(format!("/files/videos/{number}.mp4?token={}", ann.token()));
    assert_eq!(server.send(&film(0).range("bytes=0-0")).status, 206);

    // Each viewer takes a socket and a file of its own.
    let mut viewers = Vec::new();
    let mut seen = std::collections::BTreeMap::<_, usize>::new();
    for number in 0..40 {
        let mut connection = slow_connection(server.address);
        *seen.entry(asked(&mut connection, &film(number))).or_default() += 1;
        viewers.push(connection);
    }
    let strangers: Vec<_> = (0..200).map(|_| TcpStream::connect(server.address)).collect();
    assert!(seen.keys().all(|status| matches!(status, None | Some(200 | 503))), "{seen:?}");
    assert!(seen.get(&Some(200)).is_some_and(|watching| (10..40).contains(watching)), "{seen:?}");

    let (before, begun) = (server.process().cpu_time(), Instant::now());
    std::thread::sleep(Duration::from_secs(1));
    let used = server.process().cpu_time().saturating_sub(before);
    let busy = used.as_secs_f64() / begun.elapsed().as_secs_f64();
    assert!(busy < 0.3, "{busy} processors are busy with nothing");

    drop((viewers, strangers));
    eventually("room again", Duration::from_secs(2), || {
        let mut connection = slow_connection(server.address);
        (asked(&mut connection, &film(39).range("bytes=0-0")) == Some(206)).then_some(())
    });
}

#[test]
fn ten_thousand_aborted_ranges_leave_nothing_behind() {
    let server = Setup::new().film("film.mp4", FILM).start();
    let ann = server.user("ann", Some("videos"));
    let url = format!("/m/{}?token={}", server.id("film.mp4"), ann.token());
    // What grows on demand and stays (connections to the database, threads) is there after the first.
    abort_many(&server, &url, 500);
    let (descriptors, threads) = settled(&server);
    abort_many(&server, &url, 10_000);
    let (descriptors_after, threads_after) = settled(&server);
    assert!(descriptors_after <= descriptors + 6, "{descriptors} descriptors, then {descriptors_after}");
    assert!(threads_after <= threads + 16, "{threads} threads, then {threads_after}");
    assert_eq!(server.send(&get(&url).range("bytes=0-0")).status, 206);
}

/// Descriptors and threads when all streams have ended.
fn settled(server: &Server) -> (usize, usize) {
    eventually("the end of all streams", Duration::from_secs(10), || {
        // One connection is the one that asks.
        let idle = server.metric("media_streams_in_flight") == 0 && server.metric("connections_open") == 1;
        idle.then(|| (server.process().descriptors(), server.process().threads()))
    })
}

fn abort_many(server: &Server, url: &str, count: u64) {
    std::thread::scope(|scope| {
        for part in 0..4_u64 {
            scope.spawn(move || {
                for number in 0..count / 4 {
                    let first = part * 1_000_000 + number;
                    abort(server.address, &get(url).range(&format!("bytes={first}-")), number);
                }
            });
        }
    });
}

/// Hangs up before the answer, in the middle of its head or in its body, by turns; in order or by a reset.
fn abort(address: SocketAddr, request: &Request, number: u64) {
    let mut connection = Connection::open(address);
    connection.write(request);
    let wanted = [0, 100, 2_000][usize::try_from(number % 3).unwrap()];
    let _ = connection.read(&mut vec![0; wanted]);
    if number.is_multiple_of(2) {
        rustix::net::sockopt::set_socket_linger(connection.socket(), Some(Duration::ZERO)).unwrap();
    }
}

#[test]
fn two_hundred_slow_readers_fit_into_128_mib() {
    let server = Setup::new().film("film.mp4", FILM).start();
    let ann = server.user("ann", Some("videos"));
    let request = get(format!("/m/{}?token={}", server.id("film.mp4"), ann.token()));
    let mut viewers: Vec<Viewer> = (0..200).map(|_| Viewer::open(server.address, &request)).collect();
    for _ in 0..3 {
        for viewer in &mut viewers {
            viewer.take(16 * 1024).unwrap();
        }
    }
    assert_eq!(server.metric("media_streams_in_flight"), 200);
    let peak = server.process().peak_memory();
    assert!(peak < 128 << 20, "{} MiB", peak >> 20);
}
