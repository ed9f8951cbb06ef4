//! Rules about files.

use std::collections::BTreeSet;

use crate::doctor::facts::{End, FileFacts, Index, Repair, TrackFacts};
use crate::doctor::rules::{self, Browser, Effect};
use crate::doctor::verdict::{ServedBy, Verdict, of_file};
use crate::doctor::verdict_of_file;

fn track(kind: &'static str, format: &str, codec: &str) -> TrackFacts {
    TrackFacts {
        kind,
        codec: codec.to_owned(),
        format: format.to_owned(),
        is_encrypted: false,
        bit_depth: Some(8),
        can_be_hvc1: false,
        has_several_codings: false,
        has_complex_edits: false,
        width: 1920,
        height: 1080,
        rotation: Some(90),
        frame_rate: None,
        channels: 2,
        sample_rate: 48_000,
        language: None,
    }
}

/// What plays everywhere: H.264 and AAC, the index in front, turned as phones do.
fn healthy() -> FileFacts {
    FileFacts {
        index: Index::First,
        end: End::Whole,
        tracks: vec![track("video", "avc1", "avc1.64001F"), track("audio", "mp4a", "mp4a.40.2")],
        media_end: 9_000,
        duration_ms: Some(60_000),
        ..FileFacts::of_other("video/mp4", 10_000)
    }
}

fn other(content_type: &str) -> FileFacts {
    FileFacts::of_other(content_type, 10_000)
}

fn with(change: impl FnOnce(&mut FileFacts)) -> FileFacts {
    let mut file = healthy();
    change(&mut file);
    file
}

fn video(format: &str, codec: &str) -> FileFacts {
    with(|file| file.tracks[0] = track("video", format, codec))
}

fn audio(format: &str) -> FileFacts {
    with(|file| file.tracks[1] = track("audio", format, format))
}

fn ids(file: &FileFacts) -> BTreeSet<&'static str> {
    of_file(file, ServedBy::Anybody).iter().map(|finding| finding.rule).collect()
}

#[test]
fn each_rule_about_files_fires_on_its_case() {
    let end = |missing| with(|file| file.end = End::CutOff(missing));
    let index = |index| with(|file| file.index = index);
    let cases: Vec<(&str, FileFacts)> = vec![
        ("empty-file", FileFacts::of_other("application/octet-stream", 0)),
        ("not-a-video", other("application/octet-stream")),
        ("container-not-played", other("video/x-msvideo")),
        ("container-matroska", other("video/x-matroska")),
        ("container-ogg", other("video/ogg")),
        ("growing", with(|file| (file.is_growing, file.is_fragmented) = (true, true))),
        ("no-index", index(Index::None)),
        ("damaged-index", index(Index::Damaged("the box trak stands twice".to_owned()))),
        ("compressed-index", index(Index::Compressed)),
        ("cut-off", end(1)),
        ("cut-off", with(|file| file.media_end = 10_001)),
        ("ended-at-a-limit", with(|file| file.len = 1_073_726_464)),
        ("index-last", index(Index::Last)),
        ("fragmented", with(|file| file.is_fragmented = true)),
        ("data-elsewhere", with(|file| file.has_external_data = true)),
        ("encrypted", with(|file| file.tracks[0].is_encrypted = true)),
        ("hev1", video("hev1", "hev1.1.6.L93.90")),
        ("hevc", video("hvc1", "hvc1.1.6.L93.90")),
        ("av1", video("av01", "av01.0.04M.08")),
        ("vp-in-mp4", video("vp09", "vp09.00.10.08")),
        ("video-coding-old", video("mp4v", "mp4v.20.9")),
        ("video-coding-studio", video("apcn", "apcn")),
        ("h264-profile", video("avc1", "avc1.7A0028")),
        ("audio-g711", audio("alaw")),
        ("audio-dolby", audio("ac-3")),
        ("audio-not-played", audio("dtsc")),
        ("audio-uncompressed", audio("sowt")),
        ("audio-alac", audio("alac")),
        ("mirrored", with(|file| file.tracks[0].rotation = None)),
        ("complex-edits", with(|file| file.tracks[1].has_complex_edits = true)),
        ("coding-changes", with(|file| file.tracks[0].has_several_codings = true)),
        ("appended", with(|file| file.end = End::Appended(7))),
        ("not-fully-read", index(Index::Unseen)),
        ("not-fully-read", with(|file| file.tracks.clear())),
    ];
    for (id, file) in &cases {
        assert!(ids(file).contains(id), "{id} does not fire: {:?}", ids(file));
    }
    let tried: BTreeSet<_> = cases.iter().map(|(id, _)| *id).collect();
    let all: BTreeSet<_> = rules::file().map(|rule| rule.id).collect();
    assert_eq!(tried, all, "rules without a case");
}

#[test]
fn no_rule_fires_on_what_plays_everywhere() {
    let cases = [
        (healthy(), "H.264, AAC, turned by a quarter"),
        (other("video/webm"), "WebM"),
        (other("audio/mpeg"), "sound alone"),
        (with(|file| file.len = (1 << 30) - (64 << 10) - 1), "a little further from the limit"),
        (with(|file| file.len = (1 << 30) + 1), "above it"),
        (with(|file| file.is_growing = true), "copied just now, complete"),
        (with(|file| file.media_end = 10_000), "pictures up to the last byte"),
        (video("avc1", "avc1.4D401F"), "Main"),
        (audio("Opus"), "Opus"),
        (audio("mp4a"), "AAC"),
    ];
    for (file, why) in cases {
        assert_eq!(ids(&file), BTreeSet::new(), "{why}");
    }
}

#[test]
fn what_reelgate_repairs_is_not_held_against_the_file() {
    let last = |repair| {
        with(|file| {
            file.index = Index::Last;
            file.faststart = repair;
        })
    };
    let effect = |file: &FileFacts, browser| verdict_of_file(file).effect(browser);
    assert_eq!(effect(&last(Repair::Done), Browser::Chrome), Effect::Repaired);
    let left_alone = last(Repair::LeftAlone("its box iloc holds places".to_owned()));
    assert_eq!(effect(&left_alone, Browser::Chrome), Effect::Degraded);
    let by_others = Verdict::of(of_file(&last(Repair::Done), ServedBy::Anybody));
    assert_eq!(by_others.effect(Browser::Chrome), Effect::Degraded, "a plain file server repairs nothing");

    let mut hev1 = video("hev1", "hev1.1.6.L93.90");
    assert_eq!(effect(&hev1, Browser::Safari), Effect::Fails);
    assert_eq!(effect(&hev1, Browser::Firefox), Effect::Unknown, "for other reasons");
    hev1.tracks[0].can_be_hvc1 = true;
    assert_eq!(effect(&hev1, Browser::Safari), Effect::Repaired);
}

#[test]
fn a_verdict_is_json_for_the_scan_to_keep() {
    let verdict = serde_json::to_value(verdict_of_file(&video("mp4v", "mp4v.20.9"))).unwrap();
    let chrome =
        serde_json::json!({ "browser": "chrome", "effect": "fails", "because": ["video-coding-old"] });
    assert_eq!(verdict["browsers"][1], chrome);
    assert_eq!(verdict["findings"][0]["layer"], "file");
    assert!(verdict["findings"][0]["cure"].as_str().unwrap().starts_with("ffmpeg -i IN "));
    let facts = serde_json::to_value(healthy()).unwrap();
    assert_eq!((&facts["index"]["place"], &facts["end"]["how"]), (&"first".into(), &"whole".into()));
}
