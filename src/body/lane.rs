//! How spans of files pass through hyper without being read.
//!
//! hyper moves buffers and knows nothing of files. So the body gives it a *mark*: a slice of a field of zeros that
//! nobody ever reads, as long as the window of the file that it stands for. The connection's socket knows a mark by
//! its address and sends the window instead (`sendfile(2)`).
//!
//! 1. [`Lane::mark`] enters a window and gives out its mark.
//! 2. [`Lane::send`] finds the window of a slice and has it sent: by the kernel while the file is under a
//!    [lease](crate::storage::lease), else by copying. It notes how many bytes really went out.
//! 3. [`Mark::advance`](Buf::advance) compares: whoever consumes a mark without the socket having sent it has copied
//!    zeros. Then the lane is [betrayed](Lane::is_betrayed), and the socket writes nothing more.
//! 4. Files stay open until the other end has what was lent of them ([`Lane::has_delivered`]): closing one would end
//!    its lease.
//!
//! Marks are real memory and counts never exceed them, so nothing here is unsafe.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use bytes::Buf;

use super::length;
use super::outgoing::Outcome;
use super::pool::Buffer;
use super::tally::Tally;
use crate::storage::{Carrier, MediaFile};

/// The longest window. Longer ones gained nothing, and a window is the grain in which residency is checked.
pub const WINDOW: usize = 4 * 1024 * 1024;

/// Each window of a lane begins at another place of the field, so that no slice of one is taken for another's.
const SLOTS: usize = 4096;

/// Asked of the kernel as zeroed memory and never touched, so it costs addresses and no pages.
static FIELD: LazyLock<Box<[u8]>> = LazyLock::new(|| vec![0; WINDOW + SLOTS].into());

/// The windows of one connection that hyper holds marks of, and what the socket has taken.
#[derive(Clone, Debug, Default)]
pub struct Lane(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    betrayed: AtomicBool,
    failed: AtomicBool,
    /// All bytes that the socket has taken, heads and copies included.
    written: AtomicU64,
    /// `written` behind the last byte that was lent.
    lent: AtomicU64,
}

#[derive(Debug, Default)]
struct Queue {
    windows: VecDeque<Window>,
    next_slot: usize,
    /// Files whose pages may be under way, and `written` behind the last of them.
    under_way: VecDeque<(Arc<MediaFile>, u64)>,
}

#[derive(Debug)]
struct Window {
    file: Arc<MediaFile>,
    offset: u64,
    slot: usize,
    len: usize,
    /// What the socket has sent.
    sent: usize,
    /// What hyper was told.
    told: usize,
}

/// One write: what the socket was offered and what it took. If that is less, it is full.
#[derive(Clone, Copy, Debug, Default)]
pub struct Written {
    pub offered: usize,
    pub taken: usize,
}

/// The socket below a lane.
pub trait Outlet {
    /// `sendfile(2)`.
    fn send_file(&self, file: &MediaFile, offset: u64, len: usize) -> io::Result<usize>;
    fn send_bytes(&self, bytes: &[u8]) -> io::Result<usize>;
    /// What it was given and the other end has not acknowledged.
    fn unacknowledged(&self) -> u64;
    /// Whether closing it, be it by the kernel for a process that was killed, forgets what it was given.
    fn reset_on_close(&self, resets: bool);
}

/// A window of a file, as hyper sees it.
#[derive(Debug)]
pub struct Mark {
    lane: Lane,
    slot: usize,
    at: usize,
    len: usize,
    tally: Arc<Tally>,
}

impl Lane {
    /// Enters `len` bytes of a file from `offset` on, at most [`WINDOW`].
    pub(super) fn mark(&self, file: &Arc<MediaFile>, offset: u64, len: usize, tally: &Arc<Tally>) -> Mark {
        let len = len.min(WINDOW);
        let mut queue = self.queue();
        let slot = queue.next_slot;
        queue.next_slot = (slot + 1) % SLOTS;
        let file = Arc::clone(file);
        queue.windows.push_back(Window { file, offset, slot, len, sent: 0, told: 0 });
        Mark { lane: self.clone(), slot, at: 0, len, tally: Arc::clone(tally) }
    }

    /// Whether a slice is part of a mark.
    pub fn is_mark(slice: &IoSlice<'_>) -> bool {
        !slice.is_empty() && place(slice).is_some()
    }

    /// Whether somebody took a mark for bytes. Nothing may be written to this connection any more.
    pub fn is_betrayed(&self) -> bool {
        self.0.betrayed.load(Relaxed)
    }

    /// Whether a window could not be sent truthfully to its end. What was sent must not be taken for complete.
    pub fn has_failed(&self) -> bool {
        self.0.failed.load(Relaxed)
    }

