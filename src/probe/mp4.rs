//! MP4 and `QuickTime`: the boxes at the top by their headers, then the index as a whole.
//!
//! 1. walk, and remember the last fragment
//! 2. read the index, if there is one of a size that may be read
//! 3. is everything there that it names?
//! 4. what is done to it while serving, and what is not

use std::io;

use super::examined::{Examined, FrameRate, Index, Mp4, Place, Track, Verdict};
use super::fragments;
use super::source::Reader;
use super::trouble::Trouble;
use super::{Container, ProbeError, others};
use crate::mp4::boxes::Header;
use crate::mp4::{self, Ending, Kind, Layout, LeftAlone, Movie, TopBox, Walk, faststart, retag};

/// The largest index that is read here: eight hours at 60 frames a second. Twice of it would be over the 64 MB that an
/// examination may take.
pub(super) const MAX_INDEX: u64 = 32 << 20;
/// A fragment's index has an entry of at most 16 bytes for each sample.
const MAX_FRAGMENT_INDEX: u64 = 1 << 20;
/// Boxes between two looks at the clock.
const PATIENCE: u32 = 256;

/// The top level, and the last fragment's index in it.
struct Seen {
    layout: Layout,
    last_moof: Option<TopBox>,
}

pub(super) fn examine(reader: &mut Reader<'_>, container: Container) -> Result<Examined, ProbeError> {
    let seen = walk(reader)?;
    let layout = &seen.layout;
    let name = others::word(container).unwrap_or("mp4");
    let examined = Examined::complete(name, reader.len());
    // Bytes that no box stands in are no film, whatever they are.
    if container == Container::Unknown && !layout.is_iso_media() {
        return Ok(examined);
    }
    let mp4 = outline(layout);
    let Some(moov) = layout.moov().copied() else {
        let trouble = Trouble::no_index(layout);
        return Ok(Examined { mp4: Some(mp4), ..examined }.with_trouble(trouble));
    };
    if moov.size > MAX_INDEX {
        let advice = vec![format!("Its index is over {} MiB and was not read.", MAX_INDEX >> 20)];
        return Ok(Examined { mp4: Some(mp4), advice, ..examined });
    }
    let bytes = reader.bytes(moov.offset, usize::try_from(moov.size).unwrap_or(usize::MAX))?;
    match mp4::probe(&bytes) {
        Ok(movie) => {
            let duration = duration(reader, &seen, &movie, &bytes)?;
            Ok(describe(examined, mp4, &seen, &movie, &bytes).with_duration(duration))
        }
        Err(problem) => {
            let trouble = Trouble::damaged(problem, moov.offset);
            Ok(Examined { mp4: Some(mp4), ..examined }.with_trouble(trouble))
        }
    }
}

fn walk(reader: &mut Reader<'_>) -> io::Result<Seen> {
    let mut walk = Walk::new(reader.len());
    let (mut last_moof, mut steps) = (None, 0_u32);
    while let Some(wanted) = walk.wants() {
        steps = steps.wrapping_add(1);
        if steps % PATIENCE == 0 && reader.is_late() {
            break;
        }
        let bytes = reader.near(wanted.offset, usize::try_from(wanted.len).unwrap_or(0))?;
        if let Some(header) = Header::read(bytes).filter(|header| header.kind == b"moof")
            && let Some(size) = header.size
        {
            let (kind, offset) = (header.kind, wanted.offset);
            last_moof = Some(TopBox { kind, offset, header_len: header.len, size });
        }
        walk.take(bytes);
    }
    Ok(Seen { layout: walk.finish(), last_moof })
}

fn outline(layout: &Layout) -> Mp4 {
    let place = if layout.is_moov_first() { Place::First } else { Place::Last };
    Mp4 {
        index: layout.moov().map(|moov| Index { place, offset: moov.offset, size: moov.size }),
        fragmented: layout.is_fragmented(),
        fragments: layout.fragments.map_or(0, |fragments| fragments.complete),
        media_end: None,
        faststart: None,
        hvc1: None,
    }
}

