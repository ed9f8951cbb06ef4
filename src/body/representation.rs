//! What is sent: a list of segments, and what the head says of them.
//!
//! 1. [`Segment`]s in a row are the representation's bytes. A plain file is one segment.
//! 2. A range of the representation becomes [`Pieces`]: the parts of segments that it covers.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderValue;

use super::response::Heads;
use crate::range::{ByteRange, ETag, Facts, HttpDate};
use crate::storage::MediaFile;

/// Bytes in memory, or a span of an open file.
#[derive(Clone, Debug)]
pub enum Segment {
    Memory(Bytes),
    /// From `start` up to, not including, `end`, both inside of the file as it was opened.
    File {
        file: Arc<MediaFile>,
        start: u64,
        end: u64,
    },
}

/// A piece is a segment of a response's body.
pub type Piece = Segment;

/// The body of a response, in the order to send. Through axum it travels in the response's extensions.
#[derive(Clone, Debug, Default)]
pub struct Pieces(Vec<Piece>);

/// The selected representation (RFC 9110 §3.2): its bytes and what describes them.
#[derive(Clone, Debug)]
pub struct Representation {
    segments: Vec<Segment>,
    len: u64,
    etag: ETag,
    modified: Option<HttpDate>,
    content_type: &'static str,
    heads: Heads,
}

impl Segment {
    /// A span of a file. What is known of its beginning comes from memory: nearly everybody asks for the first bytes, and
    /// most players for those alone first.
    #[must_use]
    pub fn of_file(file: &Arc<MediaFile>, beginning: &Bytes, start: u64, end: u64) -> Vec<Self> {
        let known = u64::try_from(beginning.len()).unwrap_or(0);
        let memory = Self::Memory(beginning.clone()).slice(start, end);
        let rest = Self::File { file: Arc::clone(file), start: start.max(known.min(end)), end };
        [memory, rest].into_iter().filter(|segment| !segment.is_empty()).collect()
    }

    /// The number of bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        match self {
            Self::Memory(bytes) => u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            Self::File { start, end, .. } => end.saturating_sub(*start),
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes from `from` up to `to`, counted from this segment's start and cut to its end.
    fn slice(&self, from: u64, to: u64) -> Self {
        let (from, to) = (from.min(self.len()), to.min(self.len()));
        let to = to.max(from);
        match self {
            Self::Memory(bytes) => {
                let place = |offset| usize::try_from(offset).unwrap_or(bytes.len());
                Self::Memory(bytes.slice(place(from)..place(to)))
            }
            Self::File { file, start, .. } => {
                Self::File { file: Arc::clone(file), start: start + from, end: start + to }
            }
        }
    }
}

impl Pieces {
    /// The number of bytes. Like [`crate::range::Multipart::content_length`] it stops at `u64::MAX`.
    #[must_use]
    pub fn len(&self) -> u64 {
        total(&self.0)
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the socket can send every file among them by itself.
    pub(super) fn are_sendable(&self) -> bool {
        self.0.iter().all(|piece| match piece {
            Piece::Memory(_) => true,
            Piece::File { file, .. } => file.is_sendable(),
        })
    }
}

impl IntoIterator for Pieces {
    type Item = Piece;
    type IntoIter = std::vec::IntoIter<Piece>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl FromIterator<Piece> for Pieces {
    /// Keeps what has bytes.
    fn from_iter<I: IntoIterator<Item = Piece>>(pieces: I) -> Self {
        Self(pieces.into_iter().filter(|piece| !piece.is_empty()).collect())
    }
}

impl Representation {
    /// The tag must belong to exactly these bytes.
    #[must_use]
    pub fn new(
        segments: Vec<Segment>,
        etag: ETag,
        modified: Option<HttpDate>,
        content_type: &'static str,
        disposition: HeaderValue,
    ) -> Self {
        let len = total(&segments);
        let heads = Heads::new(&etag, modified, content_type, disposition);
        Self { segments, len, etag, modified, content_type, heads }
    }

