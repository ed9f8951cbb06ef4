//! The descriptors in `esds` (ISO/IEC 14496-1 §7.2.6) and the configuration of AAC in them (ISO/IEC 14496-3 §1.6).
//!
//! 1. An `ES_Descriptor` holds a `DecoderConfigDescriptor`, which names the object type.
//! 2. That may hold a `DecoderSpecificInfo`: for AAC an `AudioSpecificConfig`, for MPEG-4 video its headers.

use crate::mp4::fields::Fields;

const ES: u8 = 3;
const DECODER_CONFIG: u8 = 4;
const DECODER_SPECIFIC: u8 = 5;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Descriptors<'a> {
    /// The object type indication of <https://mp4ra.org>: 0x40 for MPEG-4 audio, 0x20 for MPEG-4 video.
    pub(super) object_type: u8,
    specific: &'a [u8],
}

impl<'a> Descriptors<'a> {
    /// Reads the contents of an `esds`.
    pub(super) fn read(body: &'a [u8]) -> Option<Self> {
        let mut fields = Fields::new(body);
        fields.version_and_flags()?;
        let mut es = Fields::new(descriptor(&mut fields, ES)?);
        let [_, _, flags] = es.array()?;
        // A stream it depends on, a URL, a clock: nobody uses them, but they move what follows.
        if flags & 0x80 != 0 {
            es.take(2)?;
        }
        if flags & 0x40 != 0 {
            let len = es.u8()?;
            es.take(len.into())?;
        }
        if flags & 0x20 != 0 {
            es.take(2)?;
        }
        let mut config = Fields::new(descriptor(&mut es, DECODER_CONFIG)?);
        let object_type = config.u8()?;
        // Stream type, buffer, bit rates.
        config.take(12)?;
        Some(Self { object_type, specific: descriptor(&mut config, DECODER_SPECIFIC).unwrap_or_default() })
    }

    pub(super) fn audio(&self) -> Option<Audio> {
        Audio::read(self.specific)
    }

    /// The byte behind the start code of a visual object sequence (ISO/IEC 14496-2 §6.2.2).
    pub(super) fn visual_profile(&self) -> Option<u32> {
        let rest = self.specific.strip_prefix(&[0, 0, 1, 0xb0])?;
        rest.first().map(|profile| u32::from(*profile))
    }
}

/// The contents of a descriptor with this tag, if it is what comes next. Its length is written in up to four
/// groups of seven bits (§8.3.3).
fn descriptor<'a>(fields: &mut Fields<'a>, tag: u8) -> Option<&'a [u8]> {
    fields.u8().filter(|found| *found == tag)?;
    let mut len = 0_usize;
    for _ in 0..4 {
        let byte = fields.u8()?;
        len = len << 7 | usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            break;
        }
    }
    // ffmpeg and others have written lengths that go beyond the box: what is there counts.
    let rest = fields.rest();
    fields.take(len.min(rest.len()))
}

/// The front of an `AudioSpecificConfig`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Audio {
    /// 2 for AAC-LC, 5 for HE-AAC, 29 for HE-AAC v2.
    pub(super) object_type: u32,
    pub(super) sample_rate: Option<u32>,
    /// `None` where the channels are described in another place.
    pub(super) channels: Option<u32>,
}

/// §1.6.3.4, Table 1.18.
const RATES: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];

/// §1.6.3.5, Table 1.19, by configuration.
const CHANNELS: [u32; 15] = [0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 24, 8];

impl Audio {
    fn read(config: &[u8]) -> Option<Self> {
        let mut bits = Bits { bytes: config, at: 0 };
        let object_type = match bits.take(5)? {
            31 => 32 + bits.take(6)?,
            object_type => object_type,
        };
        let core_rate = sample_rate(&mut bits)?;
        let configured = usize::try_from(bits.take(4)?).ok()?;
        let channels = CHANNELS.get(configured).copied().filter(|channels| *channels > 0);
        // §1.6.5: with 5 and 29 the rate that is heard follows. Parametric stereo makes two channels of one.
        let heard = if matches!(object_type, 5 | 29) {
            sample_rate(&mut bits).unwrap_or(core_rate)
        } else {
            core_rate
        };
        let channels = if object_type == 29 && channels == Some(1) { Some(2) } else { channels };
        Some(Self { object_type, sample_rate: Some(heard).filter(|rate| *rate > 0), channels })
    }
}

/// 0 for an index without a meaning.
fn sample_rate(bits: &mut Bits<'_>) -> Option<u32> {
    match bits.take(4)? {
        15 => bits.take(24),
        index => Some(usize::try_from(index).ok().and_then(|index| RATES.get(index).copied()).unwrap_or(0)),
    }
}

struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: usize) -> Option<u32> {
        let mut value = 0;
        for at in self.at..self.at + count {
            let bit = self.bytes.get(at / 8)? >> (7 - at % 8) & 1;
            value = value << 1 | u32::from(bit);
        }
        self.at += count;
        Some(value)
    }
}
