//! How spans of files pass through hyper without being read.
//!
//! hyper moves buffers and knows nothing of files. So the body gives it a *mark*: a slice of a field of zeros that
//! nobody ever reads, as long as the window of the file that it stands for. The connection's socket knows a mark by
//! its address and sends the window instead (`sendfile(2)`).
//!
//! 1. [`Lane::mark`] enters a window and gives out its mark.
//! 2. [`Lane::send`] finds the window of a slice, has it sent, and notes how many bytes really went out.
//! 3. [`Mark::advance`](Buf::advance) compares: whoever consumes a mark without the socket having sent it has copied
//!    zeros. Then the lane is [betrayed](Lane::is_betrayed), and the socket writes nothing more.
//!
//! Marks are real memory and counts never exceed them, so nothing here is unsafe.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use bytes::Buf;

use super::outgoing::Outcome;
use super::tally::Tally;
use crate::storage::{MediaFile, Witness};

/// The longest window. Longer ones gained nothing, and a window is the grain in which residency is checked.
pub const WINDOW: usize = 4 * 1024 * 1024;

/// Each window of a lane begins at another place of the field, so that no slice of one is taken for another's.
const SLOTS: usize = 4096;

/// Asked of the kernel as zeroed memory and never touched, so it costs addresses and no pages.
static FIELD: LazyLock<Box<[u8]>> = LazyLock::new(|| vec![0; WINDOW + SLOTS].into());

/// The windows of one connection that hyper holds marks of.
#[derive(Clone, Debug, Default)]
pub struct Lane(Arc<Mutex<Queue>>);

#[derive(Debug, Default)]
struct Queue {
    windows: VecDeque<Window>,
    next_slot: usize,
    betrayed: bool,
    failed: bool,
}

#[derive(Debug)]
struct Window {
    file: Arc<MediaFile>,
    witness: Witness,
    offset: u64,
    slot: usize,
    len: usize,
    /// What the socket has sent.
    sent: usize,
    /// What hyper was told.
    told: usize,
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
        let (file, witness) = (Arc::clone(file), file.witness());
        let len = len.min(WINDOW);
        let mut queue = self.queue();
        let slot = queue.next_slot;
        queue.next_slot = (slot + 1) % SLOTS;
        queue.windows.push_back(Window { file, witness, offset, slot, len, sent: 0, told: 0 });
        Mark { lane: self.clone(), slot, at: 0, len, tally: Arc::clone(tally) }
    }

    /// Whether a slice is part of a mark.
    pub fn is_mark(slice: &IoSlice<'_>) -> bool {
        !slice.is_empty() && place(slice).is_some()
    }

    /// Whether somebody took a mark for bytes. Nothing may be written to this connection any more.
    pub fn is_betrayed(&self) -> bool {
        self.queue().betrayed
    }

    /// Whether a window could not be sent truthfully to its end. What was sent must not be taken for complete.
    pub fn has_failed(&self) -> bool {
        self.queue().failed
    }

    /// Sends what a mark's slice stands for: `transfer` gets file, offset and length, and tells how many bytes it
    /// sent. Afterwards the file is looked at again, and a file that has changed is an error.
    pub fn send(
        &self,
        slice: &IoSlice<'_>,
        transfer: impl FnOnce(&MediaFile, u64, usize) -> io::Result<usize>,
    ) -> io::Result<usize> {
        self.queue().send(slice, transfer)
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn send(
        &mut self,
        slice: &IoSlice<'_>,
        transfer: impl FnOnce(&MediaFile, u64, usize) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let place = place(slice);
        let window = self.windows.front_mut().filter(|window| Some(window.slot + window.sent) == place);
        let Some(window) = window.filter(|window| slice.len() == window.len - window.sent) else {
            return self.fail("a mark without its window");
        };
        let offset = window.offset + u64::try_from(window.sent).map_err(io::Error::other)?;
        // An error here is the socket's: the client has gone, or takes nothing now.
        let sent = transfer(&window.file, offset, slice.len())?;
        if let Err(error) = window.file.verify_now(&mut window.witness) {
            return self.fail(error);
        }
        if sent == 0 {
            return self.fail("the file became shorter");
        }
        window.sent += sent.min(slice.len());
        Ok(sent)
    }

    fn fail(&mut self, why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Result<usize> {
        self.failed = true;
        Err(io::Error::other(why))
    }
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
        queue.betrayed |= !is_true || self.at > self.len;
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        let mut queue = self.lane.queue();
        queue.windows.retain(|window| window.slot != self.slot);
        if self.at < self.len {
            self.tally.note(if queue.failed { Outcome::Broken("changed") } else { Outcome::Abandoned });
        }
    }
}
