//! What the database said of tokens, shares and keys, kept until it changes.
//!
//! An entry carries the epoch at which it was read. Misses are kept as well, or an unknown token would cost
//! a query on every request; the caches are bounded.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use foldhash::fast::RandomState;
use moka::sync::Cache;

use crate::clock::Seconds;
use crate::db::keys::SigningKey;
use crate::db::{Db, DbError};

use super::credential::Place;
use super::policy::{Holder, Share};
use super::token::TokenHash;

/// About 500 bytes each.
const MOST_TOKENS: u64 = 50_000;
const MOST_KEYS: u64 = 1_000;
/// A last use is written at most once in this many seconds.
const USE_GRAIN: Seconds = 60;

const MOST_NOTED: usize = 10_000;

/// When each token and each login was last used, by its id.
#[derive(Debug, Default)]
pub struct Uses {
    pub tokens: HashMap<String, Seconds>,
    pub sessions: HashMap<String, Seconds>,
}

impl Uses {
    fn of(&mut self, place: Place) -> &mut HashMap<String, Seconds> {
        if place == Place::Session { &mut self.sessions } else { &mut self.tokens }
    }
}

/// The epoch at which the database was asked, and what it had.
pub(super) type Entry<T> = (i64, Option<Arc<T>>);

/// By SHA-256: nobody finds texts that fall together, so their hashing need not defend itself.
type ByHash<T> = Cache<TokenHash, Entry<T>, RandomState>;

pub(super) struct Holders {
    tokens: ByHash<Holder>,
    /// Apart from the tokens: what is good in a cookie must be nothing in a URL.
    sessions: ByHash<Holder>,
    /// By the code's hash.
    shares: ByHash<Share>,
    keys: Cache<String, Entry<SigningKey>>,
    /// Logins that this process has ended by itself.
    logouts: AtomicU64,
    uses: Mutex<UsesNoted>,
}

#[derive(Default)]
struct UsesNoted {
    /// The latest that the database knows or will know.
    noted: Uses,
    pending: Uses,
}

fn by_hash<T: Send + Sync + 'static>() -> ByHash<T> {
    Cache::builder().max_capacity(MOST_TOKENS).build_with_hasher(RandomState::default())
}

impl Holders {
    pub(super) fn new() -> Holders {
        Holders {
            tokens: by_hash(),
            sessions: by_hash(),
            shares: by_hash(),
            keys: Cache::new(MOST_KEYS),
            logouts: AtomicU64::new(0),
            uses: Mutex::default(),
        }
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
        let found = Box::pin(db.holder(&hash.stored())).await?.map(Arc::new);
        self.tokens.insert(hash, (epoch, found.clone()));
        Ok(found)
    }

    /// The user of a login.
    pub(super) async fn find_session(
        &self,
        db: &Db,
        hash: TokenHash,
        epoch: i64,
    ) -> Result<Option<Arc<Holder>>, DbError> {
        if let Some((_, known)) = self.sessions.get(&hash).filter(|entry| entry.0 == epoch) {
            return Ok(known);
        }
        let found = Box::pin(db.session_holder(&hash.stored())).await?.map(Arc::new);
        self.sessions.insert(hash, (epoch, found.clone()));
        Ok(found)
    }

    /// Its end may have moved on since it was read.
    pub(super) fn forget_session(&self, hash: &TokenHash) {
        self.sessions.invalidate(hash);
    }

    pub(super) async fn find_share(
        &self,
        db: &Db,
        hash: TokenHash,
        epoch: i64,
    ) -> Result<Option<Arc<Share>>, DbError> {
        if let Some((_, known)) = self.shares.get(&hash).filter(|entry| entry.0 == epoch) {
            return Ok(known);
        }
        let found = Box::pin(db.share_holder(&hash.stored())).await?.map(Arc::new);
        self.shares.insert(hash, (epoch, found.clone()));
        Ok(found)
    }

    /// Its last play may be taken since it was read.
    pub(super) fn forget_share(&self, hash: &TokenHash) {
        self.shares.invalidate(hash);
    }

    /// A login has ended here.
    pub(super) fn log_out(&self, hash: &TokenHash) {
        self.forget_session(hash);
        self.logouts.fetch_add(1, Ordering::AcqRel);
    }

    pub(super) fn logouts(&self) -> u64 {
        self.logouts.load(Ordering::Acquire)
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
        let found = Box::pin(db.signing_key(id)).await?.map(Arc::new);
        self.keys.insert(id.to_owned(), (epoch, found.clone()));
        Ok(found)
    }

    pub(super) fn note_use(&self, place: Place, id: &str, now: Seconds) {
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        let noted = uses.noted.of(place);
        if noted.get(id).is_some_and(|noted| now < noted.saturating_add(USE_GRAIN)) {
            return;
        }
        // Those from before are due again anyway: what is kept does not grow with the years.
        if noted.len() >= MOST_NOTED {
            noted.retain(|_, noted| now < noted.saturating_add(USE_GRAIN));
        }
        noted.insert(id.to_owned(), now);
        uses.pending.of(place).insert(id.to_owned(), now);
    }

    /// A use that was noted meanwhile is later, and stays.
    pub(super) fn put_back(&self, uses: Uses) {
        let mut noted = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        for (id, used_at) in uses.tokens {
            noted.pending.tokens.entry(id).or_insert(used_at);
        }
        for (id, used_at) in uses.sessions {
            noted.pending.sessions.entry(id).or_insert(used_at);
        }
    }

    pub(super) fn take_uses(&self) -> Uses {
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut uses.pending)
    }
}
