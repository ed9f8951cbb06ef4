//! Viewings: somebody watches one item by one credential in one program.
//!
//! The expiry of a token or a link says until when a viewing may begin. One that began in time goes on while its player
//! asks again, for parts of the film, within [`IDLE`], for at most [`LONGEST`]: a film is not cut because its link was over in the middle. What
//! is revoked ends it all the same, for revocation is asked before.
//!
//! They are in memory: after a restart, what is over is over. Of shares, whose plays are counted, the database knows when
//! each viewing began: see [`super::plays`].

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use moka::sync::Cache;

use crate::clock::Seconds;
use crate::types::ItemId;

/// Between two requests of one viewing: somebody pauses for dinner.
pub(super) const IDLE: Seconds = 30 * 60;
/// A film, its repetition, and a night.
pub(super) const LONGEST: Seconds = 12 * 60 * 60;
/// About 300 bytes each.
const MOST: u64 = 50_000;

/// Tells viewings of one item apart: see [`Key`].
#[derive(Clone, Copy)]
pub(super) struct Viewer {
    pub(super) grounds: [u8; 32],
    pub(super) client: u64,
}

/// A signature is a credential.
impl std::fmt::Debug for Viewer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Viewer(..)")
    }
}

/// Who watches what by which credential.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// A hash of the token, the login or the share; a link's signature.
    pub(super) grounds: [u8; 32],
    pub(super) item: ItemId,
    /// See [`super::client::Client::fingerprint`].
    pub(super) client: u64,
}

/// A signature is a credential.
impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(..)")
    }
}

/// One viewing.
#[derive(Debug)]
pub struct Viewing {
    key: Key,
    began: Seconds,
    latest: AtomicI64,
}

impl Viewing {
    pub(super) fn key(&self) -> Key {
        self.key
    }

    fn goes_on(&self, now: Seconds) -> bool {
        now < self.ends() && now < self.latest.load(Ordering::Relaxed).saturating_add(IDLE)
    }

    /// When it has lasted long enough.
    pub(super) fn ends(&self) -> Seconds {
        self.began.saturating_add(LONGEST)
    }

    pub(super) fn asked(&self, now: Seconds) {
        self.latest.fetch_max(now, Ordering::Relaxed);
    }
}

/// The viewings of this process.
pub(super) struct Viewings(Cache<Key, Arc<Viewing>>);

impl Viewings {
    pub(super) fn new() -> Viewings {
        // The cache forgets by its own clock what is of no use any more; what goes on is decided by ours.
        let (idle, longest) =
            (Duration::from_secs(IDLE.unsigned_abs()), Duration::from_secs(LONGEST.unsigned_abs()));
        Viewings(Cache::builder().max_capacity(MOST).time_to_idle(idle).time_to_live(longest).build())
    }

    /// The viewing that a good credential begins or goes on with.
    pub(super) fn begin(&self, key: Key, now: Seconds) -> Arc<Viewing> {
        self.going_on(&key, now).unwrap_or_else(|| self.enter(key, now, now))
    }

    /// A viewing that began at that time, as another process or the database knows.
    pub(super) fn enter(&self, key: Key, began: Seconds, now: Seconds) -> Arc<Viewing> {
        let new = Arc::new(Viewing { key, began, latest: AtomicI64::new(now) });
        self.0.insert(key, Arc::clone(&new));
        new
    }

    /// The viewing that goes on though its credential is over.
    pub(super) fn going_on(&self, key: &Key, now: Seconds) -> Option<Arc<Viewing>> {
        let known = self.0.get(key).filter(|viewing| viewing.goes_on(now))?;
        known.asked(now);
        Some(known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_viewing_goes_on_while_somebody_watches() {
        let viewings = Viewings::new();
        let key = Key { grounds: [1; 32], item: ItemId::new([1; 16]), client: 1 };
        let others = [
            Key { grounds: [2; 32], ..key },
            Key { item: ItemId::new([2; 16]), ..key },
            Key { client: 2, ..key },
        ];
        let began = 1_000;
        viewings.begin(key, began);
        for other in &others {
            assert!(viewings.going_on(other, began).is_none(), "somebody else's, or something else");
        }
        let mut now = began;
        while now + IDLE - 1 < began + LONGEST {
            now += IDLE - 1;
            assert!(viewings.going_on(&key, now).is_some(), "after {} s", now - began);
        }
        assert!(viewings.going_on(&key, began + LONGEST).is_none(), "it has lasted long enough");
        viewings.begin(key, now);
        assert!(viewings.going_on(&key, now + IDLE).is_none(), "nobody watches any more");
    }
}
