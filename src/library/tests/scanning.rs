use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use super::*;
use crate::db::pulse::Pulse;
use crate::types::ItemState;

#[tokio::test]
async fn a_first_scan_finds_what_is_there() {
    let house = House::build().await;
    house.write("b/c.MKV", "12345");
    house.write("a.mp4", "123");
    house.write("notes.txt", "no video");
    let report = house.scan().await;
    assert_eq!((report.found, report.added, report.skipped.others), (2, 2, 1), "{report:?}");
    assert_eq!(house.paths().await, ["a.mp4", "b/c.MKV"]);
    let item = house.item("b/c.MKV").await;
    assert_eq!((item.size, item.state), (5, ItemState::Complete));
    assert_eq!(item.modified_ns, i64::try_from(OLD).unwrap() * 1_000_000_000);
    let again = house.scan().await;
    assert!(!again.changed_anything(), "{again:?}");
}

#[tokio::test]
async fn a_rename_keeps_the_id() {
    let house = House::build().await;
    house.write("a.mp4", "a");
    house.scan().await;
    let id = house.id("a.mp4").await;
    house.rename("a.mp4", "b.mp4");
    assert_eq!(house.scan().await.moved, 1);
    assert_eq!((house.paths().await, house.id("b.mp4").await), (vec![String::from("b.mp4")], id));
}

#[tokio::test]
async fn a_renamed_folder_keeps_a_hundred_ids() {
    let house = House::build().await;
    for number in 0..100 {
        house.write(&format!("old/{number:03}.mp4"), "x");
    }
    house.scan().await;
    let ids: Vec<_> = house.items().await.into_iter().map(|item| item.id).collect();
    house.rename("old", "new");
    let report = house.scan().await;
    assert_eq!((report.moved, report.added, report.gone), (100, 0, 0), "{report:?}");
    assert_eq!(house.items().await.into_iter().map(|item| item.id).collect::<Vec<_>>(), ids);
    assert!(house.paths().await.iter().all(|path| path.starts_with("new/")));
}

#[tokio::test]
async fn a_rotation_takes_the_ids_along() {
    let house = House::build().await;
    house.write("current.mp4", "first");
    house.write("1.mp4", "older");
    house.scan().await;
    let (first, older) = (house.id("current.mp4").await, house.id("1.mp4").await);
    house.rename("1.mp4", "2.mp4");
    house.rename("current.mp4", "1.mp4");
    house.write("current.mp4", "second");
    house.scan().await;
    assert_eq!((house.id("1.mp4").await, house.id("2.mp4").await), (first.clone(), older.clone()));
    let second = house.id("current.mp4").await;
    assert!(second != first && second != older);
}

#[tokio::test]
async fn two_swapped_files_swap_their_ids() {
    let house = House::build().await;
    house.write("a.mp4", "a");
    house.write("b.mp4", "b");
    house.scan().await;
    let (a, b) = (house.id("a.mp4").await, house.id("b.mp4").await);
    house.rename("a.mp4", "c.mp4");
    house.rename("b.mp4", "a.mp4");
    house.rename("c.mp4", "b.mp4");
    assert_eq!(house.scan().await.moved, 2);
    assert_eq!((house.id("a.mp4").await, house.id("b.mp4").await), (b, a));
}

#[tokio::test]
async fn a_deleted_file_comes_back_with_its_id() {
    let house = House::build().await;
    house.write("a.mp4", "a");
    house.write("b.mp4", "b");
    house.scan().await;
    let id = house.id("a.mp4").await;
    let aside = house.folder.path().join("aside");
    fs::rename(house.path("a.mp4"), &aside).unwrap();
    assert_eq!(house.scan().await.gone, 1);
    assert_eq!(house.paths().await, ["b.mp4"]);
    fs::rename(&aside, house.path("again.mp4")).unwrap();
    assert_eq!(house.scan().await.back, 1);
    assert_eq!(house.id("again.mp4").await, id, "the same file under another name");
    fs::remove_file(house.path("again.mp4")).unwrap();
    house.scan().await;
    house.write("again.mp4", "a");
    assert_eq!(house.scan().await.back, 1);
    assert_eq!(house.id("again.mp4").await, id, "restored from a backup");
    fs::remove_file(house.path("again.mp4")).unwrap();
    house.scan().await;
    house.write("again.mp4", "another video");
    assert_eq!(house.scan().await.added, 1);
    assert_ne!(house.id("again.mp4").await, id, "another video of that name");
}

#[tokio::test]
async fn a_file_replaced_in_place_keeps_its_id() {
    let house = House::build().await;
    house.write("a.mp4", "a");
    house.scan().await;
    let id = house.id("a.mp4").await;
    house.write(".a.mp4.tmp", "better");
    house.rename(".a.mp4.tmp", "a.mp4");
    assert_eq!(house.scan().await.changed, 1);
    assert_eq!((house.id("a.mp4").await, house.item("a.mp4").await.size), (id, 6));
}

