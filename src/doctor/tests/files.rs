//! Rules about files.

use std::collections::BTreeSet;

use crate::body::Container;
use crate::doctor::kept::{self, Kept};
use crate::doctor::rules::{self, Browser, Effect};
use crate::doctor::verdict::{ServedBy, Verdict, of_file};
use crate::mp4::tests::{make, walk};
use crate::probe::{Examined, Mp4, Parts, Place, Repair, State, Track, at_first_sight, describe};

fn track(kind: &'static str, format: &str, codec: &str) -> Track {
    let (codec, format) = (Some(codec.to_owned()), Some(format.to_owned()));
    Track { kind, codec, format, rotation: Some(90), ..Track::default() }
}

/// What plays everywhere: H.264 and AAC, the index in front, turned as phones do.
fn healthy() -> Examined {
    let tracks = vec![track("video", "avc1", "avc1.64001F"), track("audio", "mp4a", "mp4a.40.2")];
    Examined { tracks, ..up_to(usize::MAX) }
}

/// A film of which only so much is there. Its index has the same length wherever the samples lie.
fn up_to(len: usize) -> Examined {
    let moov = |at| make::moov(&[make::Track::video(make::avc1(), at, &[900])]);
    let head = make::ftyp().len() + moov(0).len() + 8;
    let moov = moov(u64::try_from(head).unwrap());
    let file = [make::ftyp(), moov.clone(), make::boxed(b"mdat", &[7; 900])].concat();
    let layout = walk(&file[..len.min(file.len())]);
    describe(&Parts { container: Container::Mp4, layout: &layout, moov: Some(&moov), last_moof: None })
}

fn other(container: Container) -> Examined {
    at_first_sight(container, 10_000)
}

fn mp4(change: impl FnOnce(&mut Mp4)) -> Examined {
    with(|file| change(file.mp4.as_mut().unwrap()))
}

fn with(change: impl FnOnce(&mut Examined)) -> Examined {
    let mut file = healthy();
    change(&mut file);
    file
}

fn video(format: &str, codec: &str) -> Examined {
    with(|file| file.tracks[0] = track("video", format, codec))
}

fn audio(format: &str) -> Examined {
    with(|file| file.tracks[1] = track("audio", format, format))
}

fn ids(file: &Examined) -> BTreeSet<&'static str> {
    of_file(file, ServedBy::Anybody).iter().map(|finding| finding.rule).collect()
}

#[test]
fn each_rule_about_files_fires_on_its_case() {
    let growing = |fragmented| {
        let file = mp4(|mp4| mp4.fragmented = fragmented);
        Examined { state: State::Broken, ..file }.while_growing()
    };
    let damaged = describe(&Parts {
        container: Container::Mp4,
        layout: &walk(&make::film(&[7; 900])),
        moov: Some(b"\0\0\0\x08moov"),
        last_moof: None,
    });
    let cases: Vec<(&str, Examined)> = vec![
        ("empty-file", at_first_sight(Container::Unknown, 0)),
        ("not-a-video", other(Container::Unknown)),
        ("container-not-played", other(Container::Avi)),
        ("container-matroska", other(Container::Matroska)),
        ("container-ogg", other(Container::Ogg)),
        ("growing", growing(false)),
        ("recording", growing(true)),
        ("no-index", mp4(|mp4| mp4.index = None)),
        ("damaged-index", damaged),
        ("compressed-index", mp4(|mp4| mp4.compressed = true)),
        ("cut-off", up_to(900)),
        ("ended-at-a-limit", with(|file| file.size = 1_073_726_464)),
        ("index-last", last(done(false))),
        ("fragmented", mp4(|mp4| mp4.fragmented = true)),
        ("data-elsewhere", mp4(|mp4| mp4.external_data = true)),
        ("encrypted", with(|file| file.tracks[0].encrypted = true)),
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
        ("mirrored", with(|file| file.tracks[0].mirrored = true)),
        ("complex-edits", with(|file| file.tracks[1].complex_edits = true)),
        ("coding-changes", with(|file| file.tracks[0].several_codings = true)),
        ("appended", mp4(|mp4| mp4.appended = 7)),
        ("not-fully-read", mp4(|mp4| (mp4.index, mp4.unseen_from) = (None, Some(9)))),
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
        (other(Container::WebM), "WebM"),
        (other(Container::Mp3), "sound alone"),
        (with(|file| file.size = (1 << 30) - (64 << 10) - 1), "a little further from the limit"),
        (with(|file| file.size = (1 << 30) + 1), "above it"),
        (up_to(usize::MAX), "pictures up to the last byte"),
        (video("avc1", "avc1.4D401F"), "Main"),
        (audio("Opus"), "Opus"),
        (audio("mp4a"), "AAC"),
    ];
    for (file, why) in cases {
        assert_eq!(ids(&file), BTreeSet::new(), "{why}");
    }
}

