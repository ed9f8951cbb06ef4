//! MP4 and `QuickTime`: the boxes at the top by their headers, then the index as a whole.
//!
//! 1. walk, and read the index, if there is one of a size that may be read, and the last fragment's
//! 2. is everything there that the index names?
//! 3. what is done to it while serving, and what is not
//!
//! 2 and 3 are [`describe`], which is pure: the parts may also have come over a network.

use std::io;

use super::Container;
use super::examined::{Examined, FrameRate, Index, Mp4, Place, Repair, Track};
use super::fragments;
use super::source::Reader;
use super::trouble::Trouble;
use crate::mp4::{self, Ending, Kind, Layout, LeftAlone, Movie, Served, TopBox};

/// The largest index that is read here: eight hours at 60 frames a second. Twice of it would be over the 64 MB that an
/// examination may take, with the program's own pages.
const MAX_INDEX: u64 = 32 << 20;
/// A fragment's index has an entry of at most 16 bytes for each sample.
const MAX_FRAGMENT_INDEX: u64 = 1 << 20;
/// Boxes between two looks at the clock.
const PATIENCE: u32 = 256;

/// What was read of a file.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    pub container: Container,
    pub layout: &'a Layout,
    /// The whole index; none: it is not there, or could not be read.
    pub moov: Option<&'a [u8]>,
    /// The index of the last complete fragment.
    pub last_moof: Option<&'a [u8]>,
}

pub(super) fn examine(reader: &mut Reader<'_>, container: Container) -> io::Result<Examined> {
    let layout = walk(reader)?;
    let last = layout.fragments.and_then(|fragments| fragments.last);
    let moov = load(reader, layout.moov().copied(), MAX_INDEX)?;
    let last_moof = load(reader, last, MAX_FRAGMENT_INDEX)?;
    let (moov, last_moof) = (moov.as_deref(), last_moof.as_deref());
    Ok(describe(&Parts { container, layout: &layout, moov, last_moof }))
}

fn walk(reader: &mut Reader<'_>) -> io::Result<Layout> {
    let mut steps = 0_u32;
    mp4::walk(reader.len(), |offset, buffer| {
        steps = steps.wrapping_add(1);
        if steps.is_multiple_of(PATIENCE) && reader.is_late() {
            return Ok(0);
        }
        let bytes = reader.near(offset, buffer.len())?;
        buffer.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        Ok(bytes.len())
    })
}

fn load(reader: &Reader<'_>, found: Option<TopBox>, most: u64) -> io::Result<Option<Vec<u8>>> {
    let found = found.filter(|found| found.size <= most);
    found.map(|found| reader.bytes(found.offset, usize::try_from(found.size).unwrap_or(0))).transpose()
}

/// All there is to say of these parts.
#[must_use]
pub fn describe(parts: &Parts<'_>) -> Examined {
    let Parts { container, layout, moov, .. } = *parts;
    let examined = Examined::complete(container, layout.len);
    // Bytes that no box stands in are no film, whatever they are.
    if container == Container::Unknown && !layout.is_iso_media() {
        return examined;
    }
    let name = examined.container.unwrap_or("mp4");
    let examined = Examined { container: Some(name), mp4: Some(outline(layout)), ..examined };
    let Some(found) = layout.moov() else {
        return examined.with_trouble(Trouble::no_index(layout));
    };
    match moov.map(mp4::probe) {
        None => Examined { advice: vec![unread(found)], ..examined },
        Some(Ok(movie)) => with_movie(examined, parts, &movie),
        Some(Err(problem)) => examined.with_trouble(Trouble::damaged(problem, found.offset)),
    }
}

fn unread(moov: &TopBox) -> String {
    format!("Its index of {} MiB was not read, so what is in it is not known.", moov.size >> 20)
}

fn outline(layout: &Layout) -> Mp4 {
    let place = if layout.is_moov_first() { Place::First } else { Place::Last };
    let (appended, unseen_from) = match layout.ending {
        Ending::Garbage { len, .. } => (len, None),
        Ending::Unread { offset } => (0, Some(offset)),
        Ending::Clean | Ending::CutOff { .. } => (0, None),
    };
    Mp4 {
        index: layout.moov().map(|moov| Index { place, offset: moov.offset, size: moov.size }),
        compressed: false,
        fragmented: layout.is_fragmented(),
        fragments: layout.fragments.map_or(0, |fragments| fragments.complete),
        media_end: None,
        external_data: false,
        appended,
        unseen_from,
        faststart: None,
        hvc1: None,
        complete_fragments: None,
    }
}

