//! HEVC under the name that Apple's players ask for: `hev1` becomes `hvc1` where that is true.
//!
//! 1. `hev1` allows parameter sets among the samples; `hvc1` promises that all of them are in the sample entry
//!    (ISO/IEC 14496-15 §8.4.1.1). Safari and `AVPlayer` refuse the former and play the latter.
//! 2. Where the entry's `hvcC` holds video, sequence and picture parameter sets, a decoder can start from it, and the
//!    name may change: four bytes. That is done by most files that ffmpeg writes without `-tag:v hvc1`.
//! 3. With that name `array_completeness` must be 1 for these sets (§8.3.3.1.2), and what ffmpeg writes under the
//!    other is 0: one more byte each.
//!
//! Nothing moves: the file keeps its length, and so do all boxes. Samples that carry their sets once more stay as they
//! are; nobody can see that from here, decoders take it, and ffmpeg's own `-c copy -tag:v hvc1` does the same.

use bytes::Bytes;

use crate::mp4::boxes::{Atom, Malformed};
use crate::mp4::entry::{self, Entry, Medium};
use crate::mp4::movie;
use crate::mp4::track;

/// Bytes to put over those of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// In the file.
    pub offset: u64,
    pub bytes: Bytes,
}

/// `array_completeness`, the first bit of an array.
const COMPLETE: u8 = 0x80;

/// A track of HEVC needs four patches. Boxes of a stranger could ask for millions.
const MAX_PATCHES: usize = 1_000;

/// The patches that make `hvc1` of `hev1`, in the order of their offsets; none where there is nothing to do.
/// `moov` is the whole box, which begins at `offset` in the file.
pub fn hvc1(moov: &[u8], offset: u64) -> Result<Vec<Patch>, Malformed> {
    let mut patches = Vec::new();
    let root = movie::root(moov)?;
    for trak in movie::tracks(&root)? {
        if let Some(stsd) = trak.descend(&[b"mdia", b"minf", b"stbl", b"stsd"])? {
            patches.extend(of_track(&stsd)?);
            at_most(&patches, &stsd)?;
        }
    }
    patches.sort_by_key(|patch| patch.offset);
    for patch in &mut patches {
        patch.offset = patch.offset.saturating_add(offset);
    }
    Ok(patches)
}

/// All entries of a track or none: a track whose name changes on the way is worse than one with the old name.
fn of_track(stsd: &Atom<'_>) -> Result<Vec<Patch>, Malformed> {
    let mut patches = Vec::new();
    let (version, entries) = entry::entries(stsd)?;
    for atom in entries {
        let atom = atom?;
        if atom.kind != b"hev1" {
            return Ok(Vec::new());
        }
        let entry = Entry::read(atom, Medium::Video, version)?;
        match of_entry(&entry) {
            Some(of_entry) => patches.extend(of_entry),
            None => return Ok(Vec::new()),
        }
        at_most(&patches, stsd)?;
    }
    Ok(patches)
}

fn at_most(patches: &[Patch], stsd: &Atom<'_>) -> Result<(), Malformed> {
    if patches.len() > MAX_PATCHES { Err(Malformed::TooMany(stsd.kind)) } else { Ok(()) }
}

fn of_entry(entry: &Entry<'_>) -> Option<Vec<Patch>> {
    let configuration = track::can_be_hvc1(entry)?;
    let contents = entry.extension(b"hvcC")?.body_offset();
    // The type stands behind the 32 bits of size (§4.2.2).
    let mut patches =
        vec![Patch { offset: entry.atom.offset.saturating_add(4), bytes: Bytes::from_static(b"hvc1") }];
    let incomplete = configuration.parameter_sets().filter(|array| array.first_byte & COMPLETE == 0);
    for array in incomplete {
        let offset = contents.saturating_add(u64::try_from(array.offset).ok()?);
        patches.push(Patch { offset, bytes: Bytes::copy_from_slice(&[array.first_byte | COMPLETE]) });
    }
    Some(patches)
}
