//! Sending without copying: windows of files, which the socket sends by itself.
//!
//! 1. A piece in memory goes out as it is.
//! 2. A piece of a file becomes windows. Each is checked to lie in the page cache, for `sendfile(2)` would
//!    otherwise wait for the disk on a thread that serves everybody.
//! 3. What is not there is read first, on the blocking pool within the folder's permits, and in smaller steps, so
//!    that the first bytes do not wait for many.
//! 4. When the lease of a file ends, because somebody wants to write to it, what is left is copied.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::chunk::Chunk;
use super::copying::Copying;
use super::lane::{Lane, WINDOW};
use super::representation::{Piece, Pieces};
use super::tally::Tally;
use crate::storage::{MediaFile, ReadError};

/// How much of what is not in the page cache is read before it is sent: little at first, for somebody waits for the first
/// bytes, and twice as much each time.
const FIRST_COLD: u64 = 64 * 1024;
const LAST_COLD: u64 = 1024 * 1024;

/// The first window; each next one is twice as long. Looking whether 4 MiB at once are in the page cache was a tenth of the
/// processor time when 2,000 slow viewers came, who need half a minute for one megabyte. With this it is a hundredth.
const FIRST_WINDOW: u64 = 1024 * 1024;

type Warming = Pin<Box<dyn Future<Output = Result<(), ReadError>> + Send>>;

/// A body of windows.
pub(super) struct Windows {
    pieces: VecDeque<Piece>,
    /// How many bytes have not been handed out.
    left: u64,
    lane: Lane,
    tally: Arc<Tally>,
    warming: Option<(Warming, u64)>,
    /// How long the next window may be, and how long where it has to be read first.
    wide: u64,
    cold: u64,
    copied: Option<Box<Copying>>,
}

impl Windows {
    pub(super) fn new(pieces: Pieces, lane: Lane, tally: Arc<Tally>) -> Self {
        Self {
            left: pieces.len(),
            pieces: pieces.into_iter().collect(),
            lane,
            tally,
            warming: None,
            wide: FIRST_WINDOW,
            cold: FIRST_COLD,
            copied: None,
        }
    }

    /// How many bytes are still to come.
    pub(super) fn left(&self) -> u64 {
        self.copied.as_ref().map_or(self.left, |copied| copied.left())
    }

    /// The next chunk; `None` after the last, and after an error.
    pub(super) fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Chunk, ReadError>>> {
        if let Some(copied) = &mut self.copied {
            let polled = ready!(copied.poll_bytes(cx));
            return Poll::Ready(polled.map(|bytes| bytes.map(Chunk::Memory)));
        }
        if let Some((warming, len)) = &mut self.warming {
            let len = *len;
            let warmed = ready!(warming.as_mut().poll(cx));
            self.warming = None;
            return match warmed {
                Ok(()) => Poll::Ready(self.take(len).map(Ok)),
                Err(error) => {
                    self.pieces.clear();
                    Poll::Ready(Some(Err(error)))
                }
            };
        }
        let Some((file, start, end)) = self.next_span() else {
            return Poll::Ready(self.take(0).map(Ok));
        };
        if !file.is_sendable() {
            let pieces = std::mem::take(&mut self.pieces).into_iter().collect();
            self.copied = Some(Box::new(Copying::new(pieces)));
            return self.poll_chunk(cx);
        }
        let (wide, cold) = ((end - start).min(self.wide), (end - start).min(self.cold));
        if let Some(len) = [wide, cold].into_iter().find(|len| file.is_resident(start, *len)) {
            self.wide = (self.wide * 2).min(widest());
            return Poll::Ready(self.take(len).map(Ok));
        }
        let len = cold;
        self.warming = Some((Box::pin(Arc::clone(file).warm(start, len, end)), len));
        self.cold = (self.cold * 2).min(LAST_COLD);
        self.poll_chunk(cx)
    }

    /// What is left of the next piece, if it is one of a file.
    fn next_span(&self) -> Option<(&Arc<MediaFile>, u64, u64)> {
        match self.pieces.front()? {
            Piece::File { file, start, end } => Some((file, *start, *end)),
            Piece::Memory(_) => None,
        }
    }

    /// Takes the piece in memory at the front, or `len` bytes of the file there.
    fn take(&mut self, len: u64) -> Option<Chunk> {
        let (chunk, len, is_over) = match self.pieces.front_mut()? {
            Piece::Memory(bytes) => {
                let bytes = bytes.clone();
                let len = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                (Chunk::Memory(bytes), len, true)
            }
            Piece::File { file, start, end } => {
                let width = usize::try_from(len).unwrap_or(WINDOW);
                let mark = self.lane.mark(file, *start, width, &self.tally);
                *start += len;
                (Chunk::Window(mark), len, *start >= *end)
            }
        };
        if is_over {
            self.pieces.pop_front();
        }
        self.left -= len.min(self.left);
        Some(chunk)
    }
}

fn widest() -> u64 {
    u64::try_from(WINDOW).unwrap_or(u64::MAX)
}
