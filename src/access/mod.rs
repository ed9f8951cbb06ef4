//! Who asks, and may they see it. The only maker of a [`Permit`], and a permit is the only key to bytes.
//!
//! 1. [`credential`] finds the one credential of a request (pure); [`session`] and [`visit`] read cookies (pure).
//! 2. [`Access::caller`] looks it up: [`token`], [`link`] or [`share`], through a cache that the database's epoch voids.
//! 3. [`policy`] says whether it is good here and now, and for what (pure).
//! 4. [`Access::permit`] finds the item that is named and compares the two; [`viewing`] knows what may go on though
//!    its credential is over.
//! 5. [`Access::person`] says who administers, or looks after what is his.
//! 6. [`password`] what people type, [`hashing`] how many are compared at once, [`attempts`] how many may be tried;
//!    [`setup`] the way in of the first administrator.
//!
//! [`share`] is what somebody without an account was given; [`plays`] counts what is watched by it.
//! [`standing`] gives a permit out again for the same question, while nothing that it rests on has changed.
//!
//! [`streams`] remembers on what grounds each running response was let in, and `review` cuts those that lost them;
//! [`exchanges`] what a viewing asked and got, in case that it does not play.

pub mod allowance;
pub mod attempts;
mod catalogue;
pub mod client;
pub mod credential;
pub mod exchanges;
pub mod hashing;
mod holders;
pub mod link;
pub mod password;
mod person;
mod plays;
pub mod policy;
mod review;
pub mod session;
pub mod setup;
pub mod share;
mod sharing;
pub mod standing;
pub mod streams;
#[cfg(test)]
mod tests;
pub mod token;
mod viewing;
pub mod visit;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use crate::clock::{Clock, Seconds};
use crate::db::keys::SigningKey;
use crate::db::media::Item;
use crate::db::pulse::Epochs;
use crate::db::{Db, DbError};
use crate::types::{Area, ItemId, Prefix, Scope};

use catalogue::Catalogue;
use credential::{Credential, Place};
use exchanges::Exchanges;
use holders::Holders;
use link::{Link, Target};
use plays::Plays;
use policy::{Entrance, Holder, Refusal, Rights, Share};
use share::{Proof, ShareCode};
use standing::Stamp;
use streams::Streams;
use token::{PlainToken, TokenHash};
use viewing::{Viewer, Viewings};

pub use holders::Uses;
pub use person::{By, Person};
pub use viewing::Viewing;

/// What a request names, as far as access needs to know it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Named {
    Item(ItemId),
    File {
        library: String,
        path: String,
    },
    /// The one item of a share.
    Shared(ShareCode),
    /// Nothing that can be in the catalogue. It is refused like what is not there, after the caller was checked.
    Nothing,
}

/// Somebody with a good credential. Made by [`Access::caller`] only.
#[derive(Debug, Clone)]
pub struct Caller {
    rights: Rights,
    grounds: Grounds,
    /// Whose viewing it is; none: a token without an end in an address or a header, of which nothing is remembered.
    viewer: Option<Viewer>,
    /// The credential was good and its time is over: it only goes on with what it began.
    lapse: Option<Lapse>,
    /// When its time is over, if it has one.
    until: Option<Seconds>,
    /// Of the database that was asked.
    stamp: Stamp,
}

/// What a credential whose time is over was; it decides the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lapse {
    Token,
    Link,
    /// A share whose plays are taken.
    Plays,
}

/// On what a caller was let in, enough to ask again.
#[derive(Clone)]
enum Grounds {
    Token {
        hash: TokenHash,
        place: Place,
        entrance: Entrance,
        /// Who it was then.
        holder: Arc<Holder>,
    },
    /// The key is all that can be withdrawn.
    Link {
        key: String,
        scope: Scope,
    },
    Share {
        hash: TokenHash,
        share: Arc<Share>,
        proof: Option<Proof>,
    },
}

impl std::fmt::Debug for Grounds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Grounds::Token { .. } => "token",
            Grounds::Link { .. } => "link",
            Grounds::Share { .. } => "share",
        })
    }
}

/// The right to read one item. Made by [`Access::permit`] only.
#[derive(Debug)]
pub struct Permit {
    item: Arc<Item>,
    caller: Arc<Caller>,
    viewing: Option<Arc<Viewing>>,
    /// When it was given.
    at: Seconds,
}

