//! The `codecs` parameter of a track (RFC 6381), which a browser is asked about.
//!
//! 1. An encrypted entry (`encv`, `enca`, `enct`) says in `sinf/frma` what it was (ISO/IEC 14496-12 §8.12.2).
//! 2. The box of the coding's configuration gives profile and level; each coding writes them in its own way.
//! 3. Without it, or where it cannot be read, the name is the four characters alone.

use crate::mp4::boxes::FourCc;
use crate::mp4::descriptors::Descriptors;
use crate::mp4::entry::Entry;
use crate::mp4::fields::Fields;
use crate::mp4::hevc;

/// What the samples of a track are coded in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Codec {
    /// The sample entry's type as it stands in the file, `encv` too.
    pub entry: FourCc,
    /// What it is when decrypted; else the same as `entry`.
    pub format: FourCc,
    /// For `codecs`, such as `avc1.64001F`.
    pub name: String,
    pub is_encrypted: bool,
    /// Of luma, where the configuration says so: 10 for what many decoders cannot do.
    pub bit_depth: Option<u8>,
}

pub(super) fn describe(entry: &Entry<'_>) -> Codec {
    let kind = entry.atom.kind;
    let is_encrypted = kind.is_any(&[b"encv", b"enca", b"enct"]);
    let format = if is_encrypted { original_format(entry).unwrap_or(kind) } else { kind };
    let (name, bit_depth) = detailed(entry, format).unwrap_or((format.to_string(), None));
    Codec { entry: kind, format, name, is_encrypted, bit_depth }
}

fn original_format(entry: &Entry<'_>) -> Option<FourCc> {
    let frma = entry.extension(b"sinf")?.only(b"frma").ok()??;
    frma.fields().array().map(FourCc)
}

type Detail = Option<(String, Option<u8>)>;

/// The name of a coding, and its depth, by the box of its configuration: other containers carry the same bytes.
#[must_use]
pub fn by_configuration(format: FourCc, body: &[u8]) -> Option<(String, Option<u8>)> {
    match &format.0 {
        b"avc1" => avc(format, body),
        b"hvc1" => hevc(format, body),
        b"av01" => av1(body),
        _ => None,
    }
}

fn detailed(entry: &Entry<'_>, format: FourCc) -> Detail {
    let body = |kind| entry.extension(kind).map(|found| found.body);
    match &format.0 {
        b"avc1" | b"avc2" | b"avc3" | b"avc4" => avc(format, body(b"avcC")?),
        b"hvc1" | b"hev1" => hevc(format, body(b"hvcC")?),
        b"dvh1" | b"dvhe" | b"dva1" | b"dvav" => dolby_vision(format, body(b"dvcC").or(body(b"dvvC"))?),
        b"av01" => av1(body(b"av1C")?),
        b"vp08" | b"vp09" => vpx(format, body(b"vpcC")?),
        b"mp4a" | b"mp4v" => mpeg4(format, body(b"esds")?).map(|name| (name, None)),
        _ => None,
    }
}

/// RFC 6381 §3.3: the three bytes behind the version of `avcC` (ISO/IEC 14496-15 §5.3.3.1).
fn avc(format: FourCc, body: &[u8]) -> Detail {
    let mut fields = Fields::new(body);
    fields.u8()?;
    let [profile, constraints, level] = fields.array()?;
    // Its own depth stands behind the parameter sets; High 10 and above are what may have more than 8 bits.
    let depth = if [66, 77, 88, 100].contains(&profile) { Some(8) } else { None };
    Some((format!("{format}.{profile:02X}{constraints:02X}{level:02X}"), depth))
}

fn hevc(format: FourCc, body: &[u8]) -> Detail {
    let configuration = hevc::Configuration::read(body)?;
    Some((format!("{format}.{configuration}"), Some(configuration.bit_depth)))
}

/// "Dolby Vision Streams within the ISO Base Media File Format" §3.2 and §5: seven bits of profile, six of level.
fn dolby_vision(format: FourCc, body: &[u8]) -> Detail {
    let mut fields = Fields::new(body);
    fields.take(2)?;
    let packed = fields.u16()?;
    Some((format!("{format}.{:02}.{:02}", packed >> 9, packed >> 3 & 0x3f), None))
}

/// "AV1 Codec ISO Media File Format Binding" §2.3 and §5; the rest of the long form is left to its defaults.
fn av1(body: &[u8]) -> Detail {
    let mut fields = Fields::new(body);
    let [_, general, flags] = fields.array()?;
    let (profile, level) = (general >> 5, general & 0x1f);
    let tier = if flags & 0x80 == 0 { 'M' } else { 'H' };
    let depth = match (flags & 0x40 != 0, flags & 0x20 != 0) {
        (false, _) => 8,
        (true, false) => 10,
        (true, true) => 12,
    };
    Some((format!("av01.{profile}.{level:02}{tier}.{depth:02}"), Some(depth)))
}

/// "VP Codec ISO Media File Format Binding": a full box, profile, level, and the depth in the upper four bits.
fn vpx(format: FourCc, body: &[u8]) -> Detail {
    let mut fields = Fields::new(body);
    fields.version_and_flags()?;
    let [profile, level, depth] = fields.array()?;
    let depth = depth >> 4;
    Some((format!("{format}.{profile:02}.{level:02}.{depth:02}"), Some(depth)))
}

/// RFC 6381 §3.3: the object type in hexadecimal, then for AAC the audio object type, for MPEG-4 video the
/// profile and level, both in decimal.
fn mpeg4(format: FourCc, esds: &[u8]) -> Option<String> {
    let found = Descriptors::read(esds)?;
    let detail = match found.object_type {
        0x40 => found.audio().map(|audio| audio.object_type),
        0x20 => found.visual_profile(),
        _ => None,
    };
    let detail = detail.map_or(String::new(), |detail| format!(".{detail}"));
    Some(format!("{format}.{:02X}{detail}", found.object_type))
}
