//! Files that change under a response that is being sent: what was begun is finished with the old bytes or broken
//! off, never padded, never mixed.

use std::fs;
use std::os::unix::fs::FileExt;
use std::sync::OnceLock;
use std::time::Duration;

use crate::support::viewer::slow_connection;
use crate::support::{Connection, Request, Server, Setup, eventually, files, get};

/// More than all buffers on the way hold.
const LEN: usize = 48 << 20;
const SECONDS: Duration = Duration::from_secs(5);

struct Scene {
    server: Server,
    token: String,
    id: String,
}

impl Scene {
    fn with(bytes: &[u8]) -> Scene {
        let server = Setup::new().file("film.mp4", bytes).start();
        let token = server.user("ann", Some("videos")).token().to_owned();
        let id = server.id("film.mp4");
        Scene { server, token, id }
    }

    fn url(&self) -> String {
        format!("/m/{}?token={}", self.id, self.token)
    }

    /// The last response of a connection.
    fn begun(&self, old: &[u8]) -> (Connection, String) {
        self.begun_by(&get(self.url()).header("Connection", "close"), old)
    }

    /// A response of which the first 100,000 bytes were read, and its tag.
    fn begun_by(&self, request: &Request, old: &[u8]) -> (Connection, String) {
        let mut connection = slow_connection(self.server.address);
        connection.write(request);
        let (status, headers) = connection.head().unwrap();
        let value = |name: &str| headers.iter().find(|(found, _)| found == name).unwrap().1.clone();
        assert_eq!((status, value("content-length")), (200, old.len().to_string()));
        let mut first = vec![0; 100_000];
        read_fully(&mut connection, &mut first);
        assert!(first == old[..first.len()]);
        (connection, value("etag"))
    }
}

fn read_fully(connection: &mut Connection, buffer: &mut [u8]) {
    let mut filled = 0;
    while filled < buffer.len() {
        let read = connection.read(&mut buffer[filled..]).unwrap();
        assert!(read > 0, "the end after {filled} bytes");
        filled += read;
    }
}

/// What comes after the first 100,000 bytes is the old file's, as far as it comes. True when all of it came.
fn only_old_bytes(mut connection: Connection, old: &[u8], why: &str) -> bool {
    let rest = connection.rest();
    let want = &old[100_000..];
    assert!(rest.len() <= want.len(), "{why}: longer than its head says");
    assert!(rest == want[..rest.len()], "{why}: bytes that the file never had there");
    rest.len() == want.len()
}

/// Made once: so many bytes take a while.
fn film() -> &'static [u8] {
    static FILM: OnceLock<Vec<u8>> = OnceLock::new();
    FILM.get_or_init(|| files::bytes(LEN))
}

#[test]
fn a_file_that_is_deleted_is_sent_to_its_end_or_broken_off_and_then_404() {
    let old = film();
    let scene = Scene::with(old);
    let (connection, _) = scene.begun(old);
    fs::remove_file(scene.server.library().join("film.mp4")).unwrap();
    assert_eq!(get(scene.url()).send(scene.server.address).status, 404);
    only_old_bytes(connection, old, "deleted");
}

#[test]
fn a_file_that_is_replaced_is_sent_to_its_end_or_broken_off_and_has_a_new_tag() {
    let old = film();
    let scene = Scene::with(old);
    let (connection, tag) = scene.begun(old);
    let new = vec![b'n'; 1_000];
    let aside = scene.server.folder().join("new.mp4");
    files::write(&aside, &new);
    fs::rename(&aside, scene.server.library().join("film.mp4")).unwrap();
    let answer = get(scene.url()).header("If-Range", &tag).range("bytes=500-").send(scene.server.address);
    assert_eq!((answer.status, answer.body), (200, new));
    only_old_bytes(connection, old, "replaced");
}

