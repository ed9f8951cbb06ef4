//! What the index says of tracks, times and places.

use super::make::{
    Track as Made, audio_entry, avc1, boxed, film, full, hvcc, moov, movie, table, video_entry, words,
};
use super::{moov_of, walk};
use crate::mp4::{Edit, FourCc, Kind, Malformed, Movie, OffsetWidth, Rotation, Span, Track, probe};

fn only(made: Made) -> Track {
    probe(&moov(&[made])).unwrap().tracks.remove(0)
}

fn video() -> Made {
    Made::video(avc1(), 48, &[10, 20, 30, 40])
}

#[test]
fn a_film_is_described() {
    let sound = Made::audio(audio_entry(b"sowt", b""), 148, &[4; 48]);
    let movie =
        probe(&moov(&[Made { per_chunk: vec![3, 1], offsets: vec![48, 500], ..video() }, sound])).unwrap();
    assert_eq!(movie.duration, Some(Span { ticks: 2_000, timescale: 1_000 }));
    let (pictures, sound) = (movie.video().next().unwrap(), movie.audio().next().unwrap());
    assert_eq!((pictures.id, pictures.is_enabled, pictures.descriptions), (1, true, 1));
    let picture = pictures.picture.unwrap();
    assert_eq!((picture.width, picture.height), (1_280, 720));
    assert_eq!((picture.shown_width, picture.shown_height, picture.rotation.degrees()), (640, 360, Some(0)));
    assert_eq!((pictures.samples.count, pictures.samples.bytes, pictures.samples.chunks), (4, 100, 2));
    assert_eq!(pictures.frame_rate().unwrap().to_string(), "25");
    assert_eq!(pictures.bit_rate(), Some(5_000));
    assert_eq!((pictures.samples.offsets, pictures.samples.end), (Some(OffsetWidth::Bits32), 540));
    assert_eq!(pictures.language.as_deref(), None, "und");
    assert_eq!((sound.samples.end, movie.media_end()), (148 + 192, 540));
    assert!(!movie.has_external_data() && !movie.has_fragments && !movie.is_compressed);
}

#[test]
fn a_file_that_was_cut_and_mended_still_shows_where_its_data_should_end() {
    let whole = film(&[7; 1_000]);
    let layout = walk(&whole);
    let movie = probe(moov_of(&whole, &layout)).unwrap();
    let data = layout.first(b"mdat").unwrap();
    assert_eq!(movie.media_end(), data.end());
}

#[test]
fn kinds_follow_the_handler() {
    let cases: [(&[u8; 4], Kind); 7] = [
        (b"vide", Kind::Video),
        (b"soun", Kind::Audio),
        (b"sbtl", Kind::Subtitle),
        (b"subt", Kind::Subtitle),
        (b"text", Kind::Subtitle),
        (b"tmcd", Kind::Timecode),
        (b"meta", Kind::Other(FourCc(*b"meta"))),
    ];
    for (handler, want) in cases {
        let entry = video_entry(b"xxxx", b"");
        assert_eq!(only(Made { handler: *handler, ..Made::video(entry, 0, &[1]) }).kind, want);
    }
}

#[test]
fn titles_of_chapters_are_no_subtitles() {
    let tref = boxed(b"tref", &boxed(b"chap", &words(&[7])));
    let titles = Made { id: 7, handler: *b"text", ..video() };
    let movie = probe(&moov(&[Made { more_in_trak: tref, ..video() }, titles])).unwrap();
    assert_eq!(
        movie.tracks.iter().map(|track| track.kind).collect::<Vec<_>>(),
        [Kind::Video, Kind::Chapters]
    );
}

#[test]
fn pictures_are_turned_by_their_matrix() {
    let one = 0x1_0000;
    let cases = [
        ([one, 0, 0, one], Rotation::None, "identity"),
        ([0, one, -one, 0], Rotation::Right, "a phone held upright"),
        ([-one, 0, 0, -one], Rotation::Half, "a phone held upside down"),
        ([0, -one, one, 0], Rotation::Left, "the other way"),
        ([one * 2, 0, 0, one], Rotation::None, "scaled"),
        ([-one, 0, 0, one], Rotation::Other, "mirrored"),
        ([one, one, -one, one], Rotation::Other, "an eighth"),
        ([i32::MIN, 0, 0, i32::MIN], Rotation::Half, "the most negative numbers"),
        ([0; 4], Rotation::None, "left empty"),
    ];
    for (matrix, want, why) in cases {
        assert_eq!(only(Made { matrix, ..video() }).picture.unwrap().rotation, want, "{why}");
    }
}

