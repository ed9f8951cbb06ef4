//! One HTTP/2 stream, and how far its client has taken what it was given.
//!
//! 1. [`Watched`] runs a stream's work (the handler, then its body) and ends it when the reader takes nothing.
//! 2. [`Measured`] is the handler's body. It hands out [`Part`]s that fit into a record each.
//! 3. A part tells the [`Stream`] when it has gone out; until then it waits for the reader's window or for the socket.
//!
//! Dropping the work resets its stream with what is queued of it, and leaves the others on the connection alone. To be
//! there for that, the work lasts until its last part has gone: hyper would otherwise be done with a stream when h2 has
//! its end in a queue, and nobody could take it out again.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use futures_util::task::AtomicWaker;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep};

use super::super::line::Line;

tokio::task_local! {
    /// The stream whose work is being polled: how the body that a handler makes finds it.
    static CURRENT: Arc<Stream>;
}

/// With its frame's header it fills a record to the last byte (RFC 8446 §5.1, RFC 9113 §4.1). A frame as long as frames
/// may be would need a second record for nine bytes.
const PART: usize = 16 * 1024 - 9;

/// As much may be left to h2's queue when the work is over.
const TAIL: usize = PART;

/// Looks within the time of a stream, while the socket is full.
const LOOKS: u32 = 4;

/// How a stream's work ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Done,
    /// The body failed: hyper has reset the stream.
    Broken,
    /// The reader took nothing for too long.
    Stalled,
}

pub(super) struct Watched {
    work: Pin<Box<dyn Future<Output = ()> + Send>>,
    stream: Arc<Stream>,
    line: Arc<Line>,
    patience: Duration,
    alarm: Pin<Box<Sleep>>,
}

impl Watched {
    pub(super) fn new(
        work: impl Future<Output = ()> + Send + 'static,
        line: Arc<Line>,
        patience: Duration,
    ) -> Watched {
        Watched {
            work: Box::pin(work),
            stream: Arc::new(Stream::new()),
            line,
            patience,
            alarm: Box::pin(sleep(patience)),
        }
    }
}

impl Future for Watched {
    type Output = Fate;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Fate> {
        let me = &mut *self;
        let stream = Arc::clone(&me.stream);
        if CURRENT.sync_scope(stream, || me.work.as_mut().poll(cx)).is_ready() {
            return Poll::Ready(if me.stream.queue().broken { Fate::Broken } else { Fate::Done });
        }
        loop {
            ready!(me.alarm.as_mut().poll(cx));
            let now = Instant::now();
            let since = me.stream.waits_since().unwrap_or(now);
            let due = match since + me.patience {
                // A socket that takes nothing is not this stream's reader; a slow one may have it full for long.
                due if due <= now && me.line.pace.has_held_back_since(since) => now + me.patience / LOOKS,
                due if due <= now => return Poll::Ready(Fate::Stalled),
                due => due,
            };
            me.alarm.as_mut().reset(due);
        }
    }
}

/// What of a stream's body has been handed out and has not gone.
struct Stream {
    queue: Mutex<Queue>,
    emptied: AtomicWaker,
}

struct Queue {
    bytes: usize,
    /// When something last came in or went out.
    moved: Instant,
    broken: bool,
}

impl Stream {
    fn new() -> Stream {
        let queue = Mutex::new(Queue { bytes: 0, moved: Instant::now(), broken: false });
        Stream { queue, emptied: AtomicWaker::new() }
    }

    fn waits_since(&self) -> Option<Instant> {
        let queue = self.queue();
        (queue.bytes > 0).then_some(queue.moved)
    }

    fn waiting(&self) -> usize {
        self.queue().bytes
    }

    fn enter(&self, bytes: usize) {
        let mut queue = self.queue();
        if queue.bytes == 0 {
            queue.moved = Instant::now();
        }
        queue.bytes += bytes;
    }

    fn leave(&self, bytes: usize) {
        let mut queue = self.queue();
        queue.bytes = queue.bytes.saturating_sub(bytes);
        queue.moved = Instant::now();
        if queue.bytes == 0 {
            self.emptied.wake();
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes on their way through h2.
pub(super) struct Part {
    bytes: Bytes,
    stream: Arc<Stream>,
}

impl Buf for Part {
    fn remaining(&self) -> usize {
        self.bytes.len()
    }

    fn chunk(&self) -> &[u8] {
        &self.bytes
    }

    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
        self.stream.leave(count);
    }
}

impl Drop for Part {
    /// Of a stream that was reset, or in memory no longer needed.
    fn drop(&mut self) {
        if !self.bytes.is_empty() {
            self.stream.leave(self.bytes.len());
        }
    }
}

pin_project! {
    pub(super) struct Measured<B> {
        #[pin]
        body: B,
        // What the body gave and is not handed out yet.
        rest: Bytes,
        stream: Arc<Stream>,
    }
}

impl<B> Measured<B> {
    /// For a handler that runs within [`Watched`]; elsewhere nobody watches.
    pub(super) fn new(body: B) -> Measured<B> {
        let stream = CURRENT.try_with(Arc::clone).unwrap_or_else(|_| Arc::new(Stream::new()));
        Measured { body, rest: Bytes::new(), stream }
    }
}

impl<B: Body> Body for Measured<B> {
    type Data = Part;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Part>, B::Error>>> {
        let mut me = self.project();
        while me.rest.is_empty() && !me.body.is_end_stream() {
            match ready!(me.body.as_mut().poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(mut data) => *me.rest = data.copy_to_bytes(data.remaining()),
                    Err(other) => {
                        let trailers = other.into_trailers().unwrap_or_default();
                        return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
                    }
                },
                Some(Err(error)) => {
                    me.stream.queue().broken = true;
                    return Poll::Ready(Some(Err(error)));
                }
                None => break,
            }
        }
        if !me.rest.is_empty() {
            let bytes = me.rest.split_to(PART.min(me.rest.len()));
            me.stream.enter(bytes.len());
            let part = Part { bytes, stream: Arc::clone(me.stream) };
            return Poll::Ready(Some(Ok(Frame::data(part))));
        }
        me.stream.emptied.register(cx.waker());
        if me.stream.waiting() == 0 { Poll::Ready(None) } else { Poll::Pending }
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream() && self.stream.waiting() <= TAIL
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
