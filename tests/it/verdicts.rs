//! What is told of a file, by whatever command, is what the server does with it.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::program::{bare, ran};
use crate::support::{Setup, files, films, get};

/// A fragment and two thirds of another.
fn cut_recording() -> Vec<u8> {
    let boxed = |kind: &[u8], body: &[u8]| {
        let size = u32::try_from(body.len() + 8).unwrap();
        [&size.to_be_bytes()[..], kind, body].concat()
    };
    let fragment = [boxed(b"moof", &[0; 40]), boxed(b"mdat", &[7; 260])].concat();
    // The film's media data is left out: what its index names lies in no fragment.
    let film = films::film(2, 2_000);
    let head = film.windows(4).position(|name| name == b"mdat").unwrap() - 4;
    [&film[..head], &fragment, &fragment[..200]].concat()
}

fn said(command: &str, path: &Path) -> Value {
    let ran = ran(bare().arg(command).arg(path).arg("--json").output().unwrap());
    serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{command}: {ran:?}"))
}

fn place(bytes: &[u8], kind: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|name| name == kind)
}

#[test]
fn commands_and_the_server_agree_about_what_is_repaired() {
    let (slow, fast, cut) = (films::slow_film(60), films::film(60, 5_000), cut_recording());
    let old = slow.iter().copied().skip(24).collect::<Vec<_>>();
    let setup = Setup::new().file("slow.mp4", &slow).file("fast.mp4", &fast).file("cut.mp4", &cut);
    let server = setup.file("old.mov", &old).start();
    let ann = server.user("ann", Some("videos"));
    for (name, on_disk) in [("slow.mp4", &slow), ("fast.mp4", &fast), ("cut.mp4", &cut), ("old.mov", &old)] {
        let path = server.library().join(name);
        let (probed, judged) = (said("probe", &path), said("doctor", &path));
        assert_eq!(judged["file"]["state"], probed["state"], "{name}: one word for one thing");
        let sent = ann.send(&get(format!("/files/videos/{name}")));
        assert_eq!(sent.header("content-type"), probed["content_type"].as_str(), "{name}");
        let is_moved = place(on_disk, b"mdat") < place(on_disk, b"moov")
            && place(&sent.body, b"moov") < place(&sent.body, b"mdat");
        assert_eq!(probed["mp4"]["faststart"]["done"], is_moved, "{name}");
        let is_shortened = sent.body.len() < on_disk.len();
        assert_eq!(probed["mp4"]["complete_fragments"]["done"] == true, is_shortened, "{name}");
        let is_changed = sent.body != *on_disk;
        let is_repaired = |browser: &Value| browser["effect"] == "repaired";
        let browsers = judged["browsers"].as_array().unwrap();
        assert_eq!(browsers.iter().any(is_repaired), is_changed, "{name}: {browsers:?}");
        assert!(ann.send(&get(format!("/files/videos/{name}?raw=1"))).body == *on_disk, "{name}");
    }
}

#[test]
fn a_scan_keeps_what_becomes_of_each_file_in_browsers() {
    let slow = films::slow_film(60);
    let setup = Setup::new().file("slow.mp4", &slow).file("page.mp4", &b"<p>hi".repeat(1_000));
    let setup = setup.file("fast.mp4", &films::film(60, 5_000));
    let program = setup.program();
    let item = |path: &str| {
        program.ok("scan videos");
        let items = program.json("items");
        items.as_array().unwrap().iter().find(|item| item["path"] == path).unwrap().clone()
    };
    for (path, plays) in [("slow.mp4", "after repair"), ("fast.mp4", "plays"), ("page.mp4", "in none")] {
        assert_eq!(item(path)["plays"], plays, "{path}");
    }
    let browsers = item("slow.mp4")["browsers"].clone();
    let chrome = serde_json::json!({ "browser": "chrome", "effect": "repaired", "because": ["index-last"] });
    assert_eq!(browsers[1], chrome);
    let table = program.run(["items"]).stdout;
    assert!(table.contains("BROWSERS") && table.contains("after repair"), "{table}");

    // Another one of the same length: one that grows is a recording for ten seconds.
    let new = setup.folder().join("new.mp4");
    files::write(&new, &films::film(60, 5_000));
    fs::rename(new, setup.library().join("page.mp4")).unwrap();
    assert_eq!(item("page.mp4")["plays"], "plays", "another file, another verdict");

    let text = format!("[library.videos]\npath = {:?}\nrepair = false\n", setup.library());
    fs::write(setup.folder().join("reelgate.toml"), text).unwrap();
    assert_eq!(item("slow.mp4")["plays"], "flaws", "the library does not repair");
    let path = setup.library().join("slow.mp4");
    let judged = program.run(["doctor", path.to_str().unwrap(), "--json"]);
    let judged: Value = serde_json::from_str(&judged.stdout).unwrap();
    assert_eq!(judged["browsers"][1]["effect"], "degraded", "{judged}");
    let server = setup.start();
    let ann = server.user("ann", Some("videos"));
    assert!(ann.send(&get("/files/videos/slow.mp4")).body == slow, "and neither does the server");
}