#[tokio::test]
async fn only_plain_files_with_plain_names_are_taken() {
    let house = House::build().await;
    let outside = house.folder.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("secret.mp4"), "secret").unwrap();
    house.write("a.mp4", "a");
    house.write(".hidden.mp4", "x");
    house.write(".folder/b.mp4", "x");
    house.write("line\nbreak.mp4", "x");
    house.write("line\nfolder/b.mp4", "x");
    fs::write(house.path("").join(std::ffi::OsStr::from_bytes(b"\xff\xfe.mp4")), "x").unwrap();
    symlink(outside.join("secret.mp4"), house.path("link.mp4")).unwrap();
    symlink(&outside, house.path("linked")).unwrap();
    symlink(house.path("a.mp4"), house.path("inner.mp4")).unwrap();
    let fifo = rustix::fs::FileType::Fifo;
    rustix::fs::mknodat(rustix::fs::CWD, house.path("pipe.mp4"), fifo, 0o600.into(), 0).unwrap();
    let _socket = UnixListener::bind(house.path("socket.mp4")).unwrap();
    let report = house.scan().await;
    assert_eq!(house.paths().await, ["a.mp4"]);
    let skipped = &report.skipped;
    assert_eq!((skipped.hidden, skipped.links, skipped.special, skipped.names), (2, 3, 2, 3), "{skipped:?}");
    assert_eq!(skipped.first_names.len(), 3);
    assert!(skipped.first_names.contains(&String::from("line\\nbreak.mp4")), "{skipped:?}");
}

#[tokio::test]
async fn an_empty_folder_may_be_an_unmounted_disk() {
    let house = House::build().await;
    assert_eq!(house.scan().await.found, 0, "a new library may be empty");
    house.write("a.mp4", "a");
    house.scan().await;
    fs::remove_file(house.path("a.mp4")).unwrap();
    let error = house.try_scan(false).await.unwrap_err();
    assert!(matches!(error, ScanError::Empty { known: 1, .. }), "{error:?}");
    assert!(error.to_string().contains("--allow-empty"), "{error}");
    assert_eq!(house.paths().await, ["a.mp4"], "what is known stays");
    assert_eq!(house.try_scan(true).await.unwrap().gone, 1);
    assert_eq!(house.items().await.len(), 0);
    assert_eq!(house.scan().await.found, 0, "nothing is known that could be missed");
}

#[tokio::test]
async fn a_folder_that_is_not_there_changes_nothing() {
    let house = House::build().await;
    house.write("a.mp4", "a");
    house.scan().await;
    let aside = house.folder.path().join("aside");
    fs::rename(&house.library.path, &aside).unwrap();
    assert!(matches!(house.try_scan(true).await, Err(ScanError::Unreadable { .. })));
    symlink(&aside, &house.library.path).unwrap();
    assert!(matches!(house.try_scan(true).await, Err(ScanError::Unreadable { .. })), "a link is no folder");
    assert_eq!(house.paths().await, ["a.mp4"]);
}

#[tokio::test]
async fn servers_hear_of_changes_only() {
    let house = House::build().await;
    let mut pulse = Pulse::new(&house.db);
    let before = pulse.beat().await.unwrap().unwrap().catalogue;
    house.write("a.mp4", "a");
    house.scan().await;
    let after = pulse.beat().await.unwrap().unwrap().catalogue;
    assert!(after > before);
    house.scan().await;
    let idle = pulse.beat().await.unwrap().map_or(after, |epochs| epochs.catalogue);
    assert_eq!(idle, after, "nothing changed");

    set_time(&house.path("a.mp4"), 2_000_000);
    house.scan().await;
    let begun = pulse.beat().await.unwrap().unwrap().catalogue;
    assert!(begun > idle, "it is being written");
    house.pass(1);
    house.write("a.mp4", "a longer one");
    set_time(&house.path("a.mp4"), 2_000_001);
    assert_eq!(house.scan().await.changed, 1);
    assert_eq!(house.item("a.mp4").await.size, 12);
    let grown = pulse.beat().await.unwrap().map_or(begun, |epochs| epochs.catalogue);
    assert_eq!(grown, begun, "a recording that goes on is no news");
    assert!(house.db.library("videos").await.unwrap().unwrap().scanned_at.is_some());
}

#[tokio::test]
async fn a_growing_file_is_recording_and_then_complete() {
    let house = House::build().await;
    house.write("a.mp4", "1");
    set_time(&house.path("a.mp4"), 2_000_000);
    assert_eq!(house.scan().await.recording, 1);
    assert_eq!(house.item("a.mp4").await.state, ItemState::Recording);
    house.pass(9);
    house.scan().await;
    assert_eq!(house.item("a.mp4").await.state, ItemState::Recording);
    house.pass(1);
    house.scan().await;
    assert_eq!(house.item("a.mp4").await.state, ItemState::Complete);
    house.pass(5);
    house.write("a.mp4", "1 and more, under the old time");
    house.scan().await;
    assert_eq!(house.item("a.mp4").await.state, ItemState::Recording);
    house.pass(10);
    house.scan().await;
    assert_eq!(house.item("a.mp4").await.state, ItemState::Complete);
}