fn last(repair: Repair) -> Examined {
    mp4(|mp4| {
        mp4.index = mp4.index.map(|index| crate::probe::Index { place: Place::Last, ..index });
        mp4.faststart = Some(repair);
    })
}

fn done(done: bool) -> Repair {
    Repair { done, why: "it is so".to_owned() }
}

#[test]
fn what_reelgate_repairs_is_not_held_against_the_file() {
    let by = |file: &Examined, by, browser| Verdict::of(of_file(file, by)).effect(browser);
    let effect = |file: &Examined, browser| by(file, ServedBy::Reelgate, browser);
    assert_eq!(effect(&last(done(true)), Browser::Chrome), Effect::Repaired);
    assert_eq!(effect(&last(done(false)), Browser::Chrome), Effect::Degraded);
    let by_others = by(&last(done(true)), ServedBy::Anybody, Browser::Chrome);
    assert_eq!(by_others, Effect::Degraded, "a plain file server repairs nothing");

    let mut hev1 = video("hev1", "hev1.1.6.L93.90");
    assert_eq!(effect(&hev1, Browser::Safari), Effect::Fails);
    assert_eq!(effect(&hev1, Browser::Firefox), Effect::Unknown, "for other reasons");
    hev1.mp4.as_mut().unwrap().hvc1 = Some(done(true));
    assert_eq!(effect(&hev1, Browser::Safari), Effect::Repaired);
}

/// A fragment, and the beginning of another.
#[test]
fn a_recording_plays_while_it_grows_and_after_it_was_cut_off() {
    use Effect::{Degraded, NoSeek, Plays, Repaired};
    let moov = make::moov(&[make::Track::video(make::avc1(), 0, &[])]);
    let fragment = [make::boxed(b"moof", &[0; 20]), make::boxed(b"mdat", &[7; 300])].concat();
    let file = [make::ftyp(), moov.clone(), fragment.clone(), fragment[..200].to_vec()].concat();
    let parts = Parts { container: Container::Mp4, layout: &walk(&file), moov: Some(&moov), last_moof: None };
    let cut = describe(&parts);
    let growing = cut.clone().while_growing();
    let effects = |file: &Examined, by| {
        let browsers = Verdict::of(of_file(file, by)).browsers;
        browsers.iter().map(|outcome| outcome.effect).collect::<Vec<_>>()
    };
    assert_eq!(effects(&growing, ServedBy::Reelgate), [Plays; 3]);
    assert_eq!(effects(&cut, ServedBy::Reelgate), [Degraded, Repaired, Degraded]);
    assert_eq!(effects(&cut, ServedBy::Anybody), [NoSeek; 3]);
    assert_eq!((growing.state, cut.state), (State::Recording, State::Broken));

    let unfinished = Examined { state: State::Recording, ..mp4(|mp4| mp4.index = None) };
    let [finding] = &of_file(&unfinished, ServedBy::Reelgate)[..] else { panic!("said once") };
    assert!(finding.rule == "no-index" && finding.cure.as_ref().unwrap().starts_with("Wait"), "{finding:?}");
}

#[test]
fn a_verdict_is_json_for_the_scan_to_keep() {
    let verdict = Verdict::of(of_file(&video("mp4v", "mp4v.20.9"), ServedBy::Reelgate));
    let verdict = serde_json::to_value(verdict).unwrap();
    let chrome =
        serde_json::json!({ "browser": "chrome", "effect": "fails", "because": ["video-coding-old"] });
    assert_eq!(verdict["browsers"][1], chrome);
    assert_eq!(verdict["findings"][0]["layer"], "file");
    assert!(verdict["findings"][0]["cure"].as_str().unwrap().starts_with("ffmpeg -i IN "));
    let kept = Kept::of(&last(done(true)));
    let text = serde_json::to_string(&kept).unwrap();
    assert_eq!(serde_json::from_str::<Kept>(&text).unwrap(), kept);
}

#[test]
fn a_list_says_it_in_a_few_words() {
    let cases = [
        (healthy(), "plays", "plays"),
        (last(done(true)), "after repair", "flaws"),
        (last(done(false)), "flaws", "flaws"),
        (video("mp4v", "mp4v.20.9"), "not in Chrome, Firefox", "not in Chrome, Firefox"),
        (video("hvc1", "hvc1.1.6.L93.90"), "unknown in Chrome, Firefox", "unknown in Chrome, Firefox"),
        (audio("ac-3"), "flaws in Chrome, Firefox", "flaws in Chrome, Firefox"),
        (up_to(900), "no seeking", "no seeking"),
        (other(Container::Unknown), "in none", "in none"),
    ];
    for (file, repaired, as_it_is) in cases {
        let kept = Kept::of(&file);
        let words = [true, false].map(|repairs| kept::summary(kept.outcomes(repairs)));
        assert_eq!(words, [repaired, as_it_is], "{:?}", ids(&file));
    }
}
