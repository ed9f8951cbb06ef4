//! The body that the server sends, and how it ended.
//!
//! 1. [`sending`] makes a body of a response's pieces; [`outgoing`] does for a response that has been through axum, with the
//!    pieces in its extensions. A response without pieces keeps its own body.
//! 2. [`Outgoing`] counts what passes, and says once how it ended: to the end, given up, or broken.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use axum::body::Body;
use bytes::Bytes;
use http::{Response, StatusCode, header};
use http_body::{Body as _, Frame, SizeHint};

use super::chunk::Chunk;
use super::copying::Copying;
use super::lane::Lane;
use super::representation::Pieces;
use super::tally::{Progress, Tally};
use super::windows::Windows;
use crate::storage::ReadError;

/// How a body ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every byte was handed to the connection. Whether the client took them is for the connection to say.
    Complete,
    /// The client hung up, or the server stopped: the normal end of every seek.
    Abandoned,
    /// It could not be continued truthfully. The text is fit for a metric's label.
    Broken(&'static str),
}

/// What is known of a body when it has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Bytes that were handed to the connection.
    pub sent: u64,
    /// When the first of them were.
    pub first_byte: Option<Instant>,
    pub outcome: Outcome,
}

/// Why a body broke off. hyper then closes the connection, and the client sees that bytes are missing.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    #[error(transparent)]
    File(#[from] ReadError),
    #[error(transparent)]
    Other(axum::Error),
}

/// A response's body on its way to the connection.
pub struct Outgoing {
    source: Source,
    tally: Arc<Tally>,
}

/// Bodies up to here are copied.
const SMALLEST_WINDOWED: u64 = 64 * 1024;

enum Source {
    Plain(Body),
    Copying(Box<Copying>),
    Windows(Box<Windows>),
}

/// Gives a response the body that sends its pieces. With a lane, windows of files go to the connection's socket uncopied;
/// it is asked for only when there are such windows.
#[must_use]
pub fn sending<'l>(
    response: Response<Pieces>,
    lane: impl FnOnce() -> Option<&'l Lane>,
) -> Response<Outgoing> {
    let tally = Arc::<Tally>::default();
    response.map(|pieces| Outgoing { source: Source::of(pieces, lane, &tally), tally })
}

/// The same for a response of axum.
#[must_use]
pub fn outgoing<'l>(response: Response<Body>, lane: impl FnOnce() -> Option<&'l Lane>) -> Response<Outgoing> {
    let (mut parts, body) = response.into_parts();
    if parts.status == StatusCode::NOT_MODIFIED {
        // axum's router adds the length of the body that it sees, 0; on a 304 it would be that of the
        // representation (RFC 9110 §8.6).
        parts.headers.remove(header::CONTENT_LENGTH);
    }
    match parts.extensions.remove::<Pieces>() {
        Some(pieces) => sending(Response::from_parts(parts, pieces), lane),
        None => Response::from_parts(parts, Outgoing { source: Source::Plain(body), tally: Arc::default() }),
    }
}

impl Source {
    /// The cheapest way that these pieces can go. A short body leaves with its head in one call, which is cheaper than
    /// a call of its own for each.
    fn of<'l>(pieces: Pieces, lane: impl FnOnce() -> Option<&'l Lane>, tally: &Arc<Tally>) -> Source {
        if pieces.is_empty() {
            return Source::Plain(Body::empty());
        }
        let is_windowed = pieces.len() > SMALLEST_WINDOWED && pieces.are_sendable();
        match is_windowed.then(lane).flatten() {
            Some(lane) => Source::Windows(Box::new(Windows::new(pieces, lane.clone(), Arc::clone(tally)))),
            None => Source::Copying(Box::new(Copying::new(pieces))),
        }
    }
}

impl Outgoing {
    /// Calls `tell` once, when the body has ended in whatever way, its drop included. Only one listener is
    /// kept, the last.
    pub fn on_end(&mut self, tell: impl FnOnce(Ended) + Send + 'static) {
        self.tally.on_end(Box::new(tell));
    }

    /// How far it is, also when somebody else has the body.
    #[must_use]
    pub fn progress(&self) -> Progress {
        Progress::of(&self.tally)
    }

    fn poll_source(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Chunk>, BodyError>>> {
        match &mut self.source {
            Source::Plain(body) => {
                let polled = ready!(Pin::new(body).poll_frame(cx));
                let chunk = |frame: Frame<Bytes>| frame.map_data(Chunk::from);
                Poll::Ready(polled.map(|frame| frame.map(chunk).map_err(BodyError::Other)))
            }
            Source::Copying(body) => {
                let polled = ready!(body.poll_bytes(cx));
                Poll::Ready(polled.map(|bytes| Ok(Frame::data(bytes?.into()))))
            }
            Source::Windows(body) => {
                let polled = ready!(body.poll_chunk(cx));
                Poll::Ready(polled.map(|chunk| Ok(Frame::data(chunk?))))
            }
        }
    }

    /// A window is counted while the socket sends it.
    fn count(&self, frame: &Frame<Chunk>) {
        if let Some(Chunk::Memory(bytes)) = frame.data_ref() {
            self.tally.add(bytes.len());
        }
    }

    fn end(&self, outcome: Outcome) {
        self.tally.note(outcome);
        if !matches!(self.source, Source::Windows(_)) {
            self.tally.tell();
        }
    }
}

impl http_body::Body for Outgoing {
    type Data = Chunk;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Chunk>, BodyError>>> {
        let polled = ready!(self.poll_source(cx));
        match &polled {
            Some(Ok(frame)) => self.count(frame),
            Some(Err(error)) => self.end(Outcome::Broken(error.label())),
            None => {}
        }
        if self.is_end_stream() || polled.is_none() {
            self.end(Outcome::Complete);
        }
        Poll::Ready(polled)
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Plain(body) => body.is_end_stream(),
            Source::Copying(body) => body.left() == 0,
            Source::Windows(body) => body.left() == 0,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Plain(body) => body.size_hint(),
            Source::Copying(body) => SizeHint::with_exact(body.left()),
            Source::Windows(body) => SizeHint::with_exact(body.left()),
        }
    }
}

impl Drop for Outgoing {
    /// The connection drops a body that is empty, or whose last bytes it has, without asking it again.
    fn drop(&mut self) {
        let is_complete = self.is_end_stream();
        self.end(if is_complete { Outcome::Complete } else { Outcome::Abandoned });
    }
}

impl BodyError {
    /// The kind of error as a metric's label.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::File(ReadError::Changed) => "changed",
            Self::File(ReadError::Truncated) => "truncated",
            Self::File(ReadError::Stalled) => "stalled",
            Self::File(ReadError::Failed(_)) => "failed",
            Self::Other(_) => "other",
        }
    }
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing").field("sent", &self.tally.sent()).finish_non_exhaustive()
    }
}
