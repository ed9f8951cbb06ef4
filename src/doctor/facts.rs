//! What the rules know of a file.
//!
//! 1. [`FileFacts::gather`] takes what [`crate::mp4`] has read, and says it in words of its own that can be stored.
//! 2. [`Repair`] is what reelgate does with the file when it serves it.
//!
//! A file that is no MP4 has its container and nothing else: nothing here reads the others.

use serde::Serialize;

use crate::mp4::layout::{Ending, Layout};
use crate::mp4::movie::{self, Movie};
use crate::mp4::track::{Kind, Track};
use crate::mp4::{LeftAlone, faststart, retag};

/// A file, as far as it was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileFacts {
    /// By its first bytes, never by its name.
    pub content_type: String,
    pub len: u64,
    /// Somebody has written to it just now.
    pub is_growing: bool,
    pub index: Index,
    pub end: End,
    pub is_fragmented: bool,
    /// By the movie's header, in milliseconds.
    pub duration_ms: Option<u64>,
    pub tracks: Vec<TrackFacts>,
    /// Where the samples end by the index; 0 if there are none.
    pub media_end: u64,
    pub has_external_data: bool,
    pub faststart: Repair,
}

/// Where the table of contents stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "place", content = "problem")]
pub enum Index {
    /// Not an MP4 or `QuickTime` file.
    NotApplicable,
    First,
    Last,
    None,
    /// Only the beginning of the file could be read, and it is not in there.
    Unseen,
    Compressed,
    /// It is there and cannot be read: why.
    Damaged(String),
}

/// How the file ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "how", content = "bytes")]
pub enum End {
    Whole,
    /// So many bytes of the last box are missing.
    CutOff(u64),
    /// So many bytes behind the last box are not boxes.
    Appended(u64),
    Unseen,
}

/// What is done when it is served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "what", content = "why")]
pub enum Repair {
    NotNeeded,
    Done,
    LeftAlone(String),
}

/// A track.
#[expect(clippy::struct_excessive_bools, reason = "facts that are there or not, in any combination")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrackFacts {
    pub kind: &'static str,
    /// As a page asks about it (RFC 6381).
    pub codec: String,
    /// The coding's four characters, also behind encryption.
    pub format: String,
    pub is_encrypted: bool,
    pub bit_depth: Option<u8>,
    /// `hev1` that may be called `hvc1`.
    pub can_be_hvc1: bool,
    pub has_several_codings: bool,
    pub has_complex_edits: bool,
    /// As coded.
    pub width: u16,
    pub height: u16,
    /// Clockwise; `None` for a mirrored or sheared picture.
    pub rotation: Option<u16>,
    pub frame_rate: Option<String>,
    pub channels: u32,
    pub sample_rate: u32,
    pub language: Option<String>,
}

impl FileFacts {
    /// A file whose top level and, if it could be had, whose moov box were read.
    #[must_use]
    pub fn gather(content_type: &str, layout: &Layout, moov: Option<&[u8]>) -> Self {
        let mut facts = Self::of_other(content_type, layout.len);
        if !layout.is_iso_media() {
            return facts;
        }
        let movie = moov.map(movie::probe);
        facts.index = index(layout, movie.as_ref());
        facts.end = end(layout);
        facts.is_fragmented = layout.is_fragmented();
        if let Some(Ok(movie)) = &movie {
            facts.describe(movie);
        }
        if let (Index::Last, Some(moov)) = (&facts.index, moov) {
            let patches = retag::hvc1(moov, layout.moov().map_or(0, |found| found.offset));
            facts.faststart = repair(faststart(layout, moov, &patches.unwrap_or_default()).map(drop));
        }
        facts
    }

    /// A file of another container, or an empty one.
    #[must_use]
    pub fn of_other(content_type: &str, len: u64) -> Self {
        Self {
            content_type: content_type.to_owned(),
            len,
            is_growing: false,
            index: Index::NotApplicable,
            end: End::Unseen,
            is_fragmented: false,
            duration_ms: None,
            tracks: Vec::new(),
            media_end: 0,
            has_external_data: false,
            faststart: Repair::NotNeeded,
        }
    }

    fn describe(&mut self, movie: &Movie) {
        // Of a fragmented movie the header may say 0, which is no duration.
        self.duration_ms = movie.duration.map(|duration| duration.millis()).filter(|millis| *millis > 0);
        self.tracks = movie.tracks.iter().map(TrackFacts::of).collect();
        self.media_end = movie.media_end();
        self.has_external_data = movie.has_external_data();
        self.is_fragmented |= movie.has_fragments;
    }

    pub fn video(&self) -> impl Iterator<Item = &TrackFacts> {
        self.tracks.iter().filter(|track| track.kind == "video")
    }

    pub fn audio(&self) -> impl Iterator<Item = &TrackFacts> {
        self.tracks.iter().filter(|track| track.kind == "audio")
    }

    /// The bytes that its own index says it should have and it has not.
    #[must_use]
    pub fn missing(&self) -> u64 {
        let by_samples = self.media_end.saturating_sub(self.len);
        if let End::CutOff(missing) = self.end { missing.max(by_samples) } else { by_samples }
    }
}

fn index(layout: &Layout, movie: Option<&Result<Movie, crate::mp4::Malformed>>) -> Index {
    let is_whole = !matches!(layout.ending, Ending::Unread { .. });
    match (layout.moov(), movie) {
        (_, Some(Err(malformed))) => Index::Damaged(malformed.to_string()),
        (_, Some(Ok(movie))) if movie.is_compressed => Index::Compressed,
        (Some(_), _) if layout.is_moov_first() => Index::First,
        (Some(_), _) => Index::Last,
        (None, _) if is_whole => Index::None,
        (None, _) => Index::Unseen,
    }
}

fn end(layout: &Layout) -> End {
    match layout.ending {
        Ending::Clean => End::Whole,
        Ending::CutOff { missing, .. } => End::CutOff(missing),
        Ending::Garbage { len, .. } => End::Appended(len),
        Ending::Unread { .. } => End::Unseen,
    }
}

fn repair(done: Result<(), LeftAlone>) -> Repair {
    match done {
        Ok(()) => Repair::Done,
        Err(why) => Repair::LeftAlone(why.to_string()),
    }
}

impl TrackFacts {
    fn of(track: &Track) -> Self {
        let codec = track.codec.as_ref();
        let (picture, sound) = (track.picture, track.sound);
        Self {
            kind: kind(track.kind),
            codec: codec.map(|codec| codec.name.clone()).unwrap_or_default(),
            format: codec.map(|codec| codec.format.to_string()).unwrap_or_default(),
            is_encrypted: codec.is_some_and(|codec| codec.is_encrypted),
            bit_depth: codec.and_then(|codec| codec.bit_depth),
            can_be_hvc1: track.can_be_hvc1,
            has_several_codings: track.descriptions > 1,
            has_complex_edits: track.edits.are_complex(),
            width: picture.map_or(0, |picture| picture.width),
            height: picture.map_or(0, |picture| picture.height),
            rotation: picture.map_or(Some(0), |picture| picture.rotation.degrees()),
            frame_rate: picture.and_then(|_| track.frame_rate()).map(|rate| rate.to_string()),
            channels: sound.map_or(0, |sound| sound.channels),
            sample_rate: sound.map_or(0, |sound| sound.sample_rate),
            language: track.language.clone(),
        }
    }
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Video => "video",
        Kind::Audio => "audio",
        Kind::Subtitle => "subtitles",
        Kind::Timecode => "timecode",
        Kind::Chapters => "chapters",
        Kind::Other(_) => "other",
    }
}
