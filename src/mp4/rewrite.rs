//! A moov box with new chunk offsets, byte for byte the old one otherwise.
//!
//! 1. A table of 32-bit offsets (`stco`) that would overflow becomes one of 64 bits (`co64`), which takes four bytes
//!    more an entry. The boxes around it grow by as much: `stbl`, `minf`, `mdia`, `trak`, `moov`.
//! 2. But whether one overflows depends on how long the movie gets. Instead of trying again until nothing changes, a
//!    table is widened if it would overflow were all of them widened: an upper bound, found in one pass. It widens
//!    too much only within a few MiB of 4 GiB, and `co64` is as good there.
//! 3. All changes are a list of [`Edit`]s in the order of the box, and [`Rewrite::write`] copies what lies between.

use bytes::Bytes;

use crate::mp4::boxes::{Atom, Malformed};
use crate::mp4::fields::length;
use crate::mp4::left_alone::LeftAlone;
use crate::mp4::moves::Moves;
use crate::mp4::retag::Patch;
use crate::mp4::tables::{Chunk, OffsetWidth, Offsets, SampleTable};
use crate::mp4::track;

/// A track's chunk offsets.
#[derive(Clone, Debug)]
struct Table<'a> {
    samples: SampleTable<'a>,
    offsets: Offsets<'a>,
    /// `trak`, `mdia`, `minf`, `stbl`.
    around: [Atom<'a>; 4],
    is_widened: bool,
}

/// A movie, and what is to be done to it.
#[derive(Clone, Debug)]
pub(super) struct Rewrite<'a> {
    root: Atom<'a>,
    moov: &'a [u8],
    tables: Vec<Table<'a>>,
}

impl<'a> Rewrite<'a> {
    /// Finds the tables of these tracks of a moov box.
    pub(super) fn new(moov: &'a [u8], root: Atom<'a>, tracks: &[Atom<'a>]) -> Result<Self, Malformed> {
        let mut tables = Vec::new();
        for trak in tracks {
            let Some(samples) = track::sample_table(trak)? else { continue };
            let Some(offsets) = samples.offsets else { continue };
            let mdia = trak.required(b"mdia")?;
            let minf = mdia.required(b"minf")?;
            let around = [*trak, mdia, minf, minf.required(b"stbl")?];
            tables.push(Table { samples, offsets, around, is_widened: false });
        }
        Ok(Self { root, moov, tables })
    }

    /// How long the box gets.
    pub(super) fn len(&self) -> u64 {
        let growth = self.tables.iter().map(Table::growth);
        growth.fold(length(self.moov), u64::saturating_add)
    }

    /// How long it would get if all tables were widened.
    pub(super) fn longest(&self) -> u64 {
        let growth = self.tables.iter().map(Table::growth_if_widened);
        growth.fold(length(self.moov), u64::saturating_add)
    }

    /// Widens the tables that hold an offset over 32 bits under these moves, which are those of the longest box.
    /// That also finds the chunks that have no place.
    pub(super) fn widen(&mut self, moves: &Moves, file_len: u64) -> Result<(), LeftAlone> {
        for table in &mut self.tables {
            let mut largest = 0;
            for chunk in table.samples.chunks() {
                largest = largest.max(new_offset(&chunk, moves).ok_or_else(|| nowhere(&chunk, file_len))?);
            }
            table.is_widened = table.offsets.width == OffsetWidth::Bits32 && u32::try_from(largest).is_err();
        }
        Ok(())
    }

    /// The new box. `patches` are offsets in the old one; they must lie outside of what is changed here.
    pub(super) fn write(&self, moves: &Moves, patches: &[Patch]) -> Result<Bytes, LeftAlone> {
        let mut edits = self.edits()?;
        edits.extend(patches.iter().map(|patch| Edit {
            at: patch.offset,
            removed: length(&patch.bytes),
            new: New::Bytes(patch.bytes.clone()),
        }));
        edits.sort_by_key(|edit| edit.at);
        let mut out = Vec::with_capacity(usize::try_from(self.len()).map_err(|_| LeftAlone::TooLarge)?);
        let mut at = 0;
        for edit in &edits {
            out.extend_from_slice(self.between(at, edit.at)?);
            edit.write(moves, &mut out)?;
            at = edit.at.saturating_add(edit.removed);
        }
        out.extend_from_slice(self.between(at, length(self.moov))?);
        Ok(out.into())
    }

    fn between(&self, start: u64, end: u64) -> Result<&'a [u8], Malformed> {
        let place = |offset| usize::try_from(offset).ok();
        let range = place(start).zip(place(end)).and_then(|(start, end)| self.moov.get(start..end));
        range.ok_or(Malformed::Entries(self.root.kind))
    }

