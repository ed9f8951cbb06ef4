//! What has been sent of a body, and who wants to know when it has ended.
//!
//! A body that copies has ended when hyper has its last bytes. One of windows has not: hyper holds marks of what the
//! socket is still to send, and each of them holds the tally. The last who lets go of it tells.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

use super::outgoing::{Ended, Outcome};

type Tell = Box<dyn FnOnce(Ended) + Send>;

#[derive(Default)]
pub(super) struct Tally(Mutex<State>);

#[derive(Default)]
struct State {
    sent: u64,
    first_byte: Option<Instant>,
    outcome: Option<Outcome>,
    tell: Option<Tell>,
}

impl Tally {
    pub(super) fn on_end(&self, tell: Tell) {
        self.state().tell = Some(tell);
    }

    pub(super) fn add(&self, count: usize) {
        let mut state = self.state();
        if count > 0 && state.first_byte.is_none() {
            state.first_byte = Some(Instant::now());
        }
        state.sent = state.sent.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
    }

    pub(super) fn sent(&self) -> u64 {
        self.state().sent
    }

    /// Notes how a part of the body ended. The whole is complete only if every part is.
    pub(super) fn note(&self, outcome: Outcome) {
        let mut state = self.state();
        if matches!(state.outcome, None | Some(Outcome::Complete)) {
            state.outcome = Some(outcome);
        }
    }

    /// Tells, once.
    pub(super) fn tell(&self) {
        let mut state = self.state();
        let outcome = state.outcome.unwrap_or(Outcome::Abandoned);
        let ended = Ended { sent: state.sent, first_byte: state.first_byte, outcome };
        let tell = state.tell.take();
        // Whoever listens may ask again.
        drop(state);
        if let Some(tell) = tell {
            tell(ended);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How much of a body has been sent, for who looks at it from outside. It keeps nothing alive: the body's end is told when
/// the last of its holders lets go.
#[derive(Debug)]
pub struct Progress(Weak<Tally>);

impl Progress {
    pub(super) fn of(tally: &Arc<Tally>) -> Progress {
        Progress(Arc::downgrade(tally))
    }

    /// Bytes that were handed to the connection; none: the body has ended.
    #[must_use]
    pub fn sent(&self) -> Option<u64> {
        self.0.upgrade().map(|tally| tally.sent())
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        self.tell();
    }
}

impl std::fmt::Debug for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tally").field("sent", &self.sent()).finish_non_exhaustive()
    }
}
