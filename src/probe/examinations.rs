//! Examinations for people who wait for them: few at a time, and each is good for a moment.

use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::{Examined, examine};
use crate::storage::{MediaFile, Stat};

/// Threads that a disk which hangs may keep.
const AT_ONCE: usize = 2;
/// Somebody who wonders why a film does not play asks more than once.
const KEPT: Duration = Duration::from_mins(1);
const MOST_KEPT: u64 = 100;
/// Longer than [`examine`] takes where the disk answers.
const LONGEST: Duration = Duration::from_secs(12);

/// What was found lately, by version of a file.
pub struct Examinations {
    known: Cache<Stat, Arc<Examined>>,
    turns: Arc<Semaphore>,
}

impl Default for Examinations {
    fn default() -> Self {
        Self::new()
    }
}

impl Examinations {
    #[must_use]
    pub fn new() -> Self {
        let known = Cache::builder().max_capacity(MOST_KEPT).time_to_live(KEPT).build();
        Self { known, turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// None: it cannot be read now, or not in time.
    pub async fn of(&self, file: MediaFile) -> Option<Arc<Examined>> {
        let version = *file.stat();
        if let Some(known) = self.known.get(&version) {
            return Some(known);
        }
        let examining = async {
            let turn = Arc::clone(&self.turns).acquire_owned().await.ok()?;
            let known = self.known.clone();
            // Who waits no longer leaves the thread its turn: it may hang.
            let examining = tokio::task::spawn_blocking(move || {
                let _turn = turn;
                let found = Arc::new(examine(&file).ok()?);
                known.insert(version, Arc::clone(&found));
                Some(found)
            });
            examining.await.ok()?
        };
        timeout(LONGEST, examining).await.ok()?
    }
}