#[tokio::test]
async fn another_process_gets_its_turn_during_a_scan() {
    let house = House::build().await;
    for number in 0..3_000 {
        fs::write(house.path(&format!("{number}.mp4")), "").unwrap();
    }
    let other = open(house.folder.path()).await;
    let written = std::sync::Mutex::new(Vec::new());
    let progress = |progress: Progress| {
        if let Progress::Writing { done, of } = progress {
            written.lock().unwrap().push((done, of));
        }
    };
    let chance = Chance::system();
    let scanning = scan(&house.db, &house.clock, &chance, &house.library, false, &progress);
    tokio::pin!(scanning);
    let mut turns = 0;
    let report = loop {
        let turn = async {
            let mut draft = other.change().await.unwrap();
            draft.add_signing_key(&format!("key{turns}"), [0; 32], 0).await.unwrap();
            draft.commit().await.unwrap();
        };
        tokio::select! {
            report = &mut scanning => break report.unwrap(),
            () = turn => turns += 1,
        }
    };
    assert_eq!(report.added, 3_000);
    let batches = written.lock().unwrap().len();
    assert_eq!(batches, 6, "500 rows at a time");
    assert!(turns >= 3, "{turns} turns beside {batches} batches");
}

#[tokio::test]
async fn two_processes_may_scan_at_the_same_time() {
    let house = House::build().await;
    for number in 0..1_500 {
        fs::write(house.path(&format!("{number}.mp4")), "").unwrap();
    }
    let other = open(house.folder.path()).await;
    let chance = Chance::system();
    let twin = scan(&other, &house.clock, &chance, &house.library, false, &|_| {});
    let (one, two) = tokio::join!(house.try_scan(false), twin);
    assert_eq!((one.unwrap().found, two.unwrap().found), (1_500, 1_500));
    assert_eq!(house.items().await.len(), 1_500);
    assert!(!house.scan().await.changed_anything());
}

#[tokio::test]
async fn a_library_keeps_its_row_by_rules() {
    struct Case {
        name: &'static str,
        path: &'static str,
        named: bool,
        want: Result<&'static str, &'static str>,
        why: &'static str,
    }
    let case = |name, path, named, want, why| Case { name, path, named, want, why };
    let cases = [
        case("videos", "/srv/videos", false, Ok("same"), "known"),
        case("videos", "/srv/videos", true, Ok("same"), "known, and named now"),
        case("videos", "/mnt/videos", true, Ok("same"), "the named folder was moved"),
        case("videos", "/mnt/videos", false, Err("[library.videos]"), "another folder of that name?"),
        case("films", "/srv/videos", true, Ok("same"), "the folder was given another name"),
        case("films", "/srv/videos", false, Err("[library.videos]"), "called by another name by accident"),
        case("films", "/srv/films", false, Ok("new"), "a new one"),
    ];
    for Case { name, path, named, want, why } in cases {
        let folder = TempDir::new().unwrap();
        let (db, clock, chance) = (open(folder.path()).await, Clock::system(), Chance::system());
        let config = |name: &str, path: &str, named| LibraryConfig {
            name: name.to_owned(),
            path: PathBuf::from(path),
            named,
            repair: true,
        };
        let first = register(&db, &clock, &chance, &[config("videos", "/srv/videos", false)]).await.unwrap();
        match (register(&db, &clock, &chance, &[config(name, path, named)]).await, want) {
            (Ok(rows), Ok(want)) => {
                assert_eq!((rows[0].name.as_str(), rows[0].path.as_str()), (name, path), "{why}");
                assert_eq!(rows[0].id == first[0].id, want == "same", "{why}");
                let known = db.library(name).await.unwrap().unwrap();
                assert_eq!((known.id, known.path), (rows[0].id.clone(), path.to_owned()), "{why}");
            }
            (Err(error), Err(cure)) => assert!(error.to_string().contains(cure), "{why}: {error}"),
            (got, _) => panic!("{why}: {got:?}"),
        }
    }
}

/// A path that is too long cannot be read by anybody, not even by root, for whom permissions mean nothing.
#[tokio::test]
async fn what_cannot_be_read_is_not_gone() {
    let mut house = House::build().await;
    let folder = "f".repeat(250);
    house.write(&format!("{folder}/in.mp4"), "in");
    house.write("gone.mp4", "gone");
    house.write("a.mp4", "a");
    house.scan().await;
    let mut long = house.folder.path().to_owned();
    while long.as_os_str().len() < 3_800 {
        long.push("l".repeat(100));
    }
    fs::create_dir_all(&long).unwrap();
    long.push("videos");
    fs::rename(&house.library.path, &long).unwrap();
    house.library.path = long.to_str().unwrap().to_owned();
    fs::remove_file(house.path("gone.mp4")).unwrap();
    let report = house.scan().await;
    assert_eq!((report.found, report.gone, report.unreadable), (1, 1, 1), "{report:?}");
    assert_eq!(house.paths().await, [String::from("a.mp4"), format!("{folder}/in.mp4")]);
}