#[test]
fn languages_are_letters_or_tags() {
    let elng = |tag: &[u8]| full(b"elng", 0, 0, tag);
    let cases: [(u16, Vec<u8>, Option<&str>, &str); 7] = [
        (0x15c7, vec![], Some("eng"), "§8.4.2.3"),
        (0x55c4, vec![], None, "und"),
        (0, vec![], Some("eng"), "QuickTime's 0"),
        (0x7fff, vec![], None, "QuickTime's unspecified"),
        (0x15c7, elng(b"de-CH\0"), Some("de-CH"), "§8.4.6"),
        (0x15c7, elng(b"\x1b[2J\0"), Some("eng"), "no tag"),
        (0x15c7, elng(&[b'a'; 99]), Some("eng"), "too long for a tag"),
    ];
    for (language, more_in_mdia, want, why) in cases {
        assert_eq!(only(Made { language, more_in_mdia, ..video() }).language.as_deref(), want, "{why}");
    }
}

#[test]
fn edits_delay_and_skip() {
    let edts = |version, entries: &[u32], count: u32| {
        let body = [words(&[count]), words(entries)].concat();
        boxed(b"edts", &full(b"elst", version, 0, &body))
    };
    let edited = |edts| only(Made { more_in_trak: edts, ..video() }).edits;
    let normal = 0x1_0000;

    let delayed = edited(edts(0, &[500, u32::MAX, normal, 2_000, 1_024, normal], 2));
    assert_eq!((delayed.delay(), delayed.start(), delayed.are_complex()), (500, 1_024, false));
    assert_eq!(delayed.first[1], Edit { duration: 2_000, media_time: Some(1_024), rate: normal });

    let large = edited(edts(1, &[0, 500, u32::MAX, u32::MAX, normal, 1, 0, 1, 5, normal], 2));
    assert_eq!((large.delay(), large.start()), (500, (1 << 32) + 5));

    assert!(edited(edts(0, &[1_000, 0, normal, 1_000, 9_000, normal], 2)).are_complex(), "a cut");
    assert!(edited(edts(0, &[1_000, 0, normal / 2], 1)).are_complex(), "slow motion");
    let many = edited(edts(0, &[1_000, u32::MAX, normal].repeat(500), 500));
    assert_eq!((many.count, many.first.len(), many.are_complex()), (500, 64, true));
    assert_eq!(edited(vec![]).count, 0);

    let claims = probe(&moov(&[Made { more_in_trak: edts(0, &[1, 1, 1], u32::MAX), ..video() }]));
    assert_eq!(claims, Err(Malformed::Count(FourCc(*b"elst"))));
}

#[test]
fn hevc_that_may_be_renamed_is_seen() {
    let can = |kind, arrays: &[u8]| only(Made::video(video_entry(kind, &hvcc(arrays)), 0, &[1])).can_be_hvc1;
    assert!(can(b"hev1", &[0x20, 0x21, 0x22]));
    assert!(can(b"hev1", &[0xa0, 0xa1, 0xa2, 0x27]), "array_completeness is no part of the type");
    assert!(!can(b"hev1", &[0x20, 0x21]), "no picture parameter set");
    assert!(!can(b"hvc1", &[0x20, 0x21, 0x22]), "it has that name");
}

#[test]
fn rates_are_averages_and_say_if_they_vary() {
    let stts = |entries: &[[u32; 2]]| entries.iter().map(|entry| words(entry)).collect::<Vec<_>>();
    // The table of the film comes first, so the other one takes its place.
    let rate = |timescale, entries: &[[u32; 2]]| {
        let samples = entries.iter().map(|[count, _]| *count).sum::<u32>();
        let made = Made {
            timescale,
            delta: 9,
            ..Made::video(avc1(), 0, &vec![1; usize::try_from(samples).unwrap()])
        };
        let old = table(b"stts", &[words(&[samples, 9])]);
        let new = table(b"stts", &stts(entries));
        let movie = replaced(&moov(&[made]), &old, &new);
        let track = probe(&movie).unwrap().tracks.remove(0);
        (track.frame_rate().map(|rate| rate.to_string()).unwrap_or_default(), track.samples.is_steady)
    };
    assert_eq!(rate(30_000, &[[300, 1_001]]), ("29.97".to_owned(), true));
    assert_eq!(rate(30_000, &[[299, 1_001], [1, 5]]), ("30.07".to_owned(), true), "a last one of any length");
    assert_eq!(rate(600, &[[10, 20], [10, 40]]), ("20".to_owned(), false));
    assert_eq!(rate(600, &[[10, 0]]), (String::new(), true), "no time at all");
}