/// By the movie's header; of a recording in fragments by the end of its last one.
fn duration(reader: &Reader<'_>, seen: &Seen, movie: &Movie, moov: &[u8]) -> io::Result<Option<u64>> {
    let said = movie.duration.map(|span| span.millis()).filter(|millis| *millis > 0);
    let complete_end = seen.layout.fragments.map_or(0, |fragments| fragments.complete_end);
    let last = seen.last_moof.filter(|moof| moof.size <= MAX_FRAGMENT_INDEX && moof.offset < complete_end);
    if let Some(moof) = last {
        let bytes = reader.bytes(moof.offset, usize::try_from(moof.size).unwrap_or(0))?;
        let clocks = clocks(movie);
        if let Some(end) = fragments::end_millis(&bytes, moov, &clocks) {
            return Ok(said.max(Some(end)));
        }
    }
    let longest = movie.tracks.iter().filter_map(|track| track.duration.map(|span| span.millis())).max();
    Ok(said.or(longest).filter(|millis| *millis > 0))
}

/// Identity and ticks a second of each track.
fn clocks(movie: &Movie) -> Vec<(u32, u32)> {
    let clock = |track: &mp4::Track| Some((track.id, track.samples.span.or(track.duration)?.timescale));
    movie.tracks.iter().filter_map(clock).collect()
}

fn describe(examined: Examined, mut mp4: Mp4, seen: &Seen, movie: &Movie, moov: &[u8]) -> Examined {
    let layout = &seen.layout;
    let fragmented = layout.is_fragmented() || movie.has_fragments;
    let media_end = movie.media_end();
    mp4.fragmented = fragmented;
    mp4.media_end = Some(media_end).filter(|end| *end > 0 && !fragmented);
    mp4.faststart = Some(started(layout, moov));
    mp4.hvc1 = renamed(movie, moov);
    let advice = advice(layout, movie, &mp4);
    let tracks = movie.tracks.iter().map(track).collect();
    let examined = Examined { tracks, mp4: Some(mp4), advice, ..examined };
    match cut(layout, media_end) {
        Some(trouble) => examined.with_trouble(trouble),
        None => examined,
    }
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

fn started(layout: &Layout, moov: &[u8]) -> Verdict {
    match faststart::check(layout, moov) {
        Ok(()) => {
            let why = "it is served with its index first, so that it starts at once; the file stays as it is";
            Verdict { done: true, why: why.to_owned() }
        }
        Err(why) => Verdict { done: false, why: why.to_string() },
    }
}

fn renamed(movie: &Movie, moov: &[u8]) -> Option<Verdict> {
    let is_hev1 = |track: &&mp4::Track| track.codec.as_ref().is_some_and(|codec| codec.entry == b"hev1");
    movie.video().find(is_hev1)?;
    let (done, why) = match retag::hvc1(moov, 0) {
        Ok(patches) if !patches.is_empty() => {
            (true, "hev1 can be served as hvc1, the name that Apple's players ask for".to_owned())
        }
        Ok(_) => {
            let why = "its parameter sets are not all in the index, so it may not be called hvc1";
            (false, format!("{why}; `ffmpeg -i THIS.mp4 -c copy -tag:v hvc1 OUT.mp4` writes them there"))
        }
        Err(problem) => (false, LeftAlone::from(problem).to_string()),
    };
    Some(Verdict { done, why })
}

fn advice(layout: &Layout, movie: &Movie, mp4: &Mp4) -> Vec<String> {
    let mut advice = Vec::new();
    let mut say = |text: String| advice.push(text);
    match layout.ending {
        Ending::Garbage { offset, len } => {
            say(format!("The last {len} bytes, from byte {offset} on, are no boxes."));
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
    let repaired = mp4.faststart.as_ref().is_some_and(|verdict| verdict.done);
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
        encrypted: track.codec.as_ref().is_some_and(|codec| codec.is_encrypted),
        bit_depth: track.codec.as_ref().and_then(|codec| codec.bit_depth),
        width: picture.map(|picture| picture.width.into()),
        height: picture.map(|picture| picture.height.into()),
        rotation: picture.and_then(|picture| picture.rotation.degrees()),
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
