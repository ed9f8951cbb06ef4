//! The top level of a file, found by reading headers only: a file of 4 GiB costs a few reads of 16 bytes.
//!
//! 1. [`Walk::wants`] says which bytes it needs next. The caller reads them, from wherever the file lies.
//! 2. [`Walk::take`] takes them, and goes on behind the box whose header they are.
//! 3. When nothing is wanted any more, or the caller has enough, [`Walk::finish`] gives the [`Layout`].
//!
//! A fragmented recording (ISO/IEC 14496-12 §8.8) of a day has 100,000 fragments and more. From the first `moof`
//! on, the boxes of fragments are counted and not listed, so memory stays small; the caller may stop at any time
//! and still knows how far the complete fragments go.

use crate::mp4::boxes::{FourCc, HEADER_BYTES, Header};
use crate::mp4::fields::length;

/// Boxes that are listed. Real files have about five; a camera that writes an `mdat` a second needs 3,600.
pub const MAX_BOXES: usize = 10_000;

/// Boxes of fragments that are looked at: a day of fragments of a second, with `styp`, `sidx`, `moof`, `mdat`
/// each, are 345,600.
pub const MAX_FRAGMENT_BOXES: u64 = 1_000_000;

/// What fragments are made of (§8.8.4, §8.16, and `emsg` of MPEG-DASH).
const OF_FRAGMENTS: [&[u8; 4]; 7] = [b"moof", b"mdat", b"styp", b"sidx", b"ssix", b"prft", b"emsg"];

/// Types that stand at the top level of files (ISO/IEC 14496-12 Table 1, and QuickTime). What was appended to a file
/// reads as a box of some other type, and mostly as one that is longer than the file.
const AT_THE_TOP: [&[u8; 4]; 23] = [
    b"ftyp", b"styp", b"moov", b"mdat", b"moof", b"mfra", b"free", b"skip", b"wide", b"uuid", b"meta",
    b"meco", b"pdin", b"pnot", b"sidx", b"ssix", b"prft", b"emsg", b"imda", b"bloc", b"otyp", b"udta",
    b"PICT",
];

/// A box that lies in the file from its first to its last byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopBox {
    pub kind: FourCc,
    pub offset: u64,
    pub header_len: u64,
    /// Header included; for size 0 what is left of the file.
    pub size: u64,
}

impl TopBox {
    /// The offset behind its last byte.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.offset.saturating_add(self.size)
    }
}

/// What the walk saw of fragments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fragments {
    /// Where the first `moof` begins.
    pub start: u64,
    /// How many have begun.
    pub begun: u64,
    /// How many have their media data.
    pub complete: u64,
    /// The end of the last complete one: up to here a recording that was cut off can be played.
    pub complete_end: u64,
    /// The `moof` of the last complete one.
    pub last: Option<TopBox>,
}

/// How the walk ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The last box ends where the file ends.
    Clean,
    /// The file ends inside of this box.
    CutOff { kind: FourCc, offset: u64, missing: u64 },
    /// From here on it is not boxes: something was appended, or the file ends in the middle of a header.
    Garbage { offset: u64, len: u64 },
    /// From here on nobody looked: the caller stopped, the file has become shorter, or there are more boxes than
    /// [`MAX_BOXES`] and [`MAX_FRAGMENT_BOXES`].
    Unread { offset: u64 },
}

/// The top level of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The length of the file.
    pub len: u64,
    /// In the order of the file, without the boxes that [`Self::fragments`] counts.
    pub boxes: Vec<TopBox>,
    pub fragments: Option<Fragments>,
    pub ending: Ending,
}

impl Layout {
    /// The boxes of one type.
    pub fn all(&self, kind: &[u8; 4]) -> impl Iterator<Item = &TopBox> {
        self.boxes.iter().filter(move |found| found.kind == kind)
    }

    /// The first box of a type.
    #[must_use]
    pub fn first(&self, kind: &[u8; 4]) -> Option<&TopBox> {
        self.all(kind).next()
    }

    /// The movie; the first one, where a broken file has two, as readers do.
    #[must_use]
    pub fn moov(&self) -> Option<&TopBox> {
        self.first(b"moov")
    }

    /// Whether a player learns what the file holds before the media data comes. An `mdat` that is cut off counts.
    #[must_use]
    pub fn is_moov_first(&self) -> bool {
        let cut = match self.ending {
            Ending::CutOff { kind, offset, .. } if kind == b"mdat" => Some(offset),
            _ => None,
        };
        let data = self.first(b"mdat").map(|mdat| mdat.offset).or(cut);
        self.moov().is_some_and(|moov| data.is_none_or(|data| moov.offset < data))
    }

    /// Whether there are fragments at the top level. A movie that only announces them has an `mvex` in its moov.
    #[must_use]
    pub fn is_fragmented(&self) -> bool {
        self.fragments.is_some() || self.boxes.iter().any(|found| found.kind.is_any(&[b"sidx", b"mfra"]))
    }

