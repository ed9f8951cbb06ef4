//! Files that are kept open between requests: what makes a kept one stale is seen by the very next request.

use std::fs;
use std::os::unix::fs::{FileExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::support::{Connection, Request, Response, Server, eventually, files, get};

/// Long enough to be sent without copying, where that is allowed.
const LEN: usize = 200_000;
const SECONDS: Duration = Duration::from_secs(10);

struct Scene {
    server: Server,
    token: String,
    film: PathBuf,
    old: Vec<u8>,
}

impl Scene {
    /// A film that the server holds open: its tag no longer changes from answer to answer.
    fn new() -> Scene {
        let old = files::bytes(LEN);
        let server = Server::with(&[("2024/film.mp4", &old)]);
        let token = server.user("ann", Some("videos")).token().to_owned();
        let film = server.library().join("2024/film.mp4");
        let scene = Scene { server, token, film, old };
        let mut last = String::new();
        eventually("the lasting tag", SECONDS, || {
            let answer = scene.ask();
            assert_eq!((answer.status, &answer.body), (200, &scene.old));
            let tag = answer.header("etag").unwrap().to_owned();
            (std::mem::replace(&mut last, tag.clone()) == tag).then_some(())
        });
        assert!(scene.holds_film(), "it is kept open");
        scene
    }

    fn ask(&self) -> Response {
        self.ask_for("2024/film.mp4")
    }

    fn ask_for(&self, path: &str) -> Response {
        self.server.send(&self.request(path))
    }

    fn request(&self, path: &str) -> Request {
        get(format!("/files/videos/{path}?token={}", self.token))
    }

    fn holds_film(&self) -> bool {
        let open = fs::read_dir(format!("/proc/{}/fd", self.server.pid())).unwrap().flatten();
        open.filter_map(|entry| fs::read_link(entry.path()).ok()).any(|path| path == self.film)
    }

    fn tag(&self) -> String {
        self.ask().header("etag").unwrap().to_owned()
    }
}

fn write(film: &Path, bytes: &[u8], offset: u64) {
    fs::File::options().write(true).open(film).unwrap().write_all_at(bytes, offset).unwrap();
}

type Change = fn(&Scene);

/// What happens to the film, and what the next request gets; `None`: 404.
type Case = (Change, Option<fn(&Scene) -> Vec<u8>>, &'static str);

const CASES: [Case; 9] = [
    (
        |scene| {
            let aside = scene.server.folder().join("new.mp4");
            files::write(&aside, b"\0\0\0\x18ftypisom another film");
            fs::rename(aside, &scene.film).unwrap();
        },
        Some(|_| b"\0\0\0\x18ftypisom another film".to_vec()),
        "replaced by renaming",
    ),
    (
        |scene| fs::File::options().write(true).open(&scene.film).unwrap().set_len(1_000).unwrap(),
        Some(|scene| scene.old[..1_000].to_vec()),
        "cut",
    ),
    (
        |scene| write(&scene.film, b"the end", scene.old.len().try_into().unwrap()),
        Some(|scene| [&scene.old[..], b"the end"].concat()),
        "grown",
    ),
    (
        |scene| {
            let before = fs::metadata(&scene.film).unwrap().modified().unwrap();
            write(&scene.film, b"xyz", 100_000);
            fs::File::options().write(true).open(&scene.film).unwrap().set_modified(before).unwrap();
        },
        Some(|scene| [&scene.old[..100_000], b"xyz", &scene.old[100_003..]].concat()),
        "overwritten in place, and the time put back",
    ),
    (|scene| fs::rename(&scene.film, scene.film.with_extension("mov")).unwrap(), None, "renamed"),
    (|scene| fs::remove_file(&scene.film).unwrap(), None, "deleted"),
    (
        |scene| {
            let folder = scene.film.parent().unwrap();
            fs::rename(folder, folder.with_file_name("2025")).unwrap();
        },
        None,
        "its folder was renamed",
    ),
    (
        |scene| {
            let aside = scene.film.with_extension("mov");
            fs::rename(&scene.film, &aside).unwrap();
            symlink(aside, &scene.film).unwrap();
        },
        None,
        "a link to it in its place",
    ),
    (|scene| files::age(&scene.film), Some(|scene| scene.old.clone()), "its time alone was set"),
];

#[test]
fn a_kept_file_is_never_a_stale_one() {
    for (change, then, why) in CASES {
        let scene = Scene::new();
        let before = scene.tag();
        // Its decision is kept with the connection, and the file is looked at all the same.
        let mut acquainted = Connection::open(scene.server.address);
        let request = scene.request("2024/film.mp4");
        assert_eq!([acquainted.ask(&request).status, acquainted.ask(&request).status], [200; 2], "{why}");
        let begun = Instant::now();
        change(&scene);
        assert!(begun.elapsed() < SECONDS, "{why}: a writer waits for nobody here");
        for (answer, by) in
            [(acquainted.ask(&request), "who has asked before"), (scene.ask(), "somebody new")]
        {
            match then {
                Some(bytes) => {
                    let (status, want) = (answer.status, bytes(&scene));
                    assert!((status, &answer.body) == (200, &want), "{why}, {by}: {status}");
                    assert_ne!(answer.header("etag"), Some(before.as_str()), "{why}, {by}: another version");
                }
                None => assert_eq!(answer.status, 404, "{why}, {by}"),
            }
        }
    }
}

#[test]
fn a_film_that_was_renamed_is_found_under_its_new_name() {
    let scene = Scene::new();
    fs::rename(&scene.film, scene.film.with_extension("mov")).unwrap();
    let answer = eventually("the new name in the catalogue", SECONDS, || {
        Some(scene.ask_for("2024/film.mov")).filter(|answer| answer.status == 200)
    });
    assert!(answer.body == scene.old);
}

#[test]
fn what_nobody_asks_for_is_closed_so_that_a_deleted_film_frees_its_space() {
    let scene = Scene::new();
    eventually("the film is closed", 3 * SECONDS, || (!scene.holds_film()).then_some(()));
    assert_eq!(scene.ask().status, 200);
}