impl Permit {
    pub fn item(&self) -> &Item {
        &self.item
    }

    /// The viewing that this belongs to; none: a token without an end in an address or a header, or the viewing of a share has
    /// yet to begin.
    pub fn viewing(&self) -> Option<&Arc<Viewing>> {
        self.viewing.as_ref()
    }
}

/// Why nobody was let in.
#[derive(Debug)]
pub enum Denied {
    /// No credential, or one that opens nothing. Which of both is for the metrics, not for the caller.
    Unauthorized(&'static str),
    /// A share's code without its password.
    Locked,
    /// The database did not answer, so nobody can say.
    Unavailable(DbError),
}

/// Why a caller got no permit.
#[derive(Debug)]
pub enum Withheld {
    /// The item is not there, or not for this caller: one answer for both.
    Hidden,
    /// The credential has meanwhile lost what made it good, or is over. Why is for the metrics.
    Unauthorized(&'static str),
    /// A right signature whose time is over.
    LinkOver,
    /// A share whose plays are taken.
    UsedUp,
    /// The share's password was changed.
    Locked,
    Unavailable(DbError),
}

impl From<Denied> for Withheld {
    fn from(denied: Denied) -> Withheld {
        match denied {
            Denied::Unauthorized(reason) => Withheld::Unauthorized(reason),
            Denied::Locked => Withheld::Locked,
            Denied::Unavailable(cause) => Withheld::Unavailable(cause),
        }
    }
}

impl From<Lapse> for Withheld {
    fn from(lapse: Lapse) -> Withheld {
        match lapse {
            Lapse::Token => Withheld::Unauthorized(Refusal::Expired.label()),
            Lapse::Link => Withheld::LinkOver,
            Lapse::Plays => Withheld::UsedUp,
        }
    }
}

/// The gate.
pub struct Access {
    db: Db,
    clock: Clock,
    holders: Holders,
    catalogue: Catalogue,
    epoch: AtomicI64,
    /// Whether the database's changes still reach us.
    informed: AtomicBool,
    streams: Arc<Streams>,
    viewings: Arc<Viewings>,
    plays: Arc<Plays>,
    /// Keys the proofs of shares' passwords.
    share_secret: [u8; 32],
    exchanges: Exchanges,
}

impl Access {
    /// `share_secret` is the installation's: proofs that browsers keep outlive a restart.
    pub fn new(db: Db, clock: Clock, share_secret: [u8; 32]) -> Access {
        let viewings = Arc::new(Viewings::new());
        Access {
            plays: Arc::new(Plays::new(db.clone(), clock.clone(), Arc::clone(&viewings))),
            share_secret,
            db,
            clock,
            holders: Holders::new(),
            catalogue: Catalogue::new(),
            epoch: AtomicI64::new(0),
            informed: AtomicBool::new(true),
            streams: Arc::default(),
            viewings,
            exchanges: Exchanges::new(),
        }
    }

    /// The caller behind a credential, or why there is none. `client` tells viewers apart, see [`client::Client`].
    pub async fn caller(
        &self,
        credential: Option<Credential>,
        named: &Named,
        entrance: Entrance,
        client: u64,
    ) -> Result<Caller, Denied> {
        // A server that no longer hears of revocations must not go on letting people in.
        self.expect_informed().map_err(Denied::Unavailable)?;
        match credential {
            None => Err(Denied::Unauthorized("none")),
            Some(Credential::BrokenLink) => Err(Denied::Unauthorized("broken_link")),
            Some(Credential::Link(link)) => self.link_caller(&link, named, client).await,
            Some(Credential::Token { text, place }) => {
                self.token_caller(&text, place, entrance, client).await
            }
            Some(Credential::Session(hash)) => self.session_caller(hash, entrance, client).await,
            Some(Credential::Share(visit)) => self.share_caller(&visit, client).await,
        }
    }

    /// An error when changes of the database no longer reach this process.
    pub fn expect_informed(&self) -> Result<(), DbError> {
        if self.informed.load(Ordering::Relaxed) { Ok(()) } else { Err(DbError::Silent) }
    }

