//! Files that somebody made to hurt a server that looks into them: each is answered at once, and costs no memory.
#![allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "a box is asked for as b\"moov\", which is a reference"
)]

use std::time::{Duration, Instant};

use crate::support::boxes::{self, boxed};
use crate::support::ffmpeg::film;
use crate::support::program::{bare, ran};
use crate::support::{Setup, get, head};

const PATIENCE: Duration = Duration::from_secs(1);
const MEMORY: u64 = 64 << 20;
/// Boxes and entries of a large one. A build for debugging takes up to fifty times as long for each.
const MANY: usize = if cfg!(debug_assertions) { 20_000 } else { 1_000_000 };

/// The film with `bytes` over what stands `skip` bytes behind the name of a box.
fn scribbled(kind: &[u8; 4], skip: usize, bytes: &[u8]) -> Vec<u8> {
    let mut film = film("late.mp4").to_vec();
    let moov = boxes::only(&boxes::top(&film), "moov").start;
    let at = moov + film[moov..].windows(4).position(|window| window == kind).unwrap() + 4 + skip;
    film[at..at + bytes.len()].copy_from_slice(bytes);
    film
}

/// The film with another index.
fn with_index(index: &[u8]) -> Vec<u8> {
    let late = film("late.mp4");
    [&late[..boxes::only(&boxes::top(late), "moov").start], index].concat()
}

/// The film with more in its index.
fn with_more(more: &[u8]) -> Vec<u8> {
    let late = film("late.mp4");
    let moov = boxes::only(&boxes::top(late), "moov").clone();
    with_index(&boxed(b"moov", &[&late[moov.start + 8..moov.end], more].concat()))
}

fn ftyp() -> Vec<u8> {
    film("late.mp4")[..boxes::only(&boxes::top(film("late.mp4")), "ftyp").end].to_vec()
}

fn claimed(size: u32, kind: &[u8; 4]) -> Vec<u8> {
    [&size.to_be_bytes()[..], kind].concat()
}

fn large(size: u64, kind: &[u8; 4]) -> Vec<u8> {
    [&claimed(1, kind)[..], &size.to_be_bytes()].concat()
}

fn nested(depth: usize) -> Vec<u8> {
    (0..depth).fold(Vec::new(), |inner, _| boxed(b"moov", &inner))
}

fn behind_ftyp(rest: &[u8]) -> Vec<u8> {
    [&ftyp(), rest].concat()
}

/// The film with a track of very many entries of one table.
fn table(kind: &[u8; 4], entry: &[u8]) -> Vec<u8> {
    let count = u32::try_from(MANY).unwrap();
    let entries = boxed(kind, &[&[0; 4][..], &count.to_be_bytes(), &entry.repeat(MANY)].concat());
    with_more(&boxed(b"trak", &boxed(b"mdia", &boxed(b"minf", &boxed(b"stbl", &entries)))))
}

