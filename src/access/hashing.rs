//! How many passwords are hashed or compared at the same time: each takes 19 MiB and a processor for 30 ms, and whoever
//! asks need not have an account.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64};
use std::thread;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::password::{Password, PasswordError, Typed, Verdict};

/// On a large machine: 76 MiB are enough for more logins than a household has.
const MOST_AT_ONCE: usize = 4;
/// Those who wait behind them; the last one waits for about a second on two processors.
const MOST_WAITING: usize = 64;

/// Hashes and compares passwords. Clones share the limit.
#[derive(Clone)]
pub struct Hashing(Arc<Inner>);

struct Inner {
    at_once: Semaphore,
    /// At work and waiting.
    inside: Semaphore,
    /// See [`Hashing::done`].
    done: Counter,
    /// See [`Hashing::running`].
    running: Gauge,
}

impl Hashing {
    /// As many at once as there are processors, up to four.
    pub fn new() -> Hashing {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        Hashing::with(processors.min(MOST_AT_ONCE), MOST_WAITING)
    }

    fn with(at_once: usize, waiting: usize) -> Hashing {
        Hashing(Arc::new(Inner {
            at_once: Semaphore::new(at_once),
            inside: Semaphore::new(at_once + waiting),
            done: Counter::<u64, AtomicU64>::default(),
            running: Gauge::<i64, AtomicI64>::default(),
        }))
    }

    /// Counts every computation, for the metrics.
    pub fn done(&self) -> &Counter {
        &self.0.done
    }

    /// Computations at this moment, for the metrics.
    pub fn running(&self) -> &Gauge {
        &self.0.running
    }

    /// Compares what was typed with what is stored; without that, the same work is done in vain. What was typed comes
    /// back, for it may have to be hashed anew.
    ///
    /// # Errors
    /// [`PasswordError::Busy`] when too many wait already.
    pub async fn verify(
        &self,
        typed: Typed,
        stored: Option<String>,
    ) -> Result<(Verdict, Typed), PasswordError> {
        self.run(move || (typed.verify(stored.as_deref()), typed)).await
    }

    /// The form of a new password that is stored.
    pub async fn hash(&self, password: Password, salt: [u8; 16]) -> Result<String, PasswordError> {
        self.run(move || password.hash(salt)).await?
    }

    /// The same of a password that was right.
    pub async fn hash_again(&self, typed: Typed, salt: [u8; 16]) -> Result<String, PasswordError> {
        self.run(move || typed.hash(salt)).await?
    }

    /// Once it has begun it goes on when nobody waits for it any more, and counts until its end.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        let _inside = self.0.inside.try_acquire().map_err(|_| PasswordError::Busy)?;
        self.turn().await?.forget();
        let turn = Turn(self.clone());
        self.0.done.inc();
        self.0.running.inc();
        let working = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        });
        working.await.map_err(|_| PasswordError::Hash)
    }

    async fn turn(&self) -> Result<SemaphorePermit<'_>, PasswordError> {
        self.0.at_once.acquire().await.map_err(|_| PasswordError::Busy)
    }
}

impl Default for Hashing {
    fn default() -> Hashing {
        Hashing::new()
    }
}

/// One of those who may compute.
struct Turn(Hashing);

impl Drop for Turn {
    fn drop(&mut self) {
        let Inner { at_once, running, .. } = &*self.0.0;
        running.dec();
        at_once.add_permits(1);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn few_compute_at_once_and_few_wait() {
        let hashing = Hashing::with(2, 3);
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (stop, wait) = std::sync::mpsc::channel::<()>();
        let wait = Arc::new(std::sync::Mutex::new(wait));
        let one = || {
            let (hashing, now, most, wait) = (hashing.clone(), now.clone(), most.clone(), wait.clone());
            tokio::spawn(async move {
                let work = move || {
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    let _ = wait.lock().unwrap().recv();
                    now.fetch_sub(1, Ordering::SeqCst);
                };
                hashing.run(work).await
            })
        };
        let tasks: Vec<_> = (0..8).map(|_| one()).collect();
        // Each of the spawned tasks is polled before this one again.
        tokio::task::yield_now().await;
        drop(stop);
        let mut refused = 0;
        for task in tasks {
            refused += usize::from(task.await.unwrap() == Err(PasswordError::Busy));
        }
        assert_eq!((refused, hashing.done().get()), (3, 5), "two at once and three that wait");
        assert!(most.load(Ordering::SeqCst) <= 2);
        assert_eq!(hashing.running().get(), 0);
    }

    #[tokio::test]
    async fn whoever_hangs_up_gives_the_turn_back_when_it_is_done() {
        let hashing = Hashing::with(1, 1);
        let (stop, wait) = std::sync::mpsc::channel::<()>();
        let task = tokio::spawn({
            let hashing = hashing.clone();
            async move { hashing.run(move || wait.recv().is_ok()).await }
        });
        tokio::task::yield_now().await;
        task.abort();
        assert!(task.await.is_err());
        assert_eq!(hashing.running().get(), 1, "it goes on");
        drop(stop);
        assert_eq!(hashing.run(|| 7).await, Ok(7));
    }
}