    /// Whether it begins like a file of the family: QuickTime's older ones have no `ftyp`.
    #[must_use]
    pub fn is_iso_media(&self) -> bool {
        let begins = [b"ftyp", b"styp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"uuid"];
        match (self.boxes.first(), self.ending) {
            (Some(first), _) => first.kind.is_any(&begins),
            (None, Ending::CutOff { kind, .. }) => kind.is_any(&begins),
            (None, _) => self.fragments.is_some(),
        }
    }
}

/// Bytes that the walk needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub offset: u64,
    /// At most [`HEADER_BYTES`], and inside of the file.
    pub len: u64,
}

/// The whole walk of whoever can read at once. `read` fills a buffer with what stands at an offset and says how much
/// that is; less than was asked for ends the walk.
pub fn walk<E>(len: u64, mut read: impl FnMut(u64, &mut [u8]) -> Result<usize, E>) -> Result<Layout, E> {
    let mut walk = Walk::new(len);
    // As many as HEADER_BYTES.
    let mut header = [0; 16];
    while let Some(wanted) = walk.wants() {
        let buffer = usize::try_from(wanted.len).ok().and_then(|len| header.get_mut(..len));
        let buffer = buffer.unwrap_or_default();
        let filled = read(wanted.offset, buffer)?;
        walk.take(buffer.get(..filled).unwrap_or_default());
    }
    Ok(walk.finish())
}

/// A walk over the headers of the top level, without IO.
#[derive(Clone, Debug)]
pub struct Walk {
    len: u64,
    at: u64,
    boxes: Vec<TopBox>,
    fragments: Option<Fragments>,
    /// The `moof` of the fragment that began last.
    moof: Option<TopBox>,
    fragment_boxes: u64,
    ending: Option<Ending>,
}

impl Walk {
    /// At the front of a file of this length.
    #[must_use]
    pub fn new(len: u64) -> Self {
        Self { len, at: 0, boxes: Vec::new(), fragments: None, moof: None, fragment_boxes: 0, ending: None }
    }

    /// What to read next; `None` at the end.
    #[must_use]
    pub fn wants(&self) -> Option<Wanted> {
        let len = self.len.saturating_sub(self.at).min(HEADER_BYTES);
        (self.ending.is_none() && len > 0).then_some(Wanted { offset: self.at, len })
    }

    /// Takes what was wanted. Fewer bytes end the walk: then the file is not as long any more as it was.
    pub fn take(&mut self, bytes: &[u8]) {
        let Some(wanted) = self.wants() else { return };
        let rest = self.len.saturating_sub(self.at);
        match Header::read(bytes) {
            _ if length(bytes) < wanted.len => self.ending = Some(Ending::Unread { offset: self.at }),
            // Letters and digits at least: preallocated zeros and appended data look like boxes of odd types.
            Some(header) if header.kind.is_text() => self.enter(&header, rest),
            _ => self.ending = Some(Ending::Garbage { offset: self.at, len: rest }),
        }
    }

    /// What was found so far.
    #[must_use]
    pub fn finish(self) -> Layout {
        let offset = self.at;
        let end = if offset < self.len { Ending::Unread { offset } } else { Ending::Clean };
        let ending = self.ending.unwrap_or(end);
        Layout { len: self.len, boxes: self.boxes, fragments: self.fragments, ending }
    }

    fn enter(&mut self, header: &Header, rest: u64) {
        let size = header.size.unwrap_or(rest);
        let found = TopBox { kind: header.kind, offset: self.at, header_len: header.len, size };
        // Not `offset + size`: a size of 2^64 - 1 is legal to write.
        let missing = size.saturating_sub(rest);
        if missing > 0 && !found.kind.is_any(&AT_THE_TOP) {
            self.ending = Some(Ending::Garbage { offset: self.at, len: rest });
        } else if missing > 0 {
            self.ending = Some(Ending::CutOff { kind: found.kind, offset: self.at, missing });
            self.count_beginning(&found);
        } else if self.boxes.len() >= MAX_BOXES || self.fragment_boxes >= MAX_FRAGMENT_BOXES {
            self.ending = Some(Ending::Unread { offset: self.at });
        } else {
            self.count_beginning(&found);
            self.note(found);
            self.at = found.end();
        }
    }

    /// A `moof` begins a fragment, and the first one the part of the file that is counted.
    fn count_beginning(&mut self, found: &TopBox) {
        if found.kind == b"moof" {
            let none = Fragments { start: found.offset, complete_end: found.offset, ..Fragments::default() };
            self.fragments.get_or_insert(none).begun += 1;
            self.moof = Some(*found);
        }
    }

    fn note(&mut self, found: TopBox) {
        match &mut self.fragments {
            Some(fragments) if found.kind.is_any(&OF_FRAGMENTS) => {
                self.fragment_boxes += 1;
                // The first `mdat` behind a `moof` makes it complete; few writers use more than one (§8.8.4).
                if found.kind == b"mdat" && fragments.complete < fragments.begun {
                    fragments.complete = fragments.begun;
                    fragments.complete_end = found.end();
                    fragments.last = self.moof;
                }
            }
            _ => self.boxes.push(found),
        }
    }
}
