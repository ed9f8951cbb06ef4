//! What is being sent, decided again when rights have changed.

use std::sync::atomic::Ordering;

use super::credential::Place;
use super::policy::{Entrance, Refusal, Rights};
use super::streams::{Asked, Cut, Guard, Streams};
use super::token::TokenHash;
use super::{Access, Denied, Grounds, Permit, Withheld};

impl Access {
    /// Keeps a response in view until the guard is dropped; `cut` ends it. What was decided before the database changed
    /// is decided again: opening the file may have taken long, and a review looks only at what is in view.
    pub async fn enter(&self, permit: Permit, asked: Asked, cut: Cut) -> Result<Guard, Withheld> {
        let guard = Streams::enter(&self.streams, permit, asked, cut);
        if !self.is_current(guard.permit()) {
            self.decide_again(guard.permit()).await?;
        }
        Ok(guard)
    }

    /// Whether no right has changed since the decision.
    fn is_current(&self, permit: &Permit) -> bool {
        permit.caller.stamp.access == self.epoch.load(Ordering::Acquire)
    }

    /// As [`Access::enter`], without waiting. None: rights have changed since the decision.
    pub fn enter_at_once(&self, permit: Permit, asked: Asked, cut: Cut) -> Option<Guard> {
        let guard = Streams::enter(&self.streams, permit, asked, cut);
        self.is_current(guard.permit()).then_some(guard)
    }

    /// Cuts the running responses that would no longer be let in. To be called after [`Access::renew`].
    pub async fn review(&self) {
        for stream in self.streams.running() {
            if self.decide_again(stream.permit()).await.is_err() {
                stream.cut();
            }
        }
    }

    /// By what is known now. The answer is the one that a new request would get.
    async fn decide_again(&self, permit: &Permit) -> Result<(), Withheld> {
        let rights = match &permit.caller.grounds {
            Grounds::Token { hash, place, entrance, .. } => {
                self.rights_by_token(*hash, *place, *entrance).await
            }
            Grounds::Link { key, scope } => {
                let key = self.key(key, self.clock.seconds()).await;
                key.and_then(|key| key.ok_or(Denied::Unauthorized("unknown_key")))
                    .map(|_| Rights::of_link(scope.clone()))
            }
            Grounds::Share { hash, proof, .. } => self.rights_by_share(*hash, *proof).await,
        };
        let item = permit.item();
        match rights {
            Ok(rights) if rights.cover(item.id, &item.library, &item.path) => Ok(()),
            Ok(_) => Err(Withheld::Hidden),
            // Playback of what is already granted goes on when the database does not answer.
            Err(Denied::Unavailable(_)) => Ok(()),
            Err(denied) => Err(denied.into()),
        }
    }

    /// What is running goes on when the time of its token comes.
    async fn rights_by_token(
        &self,
        hash: TokenHash,
        place: Place,
        entrance: Entrance,
    ) -> Result<Rights, Denied> {
        let holder = if place == Place::Session { self.session(hash).await } else { self.holder(hash).await };
        let holder = holder?.ok_or(Denied::Unauthorized(Refusal::Unknown.label()))?;
        match self.rights_of(&holder, place, entrance) {
            Err(Refusal::Expired) => Ok(Rights::of(&holder)),
            decided => decided.map_err(|refusal| Denied::Unauthorized(refusal.label())),
        }
    }
}