fn with_movie(examined: Examined, parts: &Parts<'_>, movie: &Movie) -> Examined {
    let layout = parts.layout;
    // What is not known by its first bytes is sent as it lies there.
    let served = parts.container.is_iso_media().then(|| Served::of(layout, parts.moov, Some(movie)));
    let (fragmented, media_end) = (layout.is_fragmented() || movie.has_fragments, movie.media_end());
    let mp4 = Mp4 {
        compressed: movie.is_compressed,
        fragmented,
        media_end: Some(media_end).filter(|end| *end > 0 && !fragmented),
        external_data: movie.has_external_data(),
        faststart: Some(started(served.as_ref())),
        hvc1: renamed(movie, served.as_ref()),
        complete_fragments: served.as_ref().and_then(|served| shortened(layout, served)),
        ..outline(layout)
    };
    let examined = Examined {
        tracks: movie.tracks.iter().map(track).collect(),
        advice: advice(layout, movie, &mp4),
        mp4: Some(mp4),
        content_type: content_type(examined.content_type, served.as_ref()),
        ..examined
    };
    let examined = examined.with_duration(duration(parts, movie));
    match cut(layout, media_end) {
        Some(trouble) => examined.with_trouble(trouble),
        None => examined,
    }
}

fn content_type(own: &'static str, served: Option<&Served<'_>>) -> &'static str {
    let is_for_browsers = served.is_some_and(|served| served.is_for_browsers);
    if is_for_browsers { Container::Mp4.content_type() } else { own }
}

/// By the movie's header; of a recording in fragments by the end of its last one.
fn duration(parts: &Parts<'_>, movie: &Movie) -> Option<u64> {
    let said = movie.duration.map(|span| span.millis()).filter(|millis| *millis > 0);
    let end = parts.last_moof.zip(parts.moov);
    if let Some(end) = end.and_then(|(moof, moov)| fragments::end_millis(moof, moov, &clocks(movie))) {
        return said.max(Some(end));
    }
    let longest = movie.tracks.iter().filter_map(|track| track.duration.map(|span| span.millis())).max();
    said.or(longest).filter(|millis| *millis > 0)
}

/// Identity and ticks a second of each track.
fn clocks(movie: &Movie) -> Vec<(u32, u32)> {
    let clock = |track: &mp4::Track| Some((track.id, track.samples.span.or(track.duration)?.timescale));
    movie.tracks.iter().filter_map(clock).collect()
}

/// What the index names and the file has not. A box behind the media data that is cut off stops nobody.
fn cut(layout: &Layout, media_end: u64) -> Option<Trouble> {
    if media_end > layout.len {
        return Some(Trouble::samples_missing(layout.len, media_end));
    }
    match (layout.ending, layout.fragments) {
        (Ending::CutOff { kind, offset, missing }, Some(fragments)) if kind == b"moof" || kind == b"mdat" => {
            let (complete, end) = (fragments.complete, fragments.complete_end);
            Some(Trouble::fragment_cut(kind, offset, missing, complete, end))
        }
        _ => None,
    }
}

const NOT_KNOWN: &str = "its first bytes are of no kind of video that is known, so it is sent as it is";

fn started(served: Option<&Served<'_>>) -> Repair {
    match served.map(Served::front) {
        Some(Ok(())) => {
            Repair::new(true, "it is served with its index first and starts at once; the file stays as it is")
        }
        Some(Err(why)) => Repair::new(false, why.to_string()),
        None => Repair::new(false, NOT_KNOWN),
    }
}

fn renamed(movie: &Movie, served: Option<&Served<'_>>) -> Option<Repair> {
    let is_hev1 = |track: &&mp4::Track| track.codec.as_ref().is_some_and(|codec| codec.entry == b"hev1");
    movie.video().find(is_hev1)?;
    Some(match served {
        None => Repair::new(false, NOT_KNOWN),
        Some(served) if served.is_renamed() => {
            Repair::new(true, "its HEVC is served as hvc1, the name that Apple's players ask for")
        }
        Some(served) => {
            let why = match served.front() {
                Err(LeftAlone::Fragmented) => "it is fragmented, and fragments stay as they are",
                _ => "its parameter sets are not all in the index, so it may not be called hvc1",
            };
            let cure =
                "`ffmpeg -i THIS.mp4 -c copy -tag:v hvc1 -movflags +faststart OUT.mp4` makes one that is";
            Repair::new(false, format!("{why}; {cure}"))
        }
    })
}

