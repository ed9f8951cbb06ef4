//! RIFF: WAV and AVI. Chunks of four letters, a length in little-endian and a body, filled up to an even length.

use super::examined::{FrameRate, Track};
use super::numbers::{find, little, millis};

/// The body of a chunk that lies in the first bytes, as far as it is there, and the length that it claims.
fn chunk(start: &[u8], name: [u8; 4]) -> Option<(&[u8], u64)> {
    let mut at = 12;
    while let Some(len) = little(start, at + 4, 4) {
        let body = start.get(at + 8..)?;
        if start.get(at..at + 4)? == name {
            return Some((body, len));
        }
        at = at.checked_add(8)?.checked_add(usize::try_from(len + len % 2).ok()?)?;
    }
    None
}

/// The sound of a WAV file of this length.
pub(super) fn wav(start: &[u8], file_len: u64) -> (Vec<Track>, Option<u64>) {
    let Some((format, _)) = chunk(start, *b"fmt ") else { return (Vec::new(), None) };
    let small = |at, len| u32::try_from(little(format, at, len)?).ok();
    let codec = match small(0, 2) {
        Some(1 | 0xfffe) => "pcm",
        Some(3) => "pcm_float",
        Some(0x55) => "mp3",
        _ => "",
    };
    let bytes_a_second = little(format, 8, 4).unwrap_or(0);
    let data = chunk(start, *b"data").map(|(_, len)| len.min(file_len));
    let track = Track {
        kind: "audio",
        codec: (!codec.is_empty()).then(|| codec.to_owned()),
        channels: small(2, 2),
        sample_rate: small(4, 4),
        bit_rate: bytes_a_second.checked_mul(8).filter(|rate| *rate > 0),
        ..Track::default()
    };
    (vec![track], data.and_then(|len| millis(len, bytes_a_second)).filter(|millis| *millis > 0))
}

/// The header list of an AVI file: `avih` for the film, `strh` for each stream.
pub(super) fn avi(start: &[u8]) -> (Vec<Track>, Option<u64>) {
    let Some(place) = find(start, b"avih") else { return (Vec::new(), None) };
    let header = start.get(place + 8..).unwrap_or_default();
    let small = |at| u32::try_from(little(header, at, 4)?).ok().filter(|number| *number > 0);
    let (micros, frames) = (little(header, 0, 4).unwrap_or(0), little(header, 16, 4).unwrap_or(0));
    let rate = 1_000_000_000_u64.checked_div(micros).and_then(|rate| u32::try_from(rate).ok());
    let mut tracks = Vec::new();
    let mut rest = header;
    while let Some(place) = find(rest, b"strh").filter(|_| tracks.len() < 16) {
        rest = rest.get(place + 8..).unwrap_or_default();
        let coding: String = rest.iter().skip(4).take(4).map(|byte| char::from(*byte)).collect();
        let coding = coding.trim().to_ascii_lowercase();
        let is_name = !coding.is_empty() && coding.chars().all(|letter| letter.is_ascii_alphanumeric());
        tracks.push(match rest.get(..4) {
            Some(b"vids") => Track {
                kind: "video",
                codec: is_name.then_some(coding),
                width: small(32),
                height: small(36),
                frame_rate: rate.filter(|rate| *rate > 0).map(FrameRate),
                ..Track::default()
            },
            Some(b"auds") => Track { kind: "audio", ..Track::default() },
            _ => Track { kind: "other", ..Track::default() },
        });
    }
    let duration = micros.checked_mul(frames).map(|micros| micros / 1_000).filter(|millis| *millis > 0);
    (tracks, duration)
}