#[test]
fn reasons_to_leave_it_alone_are_seen() {
    let made = Made { reference: 0, ..video() };
    let external = probe(&moov(&[made])).unwrap();
    assert!(external.has_external_data());
    assert_eq!(external.media_end(), 0, "they are offsets in another file");
    let fragmented = probe(&boxed(b"moov", &movie(&[video()], &boxed(b"mvex", b"")))).unwrap();
    assert!(fragmented.has_fragments);
    let compressed = probe(&boxed(b"moov", &boxed(b"cmov", &[0; 20]))).unwrap();
    assert_eq!(compressed, Movie { is_compressed: true, ..Movie::default() });
}

#[test]
fn sizes_may_be_compact_or_all_the_same() {
    let end = |stsz: Vec<u8>| {
        let made = Made { per_chunk: vec![3, 2], offsets: vec![100, 1_000], ..video() };
        let made = Made { sizes: vec![1; 5], ..made };
        let old = full(b"stsz", 0, 0, &words(&[0, 5, 1, 1, 1, 1, 1]));
        let track = probe(&replaced(&moov(&[made]), &old, &stsz)).unwrap().tracks.remove(0);
        (track.samples.bytes, track.samples.end)
    };
    let stz2 = |bits, sizes: &[u8]| full(b"stz2", 0, 0, &[&words(&[bits, 5])[..], sizes].concat());
    assert_eq!(end(full(b"stsz", 0, 0, &words(&[7, 5]))), (35, 1_014), "§8.7.3.2: one size for all");
    assert_eq!(end(stz2(4, &[0x12, 0x34, 0x50])), (15, 1_009), "§8.7.3.3: four bits");
    assert_eq!(end(stz2(8, &[1, 2, 3, 4, 5])), (15, 1_009), "§8.7.3.3: eight bits");
    assert_eq!(end(stz2(16, &[0, 1, 0, 2, 0, 3, 1, 4, 1, 5])), (527, 1_521), "§8.7.3.3: sixteen bits");
}

#[test]
fn the_size_of_quicktime_sound_is_that_of_its_packets() {
    let samples = 10;
    let same = |made: Made| {
        let old = full(b"stsz", 0, 0, &[words(&[0, samples]), words(&[1; 10])].concat());
        let new = full(b"stsz", 0, 0, &words(&[1, samples]));
        probe(&replaced(&moov(&[made]), &old, &new)).unwrap().tracks.remove(0).samples.end
    };
    let alaw = Made::audio(audio_entry(b"alaw", b""), 100, &[1; 10]);
    assert_eq!(same(alaw), 120, "two channels of a byte");
    let pcm = Made::audio(audio_entry(b"sowt", b""), 100, &[1; 10]);
    assert_eq!(same(pcm), 140, "two channels of 16 bits");
    let fields = [super::make::audio_fields(1, 2, 16), words(&[4, 17, 34, 2])].concat();
    let ima4 = Made::audio(boxed(b"ima4", &fields), 100, &[1; 10]);
    assert_eq!(same(ima4), 100 + 3 * 34, "QuickTime 1: packets of four samples, the last one of two");
}

/// The movie with a table in the place of another, and the sizes around it.
fn replaced(moov: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let at = moov.windows(old.len()).position(|window| window == old).expect("the table to replace");
    let mut out = [&moov[..at], new, &moov[at + old.len()..]].concat();
    let grown = i64::try_from(new.len()).unwrap() - i64::try_from(old.len()).unwrap();
    for kind in [b"moov", b"trak", b"mdia", b"minf", b"stbl"] {
        let at = out.windows(4).position(|window| window == kind).unwrap() - 4;
        let size = u32::from_be_bytes(out[at..at + 4].try_into().unwrap());
        let size = u32::try_from(i64::from(size) + grown).unwrap();
        out[at..at + 4].copy_from_slice(&size.to_be_bytes());
    }
    out
}
