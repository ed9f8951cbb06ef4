//! The chapter about files, first: container, index, end.

use crate::doctor::cures::Cure;
use crate::doctor::facts::{End, FileFacts, Index, Repair};
use crate::doctor::rules::Effect::{Degraded, Fails, NoSeek, Plays, Unknown};
use crate::doctor::rules::{Rule, never};

pub(super) const TO_MP4: &str =
    "ffmpeg -i IN -c:v libx264 -pix_fmt yuv420p -c:a aac -movflags +faststart OUT.mp4";
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
        seen: |file| {
            let is_there = matches!(file.index, Index::First | Index::Last);
            let unread = is_there && file.tracks.is_empty();
            (unread || matches!(file.index, Index::Unseen))
                .then(|| "the index was not within reach".to_owned())
        },
        effect: [Unknown, Unknown, Unknown],
        reason: "The index lies where it could not be read, or is too long, so the codings are not known.",
        cure: Cure::Line("reelgate doctor FILE  where the file lies"),
        source: "this run",
        is_repaired: never,
    },
];

fn is(file: &FileFacts, content_type: &str) -> Option<String> {
    (file.content_type == content_type).then(|| content_type.to_owned())
}
