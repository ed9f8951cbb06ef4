//! The `codecs` parameter of codings, with their channels and rates.

use super::make::{Track as Made, UPRIGHT};
use super::make::{audio_entry, audio_fields, avc1, boxed, full, hvcc, moov, video_entry, words};
use crate::mp4::{Sound, Track, probe};

/// The one track of a movie with this sample entry.
fn track(handler: &[u8; 4], entry: Vec<u8>) -> Track {
    let made = Made { handler: *handler, matrix: UPRIGHT, ..Made::video(entry, 100, &[1]) };
    probe(&moov(&[made])).unwrap().tracks.remove(0)
}

fn name(track: &Track) -> &str {
    track.codec.as_ref().map_or("", |codec| codec.name.as_str())
}

/// `esds` with one descriptor in the other.
fn esds(object_type: u8, specific: &[u8]) -> Vec<u8> {
    let tagged = |tag: u8, body: &[u8]| {
        let len = u8::try_from(body.len()).unwrap();
        // In four groups, as QuickTime and ffmpeg write it.
        [&[tag, 0x80, 0x80, 0x80, len][..], body].concat()
    };
    let config = [&[object_type, 0x15][..], &[0; 11], &tagged(5, specific)].concat();
    full(b"esds", 0, 0, &tagged(3, &[&[0, 1, 0][..], &tagged(4, &config)].concat()))
}

#[test]
fn pictures_are_named() {
    let hevc = |kind, general: &[u8]| video_entry(kind, &boxed(b"hvcC", &[general, &[0; 10]].concat()));
    let frma = boxed(b"sinf", &boxed(b"frma", b"avc1"));
    let avcc = boxed(b"avcC", &[1, 0x4d, 0x40, 0x28]);
    let cases: [(&str, Vec<u8>, &str, &str); 17] = [
        ("H.264", avc1(), "avc1.64001F", "RFC 6381 §3.3"),
        ("in-band sets", video_entry(b"avc3", &avcc), "avc3.4D4028", "RFC 6381 §3.3"),
        ("without avcC", video_entry(b"avc1", b""), "avc1", "nothing more is known"),
        ("short avcC", video_entry(b"avc1", &boxed(b"avcC", &[1, 0x4d])), "avc1", "nothing more is known"),
        ("HEVC Main", video_entry(b"hvc1", &hvcc(&[])), "hvc1.1.6.L93.90", "14496-15 §E.3"),
        (
            "HEVC high tier",
            hevc(b"hev1", &[1, 0x62, 0x20, 0, 0, 0, 0xb0, 0, 0, 0, 0, 0, 120]),
            "hev1.A2.4.H120.B0",
            "§E.3: profile space, tier; all zero bytes behind are left out",
        ),
        (
            "HEVC inner zeros",
            hevc(b"hvc1", &[1, 4, 8, 0, 0, 0, 0x9e, 0, 8, 0, 0, 0, 153]),
            "hvc1.4.10.L153.9E.0.8",
            "§E.3",
        ),
        (
            "Dolby Vision",
            video_entry(b"dvh1", &boxed(b"dvcC", &[1, 0, 0x10, 0x4d])),
            "dvh1.08.09",
            "Dolby: seven bits and six",
        ),
        (
            "AV1",
            video_entry(b"av01", &boxed(b"av1C", &[0x81, 0x08, 0x0c])),
            "av01.0.08M.08",
            "AV1 binding §5",
        ),
        (
            "AV1 in 10 bits",
            video_entry(b"av01", &boxed(b"av1C", &[0x81, 0x2d, 0xcc])),
            "av01.1.13H.10",
            "AV1 binding §5",
        ),
        (
            "VP9",
            video_entry(b"vp09", &full(b"vpcC", 1, 0, &[2, 31, 0xa2, 1, 1, 1, 0, 0])),
            "vp09.02.31.10",
            "VP binding",
        ),
        (
            "MPEG-4",
            video_entry(b"mp4v", &esds(0x20, &[0, 0, 1, 0xb0, 0xf3])),
            "mp4v.20.243",
            "RFC 6381 §3.3: decimal",
        ),
        ("MPEG-4 unknown", video_entry(b"mp4v", &esds(0x20, &[])), "mp4v.20", "RFC 6381 §3.3"),
        ("MPEG-2", video_entry(b"mp4v", &esds(0x61, &[])), "mp4v.61", "mp4ra.org"),
        ("Motion JPEG", video_entry(b"jpeg", b""), "jpeg", "four characters"),
        ("encrypted", video_entry(b"encv", &[avcc.clone(), frma].concat()), "avc1.4D4028", "§8.12"),
        ("a stranger", video_entry(b"\x1b[2J", b""), "\\x1b[2J", "a terminal must not obey it"),
    ];
    for (about, entry, want, why) in cases {
        assert_eq!(name(&track(b"vide", entry)), want, "{about}: {why}");
    }
}

#[test]
fn an_encrypted_entry_says_so() {
    let frma = boxed(b"sinf", &boxed(b"frma", b"mp4a"));
    let entry = audio_entry(b"enca", &[esds(0x40, &[0x11, 0x90]), frma].concat());
    let codec = track(b"soun", entry).codec.unwrap();
    assert_eq!((codec.name.as_str(), codec.is_encrypted), ("mp4a.40.2", true));
    assert_eq!((codec.entry.to_string(), codec.format.to_string()), ("enca".into(), "mp4a".into()));
}

