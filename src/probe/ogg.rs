//! Ogg (RFC 3533): codings by the first packet of each stream, duration by the last page.

use super::examined::Track;
use super::numbers::{little, millis, rfind};

/// Streams that are read.
const MAX_STREAMS: usize = 16;

/// What a stream counts its granules in.
#[derive(Clone, Copy, Debug)]
struct Clock {
    serial: u64,
    a_second: u64,
    /// Samples that are decoded and not heard (RFC 7845 §5.1).
    skipped: u64,
}

/// Tracks, and the duration by the end of the file.
pub(super) fn read(start: &[u8], end: &[u8]) -> (Vec<Track>, Option<u64>) {
    let (mut tracks, mut clock) = (Vec::new(), None);
    let mut rest = start;
    // Pages that begin a stream (flag 2) come before all others (RFC 3533 §4).
    while let Some(packet) = first_packet(rest).filter(|_| tracks.len() < MAX_STREAMS) {
        let (track, a_second, skipped) = coding(packet.body);
        if clock.is_none() && a_second > 0 {
            clock = Some(Clock { serial: packet.serial, a_second, skipped });
        }
        tracks.push(track);
        rest = packet.rest;
    }
    (tracks, clock.and_then(|clock| duration(end, clock)))
}

struct Packet<'a> {
    serial: u64,
    body: &'a [u8],
    rest: &'a [u8],
}

fn first_packet(page: &[u8]) -> Option<Packet<'_>> {
    let begins = page.starts_with(b"OggS\0") && page.get(5)? & 2 != 0;
    let segments = usize::from(*page.get(26).filter(|_| begins)?);
    let table = page.get(27..27 + segments)?;
    let len: usize = table.iter().map(|len| usize::from(*len)).sum();
    let (from, to) = (27 + segments, 27 + segments + len);
    Some(Packet { serial: little(page, 14, 4)?, body: page.get(from..to)?, rest: page.get(to..)? })
}

/// The track, granules a second, and samples to be left out.
fn coding(packet: &[u8]) -> (Track, u64, u64) {
    let audio = |codec: &str, channels: Option<u64>, rate: u64| Track {
        kind: "audio",
        codec: Some(codec.to_owned()),
        channels: channels.and_then(|count| u32::try_from(count).ok()),
        sample_rate: u32::try_from(rate).ok().filter(|rate| *rate > 0),
        ..Track::default()
    };
    if packet.starts_with(b"OpusHead") {
        (audio("opus", little(packet, 9, 1), 48_000), 48_000, little(packet, 10, 2).unwrap_or(0))
    } else if packet.starts_with(b"\x01vorbis") {
        let rate = little(packet, 12, 4).unwrap_or(0);
        (audio("vorbis", little(packet, 11, 1), rate), rate, 0)
    } else if packet.starts_with(b"\x7fFLAC") {
        (audio("flac", None, 0), 0, 0)
    } else if packet.starts_with(b"\x80theora") {
        (Track { kind: "video", codec: Some("theora".to_owned()), ..Track::default() }, 0, 0)
    } else {
        (Track { kind: "other", ..Track::default() }, 0, 0)
    }
}

/// By the last page of that stream which ends a packet.
fn duration(end: &[u8], clock: Clock) -> Option<u64> {
    let mut rest = end;
    while let Some(place) = rfind(rest, b"OggS\0") {
        let page = rest.get(place..)?;
        let granule = little(page, 6, 8).filter(|granule| *granule != u64::MAX);
        if let (Some(granule), true) = (granule, little(page, 14, 4) == Some(clock.serial)) {
            return millis(granule.saturating_sub(clock.skipped), clock.a_second)
                .filter(|millis| *millis > 0);
        }
        rest = rest.get(..place)?;
    }
    None
}
