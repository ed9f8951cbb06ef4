//! The chapter about files, first: container, index, end.

use crate::doctor::cures::Cure;
use crate::doctor::rules::Effect::{Degraded, Fails, NoSeek, Plays, Unknown};
use crate::doctor::rules::{Rule, never};
use crate::probe::examined::{Examined, Mp4, Place, Repair, State};
use crate::probe::trouble::Problem;

pub(super) const TO_MP4: &str =
    "ffmpeg -i IN -c:v libx264 -pix_fmt yuv420p -c:a aac -movflags +faststart OUT.mp4";
const REWRAP: &str = "ffmpeg -i IN -c copy -movflags +faststart OUT.mp4";
const RECORD_IN_PIECES: &str = "Record with  -movflags +frag_keyframe+empty_moov  so that an interrupted recording plays up to its end; for this one, untrunc with a good file of the same camera";

const WAIT_OR_RECORD_IN_PIECES: &str = "Wait until it is finished. With  -movflags +frag_keyframe+empty_moov  a recording plays while it is written";

pub const RULES: &[Rule<Examined>] = &[
    Rule {
        id: "empty-file",
        seen: |file| (file.size == 0).then(|| "0 bytes".to_owned()),
        effect: [Fails, Fails, Fails],
        reason: "There is nothing in the file.",
        cure: Cure::Line("Copy or record it again"),
        source: "measured: error code 4 in all three",
        is_repaired: never,
    },
    Rule {
        id: "not-a-video",
        seen: |file| is(file, "application/octet-stream").filter(|_| file.size > 0),
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
        cure: Cure::Of(|file| if has_common_codings(file) { REWRAP } else { TO_MP4 }.to_owned()),
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
        // Without an index it plays nowhere yet, which "no-index" says.
        seen: |file| {
            let is_indexed = file.mp4.as_ref().is_none_or(|mp4| mp4.index.is_some() && !mp4.fragmented);
            file.is_growing().filter(|_| is_indexed)
        },
        effect: [NoSeek, NoSeek, NoSeek],
        reason: "Somebody is still writing to the file: what plays now ends where it ends now, if it plays at all.",
        cure: Cure::Line("Wait until it is finished"),
        source: "ISO/IEC 14496-12 §6.2.3",
        is_repaired: never,
    },
    Rule {
        id: "recording",
        seen: |file| file.is_growing().filter(|_| file.is_fragmented()),
        effect: [Plays, Plays, Plays],
        reason: "Somebody is still writing to the file, in fragments: it plays as far as it has come when the page is loaded, and its duration is not known before.",
        cure: Cure::Nothing,
        source: "ISO/IEC 14496-12 §8.8",
        is_repaired: never,
    },
    Rule {
        id: "no-index",
        seen: |file| {
            let mp4 = file.mp4.as_ref().filter(|mp4| mp4.index.is_none() && mp4.unseen_from.is_none())?;
            let what = file.trouble.as_ref().map(|trouble| trouble.what.clone());
            (!mp4.fragmented).then(|| what.unwrap_or_else(|| "no moov box".to_owned()))
        },
        effect: [Fails, Fails, Fails],
        reason: "The recording was interrupted, or is still running: its index is written at the very end, and is not there.",
        cure: Cure::Of(|file| {
            let is_growing = file.is_growing().is_some();
            if is_growing { WAIT_OR_RECORD_IN_PIECES } else { RECORD_IN_PIECES }.to_owned()
        }),
        source: "measured: error code 4 in all three",
        is_repaired: never,
    },
    Rule {
        id: "damaged-index",
        seen: |file| file.trouble_of(Problem::Damaged).map(|trouble| trouble.what.clone()),
        effect: [Unknown, Unknown, Unknown],
        reason: "The index contradicts itself, and players differ in what they make of it.",
        cure: Cure::Line(REWRAP),
        source: "ISO/IEC 14496-12 §4.2, §8",
        is_repaired: never,
    },
    Rule {
        id: "compressed-index",
        seen: |file| mp4(file, |mp4| mp4.compressed).then(|| "a cmov box".to_owned()),
        effect: [Unknown, Fails, Fails],
        reason: "The index is compressed in a way that only QuickTime reads.",
        cure: Cure::Line(REWRAP),
        source: "QuickTime File Format, \"Compressed movie resources\"",
        is_repaired: never,
    },
    Rule {
        id: "cut-off",
        seen: |file| file.trouble_of(Problem::CutOff).map(|trouble| trouble.what.clone()),
        effect: [NoSeek, NoSeek, NoSeek],
        reason: "The file ends before its pictures do: it starts, and seeking behind the cut fails.",
        cure: Cure::Line(
            "Copy it again from where it came; what is there is kept by: ffmpeg -i IN -c copy -movflags +faststart OUT.mp4",
        ),
        source: "measured: metadata is fine, a seek past the cut fails in all three",
        is_repaired: |file| mp4(file, |mp4| is_done(mp4.complete_fragments.as_ref())),
    },
    Rule {
        id: "ended-at-a-limit",
        seen: |file| {
            let limits = [1_u64 << 30, 1 << 31, 1 << 32];
            let limit =
                limits.iter().find(|limit| **limit >= file.size && **limit - file.size <= 64 << 10)?;
            Some(format!("{} bytes, {} below {} GiB", file.size, limit - file.size, limit >> 30))
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
            let mp4 = file.mp4.as_ref()?;
            mp4.index.filter(|index| index.place == Place::Last && !mp4.fragmented && !mp4.compressed)?;
            Some(match &mp4.faststart {
                Some(Repair { done: false, why }) => format!("moov behind mdat, and it stays there: {why}"),
                _ => "moov behind mdat".to_owned(),
            })
        },
        effect: [Degraded, Degraded, Degraded],
        reason: "The index stands at the end, so a player has to fetch it by a second request before it can start, and over a server without ranges it must load everything.",
        cure: Cure::Line(REWRAP),
        source: "measured: two to three requests more before the first picture in all three",
        is_repaired: |file| mp4(file, |mp4| is_done(mp4.faststart.as_ref())),
    },
    Rule {
        id: "fragmented",
        seen: |file| {
            let is_finished = file.is_growing().is_none();
            (is_finished && file.is_fragmented()).then(|| "fragments (moof)".to_owned())
        },
        effect: [Degraded, Plays, Degraded],
        reason: "A fragmented file has no table of the whole: the duration grows while it loads, and the end may be missed.",
        cure: Cure::Line(REWRAP),
        source: "measured: Firefox's duration is 2.0 or Infinity at loadedmetadata, WebKit stops at 58.08 of 60 s",
        is_repaired: never,
    },
    Rule {
        id: "data-elsewhere",
        seen: |file| {
            mp4(file, |mp4| mp4.external_data).then(|| "a data reference to another file".to_owned())
        },
        effect: [Fails, Fails, Fails],
        reason: "The pictures lie in another file, which a browser never opens.",
        cure: Cure::Line(REWRAP),
        source: "ISO/IEC 14496-12 §8.7.2",
        is_repaired: never,
    },
    Rule {
        id: "appended",
        seen: |file| {
            let appended = file.mp4.as_ref().filter(|mp4| mp4.index.is_some() && mp4.appended > 0)?.appended;
            Some(format!("{appended} bytes behind the last box"))
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
            let mp4 = file.mp4.as_ref()?;
            let is_unread = match mp4.index {
                Some(_) => file.tracks.is_empty() && !mp4.compressed,
                None => mp4.unseen_from.is_some(),
            };
            let is_damaged = file.trouble_of(Problem::Damaged).is_some();
            (is_unread && !is_damaged).then(|| "the index was not within reach".to_owned())
        },
        effect: [Unknown, Unknown, Unknown],
        reason: "The index lies where it could not be read, or is too long, so the codings are not known.",
        cure: Cure::Line("reelgate doctor FILE  where the file lies"),
        source: "this run",
        is_repaired: never,
    },
];

/// H.264 and AAC, as far as is known: another container is all that is needed.
fn has_common_codings(file: &Examined) -> bool {
    let is_common = |codec: &str| codec.starts_with("avc1") || codec.starts_with("mp4a.40");
    !file.tracks.is_empty() && file.tracks.iter().all(|track| track.codec.as_deref().is_some_and(is_common))
}

fn mp4(file: &Examined, is: impl Fn(&Mp4) -> bool) -> bool {
    file.mp4.as_ref().is_some_and(is)
}

pub(super) fn is_done(repair: Option<&Repair>) -> bool {
    repair.is_some_and(|repair| repair.done)
}

impl Examined {
    fn is_fragmented(&self) -> bool {
        mp4(self, |mp4| mp4.fragmented)
    }

    fn is_growing(&self) -> Option<String> {
        (self.state == State::Recording).then(|| "written to within the last seconds".to_owned())
    }
}

fn is(file: &Examined, content_type: &str) -> Option<String> {
    (file.content_type == content_type).then(|| content_type.to_owned())
}
