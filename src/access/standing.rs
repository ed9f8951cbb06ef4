//! Decisions that stand for a while, for who asks the same question again.
//!
//! 1. [`Access::keep`] keeps a permit, with the time that it may stand and the [`Stamp`] of what was known.
//! 2. [`Access::again`] gives it out again while neither is over. It asks nobody and waits for nothing. Whoever calls it has
//!    to make sure that the same is asked by the same client.
//! 3. Where it cannot tell, the question is decided from its beginning, which is always right.
//!
//! A revocation reaches what is kept as soon as it reaches the caches: both go by the same epochs.

use std::sync::atomic::Ordering;

use super::{Access, Grounds, Permit};
use crate::clock::Seconds;

/// After so long a question is decided anew. Deciding is what notes a last use, which may come so much later than its grain
/// says, and what keeps a viewing known: much less than a viewing may pause.
const STANDS: Seconds = 30;

/// What a decision rests on. Taken before anything is looked up, so that an equal one later says that nothing has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    /// The epoch of users, grants, credentials.
    pub(super) access: i64,
    catalogue: i64,
    /// Logins that ended here, of which the epoch tells later.
    logouts: u64,
}

/// A permit that is kept. It opens nothing before [`Access::again`] has found that it stands.
#[derive(Debug)]
pub struct Standing {
    permit: Permit,
    until: Seconds,
}

impl Permit {
    /// Its viewing goes on by this request.
    pub fn goes_on(&self) {
        if let Some(viewing) = &self.viewing {
            viewing.asked(self.at);
        }
    }

    /// For access only: what others hold of a permit ends with their answer.
    fn copied(&self, at: Seconds) -> Permit {
        let Permit { item, caller, viewing, .. } = self;
        Permit { item: item.clone(), caller: caller.clone(), viewing: viewing.clone(), at }
    }

    /// Until when nothing but a change can take it away. None: that is not for the time to say.
    fn stands_until(&self) -> Option<Seconds> {
        let is_share = matches!(self.caller.grounds, Grounds::Share { .. });
        // What is over goes on by its viewing only, and a share's first bytes take a play: both are looked at each time.
        if self.caller.lapse.is_some() || (is_share && self.viewing.is_none()) {
            return None;
        }
        let ends = [self.caller.until, self.viewing.as_ref().map(|viewing| viewing.ends())];
        ends.into_iter().flatten().chain([self.at.saturating_add(STANDS)]).min()
    }
}

impl Access {
    pub(super) fn stamp(&self) -> Stamp {
        Stamp {
            access: self.epoch.load(Ordering::Acquire),
            catalogue: self.catalogue.epoch(),
            logouts: self.holders.logouts(),
        }
    }

    /// Keeps a permit for the next question in the same words by the same client. None: each has to be decided.
    pub fn keep(&self, permit: &Permit) -> Option<Standing> {
        let until = permit.stands_until()?;
        Some(Standing { permit: permit.copied(permit.at), until })
    }

    /// The permit for the same question now. None: it does not stand any more.
    pub fn again(&self, standing: &Standing) -> Option<Permit> {
        let Standing { permit, until } = standing;
        let now = self.clock.seconds();
        let stands = now < *until && self.expect_informed().is_ok() && permit.caller.stamp == self.stamp();
        if !stands {
            return None;
        }
        Some(permit.copied(now))
    }
}
