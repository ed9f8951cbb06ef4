//! What an examination found, as it is printed and as it stands in JSON. Names of fields are fixed; new ones may come.

use serde::{Serialize, Serializer};

use super::trouble::{Problem, Trouble};
use crate::body::container::Container;

/// All there is to say of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Examined {
    /// `mp4`, `webm` and so on; none: unknown.
    pub container: Option<&'static str>,
    /// As what it is served.
    pub content_type: &'static str,
    pub size: u64,
    pub state: State,
    pub duration_ms: Option<u64>,
    /// Of the whole file, bits a second.
    pub bit_rate: Option<u64>,
    pub tracks: Vec<Track>,
    /// Of MP4 and `QuickTime`.
    pub mp4: Option<Mp4>,
    /// Why it is broken.
    pub trouble: Option<Trouble>,
    /// What its owner may want to know or do.
    pub advice: Vec<String>,
}

/// The container as a word.
fn word(container: Container) -> Option<&'static str> {
    Some(match container {
        Container::Mp4 => "mp4",
        Container::Mp4Audio => "m4a",
        Container::QuickTime => "mov",
        Container::WebM => "webm",
        Container::Matroska => "matroska",
        Container::Ogg => "ogg",
        Container::MpegTs => "mpegts",
        Container::MpegPs => "mpegps",
        Container::Avi => "avi",
        Container::Flv => "flv",
        Container::Mp3 => "mp3",
        Container::Adts => "aac",
        Container::Flac => "flac",
        Container::Wav => "wav",
        Container::Unknown => return None,
    })
}

/// Whether a file is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Complete,
    /// It is still being written.
    Recording,
    Broken,
}

impl State {
    pub fn word(self) -> &'static str {
        match self {
            State::Complete => "complete",
            State::Recording => "recording",
            State::Broken => "broken",
        }
    }
}

/// One track.
#[expect(clippy::struct_excessive_bools, reason = "facts that are there or not, in any combination")]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Track {
    /// `video`, `audio`, `subtitle`, `timecode`, `chapters` or `other`.
    pub kind: &'static str,
    /// As browsers are asked about it (RFC 6381), such as `avc1.64001F`.
    pub codec: Option<String>,
    /// Of MP4: the four characters of the coding, also behind encryption.
    pub format: Option<String>,
    pub encrypted: bool,
    pub bit_depth: Option<u8>,
    /// As coded.
    pub width: Option<u32>,
    pub height: Option<u32>,
    /// Clockwise, in degrees; pictures are turned when they are shown.
    pub rotation: Option<u16>,
    /// Or sheared: its matrix is no quarter turn.
    pub mirrored: bool,
    pub frame_rate: Option<FrameRate>,
    pub bit_rate: Option<u64>,
    pub channels: Option<u32>,
    pub sample_rate: Option<u32>,
    pub language: Option<String>,
    pub duration_ms: Option<u64>,
    /// Entries of the edit list.
    pub edits: u64,
    /// They join several pieces, or change their speed.
    pub complex_edits: bool,
    /// The coding may change on the way.
    pub several_codings: bool,
}

/// Frames a second, in thousandths; a number such as 29.97 in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameRate(pub u32);

impl FrameRate {
    pub fn number(self) -> f64 {
        f64::from(self.0) / 1000.0
    }
}

impl Serialize for FrameRate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.number())
    }
}

/// What is special to MP4.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mp4 {
    pub index: Option<Index>,
    /// The index is packed in a way that only `QuickTime` reads.
    pub compressed: bool,
    /// Each part of the file has an index of its own.
    pub fragmented: bool,
    /// How many of these parts are complete, as far as was looked.
    pub fragments: u64,
    /// The offset behind the last byte of pictures and sound; none where the index does not say.
    pub media_end: Option<u64>,
    /// Pictures or sound lie in another file.
    pub external_data: bool,
    /// Bytes at the end that are no boxes.
    pub appended: u64,
    /// From this byte on nobody has looked.
    pub unseen_from: Option<u64>,
    /// Whether a file whose index stands last is served with its index first; none: the index was not read.
    pub faststart: Option<Repair>,
    /// Whether HEVC is served under the name that Apple's players ask for; none: there is nothing to rename.
    pub hvc1: Option<Repair>,
    /// Whether of a file that ends within a fragment the complete ones are served; none: there is nothing to cut.
    pub complete_fragments: Option<Repair>,
}

