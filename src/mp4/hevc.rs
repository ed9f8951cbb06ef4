//! The configuration of HEVC, `hvcC` (ISO/IEC 14496-15 §8.3.3.1).
//!
//! 1. [`Configuration::read`] reads profile, tier, level and which parameter sets are in the box.
//! 2. Its `Display` is what follows the sample entry's type in a `codecs` parameter (§E.3).

use std::fmt;

use crate::mp4::fields::Fields;

/// NAL unit types of ISO/IEC 23008-2, Table 7-1: video, sequence and picture parameter sets.
const PARAMETER_SETS: [u8; 3] = [32, 33, 34];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Configuration {
    profile_space: u8,
    is_high_tier: bool,
    profile: u8,
    compatibility: u32,
    constraints: [u8; 6],
    level: u8,
    pub(super) bit_depth: u8,
    /// The arrays of parameter sets that hold at least one.
    arrays: Vec<Array>,
}

/// An array of parameter sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Array {
    pub(super) kind: u8,
    /// Where its first byte stands in the box's contents: `array_completeness`, a reserved bit, and the type.
    pub(super) offset: usize,
    pub(super) first_byte: u8,
}

impl Configuration {
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let mut fields = Fields::new(body);
        fields.u8().filter(|version| *version == 1)?;
        let general = fields.u8()?;
        let (compatibility, constraints, level) = (fields.u32()?, fields.array()?, fields.u8()?);
        // Segmentation, parallelism, chroma format.
        fields.take(4)?;
        let bit_depth = (fields.u8()? & 7) + 8;
        // Depth of chroma, frame rate, layers.
        fields.take(4)?;
        let arrays = arrays(body, &mut fields)?;
        Some(Self {
            profile_space: general >> 6,
            is_high_tier: general & 0x20 != 0,
            profile: general & 0x1f,
            compatibility,
            constraints,
            level,
            bit_depth,
            arrays,
        })
    }

    /// Whether a decoder can start from this box alone, which is what `hvc1` promises (§8.4.1.1).
    pub(super) fn has_all_parameter_sets(&self) -> bool {
        PARAMETER_SETS.iter().all(|kind| self.arrays.iter().any(|array| array.kind == *kind))
    }

    /// The arrays of video, sequence and picture parameter sets.
    pub(super) fn parameter_sets(&self) -> impl Iterator<Item = &Array> {
        self.arrays.iter().filter(|array| PARAMETER_SETS.contains(&array.kind))
    }
}

/// At most 255 arrays; each takes at least three bytes, and each NAL unit two.
fn arrays(body: &[u8], fields: &mut Fields<'_>) -> Option<Vec<Array>> {
    let mut arrays = Vec::new();
    for _ in 0..fields.u8()? {
        let offset = body.len() - fields.rest().len();
        let first_byte = fields.u8()?;
        let count = fields.u16()?;
        for _ in 0..count {
            let len = fields.u16()?;
            fields.take(len.into())?;
        }
        if count > 0 {
            arrays.push(Array { kind: first_byte & 0x3f, offset, first_byte });
        }
    }
    Some(arrays)
}

impl fmt::Display for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let space = match self.profile_space {
            1 => "A",
            2 => "B",
            3 => "C",
            _ => "",
        };
        let tier = if self.is_high_tier { 'H' } else { 'L' };
        // §E.3: the flags in reverse order of bits, so that those of the usual profiles are short.
        let flags = self.compatibility.reverse_bits();
        write!(f, "{space}{}.{flags:X}.{tier}{}", self.profile, self.level)?;
        // Trailing bytes that are zero are left out.
        let used = self.constraints.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        self.constraints.iter().take(used).try_for_each(|byte| write!(f, ".{byte:X}"))
    }
}
