//! Reading a file here and there, within limits.
//!
//! Headers lie apart, so most reads are of a page; a header that lies in the page of the last one costs nothing.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use crate::storage::{MediaFile, ReadError};

/// A page: reading less costs the disk as much.
const WINDOW: usize = 4096;

/// A file that can be read at any offset.
pub trait Source {
    fn size(&self) -> io::Result<u64>;

    /// As many bytes as come at once; none only at the end.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
}

impl Source for File {
    fn size(&self) -> io::Result<u64> {
        self.metadata().map(|metadata| metadata.len())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        FileExt::read_at(self, buffer, offset)
    }
}

impl Source for MediaFile {
    fn size(&self) -> io::Result<u64> {
        Ok(self.stat().len)
    }

    /// A file that was written to since it was opened gives an error, never a mixture.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        match self.read_blocking(buffer, offset, &mut self.witness()) {
            Ok(count) => Ok(count),
            Err(ReadError::Truncated) => Ok(0),
            Err(ReadError::Failed(error)) => Err(error),
            Err(error) => Err(io::Error::other(error)),
        }
    }
}

/// A source as long as it was at first, and the time that is left for it.
pub(super) struct Reader<'s> {
    source: &'s dyn Source,
    len: u64,
    end: Instant,
    window: Vec<u8>,
    window_offset: u64,
}

impl<'s> Reader<'s> {
    pub(super) fn open(source: &'s dyn Source, limit: Duration) -> io::Result<Self> {
        let end = Instant::now() + limit;
        Ok(Self { source, len: source.size()?, end, window: Vec::new(), window_offset: 0 })
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    pub(super) fn is_late(&self) -> bool {
        Instant::now() >= self.end
    }

    /// Up to so many bytes at an offset; fewer where the file ends. Memory follows what the file has, not what it
    /// claims.
    pub(super) fn bytes(&self, offset: u64, wanted: usize) -> io::Result<Vec<u8>> {
        let there = usize::try_from(self.len.saturating_sub(offset)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; wanted.min(there)];
        let mut filled = 0;
        while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            let at = offset.saturating_add(u64::try_from(filled).unwrap_or(u64::MAX));
            match self.source.read_at(rest, at) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        bytes.truncate(filled);
        Ok(bytes)
    }

    /// The same for a few bytes that may lie near the last ones.
    pub(super) fn near(&mut self, offset: u64, wanted: usize) -> io::Result<&[u8]> {
        let place = |reader: &Self| {
            let from = usize::try_from(offset.checked_sub(reader.window_offset)?).ok()?;
            let to = from.checked_add(wanted)?;
            (to <= reader.window.len()).then_some(from..to)
        };
        if place(self).is_none() {
            self.window = self.bytes(offset, WINDOW.max(wanted))?;
            self.window_offset = offset;
        }
        let range = place(self).unwrap_or(0..self.window.len().min(wanted));
        Ok(self.window.get(range).unwrap_or_default())
    }
}
