//! Edit lists (ISO/IEC 14496-12 §8.6.6): which part of a track's media is shown, and when.
//!
//! 1. An empty edit delays the track.
//! 2. An edit that begins later than its media skips what a decoder needs and nobody sees: the priming of AAC,
//!    frames before a cut.
//! 3. A rate other than 1 is slow or fast motion, which browsers ignore.

use crate::mp4::boxes::{Atom, Malformed};
use crate::mp4::fields::Fields;

/// Edits that are kept. Real files have one or two; what a camera's editor does needs a dozen.
pub const EDITS_KEPT: usize = 64;

/// One in 16.16.
const NORMAL_RATE: u32 = 1 << 16;

/// An entry of `elst`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edit {
    /// In the movie's timescale.
    pub duration: u64,
    /// In the media's timescale; `None` for an empty edit.
    pub media_time: Option<u64>,
    /// 16 bits before the point, 16 behind it; 0 holds a picture still.
    pub rate: u32,
}

/// The edits of a track.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edits {
    /// How many there are.
    pub count: u64,
    /// The first [`EDITS_KEPT`] of them.
    pub first: Vec<Edit>,
}

impl Edits {
    /// How long the track waits, in the movie's timescale: the empty edits at the front.
    #[must_use]
    pub fn delay(&self) -> u64 {
        let empty = self.first.iter().take_while(|edit| edit.media_time.is_none());
        empty.fold(0, |delay, edit| delay.saturating_add(edit.duration))
    }

    /// What is skipped of the media, in the media's timescale.
    #[must_use]
    pub fn start(&self) -> u64 {
        self.first.iter().find_map(|edit| edit.media_time).unwrap_or(0)
    }

    /// More than a delay and one piece of the media at its own speed. Browsers play such tracks in ways of
    /// their own.
    #[must_use]
    pub fn are_complex(&self) -> bool {
        let shown = self.first.iter().filter(|edit| edit.media_time.is_some()).count();
        let bent = self.first.iter().any(|edit| edit.media_time.is_some() && edit.rate != NORMAL_RATE);
        shown > 1 || bent || usize::try_from(self.count).is_ok_and(|count| count > self.first.len())
    }

    pub(super) fn read(trak: &Atom<'_>) -> Result<Self, Malformed> {
        let Some(elst) = trak.descend(&[b"edts", b"elst"])? else { return Ok(Self::default()) };
        let mut fields = elst.fields();
        let head = (|| Some((fields.version_and_flags()?, fields.u32()?)))();
        let ((version, _), count) = head.ok_or(elst.short())?;
        let keep = usize::try_from(count).unwrap_or(usize::MAX).min(EDITS_KEPT);
        let first: Vec<_> = std::iter::from_fn(|| edit(&mut fields, version)).take(keep).collect();
        // The rest is not read, only held against the room that is there.
        let entry_len = if version == 0 { 12 } else { 20 };
        let room = (elst.body.len() - 8) / entry_len;
        if u64::from(count) > u64::try_from(room).unwrap_or(u64::MAX) {
            return Err(Malformed::Count(elst.kind));
        }
        Ok(Self { count: count.into(), first })
    }
}

fn edit(fields: &mut Fields<'_>, version: u8) -> Option<Edit> {
    let duration = fields.by_version(version)?;
    // §8.6.6.3: -1 is an empty edit. Nothing else is negative.
    let start = fields.by_version(version)?;
    let largest = if version == 0 { i32::MAX.unsigned_abs().into() } else { i64::MAX.unsigned_abs() };
    Some(Edit { duration, media_time: Some(start).filter(|start| *start <= largest), rate: fields.u32()? })
}