    async fn token_caller(
        &self,
        text: &str,
        place: Place,
        entrance: Entrance,
        client: u64,
    ) -> Result<Caller, Denied> {
        let stamp = self.stamp();
        let hash = TokenHash::of_text(text);
        let holder = match self.holders.known(&hash, stamp.access) {
            Some((_, holder)) => holder,
            // Whether it can be a token at all is asked of unknown ones only: the checksum costs as much as all the rest.
            None if entrance == Entrance::Media && PlainToken::parse(text).is_none() => {
                return Err(Denied::Unauthorized("malformed"));
            }
            None => self.holder(hash).await?,
        };
        let holder = holder.ok_or(Denied::Unauthorized(Refusal::Unknown.label()))?;
        let (rights, lapse) = match self.rights_of(&holder, place, entrance) {
            Ok(rights) => (rights, None),
            Err(Refusal::Expired) => (Rights::of(&holder), Some(Lapse::Token)),
            Err(refusal) => return Err(Denied::Unauthorized(refusal.label())),
        };
        // Of a page that somebody has opened as well: he may have to report what he sees there.
        let is_viewing = holder.is_over || holder.expires_at.is_some() || place == Place::Visit;
        let viewer = is_viewing.then_some(Viewer { grounds: hash.bytes(), client });
        let until = holder.expires_at;
        let grounds = Grounds::Token { hash, place, entrance, holder };
        Ok(Caller { rights, grounds, viewer, lapse, until, stamp })
    }

    async fn session_caller(
        &self,
        hash: TokenHash,
        entrance: Entrance,
        client: u64,
    ) -> Result<Caller, Denied> {
        let stamp = self.stamp();
        let holder = self.session(hash).await?.ok_or(Denied::Unauthorized(Refusal::Unknown.label()))?;
        let place = Place::Session;
        let rights = self
            .rights_of(&holder, place, entrance)
            .map_err(|refusal| Denied::Unauthorized(refusal.label()))?;
        Ok(Caller {
            rights,
            until: holder.expires_at,
            grounds: Grounds::Token { hash, place, entrance, holder },
            viewer: Some(Viewer { grounds: hash.bytes(), client }),
            lapse: None,
            stamp,
        })
    }

    async fn holder(&self, hash: TokenHash) -> Result<Option<Arc<Holder>>, Denied> {
        let epoch = self.epoch.load(Ordering::Acquire);
        self.holders.find(&self.db, hash, epoch).await.map_err(Denied::Unavailable)
    }

    /// A login has just been ended here: nobody should be let in by it until this process hears of it.
    pub fn forget_session(&self, hash: &TokenHash) {
        self.holders.log_out(hash);
    }

    /// Who is logged in. The end of a login moves on while it is used, so one that seems over is looked up again.
    async fn session(&self, hash: TokenHash) -> Result<Option<Arc<Holder>>, Denied> {
        let epoch = self.epoch.load(Ordering::Acquire);
        let find = || self.holders.find_session(&self.db, hash, epoch);
        let known = find().await.map_err(Denied::Unavailable)?;
        let now = self.clock.seconds();
        if known.as_ref().is_none_or(|holder| holder.expires_at.is_none_or(|end| now < end)) {
            return Ok(known);
        }
        self.holders.forget_session(&hash);
        find().await.map_err(Denied::Unavailable)
    }

    fn rights_of(&self, holder: &Holder, place: Place, entrance: Entrance) -> Result<Rights, Refusal> {
        let now = self.clock.seconds();
        let rights = policy::admit(holder, place, entrance, now)?;
        self.holders.note_use(place, &holder.token_id, now);
        Ok(rights)
    }

    async fn link_caller(&self, link: &Link, named: &Named, client: u64) -> Result<Caller, Denied> {
        let now = self.clock.seconds();
        let stamp = self.stamp();
        let key = self.key(&link.key, now).await?.ok_or(Denied::Unauthorized("unknown_key"))?;
        let scope = signed_scope(link, &key, named).ok_or(Denied::Unauthorized("bad_signature"))?;
        let lapse = (link.expires <= now).then_some(Lapse::Link);
        let rights = Rights::of_link(scope.clone());
        let viewer = Some(Viewer { grounds: link.signature(), client });
        let until = Some(key.retires_at.map_or(link.expires, |end| end.min(link.expires)));
        let grounds = Grounds::Link { key: key.id.clone(), scope };
        Ok(Caller { rights, grounds, viewer, lapse, until, stamp })
    }