#[test]
fn a_file_that_shrinks_breaks_its_response() {
    let old = film();
    let scene = Scene::with(old);
    let (connection, tag) = scene.begun(old);
    let file = fs::File::options().write(true).open(scene.server.library().join("film.mp4")).unwrap();
    file.set_len(1_000).unwrap();
    assert!(!only_old_bytes(connection, old, "shrunk"), "what is not there any more cannot be sent");
    let answer = get(scene.url()).send(scene.server.address);
    assert_eq!((answer.status, &answer.body[..]), (200, &old[..1_000]));
    assert_ne!(answer.header("etag"), Some(tag.as_str()));
    eventually("the count of it", SECONDS, || {
        (scene.server.metric("connections_broken_total") == 1).then_some(())
    });
}

#[test]
fn a_file_that_shrinks_and_grows_again_is_not_padded() {
    let old = film();
    let scene = Scene::with(old);
    let (connection, _) = scene.begun(old);
    let file = fs::File::options().write(true).open(scene.server.library().join("film.mp4")).unwrap();
    file.set_len(1_000).unwrap();
    file.set_len(u64::try_from(LEN).unwrap()).unwrap();
    assert!(!only_old_bytes(connection, old, "shrunk and grown"), "zeros are not the file");
}

#[test]
fn a_file_that_is_written_over_in_place_breaks_its_response() {
    let old = film();
    let scene = Scene::with(old);
    let (connection, tag) = scene.begun(old);
    let file = fs::File::options().write(true).open(scene.server.library().join("film.mp4")).unwrap();
    // All of it behind what may be on its way already.
    file.write_all_at(&vec![b'n'; LEN / 2], u64::try_from(LEN / 2).unwrap()).unwrap();
    assert!(!only_old_bytes(connection, old, "written over"), "no byte of the new content under the old tag");
    let answer = get(scene.url()).range("bytes=-4").send(scene.server.address);
    assert_eq!((answer.status, &answer.body[..]), (206, &b"nnnn"[..]));
    assert_ne!(answer.header("etag"), Some(tag.as_str()));
}

#[test]
fn a_file_that_grows_is_sent_as_long_as_its_head_says() {
    let old = film();
    let scene = Scene::with(old);
    // The connection is kept: a byte too many would stand where the next answer begins.
    let (mut connection, _) = scene.begun_by(&get(scene.url()), old);
    let file = fs::File::options().append(true).open(scene.server.library().join("film.mp4")).unwrap();
    std::io::Write::write_all(&mut &file, &[b'n'; 5_000]).unwrap();
    let mut rest = vec![0; LEN - 100_000];
    read_fully(&mut connection, &mut rest);
    assert!(rest == old[100_000..]);
    connection.write(&get(scene.url()).range("bytes=-1"));
    let next = connection.response("GET");
    assert_eq!((next.status, next.body), (206, b"n".to_vec()));
}

#[test]
fn what_is_no_file_any_more_is_404_and_nothing_waits_for_it() {
    let scene = Scene::with(b"0123456789");
    let path = scene.server.library().join("film.mp4");
    let outside = scene.server.folder().join("outside.mp4");
    files::write(&outside, b"not in the library");
    let swaps: [(&str, &dyn Fn()); 3] = [
        ("a pipe", &|| {
            assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        }),
        ("a link out of the library", &|| std::os::unix::fs::symlink(&outside, &path).unwrap()),
        ("a folder", &|| fs::create_dir(&path).unwrap()),
    ];
    for (why, swap) in swaps {
        fs::remove_file(&path).unwrap();
        swap();
        let begun = std::time::Instant::now();
        assert_eq!(get(scene.url()).send(scene.server.address).status, 404, "{why}");
        assert!(begun.elapsed() < Duration::from_secs(1), "{why}");
        if fs::remove_dir(&path).is_err() {
            fs::remove_file(&path).unwrap();
        }
        files::write(&path, b"0123456789");
        scene.server.becomes("the file again", SECONDS, &get(scene.url()), 200);
    }
}
