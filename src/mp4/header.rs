//! The headers of a movie, of a track and of its media (ISO/IEC 14496-12 §8.2.2, §8.3.2, §8.4.2).
//!
//! 1. Each is a full box: times take 64 bits in version 1 and 32 in version 0.
//! 2. A time of all ones is one that nobody knows.

use crate::mp4::boxes::{Atom, Malformed};
use crate::mp4::fields::Fields;
use crate::mp4::time::Span;

/// How far a picture is to be turned clockwise before it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    None,
    Right,
    Half,
    Left,
    /// Mirrored, sheared, or by another angle.
    Other,
}

impl Rotation {
    /// Clockwise; `None` for what is no quarter turn.
    #[must_use]
    pub fn degrees(&self) -> Option<u16> {
        match self {
            Self::None => Some(0),
            Self::Right => Some(90),
            Self::Half => Some(180),
            Self::Left => Some(270),
            Self::Other => None,
        }
    }

    /// Of the matrix `a b u c d v x y w` (§6.2.2), by its signs: scaling does not turn.
    fn of([a, b, c, d]: [i32; 4]) -> Self {
        match [a.signum(), b.signum(), c.signum(), d.signum()] {
            [1, 0, 0, 1] => Self::None,
            [0, 1, -1, 0] => Self::Right,
            [-1, 0, 0, -1] => Self::Half,
            [0, -1, 1, 0] => Self::Left,
            // A matrix of zeros shows nothing; writers mean that there is none.
            [0, 0, 0, 0] => Self::None,
            _ => Self::Other,
        }
    }
}

/// `tkhd`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TrackHeader {
    pub(super) id: u32,
    pub(super) is_enabled: bool,
    pub(super) rotation: Rotation,
    /// Whole pixels.
    pub(super) width: u32,
    pub(super) height: u32,
}

impl TrackHeader {
    pub(super) fn read(tkhd: &Atom<'_>) -> Result<Self, Malformed> {
        Self::of(tkhd.fields()).ok_or(tkhd.short())
    }

    fn of(mut fields: Fields<'_>) -> Option<Self> {
        let (version, flags) = fields.version_and_flags()?;
        // Creation and modification.
        fields.by_version(version)?;
        fields.by_version(version)?;
        let id = fields.u32()?;
        fields.take(4)?;
        // Duration; then reserved, layer, group, volume, reserved.
        fields.by_version(version)?;
        fields.take(16)?;
        let mut number = || fields.array().map(i32::from_be_bytes);
        let (a, b, _) = (number()?, number()?, number()?);
        let (c, d, _) = (number()?, number()?, number()?);
        fields.take(12)?;
        // 16 bits before the point, 16 behind it.
        let (width, height) = (fields.u32()? >> 16, fields.u32()? >> 16);
        Some(Self { id, is_enabled: flags & 1 != 0, rotation: Rotation::of([a, b, c, d]), width, height })
    }
}

/// `mdhd`, and `elng` beside it (§8.4.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MediaHeader {
    pub(super) timescale: u32,
    pub(super) duration: Option<Span>,
    pub(super) language: Option<String>,
}

impl MediaHeader {
    pub(super) fn read(mdia: &Atom<'_>) -> Result<Self, Malformed> {
        let mdhd = mdia.required(b"mdhd")?;
        let mut fields = mdhd.fields();
        let (timescale, duration) = clock(&mut fields).ok_or(mdhd.short())?;
        let packed = fields.u16().ok_or(mdhd.short())?;
        let extended = mdia.only(b"elng")?.and_then(|elng| extended_language(&elng));
        Ok(Self { timescale, duration, language: extended.or_else(|| language(packed)) })
    }
}

/// The duration in `mvhd`.
pub(super) fn movie_duration(mvhd: &Atom<'_>) -> Result<Option<Span>, Malformed> {
    clock(&mut mvhd.fields()).map(|(_, duration)| duration).ok_or(mvhd.short())
}

/// What `mvhd` and `mdhd` begin with.
fn clock(fields: &mut Fields<'_>) -> Option<(u32, Option<Span>)> {
    let (version, _) = fields.version_and_flags()?;
    fields.by_version(version)?;
    fields.by_version(version)?;
    let timescale = fields.u32()?;
    let duration = fields.by_version(version)?;
    let unknown = if version == 0 { u64::from(u32::MAX) } else { u64::MAX };
    Some((timescale, Span::new(duration, timescale).filter(|_| duration != unknown)))
}

/// Three letters in five bits each, counted from 0x60 (§8.4.2.3). Below 0x400 it is a number of QuickTime's, of
/// which 0 is English.
fn language(packed: u16) -> Option<String> {
    if packed == 0 {
        return Some("eng".to_owned());
    }
    let letters =
        [packed >> 10, packed >> 5, packed].map(|bits| u8::try_from(bits & 0x1f).map(|bits| bits + 0x60));
    let letters: Option<String> = letters
        .into_iter()
        .map(|letter| letter.ok().map(char::from).filter(char::is_ascii_lowercase))
        .collect();
    letters.filter(|language| language != "und")
}

/// A text that ends with a zero. A tag of BCP 47 is letters, digits and hyphens, at most 35 in practice (RFC 5646
/// §4.4.1).
fn extended_language(elng: &Atom<'_>) -> Option<String> {
    let mut fields = elng.fields();
    fields.version_and_flags()?;
    let tag = fields.rest().split(|byte| *byte == 0).next()?;
    let is_tag =
        (1..=35).contains(&tag.len()) && tag.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
    let tag = std::str::from_utf8(tag).ok().filter(|tag| is_tag && *tag != "und")?;
    Some(tag.to_owned())
}