    async fn key(&self, id: &str, now: Seconds) -> Result<Option<Arc<SigningKey>>, Denied> {
        let epoch = self.epoch.load(Ordering::Acquire);
        let key = self.holders.find_key(&self.db, id, epoch).await.map_err(Denied::Unavailable)?;
        Ok(key.filter(|key| key.retires_at.is_none_or(|end| now < end)))
    }

    /// The right to the item that is named, or the one answer for "not there" and "not for you".
    pub async fn permit(&self, caller: Caller, named: &Named) -> Result<Permit, Withheld> {
        let shared = caller.shared(named);
        let item = self.catalogue.find(&self.db, shared.as_ref().unwrap_or(named)).await;
        let item = item.map_err(Withheld::Unavailable)?;
        let item = item.filter(|item| caller.rights.cover(item.id, &item.library, &item.path));
        let at = self.clock.seconds();
        let viewing = self.viewing(&caller, item.as_deref(), at).await?;
        let item = item.ok_or(Withheld::Hidden)?;
        Ok(Permit { item, caller: Arc::new(caller), viewing, at })
    }

    /// The viewing that a request for this item belongs to, if somebody has to know. A credential that is over gets the
    /// answer that it is over, whatever it asks for, unless it goes on with what it began.
    async fn viewing(
        &self,
        caller: &Caller,
        item: Option<&Item>,
        now: Seconds,
    ) -> Result<Option<Arc<Viewing>>, Withheld> {
        let key = item.and_then(|item| caller.viewing_of(item.id));
        if let Some(viewing) = key.and_then(|key| self.viewings.going_on(&key, now)) {
            return Ok(Some(viewing));
        }
        match (&caller.grounds, caller.lapse, key) {
            // It begins with the first bytes, see `Access::begin`.
            (Grounds::Share { .. }, None, _) => Ok(None),
            (_, None, key) => Ok(key.map(|key| self.viewings.begin(key, now))),
            (Grounds::Share { share, .. }, Some(lapse), Some(key)) => {
                let recalled = Box::pin(self.plays.recall(&share.owner.token_id, key)).await;
                recalled.map_err(Withheld::Unavailable)?.map(Some).ok_or(lapse.into())
            }
            (_, Some(lapse), _) => Err(lapse.into()),
        }
    }

    /// Called when the database has changed: what was known at other epochs is void. True when callers may have lost
    /// rights.
    pub fn renew(&self, epochs: Epochs) -> bool {
        self.catalogue.renew(epochs.catalogue);
        self.epoch.swap(epochs.access, Ordering::AcqRel) != epochs.access
    }

    /// Whether changes of the database still reach this process. True when that is news.
    pub fn set_informed(&self, informed: bool) -> bool {
        self.informed.swap(informed, Ordering::Relaxed) != informed
    }

    /// Last uses of tokens since the last call, for the database.
    pub fn take_uses(&self) -> Uses {
        self.holders.take_uses()
    }

    /// Uses that could not be written, for the next time.
    pub fn put_back(&self, uses: Uses) {
        self.holders.put_back(uses);
    }
}

/// The part of the catalogue that the signature covers and that what is named lies in.
pub(crate) fn signed_scope(link: &Link, key: &SigningKey, named: &Named) -> Option<Scope> {
    let good = |target: &Target| link.matches(&key.secret, target);
    match named {
        Named::Item(id) => good(&Target::Item(*id)).then_some(Scope::Item(*id)),
        Named::File { library, path } => {
            let areas = ancestors(path).map(|prefix| Area::Below { library: library.clone(), prefix });
            areas.map(Target::Below).find(good).and_then(|target| match target {
                Target::Below(area) => Some(Scope::Below(area)),
                Target::Item(_) => None,
            })
        }
        Named::Shared(_) | Named::Nothing => None,
    }
}

/// Each costs one HMAC, about a microsecond.
const MAX_DEPTH: usize = 32;

/// The path itself, the folders above it, and the whole library.
fn ancestors(path: &str) -> impl Iterator<Item = Prefix> {
    let cuts = path.rmatch_indices('/').map(|(cut, _)| &path[..cut]);
    let all = std::iter::once(path).chain(cuts).take(MAX_DEPTH).chain([""]);
    all.filter_map(|prefix| Prefix::parse(prefix).ok())
}