    /// Sends what a mark's slice stands for, or as much of it as goes at once.
    pub fn send(
        &self,
        slice: &IoSlice<'_>,
        carrier: &Arc<dyn Carrier>,
        outlet: &impl Outlet,
    ) -> io::Result<Written> {
        let mut queue = self.queue();
        let Some(window) = queue.window(slice) else { return self.fail("a mark without its window") };
        let (file, offset) = (Arc::clone(&window.file), window.offset + length(window.sent));
        // An error of the socket is passed on: the client has gone, or takes nothing now.
        let Written { offered, taken } = match file.lend(carrier) {
            Some(mut lent) => {
                // Whatever ends this connection from now on, unplanned, ends it by a reset.
                if self.0.lent.load(Relaxed) == 0 {
                    outlet.reset_on_close(true);
                }
                let sent = outlet.send_file(&file, offset, slice.len())?;
                let end = self.0.written.load(Relaxed).saturating_add(length(sent));
                self.0.lent.store(end, Relaxed);
                lent.until(end);
                queue.keep(&file, end, || self.acknowledged(outlet));
                Written { offered: slice.len(), taken: sent }
            }
            None => match copy(&file, offset, slice.len()) {
                Some(bytes) => {
                    let bytes = bytes.as_ref();
                    Written { offered: bytes.len(), taken: outlet.send_bytes(bytes)? }
                }
                None => return self.fail("the file has changed"),
            },
        };
        if taken == 0 {
            return self.fail("the file became shorter");
        }
        if let Some(window) = queue.windows.front_mut() {
            window.sent += taken.min(slice.len());
        }
        Ok(Written { offered, taken })
    }

    /// The socket has taken so much of whatever it was.
    pub fn wrote(&self, count: usize) {
        self.0.written.fetch_add(length(count), Relaxed);
    }

    /// Whether the other end has what was lent among the first so many bytes, so that files may change.
    pub fn has_delivered(&self, bytes: u64, outlet: &impl Outlet) -> bool {
        let lent = self.0.lent.load(Relaxed).min(bytes);
        lent == 0 || self.acknowledged(outlet) >= lent
    }

    /// How much the socket has taken of whatever it was.
    pub fn written(&self) -> u64 {
        self.0.written.load(Relaxed)
    }

    /// How much the other end has acknowledged of all that was written.
    pub fn acknowledged(&self, outlet: &impl Outlet) -> u64 {
        self.0.written.load(Relaxed).saturating_sub(outlet.unacknowledged())
    }

    fn fail<T>(&self, why: &'static str) -> io::Result<T> {
        self.0.failed.store(true, Relaxed);
        Err(io::Error::other(why))
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    /// The window that a slice stands for: the first, from the byte on that is to be sent next.
    fn window(&self, slice: &IoSlice<'_>) -> Option<&Window> {
        let place = place(slice);
        let window = self.windows.front().filter(|window| Some(window.slot + window.sent) == place);
        window.filter(|window| slice.len() == window.len - window.sent)
    }

    /// Keeps a file open until the other end has its pages, and lets go of those that have arrived.
    fn keep(&mut self, file: &Arc<MediaFile>, end: u64, acknowledged: impl FnOnce() -> u64) {
        match self.under_way.back_mut() {
            Some((last, until)) if Arc::ptr_eq(last, file) => *until = end,
            None => self.under_way.push_back((Arc::clone(file), end)),
            Some(_) => {
                let acknowledged = acknowledged();
                self.under_way.retain(|(_, until)| *until > acknowledged);
                self.under_way.push_back((Arc::clone(file), end));
            }
        }
    }
}

/// The next bytes of a window whose file has no lease any more, as the file was when it was opened. `None`: they cannot be
/// had without waiting, or are others by now.
fn copy(file: &MediaFile, offset: u64, len: usize) -> Option<Buffer> {
    let mut buffer = Buffer::new(len);
    let count = file.read_now(buffer.want(length(len)), offset, &file.witness())?;
    buffer.add(count);
    Some(buffer)
}

/// Where in the field a slice begins.
fn place(slice: &IoSlice<'_>) -> Option<usize> {
    let field = FIELD.as_ptr().addr();
    let place = slice.as_ptr().addr().checked_sub(field)?;
    (place < FIELD.len()).then_some(place)
}

impl Buf for Mark {
    fn remaining(&self) -> usize {
        self.len - self.at
    }

    fn chunk(&self) -> &[u8] {
        &FIELD[self.slot + self.at..self.slot + self.len]
    }

    fn advance(&mut self, count: usize) {
        self.at += count;
        self.tally.add(count);
        let mut queue = self.lane.queue();
        let window = queue.windows.iter_mut().find(|window| window.slot == self.slot);
        let is_true = window.is_some_and(|window| {
            window.told += count;
            window.told <= window.sent
        });
        if !is_true || self.at > self.len {
            self.lane.0.betrayed.store(true, Relaxed);
        }
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        self.lane.queue().windows.retain(|window| window.slot != self.slot);
        if self.at < self.len {
            let is_torn = self.lane.has_failed();
            self.tally.note(if is_torn { Outcome::Broken("changed") } else { Outcome::Abandoned });
        }
    }
}
