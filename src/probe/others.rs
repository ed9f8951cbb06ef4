//! All containers but MP4: which bytes their parsers need.

use std::io;

use super::examined::{Examined, Track};
use super::source::Reader;
use super::trouble::Trouble;
use super::{Container, ProbeError, ebml, flac, flv, matroska, ogg, riff, transport};

/// The start and the end that parsers see. A transport stream's tables come every 100 ms; an Ogg page is at most 64 KiB.
const START: usize = 256 << 10;
const END: usize = 256 << 10;
/// What Matroska has before its first cluster: a dozen elements at most, of which two are read.
const MAX_ELEMENTS: usize = 64;
const MAX_BODY: u64 = 1 << 20;

pub(super) fn examine(reader: &mut Reader<'_>, container: Container) -> Result<Examined, ProbeError> {
    let examined = Examined::complete(container, reader.len());
    if matches!(container, Container::WebM | Container::Matroska) {
        return Ok(segment(reader, examined)?);
    }
    let start = reader.bytes(0, START)?;
    let (tracks, duration_ms) = match container {
        Container::MpegTs => {
            let stream = transport::read_start(&start);
            let duration_ms = transport::duration(&stream, &end(reader)?);
            (stream.tracks, duration_ms)
        }
        Container::Ogg => ogg::read(&start, &end(reader)?),
        Container::Wav => riff::wav(&start, reader.len()),
        Container::Avi => riff::avi(&start),
        Container::Flac => flac::read(&start),
        Container::Flv => flv::read(&start),
        Container::Mp3 => (sound_alone("mp3"), None),
        Container::Adts => (sound_alone("mp4a.40.2"), None),
        _ => (Vec::new(), None),
    };
    Ok(Examined { tracks, ..examined }.with_duration(duration_ms))
}

/// A stream of frames without a header of its own.
fn sound_alone(codec: &str) -> Vec<Track> {
    vec![Track { kind: "audio", codec: Some(codec.to_owned()), ..Track::default() }]
}

fn end(reader: &Reader<'_>) -> io::Result<Vec<u8>> {
    let len = u64::try_from(END).unwrap_or(u64::MAX);
    reader.bytes(reader.len().saturating_sub(len), END)
}

/// Matroska's elements in front of its clusters.
fn segment(reader: &mut Reader<'_>, examined: Examined) -> io::Result<Examined> {
    let start = reader.bytes(0, START)?;
    let Some(begin) = matroska::header_end(&start) else { return Ok(examined) };
    let Some(head) = head(reader, begin)?.filter(|head| head.id == matroska::SEGMENT) else {
        return Ok(examined);
    };
    let begin = begin.saturating_add(head.len);
    let parts = Parts::read(reader, begin)?;
    let info = parts.info.unwrap_or_default();
    let duration = match matroska::duration(&info) {
        None => matroska::last_cluster(&end(reader)?, &info),
        said => said,
    };
    let tracks = matroska::tracks(&parts.tracks.unwrap_or_default());
    let mut examined = Examined { tracks, ..examined }.with_duration(duration);
    match head.size.map(|size| begin.saturating_add(size).saturating_sub(reader.len())) {
        Some(missing @ 1..) => return Ok(examined.with_trouble(Trouble::segment_cut(reader.len(), missing))),
        Some(_) => {}
        None => examined.advice.push(
            "It was recorded live and has no list of places to seek to: `ffmpeg -i THIS -c copy OUT` makes one.".into(),
        ),
    }
    Ok(examined)
}

fn head(reader: &mut Reader<'_>, offset: u64) -> io::Result<Option<ebml::Head>> {
    Ok(ebml::Head::read(reader.near(offset, ebml::HEAD)?))
}

#[derive(Default)]
struct Parts {
    info: Option<Vec<u8>>,
    tracks: Option<Vec<u8>>,
}

impl Parts {
    fn read(reader: &mut Reader<'_>, mut at: u64) -> io::Result<Parts> {
        let mut parts = Parts::default();
        for _ in 0..MAX_ELEMENTS {
            let Some(head) = head(reader, at)?.filter(|head| head.id != matroska::CLUSTER) else { break };
            let (Some(size), body) = (head.size, at.saturating_add(head.len)) else { break };
            let read = || reader.bytes(body, usize::try_from(size.min(MAX_BODY)).unwrap_or(0));
            match head.id {
                matroska::INFO => parts.info = Some(read()?),
                matroska::TRACKS => parts.tracks = Some(read()?),
                _ => {}
            }
            at = body.saturating_add(size);
        }
        Ok(parts)
    }
}
