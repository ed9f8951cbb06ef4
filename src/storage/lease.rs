//! The kernel's word that nobody writes to a file, and what it costs whoever wants to.
//!
//! Pages of a file that a socket was given (`sendfile(2)`) are not copied: until the other end has them, they are
//! still the file's, and change with it. So they are given away only while the kernel holds a read lease for this
//! process (`fcntl(2)`, `F_SETLEASE`): whoever opens the file for writing, or cuts it, then waits for us.
//!
//! 1. [`attend`] listens for the signal by which the kernel tells that somebody waits. Before that no lease is taken.
//! 2. [`Lease::take`] asks for a lease. A recording that is being written gets none, nor do files of other users
//!    unless this process has `CAP_LEASE`; they are copied.
//! 3. [`Lease::lend`] is held around each `sendfile`, and notes which [`Carrier`] may have pages under way, and up to
//!    which of its bytes.
//! 4. When somebody waits, no page is lent any more. Carriers get [`PATIENCE`] to deliver what they have and are cut
//!    after that: a reset connection sends nothing more. Then the lease is let go, and the writer goes on.

use std::collections::HashMap;
use std::io;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, sleep};

use super::file::MediaFile;
use crate::kernel;

/// How long a writer waits for viewers who take what is under way. Long enough for all but the slowest of them, short
/// enough that nobody takes his program for dead.
const PATIENCE: Duration = Duration::from_secs(1);

/// Between two looks at what is under way.
const LOOK: Duration = Duration::from_millis(5);

/// Where the kernel says after how many seconds it ends a lease by force. With less than [`LEAST_BREAK_TIME`] it would while
/// pages are still under way.
const BREAK_TIME: &str = "/proc/sys/fs/lease-break-time";
const LEAST_BREAK_TIME: u64 = 10;

/// The flag in [`Lease::lenders`]: nothing is lent any more.
const ENDED: usize = 1 << (usize::BITS - 1);

/// What may have pages of a file under way: a connection.
pub trait Carrier: Send + Sync {
    /// Whether its first so many bytes have arrived.
    fn has_delivered(&self, bytes: u64) -> bool;
    /// Ends it, so that nothing of what it still has is ever sent.
    fn cut(&self);
}

/// A lease on an open file; it ends with the descriptor, or when somebody wants to write.
#[derive(Default)]
pub(super) struct Lease {
    /// How many are lending right now, and whether nobody may any more.
    lenders: AtomicUsize,
    carriers: Mutex<Carriers>,
}

/// While this lives, the file does not change.
pub struct Lent<'a> {
    lease: &'a Lease,
    carrier: usize,
    until: u64,
}

/// Whether somebody answers the kernel's signal.
static ATTENDED: AtomicBool = AtomicBool::new(false);

/// Files with a lease. One list a process, as there is one signal a process.
static LEASED: Mutex<Vec<Weak<MediaFile>>> = Mutex::new(Vec::new());

/// Answers the kernel as long as the future is polled.
pub fn attend() -> io::Result<impl Future<Output = ()> + Send> {
    let time = std::fs::read_to_string(BREAK_TIME)?.trim().parse::<u64>().map_err(io::Error::other)?;
    if time < LEAST_BREAK_TIME {
        return Err(io::Error::other(format!("{BREAK_TIME} is {time}, and less than {LEAST_BREAK_TIME}")));
    }
    let mut waiting = signal(SignalKind::io())?;
    ATTENDED.store(true, Ordering::Release);
    Ok(async move {
        while waiting.recv().await.is_some() {
            let files: Vec<_> = leased().iter().filter_map(Weak::upgrade).collect();
            for file in files {
                file.look_for_writer();
            }
        }
    })
}

impl Lease {
    /// A lease on a file that nobody writes to, if the kernel gives one.
    pub(super) fn take(file: impl AsFd) -> Option<Lease> {
        (ATTENDED.load(Ordering::Acquire) && kernel::take_lease(file)).then(Lease::default)
    }

