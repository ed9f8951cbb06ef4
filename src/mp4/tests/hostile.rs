//! Files that somebody made to hurt: each ends at once, with an answer.

use std::time::{Duration, Instant};

use super::make::{
    Track as Made, audio_entry, avc1, boxed, boxed_large, claimed, film, ftyp, full, hvcc, moov, movie,
    table, video_entry, words,
};
use super::{fast, moov_of, walk};
use crate::mp4::boxes::{Atom, MAX_DEPTH};
use crate::mp4::movie::MAX_TRACKS;
use crate::mp4::{FourCc, LeftAlone, MAX_MOOV, Malformed, Movie, probe, retag};

/// More than any of them needs, on a machine that does ten other things.
const PATIENCE: Duration = Duration::from_secs(20);

/// Looks at a moov box in every way there is, alone and in a file.
#[track_caller]
fn look(name: &str, moov: &[u8]) -> Result<Movie, Malformed> {
    let start = Instant::now();
    let file = [&ftyp()[..], &boxed(b"mdat", &[0; 64]), moov].concat();
    let layout = walk(&file);
    let found = moov_of(&file, &layout);
    let (_, _, _) = (probe(found), retag::hvc1(moov, 0), retag::hvc1(found, u64::MAX));
    if let Ok(moved) = fast(&file) {
        assert!(moved.len() >= layout.len && moved.memory() <= 2 * MAX_MOOV, "{name}");
    }
    let movie = probe(moov);
    assert!(start.elapsed() < PATIENCE, "{name} took {:?}", start.elapsed());
    movie
}

fn video() -> Made {
    Made::video(avc1(), 32, &[1, 2, 3])
}

fn with(made: Made) -> Vec<u8> {
    moov(&[made])
}

/// A movie whose box of this kind has other bytes from its contents' `skip`th byte on.
fn scribbled(kind: &[u8; 4], skip: usize, bytes: &[u8]) -> Vec<u8> {
    let mut moov = with(Made { more_in_trak: edts(), ..video() });
    let at = moov.windows(4).position(|window| window == kind).unwrap() + 4 + skip;
    moov[at..at + bytes.len()].copy_from_slice(bytes);
    moov
}

fn edts() -> Vec<u8> {
    boxed(b"edts", &table(b"elst", &[words(&[1, 0, 0x1_0000])]))
}

fn nested(depth: usize, kind: &[u8; 4]) -> Vec<u8> {
    (0..depth).fold(vec![], |inner, _| boxed(kind, &inner))
}

#[test]
fn counts_of_four_billion_in_a_few_bytes() {
    let most = [0xff; 4];
    let count = |kind: &[u8; 4]| Some(Malformed::Count(FourCc(*kind)));
    let cases: [(&[u8; 4], usize, Option<Malformed>, &str); 8] = [
        (b"stts", 4, count(b"stts"), "entries of 8 bytes"),
        (b"stsc", 4, count(b"stsc"), "entries of 12 bytes"),
        (b"stsz", 8, count(b"stsz"), "entries of 4 bytes"),
        (b"stco", 4, count(b"stco"), "entries of 4 bytes"),
        (b"elst", 4, count(b"elst"), "entries of 12 bytes"),
        (b"stsd", 4, None, "the count of entries is not used"),
        (b"dref", 4, None, "the count of references is not used"),
        (b"stsz", 4, None, "one size of 2^32 - 1 for three samples"),
    ];
    for (kind, skip, want, why) in cases {
        assert_eq!(look(why, &scribbled(kind, skip, &most)).err(), want, "{}: {why}", FourCc(*kind));
    }
}

#[test]
fn numbers_at_their_limits() {
    let most = |made: Made| Made { offsets: vec![u64::MAX], is_wide: true, ..made };
    let all_the_same = scribbled(b"stsz", 4, &[0xff; 8]);
    let cases: [(&str, Vec<u8>, bool); 9] = [
        ("a chunk at the end of all offsets", with(most(video())), true),
        ("2^32 samples of 2^32 bytes", all_the_same, true),
        ("a duration of all ones", scribbled(b"mdhd", 12, &[0xff; 8]), true),
        ("a clock that does not tick", scribbled(b"mdhd", 12, &[0; 4]), true),
        ("runs that go backwards", with(Made { per_chunk: vec![], ..video() }), false),
        ("a first run that is not the first", scribbled(b"stsc", 8, &[0, 0, 0, 2]), false),
        ("a chunk of 2^32 samples", scribbled(b"stsc", 12, &[0xff; 4]), true),
        ("samples of 2^32 ticks", scribbled(b"stts", 8, &[0xff; 8]), true),
        ("a version that nobody knows", scribbled(b"mvhd", 0, &[0xff]), true),
    ];
    for (name, moov, is_read) in cases {
        assert_eq!(look(name, &moov).is_ok(), is_read, "{name}");
    }
}