    fn edits(&self) -> Result<Vec<Edit<'_>>, LeftAlone> {
        let old_len = length(self.moov);
        // Written even if it stays, because a size of 0 means "up to the end of the file" only at its end.
        let mut edits = vec![size_of(&self.root, self.len().saturating_sub(old_len))?];
        for table in &self.tables {
            if table.is_widened {
                let growth = table.growth();
                for atom in table.around {
                    edits.push(size_of(&atom, growth)?);
                }
                edits.push(size_of(&table.offsets.atom, growth)?);
                let at = table.offsets.atom.offset.saturating_add(4);
                edits.push(Edit { at, removed: 4, new: New::Bytes(Bytes::from_static(b"co64")) });
            }
            let (at, removed) = (table.offsets.entries_offset(), table.offsets.byte_len());
            edits.push(Edit { at, removed, new: New::Offsets(table) });
        }
        Ok(edits)
    }
}

impl Table<'_> {
    fn growth(&self) -> u64 {
        if self.is_widened { self.growth_if_widened() } else { 0 }
    }

    fn growth_if_widened(&self) -> u64 {
        match self.offsets.width {
            OffsetWidth::Bits32 => self.offsets.byte_len(),
            OffsetWidth::Bits64 => 0,
        }
    }

    fn is_wide(&self) -> bool {
        self.is_widened || self.offsets.width == OffsetWidth::Bits64
    }
}

/// A change of some bytes of the box.
#[derive(Clone, Debug)]
struct Edit<'a> {
    /// In the old box.
    at: u64,
    removed: u64,
    new: New<'a>,
}

#[derive(Clone, Debug)]
enum New<'a> {
    Bytes(Bytes),
    Offsets(&'a Table<'a>),
}

impl Edit<'_> {
    fn write(&self, moves: &Moves, out: &mut Vec<u8>) -> Result<(), LeftAlone> {
        let table = match &self.new {
            New::Bytes(bytes) => {
                out.extend_from_slice(bytes);
                return Ok(());
            }
            New::Offsets(table) => table,
        };
        for chunk in table.samples.chunks() {
            let offset = new_offset(&chunk, moves).ok_or(Malformed::Nowhere)?;
            if table.is_wide() {
                out.extend_from_slice(&offset.to_be_bytes());
            } else {
                let offset =
                    u32::try_from(offset).map_err(|_| Malformed::Entries(table.offsets.atom.kind))?;
                out.extend_from_slice(&offset.to_be_bytes());
            }
        }
        Ok(())
    }
}

/// The size field of a box that grows (§4.2.2).
fn size_of<'a>(atom: &Atom<'_>, growth: u64) -> Result<Edit<'a>, LeftAlone> {
    let size = length(atom.body).saturating_add(atom.header_len).saturating_add(growth);
    if atom.is_large {
        let new = New::Bytes(Bytes::copy_from_slice(&size.to_be_bytes()));
        return Ok(Edit { at: atom.offset.saturating_add(8), removed: 8, new });
    }
    let size = u32::try_from(size).map_err(|_| LeftAlone::TooLarge)?;
    Ok(Edit { at: atom.offset, removed: 4, new: New::Bytes(Bytes::copy_from_slice(&size.to_be_bytes())) })
}

/// A chunk without samples lies nowhere in particular: if its place moves it moves along, else it is left as it is.
fn new_offset(chunk: &Chunk, moves: &Moves) -> Option<u64> {
    let place = moves.place(chunk.offset, chunk.size);
    if chunk.size == 0 { place.or(Some(chunk.offset)) } else { place }
}

/// Why a chunk has no new place.
fn nowhere(chunk: &Chunk, file_len: u64) -> LeftAlone {
    let end = chunk.offset.saturating_add(chunk.size);
    if end > file_len { LeftAlone::CutOff } else { LeftAlone::Malformed(Malformed::Nowhere) }
}