fn files() -> Vec<(&'static str, Vec<u8>)> {
    let most = [0xff; 8];
    let trak = boxed(b"trak", b"");
    let fragments = [boxed(b"moof", b""), boxed(b"mdat", b"")].concat();
    vec![
        ("four-billion-times", scribbled(b"stts", 4, &most[..4])),
        ("four-billion-runs", scribbled(b"stsc", 4, &most[..4])),
        ("four-billion-sizes", scribbled(b"stsz", 8, &most[..4])),
        ("four-billion-samples-of-one-size", scribbled(b"stsz", 4, &most)),
        ("four-billion-chunks", scribbled(b"stco", 4, &most[..4])),
        ("four-billion-edits", scribbled(b"elst", 4, &most[..4])),
        ("four-billion-entries", scribbled(b"stsd", 4, &most[..4])),
        ("chunks-at-the-end-of-numbers", scribbled(b"stco", 8, &most)),
        ("chunks-in-the-index", scribbled(b"stco", 8, &[0, 1, 0xf8, 0])),
        ("a-chunk-of-four-billion-samples", scribbled(b"stsc", 12, &most[..4])),
        ("a-clock-that-stands", scribbled(b"mdhd", 12, &[0; 4])),
        ("a-duration-of-all-ones", scribbled(b"mdhd", 16, &most[..4])),
        ("an-unknown-version", scribbled(b"mvhd", 0, &most[..1])),
        ("an-index-longer-than-the-file", with_index(&claimed(u32::MAX, b"moov"))),
        ("an-index-of-exabytes", with_index(&large(u64::MAX, b"moov"))),
        ("an-index-shorter-than-its-header", with_index(&claimed(7, b"moov"))),
        ("data-of-exabytes", behind_ftyp(&large(u64::MAX - 7, b"mdat"))),
        ("data-that-wraps-around", behind_ftyp(&large(u64::MAX - 31, b"free"))),
        ("boxes-of-no-size", behind_ftyp(&claimed(0, b"moov").repeat(50))),
        ("nested-too-deep", with_index(&nested(100_000))),
        ("two-indices", [film("late.mp4"), &nested(1)].concat()),
        ("an-empty-index", with_index(&boxed(b"moov", b""))),
        ("empty-tracks-without-number", with_more(&trak.repeat(MANY))),
        ("empty-boxes-without-number", with_more(&boxed(b"free", b"").repeat(MANY))),
        ("ten-thousand-boxes-at-the-top", behind_ftyp(&boxed(b"free", b"").repeat(10_001))),
        ("fragments-without-number", behind_ftyp(&fragments.repeat(MANY / 10))),
        ("chunks-without-number", table(b"stco", &[0xff; 4])),
        ("wide-chunks-without-number", table(b"co64", &[0xff; 8])),
        ("runs-without-number", table(b"stsc", &[0xff; 12])),
        ("times-without-number", table(b"stts", &[0xff; 8])),
        ("sample-entries-without-number", table(b"stsd", &boxed(b"hev1", b""))),
        ("a-film-of-letters", b"ftypisommoovmdat".repeat(1_000)),
        ("an-index-of-eight-mebibytes-of-junk", with_index(&boxed(b"moov", &vec![0x41; 8 << 20]))),
    ]
}

#[test]
fn a_hostile_film_is_refused_in_a_second() {
    let folder = tempfile::tempdir().unwrap();
    let mut slowest = (Duration::ZERO, "");
    for (name, bytes) in files() {
        let path = folder.path().join(format!("{name}.mp4"));
        crate::support::files::write(&path, &bytes);
        let begun = Instant::now();
        let said = ran(bare().env("PATH", "").arg("probe").arg(&path).arg("--json").output().unwrap());
        let took = begun.elapsed();
        assert!(took < PATIENCE, "{name} took {took:?}");
        assert!(matches!(said.code, Some(0 | 1)), "{name}: {said:?}");
        assert_eq!(said.code == Some(1), said.stderr.len() > 40, "{name}: {said:?}");
        slowest = slowest.max((took, name));
    }
    println!("reelgate probe: the slowest {slowest:?}");
}

#[test]
fn hostile_films_are_served_as_they_are_in_a_second_and_64_mebibytes() {
    let films = files();
    assert!(films.len() >= 30);
    let setup = films.iter().fold(Setup::new().file("late.mp4", film("late.mp4")), |setup, (name, bytes)| {
        setup.file(&format!("{name}.mp4"), bytes)
    });
    let server = setup.start();
    let token = server.user("ada", Some("videos")).token().to_owned();
    server.send(&get(format!("/files/videos/late.mp4?token={token}")));
    let base = server.process().peak_memory();
    let mut slowest = (Duration::ZERO, "");
    for (name, bytes) in &films {
        let target = format!("/files/videos/{name}.mp4?token={token}");
        let begun = Instant::now();
        let answer = server.send(&head(&target));
        let took = begun.elapsed();
        assert!(took < PATIENCE, "{name} took {took:?}");
        assert_eq!(answer.status, 200, "{name}");
        slowest = slowest.max((took, name));
        if answer.content_length() == bytes.len() {
            let part = server.send(&get(&target).range("bytes=-10"));
            assert_eq!((part.status, part.body.len()), (206, 10), "{name}");
        }
    }
    let grown = server.process().peak_memory() - base;
    println!("{} hostile films: the slowest {slowest:?}, {} MiB more", films.len(), grown >> 20);
    assert!(grown < MEMORY, "{} MiB", grown >> 20);
}
