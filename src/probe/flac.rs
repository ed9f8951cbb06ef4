//! FLAC (RFC 9639 §8.2): the stream's information is the first block of every file.

use super::examined::Track;
use super::numbers::{big, millis};

pub(super) fn read(start: &[u8]) -> (Vec<Track>, Option<u64>) {
    // Behind the mark, the block's head, and sizes of blocks and frames: 20 bits of rate, 3 of channels less one, 5 of
    // depth less one, 36 of samples.
    let Some(packed) = big(start, 18, 8) else { return (Vec::new(), None) };
    let (rate, channels, samples) = (packed >> 44, (packed >> 41 & 7) + 1, packed & 0xf_ffff_ffff);
    let depth = u8::try_from((packed >> 36 & 0x1f) + 1).ok();
    let track = Track {
        kind: "audio",
        codec: Some("flac".to_owned()),
        bit_depth: depth,
        channels: u32::try_from(channels).ok(),
        sample_rate: u32::try_from(rate).ok().filter(|rate| *rate > 0),
        ..Track::default()
    };
    (vec![track], millis(samples, rate).filter(|millis| *millis > 0))
}
