//! Channels and sample rate of sound.
//!
//! 1. The sample entry's fields are where every coding has them, but for most codings they are a template: two
//!    channels, 16 bits, whatever is heard (ISO/IEC 14496-12 §12.2.3.2).
//! 2. So the coding's own configuration is asked first, and the fields count where it does not say.

use crate::mp4::descriptors::Descriptors;
use crate::mp4::entry::Entry;
use crate::mp4::fields::Fields;

/// What is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sound {
    pub channels: u32,
    /// In Hertz; 0 where the file does not say.
    pub sample_rate: u32,
}

pub(super) fn describe(entry: &Entry<'_>) -> Sound {
    let own = configured(entry).unwrap_or_default();
    Sound {
        channels: own.channels.unwrap_or(entry.sound.channels),
        sample_rate: own.sample_rate.unwrap_or(entry.sound.sample_rate),
    }
}

#[derive(Default)]
struct Configured {
    channels: Option<u32>,
    sample_rate: Option<u32>,
}

type Reader = fn(&[u8]) -> Option<Configured>;

/// By which box is there and not by the entry's type, so that it holds for encrypted entries as well.
fn configured(entry: &Entry<'_>) -> Option<Configured> {
    let body = |kind| entry.extension(kind).map(|found| found.body);
    let readers: [(&[u8; 4], Reader); 6] =
        [(b"esds", aac), (b"dOps", opus), (b"dfLa", flac), (b"alac", alac), (b"dac3", ac3), (b"dec3", eac3)];
    readers.iter().find_map(|(kind, read)| read(body(kind)?))
}

fn aac(body: &[u8]) -> Option<Configured> {
    let audio = Descriptors::read(body)?.audio()?;
    Some(Configured { channels: audio.channels, sample_rate: audio.sample_rate })
}

/// "Encapsulation of Opus in ISO Base Media File Format" §4.3.2. It decodes at 48 kHz whatever went in.
fn opus(body: &[u8]) -> Option<Configured> {
    let [_version, channels] = Fields::new(body).array()?;
    Some(Configured { channels: Some(channels.into()), sample_rate: Some(48_000) })
}

/// "Encapsulation of FLAC in ISO Base Media File Format" §3.3.2: a STREAMINFO block. 20 bits of rate, 3 of channels
/// less one, behind sizes of blocks and frames.
fn flac(body: &[u8]) -> Option<Configured> {
    let mut fields = Fields::new(body);
    fields.version_and_flags()?;
    fields.take(14)?;
    let packed = fields.u32()?;
    Some(Configured { channels: Some((packed >> 9 & 7) + 1), sample_rate: Some(packed >> 12) })
}

/// Apple's "`ALACMagicCookieDescription`", behind version and flags.
fn alac(body: &[u8]) -> Option<Configured> {
    let mut fields = Fields::new(body);
    fields.take(13)?;
    let channels = fields.u8()?;
    fields.take(10)?;
    Some(Configured { channels: Some(channels.into()), sample_rate: fields.u32() })
}

/// ETSI TS 102 366, Table 4.1 and 5.8: rates by `fscod`, and full-range channels by `acmod`.
const DOLBY_RATES: [Option<u32>; 4] = [Some(48_000), Some(44_100), Some(32_000), None];
const DOLBY_CHANNELS: [u32; 8] = [2, 1, 2, 3, 3, 4, 4, 5];

fn dolby(rate: u32, mode: u32, low_frequency: u32) -> Option<Configured> {
    let at = |index| usize::try_from(index).ok();
    let channels = DOLBY_CHANNELS.get(at(mode)?)? + low_frequency;
    Some(Configured { channels: Some(channels), sample_rate: DOLBY_RATES.get(at(rate)?).copied().flatten() })
}

/// ETSI TS 102 366 §F.4: `fscod` 2 bits, `bsid` 5, `bsmod` 3, `acmod` 3, `lfeon` 1.
fn ac3(body: &[u8]) -> Option<Configured> {
    let [high, low, _] = Fields::new(body).array()?;
    let packed = u32::from(high) << 8 | u32::from(low);
    dolby(packed >> 14, packed >> 3 & 7, packed >> 2 & 1)
}

/// ETSI TS 102 366 §F.6, the first substream: behind 16 bits `fscod` 2, `bsid` 5, 2 others, `bsmod` 3, `acmod` 3,
/// `lfeon` 1.
fn eac3(body: &[u8]) -> Option<Configured> {
    let mut fields = Fields::new(body);
    fields.take(2)?;
    let packed = u32::from(fields.u16()?);
    dolby(packed >> 14, packed >> 1 & 7, packed & 1)
}