fn shortened(layout: &Layout, served: &Served<'_>) -> Option<Repair> {
    served.complete_end()?;
    Some(match layout.fragments.map_or(0, |fragments| fragments.complete) {
        0 => Repair::new(false, "not even its first fragment is complete"),
        _ => Repair::new(true, "it is served up to its last complete fragment"),
    })
}

fn advice(layout: &Layout, movie: &Movie, mp4: &Mp4) -> Vec<String> {
    let mut advice = Vec::new();
    let mut say = |text: String| advice.push(text);
    match layout.ending {
        Ending::Garbage { offset, len } => {
            say(format!("The last {len} bytes, from byte {offset} on, are no part of a video."));
        }
        Ending::CutOff { kind, offset, .. } if layout.fragments.is_none() && kind != b"mdat" => {
            say(format!("The box {kind} at byte {offset} is cut off; it holds nothing that is played."));
        }
        Ending::Unread { offset } => {
            say(format!("It was looked at up to byte {offset} only: it has very many parts."));
        }
        _ => {}
    }
    if movie.is_compressed {
        let cure = "`ffmpeg -i THIS.mov -c copy -movflags +faststart OUT.mp4` makes one that plays";
        say(format!("Its index is compressed, which no browser reads: {cure}."));
    } else if movie.video().next().is_none() && movie.audio().next().is_none() {
        say("It holds neither pictures nor sound.".to_owned());
    }
    if movie.has_fragments && layout.fragments.is_none() {
        say("It announces fragments and holds none.".to_owned());
    }
    let repaired = mp4.faststart.as_ref().is_some_and(|repair| repair.done);
    if !repaired && !mp4.fragmented && mp4.index.is_some_and(|index| index.place == Place::Last) {
        say(
            "Its index stands last: `ffmpeg -i THIS.mp4 -c copy -movflags +faststart OUT.mp4` starts sooner."
                .into(),
        );
    }
    if movie.tracks.iter().any(|track| track.edits.are_complex()) {
        say("Its edit list joins several pieces or changes their speed, which browsers play in ways of their own.".into());
    }
    if movie.has_external_data() {
        say("Some of its media data lies in another file.".to_owned());
    }
    advice
}

fn track(track: &mp4::Track) -> Track {
    let picture = track.picture;
    let rate = track.frame_rate().filter(|_| track.kind == Kind::Video);
    Track {
        kind: kind(track.kind),
        codec: track.codec.as_ref().map(|codec| codec.name.clone()),
        format: track.codec.as_ref().map(|codec| codec.format.to_string()),
        encrypted: track.codec.as_ref().is_some_and(|codec| codec.is_encrypted),
        bit_depth: track.codec.as_ref().and_then(|codec| codec.bit_depth),
        width: picture.map(|picture| picture.width.into()),
        height: picture.map(|picture| picture.height.into()),
        rotation: picture.and_then(|picture| picture.rotation.degrees()),
        mirrored: picture.is_some_and(|picture| picture.rotation.degrees().is_none()),
        frame_rate: rate
            .and_then(|rate| u32::try_from(rate.millis()).ok())
            .filter(|rate| *rate > 0)
            .map(FrameRate),
        bit_rate: track.bit_rate().filter(|rate| *rate > 0),
        channels: track.sound.map(|sound| sound.channels),
        sample_rate: track.sound.map(|sound| sound.sample_rate).filter(|rate| *rate > 0),
        language: track.language.clone(),
        duration_ms: track.duration.map(|span| span.millis()).filter(|millis| *millis > 0),
        edits: track.edits.count,
        complex_edits: track.edits.are_complex(),
        several_codings: track.descriptions > 1,
    }
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Video => "video",
        Kind::Audio => "audio",
        Kind::Subtitle => "subtitle",
        Kind::Timecode => "timecode",
        Kind::Chapters => "chapters",
        Kind::Other(_) => "other",
    }
}
