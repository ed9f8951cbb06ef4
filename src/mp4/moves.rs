//! Where the bytes of a file go when its movie moves to the front.
//!
//! 1. The file falls into stretches that stay together: before the place of insertion, between it and the movie,
//!    behind the movie.
//! 2. Each goes to a place of its own. An offset is mapped through the stretch it lies in: what stands before the
//!    movie's new place does not move, what stands behind its old one moves by as much as it has grown.
//! 3. A run of bytes has a new place only if it lies in one stretch as a whole.

use std::ops::Range;

/// A stretch of the old file, and where it begins in the new one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Move {
    pub(super) from: Range<u64>,
    pub(super) to: u64,
}

/// The stretches, in the order of the old file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Moves(pub(super) Vec<Move>);

impl Moves {
    /// For a movie at `old` that goes to `insertion`, before it, and then has `new_len` bytes. `None` if the file
    /// would become longer than an offset can say.
    pub(super) fn to_front(insertion: u64, old: &Range<u64>, file_len: u64, new_len: u64) -> Option<Self> {
        let middle = insertion.checked_add(new_len)?;
        let behind = middle.checked_add(old.start.checked_sub(insertion)?)?;
        behind.checked_add(file_len.checked_sub(old.end)?)?;
        let stretches = [
            Move { from: 0..insertion, to: 0 },
            Move { from: insertion..old.start, to: middle },
            Move { from: old.end..file_len, to: behind },
        ];
        Some(Self(stretches.into()))
    }

    /// The new offset of `size` bytes at `offset`.
    pub(super) fn place(&self, offset: u64, size: u64) -> Option<u64> {
        let end = offset.checked_add(size)?;
        let holds = |stretch: &&Move| {
            stretch.from.start <= offset && offset < stretch.from.end && end <= stretch.from.end
        };
        let stretch = self.0.iter().find(holds)?;
        stretch.to.checked_add(offset - stretch.from.start)
    }
}
