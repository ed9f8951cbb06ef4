//! The end of a server: what runs may finish, nothing that was cut looks complete, and the exit status says how.

use std::net::TcpStream;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::{Connection, Server, Setup, Viewer, eventually, files, get};

const FILM: u64 = 64 << 20;
const SOON: Duration = Duration::from_secs(2);

/// A server, and somebody who has begun to watch.
fn with_a_viewer(setup: Setup) -> (Server, Viewer) {
    let server = setup.film("film.mp4", FILM).start();
    let ann = server.user("ann", Some("videos"));
    let request = get(format!("/m/{}?token={}", server.id("film.mp4"), ann.token()));
    let mut viewer = Viewer::open(server.address, &request);
    viewer.take(100_000).expect("more than that");
    (server, viewer)
}

fn listens(server: &Server) -> bool {
    TcpStream::connect(server.address).is_ok()
}

fn refuses_soon(server: &Server) {
    eventually("the end of listening", SOON, || (!listens(server)).then_some(()));
}

/// The exit status, when it comes within this time.
fn ends(server: &mut Server, within: Duration) -> ExitStatus {
    eventually("the end of the server", within, || server.ended())
}

#[test]
fn sigterm_lets_a_response_finish_and_nobody_in() {
    for signal in [Signal::TERM, Signal::INT] {
        let (mut server, mut viewer) = with_a_viewer(Setup::new());
        server.signal(signal);
        refuses_soon(&server);
        viewer.take(1 << 20).expect("more than that");
        assert_eq!(server.ended(), None, "somebody is still watching");
        let end = viewer.rest();
        assert!(end.is_complete(), "{end:?}");
        assert_eq!(ends(&mut server, SOON).code(), Some(0));
        // A look whether it still listens may have been let in at the last moment, and counts as well.
        let stopped = |finished: u32| server.log().contains(&format!(r#""finished":{finished},"cut":0"#));
        assert!(stopped(1) || stopped(2), "{}", server.log());
        assert!(!server.program.data.join("running").exists(), "the folder's mark of a running server stays");
        assert!(!server.program.data.join("reelgate.db-wal").exists(), "the log is not written back");
    }
}

#[test]
fn connections_that_wait_for_nothing_do_not_hold_it_up() {
    let mut server = Server::with(&[]);
    let mut idle = Connection::open(server.address);
    idle.write(&get("/healthz"));
    assert_eq!(idle.response("GET").header("connection"), None);
    let mut silent = Connection::open(server.address);
    eventually("both connections", SOON, || (server.metric("connections_open") == 3).then_some(()));
    server.signal(Signal::TERM);
    assert_eq!(ends(&mut server, SOON).code(), Some(0));
    assert!(idle.rest().is_empty() && silent.rest().is_empty());
}

#[test]
fn the_last_answer_says_that_no_other_follows() {
    let (mut server, mut viewer) = with_a_viewer(Setup::new());
    let mut kept = Connection::open(server.address);
    kept.write_raw(b"GET /healthz HTTP/1.1\r\nHost: a\r\n");
    eventually("the second connection", SOON, || (server.metric("connections_open") == 3).then_some(()));
    server.signal(Signal::TERM);
    refuses_soon(&server);
    // A head that had begun may be completed or cut off, but is never answered by half.
    let _ = std::io::Write::write_all(&mut kept.socket(), b"\r\n");
    if let Ok(answer) = kept.try_response("GET") {
        assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    }
    assert!(viewer.rest().is_complete());
    assert_eq!(ends(&mut server, SOON).code(), Some(0));
}

#[test]
fn the_drain_time_cuts_and_what_is_cut_is_broken() {
    let setup = Setup::new().settings("[limits]\ndrain_timeout = \"1s\"\n");
    let (mut server, mut viewer) = with_a_viewer(setup);
    let begun = Instant::now();
    server.signal(Signal::TERM);
    assert_eq!(ends(&mut server, Duration::from_secs(4)).code(), Some(0));
    assert!(begun.elapsed() >= Duration::from_secs(1), "after {:?}", begun.elapsed());
    let end = viewer.rest();
    assert!(end.reset && !end.is_complete(), "{end:?}");
    assert!(server.log().contains(r#""finished":0,"cut":1"#), "{}", server.log());
}

#[test]
fn a_second_signal_ends_it_now() {
    let (mut server, mut viewer) = with_a_viewer(Setup::new());
    server.signal(Signal::TERM);
    refuses_soon(&server);
    assert_eq!(server.ended(), None, "the first one waits for the viewer");
    server.signal(Signal::TERM);
    assert_eq!(ends(&mut server, SOON).code(), Some(0));
    let end = viewer.rest();
    assert!(end.reset && !end.is_complete(), "{end:?}");
}

#[test]
fn kill_is_seen_as_such_and_what_it_cuts_is_broken() {
    let (mut server, mut viewer) = with_a_viewer(Setup::new());
    server.signal(Signal::KILL);
    assert_eq!(server.wait().signal(), Some(9));
    assert!(!viewer.rest().is_complete());
}

#[test]
fn sighup_keeps_responses_and_looks_at_the_folders_anew() {
    let (server, mut viewer) = with_a_viewer(Setup::new());
    let ann = server.token("ann", "");
    // Another folder in the same place, as a mount would make it: what is open belongs to the old one.
    let library = server.library();
    std::fs::rename(&library, server.folder().join("before")).unwrap();
    files::write(&library.join("new.mp4"), &files::bytes(1_000));
    server.signal(Signal::HUP);
    let id = eventually("the new file", Duration::from_secs(5), || server.find_id("new.mp4"));
    eventually("the new file's bytes", SOON, || {
        Some(ann.send(&get(format!("/m/{id}")))).filter(|answer| answer.body == files::bytes(1_000))
    });
    let end = viewer.rest();
    assert!(end.is_complete(), "{end:?}");
}
