//! The chapter about files: container, index, end, codings.

use crate::doctor::cures::Cure;
use crate::doctor::facts::{End, FileFacts, Index, Repair, TrackFacts};
use crate::doctor::rules::Effect::{Degraded, Fails, NoSeek, Plays, Unknown};
use crate::doctor::rules::{Rule, never};

const TO_MP4: &str = "ffmpeg -i IN -c:v libx264 -pix_fmt yuv420p -c:a aac -movflags +faststart OUT.mp4";
const NEW_SOUND: &str = "ffmpeg -i IN -c:v copy -c:a aac -movflags +faststart OUT.mp4";
const REWRAP: &str = "ffmpeg -i IN -c copy -movflags +faststart OUT.mp4";
const RECORD_IN_PIECES: &str = "Record with  -movflags +frag_keyframe+empty_moov  so that an interrupted recording plays up to its end; for this one, untrunc with a good file of the same camera";

pub const RULES: &[Rule<FileFacts>] = &[
    Rule {
        id: "empty-file",
        seen: |file| (file.len == 0).then(|| "0 bytes".to_owned()),
        effect: [Fails, Fails, Fails],
        reason: "There is nothing in the file.",
        cure: Cure::Line("Copy or record it again"),
        source: "measured: error code 4 in all three",
        is_repaired: never,
    },
    Rule {
        id: "not-a-video",
        seen: |file| is(file, "application/octet-stream").filter(|_| file.len > 0),
        effect: [Fails, Fails, Fails],
        reason: "Its first bytes are of no container that a browser plays.",
        cure: Cure::Line(TO_MP4),
        source: "src/body/container.rs, the allow-list",
        is_repaired: never,
    },
    Rule {
        id: "container-not-played",
        seen: |file| {
            let old = ["video/mp2t", "video/mpeg", "video/x-msvideo", "video/x-flv"];
            old.iter().find_map(|kind| is(file, kind))
        },
        effect: [Fails, Fails, Fails],
        reason: "No browser plays this container in a <video>.",
        cure: Cure::Line(
            "ffmpeg -i IN -c copy -movflags +faststart OUT.mp4  if it holds H.264 and AAC; else with -c:v libx264 -c:a aac",
        ),
        source: "MDN, Media container formats",
        is_repaired: never,
    },
    Rule {
        id: "container-matroska",
        seen: |file| is(file, "video/x-matroska"),
        effect: [Fails, Plays, Plays],
        reason: "Safari does not open Matroska; Chrome and Firefox open some of it.",
        cure: Cure::Line(REWRAP),
        source: "measured: H.264 with AAC plays in Chromium and Firefox; MDN, Media container formats, for Safari",
        is_repaired: never,
    },
    Rule {
        id: "container-ogg",
        seen: |file| is(file, "video/ogg"),
        effect: [Fails, Unknown, Unknown],
        reason: "Safari does not open Ogg, and Theora has been taken out of Chrome and Firefox.",
        cure: Cure::Line(TO_MP4),
        source: "Chrome Platform Status, \"Deprecate and remove Theora support\"",
        is_repaired: never,
    },
    Rule {
        id: "growing",
        seen: |file| {
            let is_complete = matches!(file.index, Index::First | Index::Last) && file.missing() == 0;
            (file.is_growing && (!is_complete || file.is_fragmented))
                .then(|| "written to within the last seconds".to_owned())
        },
        effect: [Degraded, Degraded, Degraded],
        reason: "Somebody is still writing to the file: what plays now ends where it ends now, if it plays at all.",
        cure: Cure::Line("Wait until it is finished"),
        source: "ISO/IEC 14496-12 §8.8",
        is_repaired: never,
    },
    Rule {
        id: "no-index",
        seen: |file| {
            (matches!(file.index, Index::None) && !file.is_fragmented).then(|| "no moov box".to_owned())
        },
        effect: [Fails, Fails, Fails],
        reason: "The recording was interrupted, or is still running: its index is written at the very end, and is not there.",
        cure: Cure::Line(RECORD_IN_PIECES),
        source: "measured: error code 4 in all three",
        is_repaired: never,
    },
    Rule {
        id: "damaged-index",
        seen: |file| match &file.index {
            Index::Damaged(problem) => Some(problem.clone()),
            _ => None,
        },
        effect: [Unknown, Unknown, Unknown],
        reason: "The index contradicts itself, and players differ in what they make of it.",
        cure: Cure::Line(REWRAP),
        source: "ISO/IEC 14496-12 §4.2, §8",
        is_repaired: never,
    },
    Rule {
        id: "compressed-index",
        seen: |file| matches!(file.index, Index::Compressed).then(|| "a cmov box".to_owned()),
        effect: [Unknown, Fails, Fails],
        reason: "The index is compressed in a way that only QuickTime reads.",
        cure: Cure::Line(REWRAP),
        source: "QuickTime File Format, \"Compressed movie resources\"",
        is_repaired: never,
    },
    Rule {
        id: "cut-off",
        seen: |file| {
            let has_index = matches!(file.index, Index::First | Index::Last) || file.is_fragmented;
            let missing = Some(file.missing()).filter(|missing| has_index && *missing > 0)?;
            Some(format!("{missing} bytes of what the file says it holds are missing"))
        },
        effect: [NoSeek, NoSeek, NoSeek],
        reason: "The file ends before its pictures do: it starts, and seeking behind the cut fails.",
        cure: Cure::Line(
            "Copy it again from where it came; what is there is kept by: ffmpeg -i IN -c copy -movflags +faststart OUT.mp4",
        ),
        source: "measured: metadata is fine, a seek past the cut fails in all three",
        is_repaired: never,
    },
    Rule {
        id: "ended-at-a-limit",
        seen: |file| {
            let limits = [1_u64 << 30, 1 << 31, 1 << 32];
            let limit = limits.iter().find(|limit| **limit >= file.len && **limit - file.len <= 64 << 10)?;
            Some(format!("{} bytes, {} below {} GiB", file.len, limit - file.len, limit >> 30))
        },
        effect: [Plays, Plays, Plays],
        reason: "A length just below a round number is mostly a limit on file sizes that ended the recording, and not its content.",
        cure: Cure::Line(
            "Look for  ulimit -f,  -fs  in the recorder's command,  LimitFSIZE=  in its unit, or a FAT file system",
        ),
        source: "a camera's recording that ended at 1,073,726,464 bytes",
        is_repaired: never,
    },
    Rule {
        id: "index-last",
        seen: |file| {
            let kept = match &file.faststart {
                Repair::LeftAlone(why) => format!("; it stays there: {why}"),
                _ => String::new(),
            };
            matches!(file.index, Index::Last).then(|| format!("moov behind mdat{kept}"))
        },
        effect: [Degraded, Degraded, Degraded],
        reason: "The index stands at the end, so a player has to fetch it by a second request before it can start, and over a server without ranges it must load everything.",
        cure: Cure::Line(REWRAP),
        source: "measured: two to three requests more before the first picture in all three",
        is_repaired: |file| file.faststart == Repair::Done,
    },
    Rule {
        id: "fragmented",
        seen: |file| file.is_fragmented.then(|| "fragments (moof)".to_owned()),
        effect: [Degraded, Plays, Degraded],
        reason: "A fragmented file has no table of the whole: the duration grows while it loads, and the end may be missed.",
        cure: Cure::Line(REWRAP),
        source: "measured: Firefox's duration is 2.0 or Infinity at loadedmetadata, WebKit stops at 58.08 of 60 s",
        is_repaired: never,
    },
    Rule {
        id: "data-elsewhere",
        seen: |file| file.has_external_data.then(|| "a data reference to another file".to_owned()),
        effect: [Fails, Fails, Fails],
        reason: "The pictures lie in another file, which a browser never opens.",
        cure: Cure::Line(REWRAP),
        source: "ISO/IEC 14496-12 §8.7.2",
        is_repaired: never,
    },
    Rule {
        id: "encrypted",
        seen: |file| file.tracks.iter().find(|track| track.is_encrypted).map(|track| track.codec.clone()),
        effect: [Fails, Fails, Fails],
        reason: "It is encrypted, and a plain <video> has no key.",
        cure: Cure::Line("Use the copy that is not protected"),
        source: "ISO/IEC 14496-12 §8.12",
        is_repaired: never,
    },
    Rule {
        id: "hev1",
        seen: |file| coded(file.video(), &["hev1"]),
        effect: [Fails, Plays, Plays],
        reason: "HEVC under the name hev1: Apple's players ask for hvc1, and show nothing.",
        cure: Cure::Line("ffmpeg -i IN -c copy -tag:v hvc1 -movflags +faststart OUT.mp4"),
        source: "Apple, HLS Authoring Specification 1.10; ISO/IEC 14496-15 §8.4.1.1",
        is_repaired: |file| {
            file.video().filter(|track| track.format == "hev1").all(|track| track.can_be_hvc1)
        },
    },
    Rule {
        id: "hevc",
        seen: |file| coded(file.video(), &["hev1", "hvc1"]),
        effect: [Plays, Unknown, Unknown],
        reason: "Chrome and Firefox play HEVC only where the system or its graphics card decodes it; elsewhere there is sound and no picture.",
        cure: Cure::Line(TO_MP4),
        source: "measured: Debian's Chromium shows nothing, Firefox ESR 153 plays; Chrome Platform Status, \"HEVC (hardware)\"",
        is_repaired: never,
    },
    Rule {
        id: "av1",
        seen: |file| coded(file.video(), &["av01"]),
        effect: [Unknown, Plays, Plays],
        reason: "Safari plays AV1 only on devices that decode it in hardware.",
        cure: Cure::Line(TO_MP4),
        source: "WebKit, \"Features in Safari 17.0\"",
        is_repaired: never,
    },
    Rule {
        id: "vp-in-mp4",
        seen: |file| coded(file.video(), &["vp08", "vp09"]),
        effect: [Unknown, Plays, Plays],
        reason: "VP8 and VP9 are at home in WebM; Safari does not promise to find them in MP4.",
        cure: Cure::Line("ffmpeg -i IN -c copy OUT.webm  if the sound is Opus"),
        source: "MDN, Web video codec guide",
        is_repaired: never,
    },
    Rule {
        id: "video-coding-old",
        seen: |file| {
            coded(
                file.video(),
                &[
                    "mp4v", "s263", "h263", "SVQ3", "SVQ1", "cvid", "jpeg", "mjpa", "mjpb", "rle ", "dvc ",
                    "dvcp", "mp2v", "m2v1", "xd5c",
                ],
            )
        },
        effect: [Unknown, Fails, Fails],
        reason: "Browsers have no decoder for this coding of pictures: there is sound and no picture.",
        cure: Cure::Line(TO_MP4),
        source: "measured for MPEG-4 part 2: videoWidth 0 in Chromium and Firefox; MDN, Web video codec guide",
        is_repaired: never,
    },
    Rule {
        id: "video-coding-studio",
        seen: |file| {
            coded(file.video(), &["apcn", "apch", "apcs", "apco", "ap4h", "ap4x", "AVdn", "AVdh", "CFHD"])
        },
        effect: [Unknown, Fails, Fails],
        reason: "This is a coding for cutting rooms; browsers have no decoder for it.",
        cure: Cure::Line(TO_MP4),
        source: "MDN, Web video codec guide",
        is_repaired: never,
    },
    Rule {
        id: "h264-profile",
        seen: |file| {
            let deep = |track: &&TrackFacts| {
                let profile = track.codec.get(5..7).unwrap_or_default();
                track.format.starts_with("avc") && ["6E", "7A", "F4", "2C"].contains(&profile)
            };
            file.video().find(deep).map(|track| track.codec.clone())
        },
        effect: [Unknown, Plays, Plays],
        reason: "More than 8 bits or more colour than 4:2:0: decoders in hardware refuse it.",
        cure: Cure::Line("ffmpeg -i IN -c:v libx264 -pix_fmt yuv420p -c:a copy -movflags +faststart OUT.mp4"),
        source: "measured for 10 bits and 4:2:2: Chromium and Firefox play; ITU-T H.264 Annex A",
        is_repaired: never,
    },
    Rule {
        id: "audio-g711",
        seen: |file| coded(file.audio(), &["alaw", "ulaw"]),
        effect: [Unknown, Plays, Degraded],
        reason: "The sound is G.711 (A-law or µ-law), as cameras record it: Firefox plays the film silently.",
        cure: Cure::Line(NEW_SOUND),
        source: "measured for A-law: sound in Chromium, none in Firefox",
        is_repaired: never,
    },
    Rule {
        id: "audio-dolby",
        seen: |file| coded(file.audio(), &["ac-3", "ec-3"]),
        effect: [Plays, Degraded, Degraded],
        reason: "Chrome and Firefox do not decode Dolby Digital: the film is silent.",
        cure: Cure::Line(NEW_SOUND),
        source: "measured for AC-3: no sound in Chromium and Firefox; MDN, Web audio codec guide, for Safari",
        is_repaired: never,
    },
    Rule {
        id: "audio-not-played",
        seen: |file| {
            coded(
                file.audio(),
                &[
                    "dtsc", "dtse", "dtsh", "dtsl", "mlpa", "samr", "sawb", "QDM2", "ima4", "MAC3", "MAC6",
                    "QDMC",
                ],
            )
        },
        effect: [Unknown, Degraded, Degraded],
        reason: "Browsers do not decode this sound: the film is silent.",
        cure: Cure::Line(NEW_SOUND),
        source: "MDN, Web audio codec guide",
        is_repaired: never,
    },
    Rule {
        id: "audio-uncompressed",
        seen: |file| {
            coded(
                file.audio(),
                &["sowt", "twos", "lpcm", "ipcm", "fpcm", "in24", "in32", "fl32", "fl64", "raw "],
            )
        },
        effect: [Plays, Plays, Degraded],
        reason: "Uncompressed sound, as cameras and editors write it: Firefox plays the film silently.",
        cure: Cure::Line(NEW_SOUND),
        source: "measured for 16 bits: sound in Chromium, none in Firefox; MDN, Web audio codec guide, for Safari",
        is_repaired: never,
    },
    Rule {
        id: "audio-alac",
        seen: |file| coded(file.audio(), &["alac"]),
        effect: [Plays, Unknown, Unknown],
        reason: "Apple Lossless is Apple's: the film may be silent elsewhere.",
        cure: Cure::Line(NEW_SOUND),
        source: "MDN, Web audio codec guide; not measured",
        is_repaired: never,
    },
    Rule {
        id: "mirrored",
        seen: |file| {
            file.video()
                .any(|track| track.rotation.is_none())
                .then(|| "a matrix that is no quarter turn".to_owned())
        },
        effect: [Unknown, Unknown, Unknown],
        reason: "The picture is to be mirrored or sheared, which browsers do in ways of their own; quarter turns are fine everywhere.",
        cure: Cure::Line(
            "ffmpeg -i IN -c:v libx264 -c:a copy -movflags +faststart OUT.mp4  turns the picture itself",
        ),
        source: "ISO/IEC 14496-12 §6.2.2; not measured",
        is_repaired: never,
    },
    Rule {
        id: "complex-edits",
        seen: |file| {
            let cut = file.tracks.iter().find(|track| track.has_complex_edits);
            cut.map(|track| format!("an edit list of several pieces in the {} track", track.kind))
        },
        effect: [Unknown, Unknown, Unknown],
        reason: "The file says which pieces of it are to be shown; browsers follow that in ways of their own, and sound may drift.",
        cure: Cure::Line(TO_MP4),
        source: "ISO/IEC 14496-12 §8.6.6; not measured",
        is_repaired: never,
    },
    Rule {
        id: "coding-changes",
        seen: |file| {
            let changing = file.tracks.iter().find(|track| track.has_several_codings);
            changing.map(|track| format!("several sample descriptions in the {} track", track.kind))
        },
        effect: [Unknown, Unknown, Unknown],
        reason: "The coding changes on the way, as after joining recordings without coding them anew: players may stop there.",
        cure: Cure::Line(TO_MP4),
        source: "ISO/IEC 14496-12 §8.5.2; not measured",
        is_repaired: never,
    },
    Rule {
        id: "appended",
        seen: |file| match file.end {
            End::Appended(bytes) => Some(format!("{bytes} bytes behind the last box")),
            _ => None,
        },
        effect: [Plays, Plays, Plays],
        reason: "Something that is no MP4 was appended to the file; players pass over it.",
        cure: Cure::Nothing,
        source: "ISO/IEC 14496-12 §4.2",
        is_repaired: never,
    },
    Rule {
        id: "not-fully-read",
        seen: |file| matches!(file.index, Index::Unseen).then(|| "the index was not within reach".to_owned()),
        effect: [Unknown, Unknown, Unknown],
        reason: "Only a part of the file could be read, so its codings are not known.",
        cure: Cure::Line("reelgate doctor FILE  where the file lies"),
        source: "this run",
        is_repaired: never,
    },
];

fn is(file: &FileFacts, content_type: &str) -> Option<String> {
    (file.content_type == content_type).then(|| content_type.to_owned())
}

/// The first track whose coding is one of these.
fn coded<'a>(mut tracks: impl Iterator<Item = &'a TrackFacts>, formats: &[&str]) -> Option<String> {
    tracks.find(|track| formats.contains(&track.format.as_str())).map(|track| track.codec.clone())
}
