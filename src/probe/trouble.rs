//! What is wrong with a broken file, at which byte, and what helps. Words for its owner.

use serde::Serialize;

use crate::mp4::{Ending, FourCc, Layout, Malformed};

/// Why a file is broken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trouble {
    pub problem: Problem,
    /// A sentence.
    pub what: String,
    /// The type of the box that it is about.
    #[serde(rename = "box")]
    pub kind: Option<String>,
    /// Where in the file.
    pub offset: Option<u64>,
    /// How many bytes are not there.
    pub missing: Option<u64>,
    /// A sentence, with a command to type.
    pub cure: String,
}

/// The same as a word for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Problem {
    Empty,
    /// No container that is known.
    Unknown,
    /// The file ends before its media data does.
    CutOff,
    /// There is no index: nothing plays.
    NoIndex,
    /// The index contradicts itself.
    Damaged,
}

/// Rebuilds an index from another file of the same recorder.
const UNTRUNC: &str = "A complete file of the same camera and settings helps to rebuild it: \
                       `untrunc GOOD.mp4 THIS.mp4` (github.com/anthwlock/untrunc).";
/// What is left of a file that has its index.
const KEEP: &str = "`ffmpeg -i THIS.mp4 -c copy REST.mp4` keeps what is there.";
/// So that it does not happen again.
const NEXT_TIME: &str =
    "Recorded with `-movflags +frag_keyframe+empty_moov`, a file plays up to where it ends.";

impl Trouble {
    fn new(problem: Problem, what: String, cure: String) -> Trouble {
        Trouble { problem, what, kind: None, offset: None, missing: None, cure }
    }

    fn at(self, kind: FourCc, offset: u64, missing: u64) -> Trouble {
        let missing = (missing > 0).then_some(missing);
        Trouble { kind: Some(kind.to_string()), offset: Some(offset), missing, ..self }
    }

    pub(super) fn empty() -> Trouble {
        let cure = "Copy it again, or delete it.".to_owned();
        Trouble::new(Problem::Empty, "The file is empty.".to_owned(), cure)
    }

    pub(super) fn unknown() -> Trouble {
        let what = "The file is no video that reelgate knows: its first bytes are those of no container.";
        let cure = "If another program plays it, convert it: `ffmpeg -i THIS OUT.mp4`.";
        Trouble::new(Problem::Unknown, what.to_owned(), cure.to_owned())
    }

    /// Of an MP4 without a movie box.
    pub(super) fn no_index(layout: &Layout) -> Trouble {
        match layout.ending {
            Ending::CutOff { kind, offset, missing } => no_index_and_cut(kind, offset, missing),
            Ending::Garbage { offset, .. } => {
                let what = format!(
                    "There is no index (moov): from byte {offset} on the file holds no boxes, so it was damaged \
                     or never finished."
                );
                let trouble = Trouble::new(Problem::NoIndex, what, format!("{UNTRUNC} {NEXT_TIME}"));
                Trouble { offset: Some(offset), ..trouble }
            }
            Ending::Clean | Ending::Unread { .. } => {
                let what = "There is no index (moov): the recorder was stopped before it wrote one, and nothing plays.";
                Trouble::new(Problem::NoIndex, what.to_owned(), format!("{UNTRUNC} {NEXT_TIME}"))
            }
        }
    }

    /// Of an MP4 whose movie box makes no sense.
    pub(super) fn damaged(problem: Malformed, offset: u64) -> Trouble {
        let what = format!("The index (moov) at byte {offset} is damaged: {problem}.");
        let cure = format!("Copy the file again from where it came. {UNTRUNC}");
        Trouble::new(Problem::Damaged, what, cure).at(FourCc(*b"moov"), offset, 0)
    }

    /// Of an MP4 whose index names samples behind the end of the file.
    pub(super) fn samples_missing(len: u64, media_end: u64) -> Trouble {
        let missing = media_end.saturating_sub(len);
        let what = format!(
            "The file is cut off at byte {len}: pictures and sound go on to byte {media_end}, so {missing} bytes of \
             mdat are missing."
        );
        let cure = format!("Copy it again from where it came, all of it. {KEEP}");
        let trouble = Trouble::new(Problem::CutOff, what, cure);
        Trouble { kind: Some("mdat".to_owned()), offset: Some(len), missing: Some(missing), ..trouble }
    }

    /// Of a recording in fragments that ends in the middle of one.
    pub(super) fn fragment_cut(
        kind: FourCc,
        offset: u64,
        missing: u64,
        complete: u64,
        complete_end: u64,
    ) -> Trouble {
        let plays = match complete {
            0 => "Not even its first fragment is complete.".to_owned(),
            _ => format!("It plays up to byte {complete_end}: {complete} fragments are complete."),
        };
        let what = format!(
            "The file ends inside of the box {kind} that begins at byte {offset}; {missing} bytes of it are missing. \
             {plays}"
        );
        Trouble::new(Problem::CutOff, what, KEEP.to_owned()).at(kind, offset, missing)
    }

    /// Of a Matroska file that is shorter than it says.
    pub(super) fn segment_cut(len: u64, missing: u64) -> Trouble {
        let what = format!("The file is cut off at byte {len}: {missing} bytes of its segment are missing.");
        let cure =
            "Copy it again from where it came. `ffmpeg -i THIS.mkv -c copy REST.mkv` keeps what is there.";
        let trouble = Trouble::new(Problem::CutOff, what, cure.to_owned());
        Trouble { kind: Some("Segment".to_owned()), offset: Some(len), missing: Some(missing), ..trouble }
    }
}

fn no_index_and_cut(kind: FourCc, offset: u64, missing: u64) -> Trouble {
    let what = if kind == b"moov" {
        format!(
            "The file ends inside of its index: {missing} bytes of the box moov at byte {offset} are missing, \
             and nothing plays."
        )
    } else {
        format!(
            "The file ends inside of the box {kind} that begins at byte {offset}; {missing} bytes of it are missing, \
             and with them the index (moov), so nothing plays."
        )
    };
    let cure = format!("If it was copied, copy it again. {UNTRUNC} {NEXT_TIME}");
    Trouble::new(Problem::NoIndex, what, cure).at(kind, offset, missing)
}