/// Where the index (the box `moov`) stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Index {
    pub place: Place,
    pub offset: u64,
    pub size: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    First,
    Last,
}

/// Something that is done while serving, or the reason why not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Repair {
    pub done: bool,
    pub why: String,
}

impl Repair {
    pub(super) fn new(done: bool, why: impl Into<String>) -> Repair {
        Repair { done, why: why.into() }
    }
}

impl Mp4 {
    /// What is done while serving, and what is not.
    pub fn repairs(&self) -> impl Iterator<Item = &Repair> {
        [&self.faststart, &self.hvc1, &self.complete_fragments].into_iter().flatten()
    }
}

impl Examined {
    /// Of a file that is whole.
    pub(super) fn complete(container: Container, size: u64) -> Examined {
        Examined {
            container: word(container),
            content_type: container.content_type(),
            size,
            state: State::Complete,
            duration_ms: None,
            bit_rate: None,
            tracks: Vec::new(),
            mp4: None,
            trouble: None,
            advice: Vec::new(),
        }
    }

    /// Of a file that is no video, as far as is known.
    pub(super) fn no_video(size: u64, trouble: Trouble) -> Examined {
        Examined::complete(Container::Unknown, size).with_trouble(trouble)
    }

    pub(super) fn with_trouble(self, trouble: Trouble) -> Examined {
        Examined { state: State::Broken, trouble: Some(trouble), ..self }
    }

    pub(super) fn with_duration(self, duration_ms: Option<u64>) -> Examined {
        let bits = u128::from(self.size) * 8_000;
        let rate = duration_ms.and_then(|millis| bits.checked_div(u128::from(millis)));
        Examined { duration_ms, bit_rate: rate.and_then(|rate| u64::try_from(rate).ok()), ..self }
    }

    /// The same, of a file that somebody still writes: what is missing of it may come.
    #[must_use]
    pub fn while_growing(self) -> Examined {
        let mut advice = self.advice;
        advice.insert(0, "It is still being written; what is missing may come.".to_owned());
        Examined { state: State::Recording, trouble: None, advice, ..self }
    }

    /// The same, of a file of which not everything can be read: what was not seen is not missing.
    #[must_use]
    pub fn within_reach(self) -> Examined {
        if self.mp4.as_ref().is_some_and(|mp4| mp4.unseen_from.is_some()) {
            Examined { state: State::Complete, trouble: None, ..self }
        } else {
            self
        }
    }

    /// Its problem, if it is this one.
    pub fn trouble_of(&self, problem: Problem) -> Option<&Trouble> {
        self.trouble.as_ref().filter(|trouble| trouble.problem == problem)
    }

    pub fn tracks_of(&self, kind: &str) -> impl Iterator<Item = &Track> {
        self.tracks.iter().filter(move |track| track.kind == kind)
    }

    pub fn first(&self, kind: &str) -> Option<&Track> {
        self.tracks_of(kind).next()
    }

    /// Width and height as they are seen: a picture that is turned by a quarter changes them.
    pub fn shown_size(&self) -> Option<(u32, u32)> {
        let video = self.first("video")?;
        let (width, height) = (video.width?, video.height?);
        Some(if matches!(video.rotation, Some(90 | 270)) { (height, width) } else { (width, height) })
    }

    /// What is wrong and what helps, in one text; none where there is nothing to say.
    pub fn note(&self) -> Option<String> {
        let trouble = self.trouble.iter().flat_map(|trouble| [trouble.what.clone(), trouble.cure.clone()]);
        let lines: Vec<String> = trouble.chain(self.advice.iter().cloned()).collect();
        (!lines.is_empty()).then(|| lines.join(" "))
    }
}