    /// Lets pages go to a carrier, unless somebody waits to write.
    pub(super) fn lend(&self, carrier: &Arc<dyn Carrier>) -> Option<Lent<'_>> {
        if self.lenders.fetch_add(1, Ordering::AcqRel) & ENDED != 0 {
            self.lenders.fetch_sub(1, Ordering::AcqRel);
            return None;
        }
        let (carrier, until) = self.carriers().note(carrier);
        Some(Lent { lease: self, carrier, until })
    }

    pub(super) fn stands(&self) -> bool {
        self.lenders.load(Ordering::Acquire) & ENDED == 0
    }

    /// From here on nothing is lent. False if that was so before.
    fn end(&self) -> bool {
        self.lenders.fetch_or(ENDED, Ordering::AcqRel) & ENDED == 0
    }

    fn carriers(&self) -> MutexGuard<'_, Carriers> {
        self.carriers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who has pages under way. Nobody is asked under the lock.
    fn under_way(&self) -> Vec<Arc<dyn Carrier>> {
        let carriers: Vec<_> = self.carriers().0.values().cloned().collect();
        let carriers = carriers.into_iter().filter_map(|(carrier, bytes)| Some((carrier.upgrade()?, bytes)));
        let carriers = carriers.filter(|(carrier, bytes)| !carrier.has_delivered(*bytes));
        carriers.map(|(carrier, _)| carrier).collect()
    }

    fn is_idle(&self) -> bool {
        self.lenders.load(Ordering::Acquire) == ENDED && self.under_way().is_empty()
    }
}

impl Lent<'_> {
    /// The pages were the last of so many bytes that the carrier has taken in all. Otherwise none were taken.
    pub fn until(&mut self, bytes: u64) {
        self.until = bytes;
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        if let Some((_, until)) = self.lease.carriers().0.get_mut(&self.carrier) {
            *until = self.until;
        }
        self.lease.lenders.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Those who were lent pages, by where they lie in memory, and how far the pages go.
#[derive(Default)]
struct Carriers(HashMap<usize, (Weak<dyn Carrier>, u64)>);

impl Carriers {
    /// Where it stands in the list, and how far its pages went so far.
    fn note(&mut self, carrier: &Arc<dyn Carrier>) -> (usize, u64) {
        let place = Arc::as_ptr(carrier).addr();
        if self.0.len() == self.0.capacity() {
            self.0.retain(|_, (carrier, _)| carrier.strong_count() > 0);
        }
        // How far they go now is known when they have gone.
        let before = self.0.insert(place, (Arc::downgrade(carrier), u64::MAX));
        (place, before.map_or(0, |(_, until)| until))
    }
}

impl MediaFile {
    /// Has the signal find this file. To be called within a runtime.
    pub(super) fn listed(self) -> Arc<MediaFile> {
        let file = Arc::new(self);
        if file.lease.is_some() {
            let mut leased = leased();
            leased.retain(|file| file.strong_count() > 0);
            leased.push(Arc::downgrade(&file));
            drop(leased);
            // The signal may have come before the file was on the list.
            file.look_for_writer();
        }
        file
    }

    fn look_for_writer(self: &Arc<Self>) {
        if !kernel::holds_lease(self.as_fd()) {
            tokio::spawn(yield_to_writer(Arc::clone(self)));
        }
    }
}

fn leased() -> MutexGuard<'static, Vec<Weak<MediaFile>>> {
    LEASED.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn yield_to_writer(file: Arc<MediaFile>) {
    let Some(lease) = file.lease.as_ref().filter(|lease| lease.end()) else { return };
    let patience = Instant::now() + PATIENCE;
    while !lease.is_idle() {
        if Instant::now() >= patience {
            // Their tasks close the sockets. Who does not come to it keeps the writer waiting, until the kernel ends that.
            lease.under_way().iter().for_each(|carrier| carrier.cut());
        }
        sleep(LOOK).await;
    }
    kernel::drop_lease(file.as_fd());
}

impl std::fmt::Debug for Lease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lease").field("stands", &self.stands()).finish_non_exhaustive()
    }
}