#[test]
fn sizes_that_cannot_be() {
    let size = |kind: &[u8; 4]| Some(Malformed::Size(FourCc(*kind)));
    let outgrows = |kind: &[u8; 4]| Some(Malformed::Outgrows(FourCc(*kind)));
    let inside = |bytes: Vec<u8>| boxed(b"moov", &movie(&[video()], &bytes));
    let large = |size: u64| claimed(1, b"evil", &size.to_be_bytes());
    let cases: [(&str, Vec<u8>, Option<Malformed>); 15] = [
        ("nothing", vec![], Some(Malformed::Missing(FourCc(*b"moov")))),
        ("half a header", b"\0\0\0\x08mo".to_vec(), Some(Malformed::Missing(FourCc(*b"moov")))),
        ("longer than the slice", claimed(99, b"moov", b""), size(b"moov")),
        ("shorter than the slice", claimed(8, b"moov", b"more"), size(b"moov")),
        ("size 0 inside", inside(claimed(0, b"evil", b"rest")), size(b"evil")),
        ("size 1 without its 64 bits", inside(claimed(1, b"evil", b"")), size(b"evil")),
        ("size 2", inside(claimed(2, b"evil", b"")), size(b"evil")),
        ("size 7", inside(claimed(7, b"evil", b"")), size(b"evil")),
        ("size 2^32 - 1", inside(claimed(u32::MAX, b"evil", b"")), outgrows(b"evil")),
        ("size 2^63", inside(large(1 << 63)), outgrows(b"evil")),
        ("size 2^64 - 1", inside(large(u64::MAX)), outgrows(b"evil")),
        ("a large size of 15", inside(large(15)), size(b"evil")),
        ("uuid without its 16 bytes", inside(boxed(b"uuid", b"short")), size(b"uuid")),
        ("a byte longer than its parent", inside(claimed(9, b"evil", b"")), outgrows(b"evil")),
        ("half a header at the end", inside(vec![0xff; 7]), None),
    ];
    for (name, moov, want) in cases {
        assert_eq!(look(name, &moov).err(), want, "{name}");
    }
}

#[test]
fn boxes_where_they_do_not_belong() {
    let twice = |kind: &[u8; 4]| Some(Malformed::Twice(FourCc(*kind)));
    let missing = |kind: &[u8; 4]| Some(Malformed::Missing(FourCc(*kind)));
    let inside = |bytes: Vec<u8>| boxed(b"moov", &movie(&[video()], &bytes));
    let cases: [(&str, Vec<u8>, Option<Malformed>); 10] = [
        ("a movie in a movie", inside(moov(&[video()])), None),
        ("two headers", inside(full(b"mvhd", 0, 0, &[0; 96])), twice(b"mvhd")),
        ("two media", with(Made { more_in_trak: boxed(b"mdia", b""), ..video() }), twice(b"mdia")),
        (
            "two tables of sizes",
            with(Made { more_in_stbl: full(b"stz2", 0, 0, &[0; 8]), ..video() }),
            twice(b"stz2"),
        ),
        ("no header", boxed(b"moov", b""), missing(b"mvhd")),
        ("an empty track", inside(boxed(b"trak", b"")), missing(b"tkhd")),
        ("a track in itself", inside(boxed(b"trak", &boxed(b"trak", b""))), missing(b"tkhd")),
        ("a short header", scribbled(b"tkhd", 0, &[1]), Some(Malformed::Short(FourCc(*b"tkhd")))),
        (
            "an empty sample entry",
            with(Made::video(boxed(b"avc1", b""), 0, &[1])),
            Some(Malformed::Short(FourCc(*b"avc1"))),
        ),
        ("an empty file type", boxed(b"ftyp", b""), missing(b"moov")),
    ];
    for (name, moov, want) in cases {
        assert_eq!(look(name, &moov).err(), want, "{name}");
    }
}

#[test]
fn configurations_that_lie() {
    let entries = [
        video_entry(b"hev1", &hvcc(&[0x20; 255])),
        video_entry(b"hev1", &boxed(b"hvcC", &[1; 23])),
        video_entry(b"av01", &boxed(b"av1C", b"")),
        video_entry(b"mp4v", &full(b"esds", 0, 0, &[3, 0xff, 0xff, 0xff, 0xff, 0, 0, 0xe0])),
        video_entry(b"mp4v", &full(b"esds", 0, 0, &[3, 3, 0, 0, 0xe0])),
        audio_entry(
            b"mp4a",
            &full(
                b"esds",
                0,
                0,
                &[3, 21, 0, 0, 0, 4, 16, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 1, 0xff],
            ),
        ),
        audio_entry(b"ac-3", &boxed(b"dac3", &[0xff; 3])),
        audio_entry(b"fLaC", &boxed(b"dfLa", &[0xff; 18])),
        boxed(b"lpcm", &[super::make::audio_fields(2, 0, 0), vec![0xff; 36]].concat()),
        boxed(b"alaw", &[super::make::audio_fields(2, 0, 0), vec![0; 36]].concat()),
        boxed(b"lpcm", &super::make::audio_fields(2, 0, 0)),
        video_entry(b"encv", &boxed(b"sinf", &boxed(b"frma", b"av"))),
    ];
    for (at, entry) in entries.into_iter().enumerate() {
        for handler in [*b"vide", *b"soun"] {
            let made = Made { handler, ..Made::video(entry.clone(), 32, &[1; 9]) };
            let _ = look(&format!("entry {at}"), &with(made));
        }
    }
}