    /// What a plan needs to know.
    #[must_use]
    pub fn facts(&self, now: HttpDate) -> Facts<'_> {
        Facts { len: self.len, etag: &self.etag, modified: self.modified, now }
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// How many of its bytes lie in memory.
    pub(super) fn memory(&self) -> u64 {
        let in_memory = self.segments.iter().filter(|segment| matches!(segment, Segment::Memory(_)));
        in_memory.map(Segment::len).fold(0, u64::saturating_add)
    }

    pub(super) fn content_type(&self) -> &'static str {
        self.content_type
    }

    pub(super) fn heads(&self) -> &Heads {
        &self.heads
    }

    /// Every byte.
    pub(super) fn whole(&self) -> Pieces {
        self.segments.iter().cloned().collect()
    }

    /// The bytes of a range of this representation.
    pub(super) fn slice(&self, range: ByteRange) -> impl Iterator<Item = Piece> {
        let mut end = 0_u64;
        self.segments.iter().filter_map(move |segment| {
            let start = end;
            end = end.saturating_add(segment.len());
            let (from, to) = (range.start().max(start), range.end().min(end));
            (from < to).then(|| segment.slice(from - start, to - start))
        })
    }
}

fn total(segments: &[Segment]) -> u64 {
    segments.iter().map(Segment::len).fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn representation(segments: &[Vec<u8>]) -> Representation {
        let segments = segments.iter().cloned().map(|bytes| Segment::Memory(bytes.into())).collect();
        let etag = ETag::new("v1").expect("a legal tag");
        Representation::new(segments, etag, None, "video/mp4", HeaderValue::from_static("inline"))
    }

    fn bytes(pieces: impl IntoIterator<Item = Piece>) -> Vec<u8> {
        let bytes_of = |piece| match piece {
            Piece::Memory(bytes) => bytes.to_vec(),
            Piece::File { .. } => panic!("there is no file here"),
        };
        pieces.into_iter().flat_map(bytes_of).collect()
    }

    proptest! {
        #[test]
        fn a_range_is_the_same_range_of_all_segments_in_a_row(
            segments in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..20), 0..6),
            ends in (0..100_u64, 0..100_u64),
        ) {
            let all = segments.concat();
            let representation = representation(&segments);
            prop_assert_eq!(representation.len(), u64::try_from(all.len()).unwrap());
            prop_assert_eq!(&bytes(representation.whole()), &all);
            if let Some(range) = ByteRange::new(ends.0, ends.1, representation.len()) {
                let place = |offset| usize::try_from(offset).unwrap();
                let pieces: Pieces = representation.slice(range).collect();
                prop_assert_eq!(pieces.len(), range.len());
                prop_assert_eq!(bytes(pieces), &all[place(range.start())..place(range.end())]);
            }
        }
    }

    #[test]
    fn what_is_known_of_a_files_beginning_comes_from_memory() {
        let all = tempfile::tempdir().unwrap();
        std::fs::write(all.path().join("film.mp4"), [7; 1_000]).unwrap();
        let folder = crate::storage::Folder::open(all.path(), 1, std::time::Duration::from_secs(1)).unwrap();
        let file = Arc::new(folder.open_file_blocking("film.mp4").unwrap());
        let known = Bytes::from_static(&[7; 512]);
        let cases = [
            (0, 1_000, vec![(true, 512), (false, 488)], "all of it"),
            (0, 512, vec![(true, 512)], "the known alone"),
            (100, 600, vec![(true, 412), (false, 88)], "from its middle"),
            (512, 1_000, vec![(false, 488)], "behind it"),
            (1_000, 1_000, vec![], "nothing"),
        ];
        for (start, end, want, why) in cases {
            let segments = Segment::of_file(&file, &known, start, end);
            let found: Vec<_> = segments
                .iter()
                .map(|segment| (matches!(segment, Segment::Memory(_)), segment.len()))
                .collect();
            assert_eq!(found, want, "{why}");
        }
    }

    #[test]
    fn segments_without_bytes_are_not_sent() {
        let pieces = representation(&[vec![], vec![1], vec![]]).whole();
        assert_eq!(pieces.into_iter().count(), 1);
        assert!(representation(&[vec![]]).whole().is_empty());
    }
}