/// About, entry, name, channels and rate, why.
type Heard = (&'static str, Vec<u8>, &'static str, (u32, u32), &'static str);

#[test]
fn sound_is_named_and_heard() {
    let quicktime_1 = |more: &[u8]| {
        let fields = [audio_fields(1, 2, 16), words(&[1_024, 2, 4, 2])].concat();
        boxed(b"mp4a", &[&fields, more].concat())
    };
    let wave = boxed(b"wave", &[boxed(b"frma", b"mp4a"), esds(0x40, &[0x12, 0x08])].concat());
    let lpcm = [
        audio_fields(2, 3, 16),
        words(&[72, 0x40f7_7000, 0, 6, 0x7f00_0000, 24, 0, 18, 1]), // 96000.0 as a double
    ];
    let opus = boxed(b"dOps", &[0, 6, 1, 0x38, 0, 0, 0xbb, 0x80, 0, 0, 0]);
    // 88200 in 20 bits, then 2 channels less one in three.
    let flac = full(b"dfLa", 0, 0, &[&[0x80, 0, 0, 34][..], &[0; 10], &[0x15, 0x88, 0x82, 0xf0]].concat());
    let alac = full(b"alac", 0, 0, &[&[0; 9][..], &[1], &[0; 10], &44_100_u32.to_be_bytes()].concat());
    let cases: [Heard; 16] = [
        ("AAC", audio_entry(b"mp4a", &esds(0x40, &[0x11, 0x90])), "mp4a.40.2", (2, 48_000), "14496-3 §1.6"),
        (
            "mono",
            audio_entry(b"mp4a", &esds(0x40, &[0x12, 0x08])),
            "mp4a.40.2",
            (1, 44_100),
            "the entry says 2",
        ),
        (
            "5.1",
            audio_entry(b"mp4a", &esds(0x40, &[0x11, 0xb0])),
            "mp4a.40.2",
            (6, 48_000),
            "the entry says 2",
        ),
        (
            "HE-AAC",
            audio_entry(b"mp4a", &esds(0x40, &[0x2b, 0x11, 0x88, 0])),
            "mp4a.40.5",
            (2, 48_000),
            "24 kHz are coded, 48 heard",
        ),
        (
            "HE-AAC v2",
            audio_entry(b"mp4a", &esds(0x40, &[0xeb, 0x09, 0x88, 0])),
            "mp4a.40.29",
            (2, 48_000),
            "one channel is coded, two heard",
        ),
        (
            "xHE-AAC",
            audio_entry(b"mp4a", &esds(0x40, &[0xf9, 0x46, 0x40])),
            "mp4a.40.42",
            (2, 48_000),
            "object types from 32 on take 11 bits",
        ),
        ("MP3", audio_entry(b"mp4a", &esds(0x6b, &[])), "mp4a.6B", (2, 48_000), "mp4ra.org"),
        ("QuickTime 1", quicktime_1(&wave), "mp4a.40.2", (1, 44_100), "QuickTime: esds lies in wave"),
        ("QuickTime 2", boxed(b"lpcm", &lpcm.concat()), "lpcm", (6, 96_000), "QuickTime: a double"),
        ("Opus", audio_entry(b"Opus", &opus), "Opus", (6, 48_000), "always decoded at 48 kHz"),
        ("FLAC", audio_entry(b"fLaC", &flac), "fLaC", (2, 88_200), "a rate over 16 bits"),
        ("ALAC", audio_entry(b"alac", &alac), "alac", (1, 44_100), "the cookie knows"),
        ("AC-3", audio_entry(b"ac-3", &boxed(b"dac3", &[0x10, 0x3d, 0xc0])), "ac-3", (6, 48_000), "§F.4"),
        ("E-AC-3", audio_entry(b"ec-3", &boxed(b"dec3", &[6, 0, 0x60, 4, 0])), "ec-3", (2, 44_100), "§F.6"),
        ("A-law", audio_entry(b"alaw", b""), "alaw", (2, 48_000), "four characters"),
        ("PCM", audio_entry(b"sowt", b""), "sowt", (2, 48_000), "four characters"),
    ];
    for (about, entry, want, (channels, sample_rate), why) in cases {
        let track = track(b"soun", entry);
        assert_eq!(name(&track), want, "{about}: {why}");
        assert_eq!(track.sound, Some(Sound { channels, sample_rate }), "{about}: {why}");
    }
}

#[test]
fn depth_is_known_where_it_matters() {
    let depth = |entry| track(b"vide", entry).codec.unwrap().bit_depth;
    assert_eq!(depth(avc1()), Some(8));
    assert_eq!(depth(video_entry(b"hvc1", &hvcc(&[]))), Some(8));
    assert_eq!(depth(video_entry(b"av01", &boxed(b"av1C", &[0x81, 0x08, 0x6c]))), Some(12));
    assert_eq!(depth(video_entry(b"jpeg", b"")), None);
}