#[test]
fn depth_is_limited() {
    for kind in [b"meta", b"udta", b"trak", b"moov"] {
        let moov = boxed(b"moov", &movie(&[video()], &nested(10_000, kind)));
        let _ = look("deep", &moov);
    }
    let file = [film(b"x"), vec![]].concat();
    let deep = boxed(b"moov", &movie(&[Made::video(avc1(), 32, &[1])], &nested(100, b"udta")));
    let file = [&file[..33], &deep].concat();
    assert_eq!(fast(&file), Err(LeftAlone::Malformed(Malformed::TooDeep)));
    // However deep they lie, only so many are entered.
    let boxes = nested(100, b"moov");
    let mut place = Atom::root(&boxes, b"moov").unwrap();
    let mut entered = 0;
    while let Ok(Some(next)) = place.only(b"moov") {
        (place, entered) = (next, entered + 1);
    }
    assert_eq!(entered, MAX_DEPTH);
    assert_eq!(place.only(b"moov").err(), Some(Malformed::TooDeep));
}

#[test]
fn masses_of_boxes() {
    let many = |kind, count| boxed(b"moov", &movie(&[], &boxed(kind, b"").repeat(count)));
    assert!(look("many boxes", &many(b"free", 100_000)).is_ok());
    let too_many = Err(Malformed::TooMany(FourCc(*b"trak")));
    assert_eq!(look("many tracks", &many(b"trak", 100_000)), too_many);
    let entry = video_entry(b"hev1", &hvcc(&[0x20, 0x21, 0x22]));
    let made = Made::video(entry.repeat(10_000), 0, &[1]);
    assert_eq!(look("ten thousand entries", &with(made.clone())).unwrap().tracks[0].descriptions, 10_000);
    assert_eq!(retag::hvc1(&with(made), 0), Err(Malformed::TooMany(FourCc(*b"stsd"))));
    let chapters = boxed(b"tref", &boxed(b"chap", &vec![0xab; 4 << 20]));
    let tracks = vec![Made { more_in_trak: edts(), ..video() }; MAX_TRACKS - 1];
    let movie =
        boxed(b"moov", &[movie(&tracks, b""), Made { more_in_trak: chapters, ..video() }.trak()].concat());
    assert_eq!(look("a thousand tracks", &movie).unwrap().tracks.len(), MAX_TRACKS);
}

#[test]
fn a_movie_of_64_mebibytes_and_not_a_byte_more() {
    let room = usize::try_from(MAX_MOOV).unwrap() - movie(&[video()], b"").len() - 16;
    let largest = boxed(b"moov", &movie(&[video()], &boxed(b"free", &vec![1; room])));
    assert!(look("64 MiB", &largest).is_ok());
    let over = boxed(b"moov", &movie(&[video()], &boxed(b"free", &vec![1; room + 1])));
    assert_eq!(look("one more", &over), Err(Malformed::TooLarge));
    let file = [ftyp(), boxed(b"mdat", b""), over].concat();
    assert_eq!(fast(&file), Err(LeftAlone::TooLarge));
}

#[test]
fn chunks_that_lie_on_top_of_each_other_keep_doing_so() {
    let made = Made { per_chunk: vec![1, 1, 1], offsets: vec![32, 32, 33], ..video() };
    let file = [ftyp(), boxed(b"mdat", &[1; 64]), with(made)].concat();
    let layout = walk(&file);
    let new = u64::try_from(moov_of(&file, &layout).len()).unwrap() + 32;
    let bytes = super::bytes_of(&file, fast(&file).unwrap().segments());
    let moved = walk(&bytes);
    assert_eq!(probe(moov_of(&bytes, &moved)).unwrap().media_end(), new + 4);
}

#[test]
fn the_top_level_may_lie_too() {
    let files: [Vec<u8>; 9] = [
        claimed(0, b"moov", &boxed_large(b"moov", &moov(&[video()]))),
        claimed(1, b"moov", &[0xff; 8]),
        claimed(u32::MAX, b"mdat", b""),
        [claimed(0, b"mdat", b""), moov(&[video()])].concat(),
        vec![0; 4096],
        vec![0xff; 4096],
        boxed(b"moof", b"").repeat(10_000),
        [boxed(b"mdat", b""), boxed(b"moov", b"")].concat(),
        b"moov".repeat(1_000),
    ];
    for file in files {
        let layout = walk(&file);
        let _ = (probe(moov_of(&file, &layout)), fast(&file), layout.is_iso_media());
    }
}
