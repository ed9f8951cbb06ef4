//! Boxes in memory (ISO/IEC 14496-12 §4.2): headers, and what lies inside of them.
//!
//! 1. [`Header::read`] reads the front of a box: type and size, in any of the forms of §4.2.2.
//! 2. [`Atom::root`] is a whole box in a slice; [`Atom::children`] goes through the boxes in it, one level at a
//!    time, and [`Atom::descend`] follows a path of types downwards.
//! 3. What cannot be is [`Malformed`]: a box that is longer than what it lies in, a count of entries that do not
//!    fit, a nesting deeper than [`MAX_DEPTH`].
//!
//! `Box` is a word of Rust's, so a box is an [`Atom`] here, which is what QuickTime calls it. Nothing is copied:
//! an atom is a window on the slice, so memory does not depend on what a file claims.

use std::fmt;

use thiserror::Error;

use crate::mp4::fields::{Fields, length};

/// How deep boxes may lie in boxes. A sample entry's innards are at 8; the rest is for files of the future.
pub const MAX_DEPTH: u8 = 16;

/// The largest moov that is read. Four hours of video at 60 frames a second with sound need about 15 MiB.
pub const MAX_MOOV: u64 = 64 << 20;

/// As many bytes as a header's type and size take: 32 bits each, and 64 more for a large size.
pub const HEADER_BYTES: u64 = 16;

/// The type of a box, a brand, a handler or a coding: four bytes, mostly letters (§4.2.2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FourCc(pub [u8; 4]);

impl FourCc {
    /// Four visible characters or spaces, as all types at the top level of a file are.
    #[must_use]
    pub fn is_text(&self) -> bool {
        self.0.iter().all(|byte| matches!(byte, 0x20..=0x7e))
    }

    pub(super) fn is_any(&self, kinds: &[&[u8; 4]]) -> bool {
        kinds.contains(&&self.0)
    }
}

impl PartialEq<&[u8; 4]> for FourCc {
    fn eq(&self, other: &&[u8; 4]) -> bool {
        self.0 == **other
    }
}

impl fmt::Display for FourCc {
    /// Bytes that are no visible characters are escaped: they come from a stranger and go to a terminal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

impl fmt::Debug for FourCc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Why a movie cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Malformed {
    #[error("the box {0} is longer than what it lies in")]
    Outgrows(FourCc),
    #[error("the box {0} gives a size that it cannot have")]
    Size(FourCc),
    #[error("the box {0} ends in the middle of its fields")]
    Short(FourCc),
    #[error("the box {0} claims more entries than it has room for")]
    Count(FourCc),
    #[error("the box {0} stands twice where one may stand")]
    Twice(FourCc),
    #[error("there is no box {0} where one must be")]
    Missing(FourCc),
    #[error("there are more boxes {0} than any real file has")]
    TooMany(FourCc),
    #[error("the entries of box {0} contradict each other")]
    Entries(FourCc),
    #[error("a chunk lies where the file has no samples")]
    Nowhere,
    #[error("boxes are nested too deeply")]
    TooDeep,
    #[error("the moov box is over {limit} MiB", limit = MAX_MOOV >> 20)]
    TooLarge,
}

/// The front of a box (§4.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub kind: FourCc,
    /// Bytes before the contents: 8, with a 64-bit size 16, for `uuid` another 16.
    pub len: u64,
    /// The whole box, header included. `None` says up to the end (size 0).
    pub size: Option<u64>,
    /// The size stands in 64 bits after the type.
    pub is_large: bool,
}

impl Header {
    /// Reads a header; `None` where the bytes end before it does, or where it says that it is shorter than itself.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields::new(bytes);
        let (size, kind) = (fields.u32()?, FourCc(fields.array()?));
        let is_large = size == 1;
        let size = match size {
            0 => None,
            1 => Some(fields.u64()?),
            size => Some(u64::from(size)),
        };
        // The 16 bytes of a `uuid` belong to its header; nobody here needs to know which one it is.
        let len = 8 + if is_large { 8 } else { 0 } + if kind == b"uuid" { 16 } else { 0 };
        let header = Self { kind, len, size, is_large };
        Some(header).filter(|header| header.size.is_none_or(|size| size >= header.len))
    }
}

/// A box in memory.
#[derive(Clone, Copy, Debug)]
pub struct Atom<'a> {
    pub kind: FourCc,
    /// Where its header begins, counted from the root's.
    pub offset: u64,
    pub header_len: u64,
    pub is_large: bool,
    /// What follows the header.
    pub body: &'a [u8],
    depth: u8,
}

