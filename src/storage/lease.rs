//! The kernel's word that nobody writes to a file, and what it costs whoever wants to.
//!
//! Pages of a file that a socket was given (`sendfile(2)`) are not copied: until the other end has them, they are
//! still the file's, and change with it. So they are given away only while the kernel holds a read lease for this
//! process (`fcntl(2)`, `F_SETLEASE`): whoever opens the file for writing, or cuts it, then waits for us.
//!
//! 1. [`attend`] listens for the signal by which the kernel tells that somebody waits. Before that no lease is taken.
//! 2. [`Lease::take`] asks for a lease. A recording that is being written gets none, nor do files of other users
//!    unless this process has `CAP_LEASE`; they are copied.
//! 3. [`Lease::lend`] is held around each `sendfile`, and notes which [`Carrier`] may have pages under way.
//! 4. When somebody waits, no page is lent any more. Carriers get [`PATIENCE`] to deliver what they have and are cut
//!    after that: a reset connection sends nothing more. Then the lease is let go, and the writer goes on.

use std::collections::HashMap;
use std::io;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, Weak};
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

/// What may have pages of a file under way: a connection.
pub trait Carrier: Send + Sync {
    /// Whether all pages have arrived.
    fn has_delivered(&self) -> bool;
    /// Ends it, so that nothing of what it still has is ever sent.
    fn cut(&self);
}

/// A lease on an open file; it ends with the descriptor, or when somebody wants to write.
#[derive(Default)]
pub(super) struct Lease {
    /// Whether pages may be lent.
    holds: RwLock<bool>,
    carriers: Mutex<Carriers>,
}

/// While this lives, the file does not change.
pub struct Lent<'a> {
    _holds: RwLockReadGuard<'a, bool>,
}

/// Whether somebody answers the kernel's signal.
static ATTENDED: AtomicBool = AtomicBool::new(false);

/// Files with a lease. One list a process, as there is one signal a process.
static LEASED: Mutex<Vec<Weak<MediaFile>>> = Mutex::new(Vec::new());

/// Answers the kernel as long as the future is polled.
pub fn attend() -> io::Result<impl Future<Output = ()> + Send> {
    let mut waiting = signal(SignalKind::io())?;
    ATTENDED.store(true, Ordering::Release);
    Ok(async move {
        while waiting.recv().await.is_some() {
            for file in leased().iter().filter_map(Weak::upgrade) {
                if !kernel::holds_lease(file.as_fd()) {
                    tokio::spawn(yield_to_writer(file));
                }
            }
        }
    })
}

impl Lease {
    /// A lease on a file that nobody writes to, if the kernel gives one.
    pub(super) fn take(file: impl AsFd) -> Option<Lease> {
        let is_taken = ATTENDED.load(Ordering::Acquire) && kernel::take_lease(file);
        is_taken.then(|| Lease { holds: RwLock::new(true), ..Lease::default() })
    }

    /// Lets pages go to a carrier, unless somebody waits to write.
    pub(super) fn lend(&self, carrier: &Arc<dyn Carrier>) -> Option<Lent<'_>> {
        let holds = self.holds.read().unwrap_or_else(PoisonError::into_inner);
        holds.then(|| {
            self.carriers().note(carrier);
            Lent { _holds: holds }
        })
    }

    pub(super) fn stands(&self) -> bool {
        *self.holds.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// From here on nothing is lent. False if that was so before.
    fn end(&self) -> bool {
        std::mem::replace(&mut *self.holds.write().unwrap_or_else(PoisonError::into_inner), false)
    }

    fn carriers(&self) -> MutexGuard<'_, Carriers> {
        self.carriers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn under_way(&self) -> Vec<Arc<dyn Carrier>> {
        let carriers = self.carriers().by_place.values().filter_map(Weak::upgrade).collect::<Vec<_>>();
        carriers.into_iter().filter(|carrier| !carrier.has_delivered()).collect()
    }
}

/// Those who were lent pages, by where they lie in memory.
#[derive(Default)]
struct Carriers {
    by_place: HashMap<usize, Weak<dyn Carrier>>,
    /// When that many are listed, it is time to strike out those that have ended.
    full: usize,
}

impl Carriers {
    fn note(&mut self, carrier: &Arc<dyn Carrier>) {
        let place = Arc::as_ptr(carrier).addr();
        self.by_place.insert(place, Arc::downgrade(carrier));
        if self.by_place.len() > self.full.max(64) {
            self.by_place.retain(|_, carrier| carrier.strong_count() > 0);
            self.full = self.by_place.len() * 2;
        }
    }
}

impl MediaFile {
    /// Has the signal find this file.
    pub(super) fn listed(self) -> Arc<MediaFile> {
        let file = Arc::new(self);
        if file.lease.is_some() {
            let mut leased = leased();
            leased.retain(|file| file.strong_count() > 0);
            leased.push(Arc::downgrade(&file));
        }
        file
    }
}

fn leased() -> MutexGuard<'static, Vec<Weak<MediaFile>>> {
    LEASED.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn yield_to_writer(file: Arc<MediaFile>) {
    let Some(lease) = file.lease.as_ref().filter(|lease| lease.end()) else { return };
    if !delivered_within(lease, PATIENCE).await {
        lease.under_way().iter().for_each(|carrier| carrier.cut());
        // Their tasks close the sockets. A thread that is busy for longer than this does not exist here.
        delivered_within(lease, PATIENCE).await;
    }
    kernel::drop_lease(file.as_fd());
}

async fn delivered_within(lease: &Lease, time: Duration) -> bool {
    let end = Instant::now() + time;
    while !lease.under_way().is_empty() {
        if Instant::now() >= end {
            return false;
        }
        sleep(LOOK).await;
    }
    true
}

impl std::fmt::Debug for Lease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lease").field("stands", &self.stands()).finish_non_exhaustive()
    }
}
