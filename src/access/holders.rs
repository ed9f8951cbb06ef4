//! What the database said of tokens and keys, kept until it changes.
//!
//! An entry carries the epoch at which it was read. Misses are kept as well, or an unknown token would cost
//! a query on every request; both caches are bounded.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use moka::sync::Cache;

use crate::clock::Seconds;
use crate::db::keys::SigningKey;
use crate::db::{Db, DbError};

use super::policy::Holder;
use super::token::TokenHash;

/// About 500 bytes each.
const MOST_TOKENS: u64 = 50_000;
const MOST_KEYS: u64 = 1_000;
/// A last use is written at most once in this many seconds.
const USE_GRAIN: Seconds = 60;

const MOST_NOTED: usize = 10_000;

/// When each token was last used.
pub type Uses = HashMap<String, Seconds>;

/// The epoch at which the database was asked, and what it had.
pub(super) type Entry<T> = (i64, Option<Arc<T>>);

pub(super) struct Holders {
    tokens: Cache<TokenHash, Entry<Holder>>,
    keys: Cache<String, Entry<SigningKey>>,
    uses: Mutex<UsesNoted>,
}

#[derive(Default)]
struct UsesNoted {
    /// The latest that the database knows or will know, by token.
    noted: Uses,
    pending: Uses,
}

impl Holders {
    pub(super) fn new() -> Holders {
        Holders { tokens: Cache::new(MOST_TOKENS), keys: Cache::new(MOST_KEYS), uses: Mutex::default() }
    }

    /// What was found at this epoch, if it was looked for.
    pub(super) fn known(&self, hash: &TokenHash, epoch: i64) -> Option<Entry<Holder>> {
        self.tokens.get(hash).filter(|entry| entry.0 == epoch)
    }

    /// The epoch is taken before the query: an entry can be older than it says, never newer.
    pub(super) async fn find(
        &self,
        db: &Db,
        hash: TokenHash,
        epoch: i64,
    ) -> Result<Option<Arc<Holder>>, DbError> {
        if let Some((_, known)) = self.known(&hash, epoch) {
            return Ok(known);
        }
        let found = db.holder(&hash.stored()).await?.map(Arc::new);
        self.tokens.insert(hash, (epoch, found.clone()));
        Ok(found)
    }

    pub(super) async fn find_key(
        &self,
        db: &Db,
        id: &str,
        epoch: i64,
    ) -> Result<Option<Arc<SigningKey>>, DbError> {
        if let Some((_, known)) = self.keys.get(id).filter(|entry| entry.0 == epoch) {
            return Ok(known);
        }
        let found = db.signing_key(id).await?.map(Arc::new);
        self.keys.insert(id.to_owned(), (epoch, found.clone()));
        Ok(found)
    }

    pub(super) fn note_use(&self, token_id: &str, now: Seconds) {
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        if uses.noted.get(token_id).is_some_and(|noted| now < noted.saturating_add(USE_GRAIN)) {
            return;
        }
        // Those from before are due again anyway: what is kept does not grow with the years.
        if uses.noted.len() >= MOST_NOTED {
            uses.noted.retain(|_, noted| now < noted.saturating_add(USE_GRAIN));
        }
        uses.noted.insert(token_id.to_owned(), now);
        uses.pending.insert(token_id.to_owned(), now);
    }

    /// A use that was noted meanwhile is later, and stays.
    pub(super) fn put_back(&self, uses: Uses) {
        let mut noted = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        for (token_id, used_at) in uses {
            noted.pending.entry(token_id).or_insert(used_at);
        }
    }

    pub(super) fn take_uses(&self) -> Uses {
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut uses.pending)
    }
}
