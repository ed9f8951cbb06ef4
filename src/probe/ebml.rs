//! EBML (RFC 8794): elements of an id, a size and a body.
//!
//! Bodies are windows on a slice: what a file claims costs nothing. What cannot be read ends the list.

use super::numbers::big;

/// The front of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) id: u64,
    /// Of id and size together.
    pub(super) len: u64,
    /// `None`: unknown, up to where something else begins (§6.2).
    pub(super) size: Option<u64>,
}

/// As many bytes as a head may take: four of id, eight of size.
pub(super) const HEAD: usize = 12;

impl Head {
    pub(super) fn read(bytes: &[u8]) -> Option<Head> {
        // The leading zeros of the first byte say how many follow. An id keeps its marker (§5), a size does not (§4).
        let id_len = width(*bytes.first()?, 4)?;
        let id = big(bytes, 0, id_len)?;
        let first = *bytes.get(id_len)?;
        let size_len = width(first, 8)?;
        let ones = (1_u64 << (7 * size_len)) - 1;
        let size = big(bytes, id_len, size_len)? & ones;
        let len = u64::try_from(id_len + size_len).ok()?;
        Some(Head { id, len, size: Some(size).filter(|size| *size != ones) })
    }
}

fn width(first: u8, most: usize) -> Option<usize> {
    let width = usize::try_from(first.leading_zeros()).ok()? + 1;
    (width <= most).then_some(width)
}

/// An element in memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element<'a> {
    pub(super) id: u64,
    pub(super) body: &'a [u8],
}

impl<'a> Element<'a> {
    pub(super) fn number(&self) -> Option<u64> {
        big(self.body, 0, self.body.len())
    }

    pub(super) fn float(&self) -> Option<f64> {
        match self.body.len() {
            4 => Some(f32::from_be_bytes(self.body.try_into().ok()?).into()),
            8 => Some(f64::from_be_bytes(self.body.try_into().ok()?)),
            _ => None,
        }
    }

    /// Zeros may fill a text up (§7.4).
    pub(super) fn text(&self) -> Option<&'a str> {
        std::str::from_utf8(self.body).ok().map(|text| text.trim_end_matches('\0'))
    }
}

/// The elements that a body is.
pub(super) fn children(mut rest: &[u8]) -> impl Iterator<Item = Element<'_>> {
    std::iter::from_fn(move || {
        let head = Head::read(rest)?;
        let from = usize::try_from(head.len).ok()?;
        let to = from.checked_add(usize::try_from(head.size?).ok()?)?;
        let body = rest.get(from..to)?;
        rest = rest.get(to..)?;
        Some(Element { id: head.id, body })
    })
}

/// The first child of an id.
pub(super) fn child(body: &[u8], id: u64) -> Option<Element<'_>> {
    children(body).find(|element| element.id == id)
}
