//! The way in of the first administrator: a code that the server prints when it starts and nobody can log in yet. There is
//! no default password that somebody could forget to change.

use std::sync::{Mutex, PoisonError};

use data_encoding::BASE64URL_NOPAD;

use super::token::TokenHash;
use crate::clock::Seconds;

/// Whoever starts a server on one day may set it up on the next.
const OPEN: Seconds = 24 * 60 * 60;

/// In memory only: each start has its own, and none survives a restart.
#[derive(Default)]
pub struct Setup(Mutex<Option<Open>>);

struct Open {
    hash: TokenHash,
    until: Seconds,
}

impl Setup {
    /// The code that opens it from now on, once; to be shown and not kept.
    pub fn open(&self, random: [u8; 24], now: Seconds) -> String {
        let code = BASE64URL_NOPAD.encode(&random);
        let open = Open { hash: TokenHash::of_text(&code), until: now.saturating_add(OPEN) };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(open);
        code
    }

    /// Whether there is a way in at all.
    pub fn is_open(&self, now: Seconds) -> bool {
        self.is_good(now, |_| true)
    }

    pub fn admits(&self, code: &str, now: Seconds) -> bool {
        let hash = TokenHash::of_text(code);
        self.is_good(now, |open| open.hash == hash)
    }

    /// For good.
    pub fn close(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn is_good(&self, now: Seconds, fits: impl FnOnce(&Open) -> bool) -> bool {
        let open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.as_ref().is_some_and(|open| now < open.until && fits(open))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_opens_until_it_is_over_used_or_replaced() {
        let setup = Setup::default();
        assert!(!setup.is_open(0) && !setup.admits("", 0), "nothing is open by itself");
        let first = setup.open([1; 24], 1_000);
        assert!(setup.is_open(1_000) && setup.admits(&first, 1_000 + OPEN - 1));
        assert!(!setup.admits(&first, 1_000 + OPEN) && !setup.is_open(1_000 + OPEN), "a day later");
        assert!(!setup.admits(&first[1..], 1_000) && !setup.admits("", 1_000), "another code");
        let second = setup.open([2; 24], 2_000);
        assert!(!setup.admits(&first, 2_000) && setup.admits(&second, 2_000), "another start");
        setup.close();
        assert!(!setup.admits(&second, 2_000) && !setup.is_open(2_000), "used");
    }
}
