//! Folders that change while they are served.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::time::{Duration, Instant};

use crate::support::{Response, Server, Setup, eventually, files, films, get};

/// What people call seconds: a change is gathered for at most one, then looked at.
const SECONDS: Duration = Duration::from_secs(5);

fn state(server: &Server, path: &str) -> Option<String> {
    let items = server.program.json("items");
    let item = items.as_array().unwrap().iter().find(|item| item["path"] == path)?;
    Some(item["state"].as_str().unwrap().to_owned())
}

#[test]
fn a_new_file_plays_within_seconds_and_a_deleted_one_is_gone() {
    let server = Server::with(&[("old.mp4", b"0123456789")]);
    let ann = server.user("ann", Some("videos"));
    let bytes = files::bytes(5_000);
    for path in ["new.mp4", "a/folder/that is new/film.webm"] {
        let request = get(format!("/files/videos/{}", path.replace(' ', "%20")));
        assert_eq!(ann.send(&request).status, 404, "{path} is not there yet");
        files::write(&server.library().join(path), &bytes);
        let came =
            eventually(path, SECONDS, || Some(ann.send(&request)).filter(|answer| answer.status == 200));
        assert_eq!(came.body, bytes);
        let id = server.id(path);
        fs::remove_file(server.library().join(path)).unwrap();
        assert_eq!(ann.send(&request).status, 404, "at once: there is nothing to read");
        eventually("its end in the catalogue", SECONDS, || server.find_id(path).is_none().then_some(()));
        assert_eq!(ann.send(&get(format!("/m/{id}"))).status, 404);
    }
    for path in [".hidden.mp4", "notes.txt", ".folder/film.mp4"] {
        files::write(&server.library().join(path), &bytes);
    }
    files::write(&server.library().join("last.mp4"), &bytes);
    eventually("the file that came last", SECONDS, || server.find_id("last.mp4"));
    let items = server.program.json("items");
    let paths: Vec<&str> =
        items.as_array().unwrap().iter().map(|item| item["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["last.mp4", "old.mp4"], "nothing else is a video");
}

#[test]
fn an_id_and_its_links_follow_a_file_that_is_renamed_or_moved() {
    let server = Server::with(&[("a/film.mp4", b"0123456789"), ("a/other.mp4", b"9876543210")]);
    let ann = server.user("ann", Some("videos"));
    let (id, other) = (server.id("a/film.mp4"), server.id("a/other.mp4"));
    let narrow = server.token("ann", &format!("--item {id}"));
    server.program.ok("key create");
    let signed = server.program.json_text(&format!("sign /m/{id} --for 1h"), "url");
    let mut from = "a/film.mp4";
    for to in ["a/renamed.mp4", "b/moved.mp4", "top.mp4"] {
        let path = server.library().join(to);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::rename(server.library().join(from), path).unwrap();
        eventually(to, SECONDS, || (server.find_id(to).as_deref() == Some(id.as_str())).then_some(()));
        let by_id = get(format!("/m/{id}"));
        eventually("the link", Duration::from_secs(1), || {
            (ann.send(&by_id).body == b"0123456789").then_some(())
        });
        assert_eq!(narrow.send(&by_id).body, b"0123456789", "{to}: a token for the item");
        assert_eq!(server.send(&get(&signed)).body, b"0123456789", "{to}: a signed URL");
        assert_eq!(ann.send(&get(format!("/files/videos/{to}"))).status, 200, "{to}: by its new path");
        assert_eq!(ann.send(&get(format!("/files/videos/{from}"))).status, 404, "{to}: by its old path");
        from = to;
    }
    // The whole folder.
    fs::rename(server.library().join("a"), server.library().join("c")).unwrap();
    eventually("c/other.mp4", SECONDS, || {
        (server.find_id("c/other.mp4") == Some(other.clone())).then_some(())
    });
}

#[test]
fn a_growing_file_is_marked_served_as_long_as_it_is_and_complete_at_last() {
    let server = Server::with(&[]);
    let ann = server.user("ann", Some("videos"));
    let bytes = films::film(60, 60_000);
    let path = server.library().join("live.mp4");
    let mut file = fs::File::create(&path).unwrap();
    file.write_all(&bytes[..10_000]).unwrap();
    let id = eventually("the recording", SECONDS, || server.find_id("live.mp4"));
    assert_eq!(state(&server, "live.mp4").as_deref(), Some("recording"));
    let request = get(format!("/m/{id}"));
    let first = ann.send(&request);
    assert_eq!((first.status, &first.body[..]), (200, &bytes[..10_000]));
    for end in (20_000..=60_000).step_by(10_000) {
        file.write_all(&bytes[end - 10_000..end]).unwrap();
        let grown = ann.send(&request.clone().range("bytes=0-"));
        assert_eq!(grown.header("content-range"), Some(format!("bytes 0-{}/{end}", end - 1).as_str()));
        assert!(grown.body == bytes[..end], "{end}");
        assert_ne!(grown.header("etag"), first.header("etag"), "another length is another version");
    }
    drop(file);
    files::age(&path);
    // Ten quiet seconds, and a look every three.
    let complete = || {
        // Each look is a process: a few of them a second are enough.
        std::thread::sleep(Duration::from_millis(250));
        (state(&server, "live.mp4").as_deref() == Some("complete")).then_some(())
    };
    eventually("its end", Duration::from_secs(20), complete);
    assert_eq!(server.id("live.mp4"), id);
    assert!(ann.send(&request).body == bytes);
}

#[test]
fn a_replaced_file_has_another_tag_and_never_mixes() {
    let (old, new) = (files::bytes(20_000), vec![b'n'; 20_000]);
    let server = Server::with(&[("film.mp4", &old)]);
    let ann = server.user("ann", Some("videos"));
    let request = get("/files/videos/film.mp4");
    let tag = |response: &Response| response.header("etag").unwrap().to_owned();
    let lasting = eventually("a tag that lasts", SECONDS, || {
        let first = tag(&ann.send(&request));
        (tag(&ann.send(&request)) == first).then_some(first)
    });
    // As tools replace a file: a new one under its name. Same length, same time.
    let aside = server.folder().join("new.mp4");
    files::write(&aside, &new);
    let times = fs::metadata(server.library().join("film.mp4")).unwrap().modified().unwrap();
    fs::File::options().write(true).open(&aside).unwrap().set_modified(times).unwrap();
    fs::rename(&aside, server.library().join("film.mp4")).unwrap();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(2) {
        let answer = ann.send(&request.clone().range("bytes=100-").header("If-Range", &lasting));
        assert_eq!(
            (answer.status, answer.body.len()),
            (200, 20_000),
            "an old tag is no range of the new file"
        );
        assert_ne!(tag(&answer), lasting);
        assert!(answer.body == new);
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_disk_that_is_unmounted_takes_no_id_with_it() {
    let server = Server::with(&[("film.mp4", b"0123456789"), ("a/other.mp4", b"9876543210")]);
    let ann = server.user("ann", Some("videos"));
    let known = |server: &Server| -> BTreeSet<String> {
        let items = server.program.json("items");
        items.as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    };
    let before = known(&server);
    let request = get(format!("/m/{}", server.id("film.mp4")));
    assert_eq!(ann.send(&request).status, 200);
    // Unmounted: the folder is there and empty. Its videos are away for a while, and not deleted.
    let (library, aside) = (server.library(), server.folder().join("aside"));
    fs::rename(&library, &aside).unwrap();
    fs::create_dir(&library).unwrap();
    eventually("word of it", Duration::from_secs(15), || {
        server.log().contains("could not be scanned").then_some(())
    });
    assert_eq!(known(&server), before);
    let ran = server.program.run(["scan", "videos"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.contains("--allow-empty"), "{ran:?}");
    assert_eq!(known(&server), before);
    fs::remove_dir(&library).unwrap();
    fs::rename(&aside, &library).unwrap();
    ann.becomes("the video", Duration::from_secs(15), &request, 200);
    assert_eq!(known(&server), before);
}

/// 20,000 new files take 1.4 s in a debug build on two cores.
#[test]
fn a_large_library_is_scanned_while_requests_are_answered() {
    let setup = Setup::new().file("film.mp4", b"0123456789");
    for folder in 0..100 {
        let path = setup.library().join(format!("{folder}"));
        fs::create_dir(&path).unwrap();
        for file in 0..200 {
            fs::File::create(path.join(format!("{file}.mp4"))).unwrap();
        }
    }
    let program = setup.program();
    program.ok("user add ann --role admin");
    let server = setup.start_unscanned();
    let ann = server.token("ann", "");
    let (mut asked, mut slowest) = (0, Duration::ZERO);
    eventually("20,001 videos", Duration::from_secs(30), || {
        for request in [get("/healthz"), get("/readyz"), get("/files/videos/film.mp4")] {
            let begun = Instant::now();
            let answer = ann.send(&request);
            assert!(matches!(answer.status, 200 | 404), "{answer:?}");
            slowest = slowest.max(begun.elapsed());
            asked += 1;
        }
        (server.program.json("items videos").as_array().unwrap().len() == 20_001).then_some(())
    });
    assert!(slowest < Duration::from_secs(1), "the slowest of {asked} answers took {slowest:?}");
    assert_eq!(ann.send(&get("/files/videos/99/199.mp4")).status, 200);
}