impl<'a> Atom<'a> {
    /// The box that `bytes` are, from first to last.
    pub fn root(bytes: &'a [u8], kind: &[u8; 4]) -> Result<Self, Malformed> {
        let expected = FourCc(*kind);
        let mut boxes = Children { rest: bytes, offset: 0, depth: 0 };
        let header = Header::read(bytes).filter(|header| header.kind == expected);
        // Size 0 is legal for a file's last box (§4.2.2), and that may be the movie.
        let whole = header.is_some_and(|header| header.size.is_none_or(|size| size == length(bytes)));
        match header {
            Some(header) if whole => boxes.cut(&header).ok_or(Malformed::Outgrows(expected)),
            Some(_) => Err(Malformed::Size(expected)),
            None => Err(Malformed::Missing(expected)),
        }
    }

    /// Where its contents begin, counted from the root's header.
    #[must_use]
    pub fn body_offset(&self) -> u64 {
        self.offset.saturating_add(self.header_len)
    }

    /// The boxes that its contents are.
    #[must_use]
    pub fn children(&self) -> Children<'a> {
        self.children_after(0)
    }

    /// The boxes that follow the first `skipped` bytes of its contents.
    pub(super) fn children_after(&self, skipped: usize) -> Children<'a> {
        let rest = self.body.get(skipped..).unwrap_or_default();
        let offset = self.body_offset().saturating_add(length(self.body) - length(rest));
        Children { rest, offset, depth: self.depth.saturating_add(1) }
    }

    /// The boxes in a `meta`: a full box with ISO (§8.11.1), a plain one with QuickTime. In the latter a `hdlr`
    /// stands where the former's first child has its size.
    pub(super) fn children_of_meta(&self) -> Children<'a> {
        let is_plain = self.body.get(4..8) == Some(b"hdlr");
        self.children_after(if is_plain { 0 } else { 4 })
    }

    /// The child of a type that may stand once. A second one is an error, because readers disagree about which
    /// of two counts, and what we change must be what they read.
    pub fn only(&self, kind: &[u8; 4]) -> Result<Option<Self>, Malformed> {
        let mut found = None;
        for child in self.children() {
            let child = child?;
            if child.kind != kind {
                continue;
            }
            if found.replace(child).is_some() {
                return Err(Malformed::Twice(child.kind));
            }
        }
        Ok(found)
    }

    /// A child that must be there.
    pub fn required(&self, kind: &[u8; 4]) -> Result<Self, Malformed> {
        self.only(kind)?.ok_or(Malformed::Missing(FourCc(*kind)))
    }

    /// Follows a path downwards; `None` where it ends early.
    pub fn descend(&self, path: &[&[u8; 4]]) -> Result<Option<Self>, Malformed> {
        let mut place = *self;
        for kind in path {
            match place.only(kind)? {
                Some(child) => place = child,
                None => return Ok(None),
            }
        }
        Ok(Some(place))
    }

    pub(super) fn fields(&self) -> Fields<'a> {
        Fields::new(self.body)
    }

    /// For fields that end too early.
    pub(super) fn short(&self) -> Malformed {
        Malformed::Short(self.kind)
    }
}

/// Goes through boxes that lie one after another. After an error it ends.
#[derive(Clone, Debug)]
pub struct Children<'a> {
    rest: &'a [u8],
    offset: u64,
    depth: u8,
}

impl<'a> Children<'a> {
    /// Takes the box with this header off the front; `None` if it has fewer bytes than it says.
    fn cut(&mut self, header: &Header) -> Option<Atom<'a>> {
        let size = header.size.unwrap_or(length(self.rest));
        let (whole, rest) = self.rest.split_at_checked(usize::try_from(size).ok()?)?;
        let body = whole.get(usize::try_from(header.len).ok()?..)?;
        let Header { kind, len: header_len, is_large, .. } = *header;
        let atom = Atom { kind, offset: self.offset, header_len, is_large, body, depth: self.depth };
        (self.rest, self.offset) = (rest, self.offset.saturating_add(size));
        Some(atom)
    }

    fn read(&mut self) -> Result<Atom<'a>, Malformed> {
        let kind = self.rest.get(4..8).and_then(|kind| kind.try_into().ok()).map_or(FourCc([0; 4]), FourCc);
        if self.depth > MAX_DEPTH {
            return Err(Malformed::TooDeep);
        }
        // Size 0 is for the last box of a file (§4.2.2). Inside of others some readers take it as "the rest",
        // some as the end of the list, so there is no reading of it that is safe to change.
        let header = Header::read(self.rest).filter(|header| header.size.is_some());
        self.cut(&header.ok_or(Malformed::Size(kind))?).ok_or(Malformed::Outgrows(kind))
    }
}

impl<'a> Iterator for Children<'a> {
    type Item = Result<Atom<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        // QuickTime may end a list by 32 zero bits, and some cameras pad with more of them. Less than a header
        // is no box whatever it holds.
        if self.rest.len() < 8 || (self.rest.starts_with(&[0; 8]) && self.rest.iter().all(|byte| *byte == 0))
        {
            return None;
        }
        let next = self.read();
        if next.is_err() {
            self.rest = &[];
        }
        Some(next)
    }
}
