//! Sending by copying: file to buffer, buffer to socket.
//!
//! 1. A piece in memory goes out as it is.
//! 2. A piece of a file is read up to 128 KiB at a time, from the page cache at once or else on the blocking
//!    pool. The next read begins when the last one's bytes were taken.
//! 3. A body of up to 16 KiB is gathered into one frame, so that it leaves with the head in one call.
//! 4. What cannot be read as it was promised is an error, which breaks the connection.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;

use super::length;
use super::pool::{Buffer, SMALL};
use super::representation::{Piece, Pieces};
use crate::storage::{MediaFile, ReadError, Witness};

type Reading = Pin<Box<dyn Future<Output = Result<(Buffer, usize, Witness), ReadError>> + Send>>;

/// A body that copies. Dropping it closes its files; a read on the blocking pool ends by itself.
pub(super) struct Copying {
    pieces: VecDeque<Piece>,
    /// How many bytes have not been handed out.
    left: u64,
    gathers: bool,
    frame: Option<Buffer>,
    /// The file that was read last, and what was seen of it.
    watched: Option<(Arc<MediaFile>, Witness)>,
    reading: Option<Reading>,
}

impl Copying {
    pub(super) fn new(pieces: Pieces) -> Self {
        let left = pieces.len();
        let pieces: VecDeque<Piece> = pieces.into_iter().collect();
        Self {
            left,
            gathers: pieces.len() > 1 && usize::try_from(left).is_ok_and(|left| left <= SMALL),
            pieces,
            frame: None,
            watched: None,
            reading: None,
        }
    }

    /// How many bytes are still to come.
    pub(super) fn left(&self) -> u64 {
        self.left
    }

    /// The next bytes; `None` after the last, and after an error.
    pub(super) fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, ReadError>>> {
        let polled = ready!(self.poll_frame(cx));
        match &polled {
            Some(Ok(bytes)) => self.left -= length(bytes.len()).min(self.left),
            Some(Err(_)) => self.pieces.clear(),
            None => {}
        }
        Poll::Ready(polled)
    }

    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, ReadError>>> {
        loop {
            if let Some(reading) = &mut self.reading {
                let read = ready!(reading.as_mut().poll(cx));
                self.reading = None;
                match read {
                    Ok((buffer, count, witness)) => self.accept(buffer, count, witness),
                    Err(error) => return Poll::Ready(Some(Err(error))),
                }
            } else if let Some(bytes) = self.take_frame() {
                return Poll::Ready(Some(Ok(bytes)));
            } else if self.pieces.is_empty() {
                return Poll::Ready(None);
            } else {
                self.advance();
            }
        }
    }

    /// What is ready to be handed out.
    fn take_frame(&mut self) -> Option<Bytes> {
        if !self.gathers || self.pieces.is_empty() {
            return self.frame.take().map(Buffer::freeze).or_else(|| self.take_memory());
        }
        None
    }

    fn take_memory(&mut self) -> Option<Bytes> {
        let bytes = match self.pieces.front() {
            Some(Piece::Memory(bytes)) => bytes.clone(),
            _ => return None,
        };
        self.pieces.pop_front();
        Some(bytes)
    }

    /// Brings something into the frame, or begins to.
    fn advance(&mut self) {
        let len = usize::try_from(self.left).unwrap_or(usize::MAX);
        let mut buffer = self.frame.take().unwrap_or_else(|| Buffer::new(len));
        match self.pieces.front() {
            Some(Piece::File { file, start, end }) => {
                let (file, start, end) = (Arc::clone(file), *start, *end);
                let witness = self.witness(&file);
                match file.read_now(buffer.want(end - start), start, &witness) {
                    Some(count) => self.accept(buffer, count, witness),
                    None => self.reading = Some(Box::pin(file.read(buffer, start, end, witness))),
                }
            }
            Some(Piece::Memory(bytes)) => {
                buffer.want(length(bytes.len())).copy_from_slice(bytes);
                buffer.add(bytes.len());
                self.pieces.pop_front();
                self.frame = Some(buffer);
            }
            None => {}
        }
    }

    /// Takes `count` bytes as read from the piece at the front.
    fn accept(&mut self, mut buffer: Buffer, count: usize, mut witness: Witness) {
        let bytes = buffer.add(count);
        if let Some(Piece::File { file, start, end }) = self.pieces.front_mut() {
            witness.remember(bytes, *start);
            self.watched = Some((Arc::clone(file), witness));
            *start += length(bytes.len());
            if *start >= *end {
                self.pieces.pop_front();
            }
        }
        self.frame = Some(buffer);
    }

    /// What was last seen of a file, also in an earlier piece.
    fn witness(&self, file: &Arc<MediaFile>) -> Witness {
        match &self.watched {
            Some((watched, witness)) if Arc::ptr_eq(watched, file) => *witness,
            _ => file.witness(),
        }
    }
}
