//! A file that does not lie anywhere: a list of pieces, some in memory, the others spans of the file as it is.
//!
//! 1. [`VirtualFile::patched`] and [`crate::mp4::faststart()`] make one.
//! 2. [`VirtualFile::slice`] is what a range of it consists of. No byte of the file on disk is read here.

use std::ops::Range;

use bytes::Bytes;

use crate::mp4::fields::length;
use crate::mp4::retag::Patch;

/// A piece of a virtual file. None is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// Made here.
    Memory(Bytes),
    /// Bytes of the file, from `start` up to, not including, `end`.
    Span { start: u64, end: u64 },
}

impl Segment {
    /// The number of bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        match self {
            Self::Memory(bytes) => length(bytes),
            Self::Span { start, end } => end.saturating_sub(*start),
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// From `from` up to `to`, counted from its start and cut to its end.
    fn slice(&self, from: u64, to: u64) -> Self {
        let (from, to) = (from.min(self.len()), to.min(self.len()));
        match self {
            Self::Memory(bytes) => {
                let place = |offset| usize::try_from(offset).unwrap_or(bytes.len());
                Self::Memory(bytes.slice(place(from)..place(to.max(from))))
            }
            Self::Span { start, .. } => Self::Span { start: start + from, end: start + to.max(from) },
        }
    }
}

/// The pieces of a file, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VirtualFile {
    segments: Vec<Segment>,
}

impl VirtualFile {
    /// Leaves out empty pieces.
    pub(super) fn new(segments: impl IntoIterator<Item = Segment>) -> Self {
        Self { segments: segments.into_iter().filter(|segment| !segment.is_empty()).collect() }
    }

    /// A file of this length with some of its bytes replaced. Patches come in the order of their offsets; one that
    /// overlaps the patch before it, or does not lie in the file, is left out.
    #[must_use]
    pub fn patched(len: u64, patches: &[Patch]) -> Self {
        let (mut segments, mut at) = (Vec::new(), 0);
        for patch in patches {
            let end = patch.offset.saturating_add(length(&patch.bytes));
            if patch.offset >= at && end <= len {
                segments.push(Segment::Span { start: at, end: patch.offset });
                segments.push(Segment::Memory(patch.bytes.clone()));
                at = end;
            }
        }
        segments.push(Segment::Span { start: at, end: len.max(at) });
        Self::new(segments)
    }

    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The number of bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.segments.iter().fold(0, |len, segment| len.saturating_add(segment.len()))
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// How many bytes of it are kept in memory.
    #[must_use]
    pub fn memory(&self) -> u64 {
        let in_memory = self.segments.iter().filter(|segment| matches!(segment, Segment::Memory(_)));
        in_memory.fold(0, |len, segment| len.saturating_add(segment.len()))
    }

    /// The pieces of a range, cut to the file.
    #[must_use]
    pub fn slice(&self, range: Range<u64>) -> Vec<Segment> {
        let mut at = 0_u64;
        let pieces = self.segments.iter().map(|segment| {
            let (from, to) = (range.start.saturating_sub(at), range.end.saturating_sub(at));
            at = at.saturating_add(segment.len());
            segment.slice(from, to)
        });
        pieces.filter(|piece| !piece.is_empty()).collect()
    }
}
