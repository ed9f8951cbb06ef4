//! The framing of a `multipart/byteranges` body (RFC 9110 §14.6, RFC 2046 §5.1.1):
//!
//! ```text
//!     --BOUNDARY ⏎ Content-Type: video/mp4 ⏎ Content-Range: bytes 0-1/611610 ⏎ ⏎ (bytes)
//!   ⏎ --BOUNDARY ⏎ Content-Type: video/mp4 ⏎ Content-Range: bytes 9-9/611610 ⏎ ⏎ (bytes)
//!   ⏎ --BOUNDARY-- ⏎
//! ```
//!
//! The line end before a delimiter belongs to the delimiter, not to the bytes before it; the first one needs
//! none. All text is made beforehand, so `Content-Length` is exact before the first byte is sent.

use crate::range::ByteRange;

/// The text between parts, which must not occur in any of them.
///
/// Nobody reads the file to make sure. Instead the boundary is 144 bits of chance, new for each response:
/// nobody can put it into a video beforehand to forge a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boundary(String);

impl Boundary {
    /// Writes random bytes as 36 hexadecimal digits: within RFC 2046's 70 characters, and legal without
    /// quotes in `Content-Type`.
    #[must_use]
    pub fn from_random(bytes: [u8; 18]) -> Self {
        let halves = bytes.into_iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
        Self(halves.filter_map(|half| char::from_digit(u32::from(half), 16)).collect())
    }
}

/// Which text stands around the parts of one response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Multipart {
    content_type: String,
    parts: Vec<(String, ByteRange)>,
    closing: String,
}

impl Multipart {
    /// Frames `parts` of a file of `total` bytes, in the given order. `content_type` is the file's own, a
    /// legal header value: it is written into each part as it is.
    #[must_use]
    pub fn new(boundary: &Boundary, content_type: &str, parts: &[ByteRange], total: u64) -> Self {
        let boundary = &boundary.0;
        let head = |(place, range): (usize, &ByteRange)| {
            let line_end = if place == 0 { "" } else { "\r\n" };
            let content_range = range.content_range(total);
            let fields = format!("Content-Type: {content_type}\r\nContent-Range: {content_range}\r\n");
            (format!("{line_end}--{boundary}\r\n{fields}\r\n"), *range)
        };
        Self {
            content_type: format!("multipart/byteranges; boundary={boundary}"),
            parts: parts.iter().enumerate().map(head).collect(),
            closing: format!("\r\n--{boundary}--\r\n"),
        }
    }

    /// The response's `Content-Type`. The response has no `Content-Range` of its own (RFC 9110 §15.3.7.2).
    #[must_use]
    pub fn content_type(&self) -> String {
        self.content_type.clone()
    }

    /// The response's `Content-Length`, in bytes: all text and all parts. It saturates at `u64::MAX`, which
    /// no file comes near: offsets of files end at 2^63.
    #[must_use]
    pub fn content_length(&self) -> u64 {
        let part = |(head, range): &(String, ByteRange)| size(head).saturating_add(range.len());
        self.parts.iter().map(part).fold(size(&self.closing), u64::saturating_add)
    }

    /// In the order to send: the text before a part, line ends included, and the part's bytes.
    pub fn parts(&self) -> impl Iterator<Item = (&str, ByteRange)> {
        self.parts.iter().map(|(head, range)| (head.as_str(), *range))
    }

    /// The text after the last part.
    #[must_use]
    pub fn closing(&self) -> &str {
        &self.closing
    }
}

/// The length of a text in bytes. A `usize` fits a `u64` wherever this compiles; the fallback is never taken.
fn size(text: &str) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn range(start: u64, end: u64, len: u64) -> ByteRange {
        ByteRange::new(start, end, len).expect("a range of the file")
    }

    /// The body as it goes out.
    fn body(multipart: &Multipart, file: &[u8]) -> Vec<u8> {
        let mut body = Vec::new();
        for (head, range) in multipart.parts() {
            let position = |at| usize::try_from(at).expect("a small file");
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(&file[position(range.start())..position(range.end())]);
        }
        body.extend_from_slice(multipart.closing().as_bytes());
        body
    }

    #[test]
    fn a_boundary_is_legal_without_quotes() {
        let boundary = Boundary::from_random([0xa7; 18]);
        assert_eq!(boundary.0, "a7".repeat(18));
        assert_eq!(Boundary::from_random([0; 18]).0.len(), 36, "RFC 2046 §5.1.1: at most 70 characters");
    }

    #[test]
    fn two_parts_byte_for_byte() {
        let boundary = Boundary::from_random([0x0f; 18]);
        let multipart = Multipart::new(&boundary, "video/mp4", &[range(8, 10, 10), range(0, 1, 10)], 10);
        let line = "0f".repeat(18);
        let want = format!(
            "--{line}\r\nContent-Type: video/mp4\r\nContent-Range: bytes 8-9/10\r\n\r\nij\
             \r\n--{line}\r\nContent-Type: video/mp4\r\nContent-Range: bytes 0-0/10\r\n\r\na\
             \r\n--{line}--\r\n"
        );
        assert_eq!(body(&multipart, b"abcdefghij"), want.as_bytes(), "RFC 9110 §14.6");
        assert_eq!(multipart.content_type(), format!("multipart/byteranges; boundary={line}"));
    }

    #[test]
    fn lengths_beyond_four_gibibytes_are_exact() {
        let boundary = Boundary::from_random([1; 18]);
        let (total, half) = (1 << 53, 1 << 52);
        let length =
            |parts: &[ByteRange]| Multipart::new(&boundary, "video/mp4", parts, total).content_length();
        let text = length(&[range(0, 1, total), range(half, half + 1, total)]) - 2;
        // The closed form of the first part's end has 16 digits here instead of one, and so has nothing else.
        assert_eq!(
            length(&[range(0, half - 1, total), range(half, half + 1, total)]),
            half - 1 + 1 + text + 15
        );
        let largest = Multipart::new(&boundary, "video/mp4", &[range(0, u64::MAX, u64::MAX)], u64::MAX);
        assert_eq!(largest.content_length(), u64::MAX);
    }

    proptest! {
        #[test]
        fn the_length_is_that_of_the_body(
            cuts in proptest::collection::btree_set(0..300_usize, 2..32),
            random: [u8; 18],
            content_type in "[a-z]{1,12}/[a-z0-9.+\\-]{1,20}",
        ) {
            let cuts: Vec<_> = cuts.into_iter().collect();
            let at = |cut: usize| u64::try_from(cut).expect("a small file");
            let pairs = cuts.chunks_exact(2);
            let parts: Vec<_> = pairs.map(|pair| range(at(pair[0]), at(pair[1]), 300)).collect();
            let multipart = Multipart::new(&Boundary::from_random(random), &content_type, &parts, 300);
            let sent = body(&multipart, &[b'x'; 300]);
            prop_assert_eq!(multipart.content_length(), at(sent.len()));
            prop_assert_eq!(multipart.parts().map(|(_, range)| range).collect::<Vec<_>>(), parts);
        }
    }
}
