//! Who comes by a share: somebody without an account, on the word of its owner.

use std::sync::Arc;

use super::credential::Place;
use super::plays::Play;
use super::policy::{self, Entrance, Refusal, Rights, Share};
use super::share::{Proof, ShareVisit};
use super::token::TokenHash;
use super::viewing::{self, Viewer};
use super::{Access, Caller, Denied, Grounds, Lapse, Named, Permit, Withheld};
use crate::clock::Seconds;
use crate::types::ItemId;

impl Permit {
    /// Whether the file may be saved, or had as it lies on the disk.
    pub fn may_download(&self) -> bool {
        match &self.caller.grounds {
            Grounds::Share { share, .. } => share.download,
            Grounds::Token { .. } | Grounds::Link { .. } => true,
        }
    }

    /// Only if it may begin a viewing now: a token or a signed URL that is over goes on with what it began. The visitors of a
    /// share are known by more than network and program, and may come back to its page.
    pub fn in_time(self) -> Result<Permit, Withheld> {
        match (&self.caller.grounds, self.caller.lapse) {
            (Grounds::Token { .. } | Grounds::Link { .. }, Some(lapse)) => Err(lapse.into()),
            _ => Ok(self),
        }
    }

    /// Why there is one, as the metric's label.
    pub fn reason(&self) -> &'static str {
        if self.caller.lapse.is_some() { "viewing" } else { "granted" }
    }
}

impl Caller {
    /// What a share's address names.
    pub(super) fn shared(&self, named: &Named) -> Option<Named> {
        match (named, &self.grounds) {
            (Named::Shared(_), Grounds::Share { share, .. }) => Some(Named::Item(share.item)),
            _ => None,
        }
    }

    pub(super) fn viewing_of(&self, item: ItemId) -> Option<viewing::Key> {
        self.viewer.map(|Viewer { grounds, client }| viewing::Key { grounds, item, client })
    }
}

impl Access {
    pub(super) async fn share_caller(&self, visit: &ShareVisit, client: u64) -> Result<Caller, Denied> {
        let stamp = self.stamp();
        let hash = visit.code.hash();
        let share = self.find_share(hash).await?;
        let (rights, is_over) = self.rights_of_share(&share, visit.proof)?;
        let lapse = match (is_over, share.is_used_up) {
            (true, _) => Some(Lapse::Link),
            (false, true) => Some(Lapse::Plays),
            (false, false) => None,
        };
        let viewer = Some(Viewer { grounds: hash.bytes(), client: visit.client().unwrap_or(client) });
        let until = share.owner.expires_at;
        let grounds = Grounds::Share { hash, share, proof: visit.proof };
        Ok(Caller { rights, grounds, viewer, lapse, until, stamp })
    }

    async fn find_share(&self, hash: TokenHash) -> Result<Arc<Share>, Denied> {
        let epoch = self.epoch.load(std::sync::atomic::Ordering::Acquire);
        let found = self.holders.find_share(&self.db, hash, epoch).await.map_err(Denied::Unavailable)?;
        found.ok_or(Denied::Unauthorized(Refusal::Unknown.label()))
    }

    /// What its owner may see of the item, and whether its time is over.
    fn rights_of_share(&self, share: &Share, proof: Option<Proof>) -> Result<(Rights, bool), Denied> {
        let now = self.clock.seconds();
        let (rights, is_over) = match policy::admit(&share.owner, Place::Visit, Entrance::Media, now) {
            Ok(rights) => (rights, false),
            Err(Refusal::Expired) => (Rights::of(&share.owner), true),
            Err(refusal) => return Err(Denied::Unauthorized(refusal.label())),
        };
        let id = &share.owner.token_id;
        let is_open = share
            .password
            .as_ref()
            .is_none_or(|password| proof.is_some_and(|proof| proof.is_of(&self.share_secret, id, password)));
        if is_open { Ok((rights, is_over)) } else { Err(Denied::Locked) }
    }

    /// What is running goes on when the time of its share comes, or its last play is taken.
    pub(super) async fn rights_by_share(
        &self,
        hash: TokenHash,
        proof: Option<Proof>,
    ) -> Result<Rights, Denied> {
        let share = self.find_share(hash).await?;
        self.rights_of_share(&share, proof).map(|(rights, _)| rights)
    }

    /// To be called before the first byte of a film is sent: a share's viewing begins and takes a play. What else a permit
    /// is for began before.
    pub async fn begin(&self, permit: Permit) -> Result<Permit, Withheld> {
        let key = permit.caller.viewing_of(permit.item.id);
        let (Grounds::Share { hash, share, .. }, None, Some(key)) =
            (&permit.caller.grounds, &permit.viewing, key)
        else {
            return Ok(permit);
        };
        match Box::pin(self.plays.begin(&share.owner.token_id, key)).await.map_err(Withheld::Unavailable)? {
            Play::Begun(viewing) => {
                // Whether that was the last one shows when it is read again.
                self.holders.forget_share(hash);
                Ok(Permit { viewing: Some(viewing), ..permit })
            }
            Play::Refused => {
                self.holders.forget_share(hash);
                Err(self.why_refused(*hash).await)
            }
        }
    }

    async fn why_refused(&self, hash: TokenHash) -> Withheld {
        let now = self.clock.seconds();
        match self.find_share(hash).await {
            Ok(share) if share.owner.expires_at.is_some_and(|end| end <= now) => Withheld::LinkOver,
            Ok(_) => Withheld::UsedUp,
            Err(denied) => denied.into(),
        }
    }

    /// Viewings of shares that began before are over.
    pub fn oldest_viewing(&self) -> Seconds {
        self.clock.seconds().saturating_sub(viewing::LONGEST)
    }

    /// The proof that a browser keeps of a share's password, which is this one now.
    pub fn prove(&self, share_id: &str, password: &str) -> Proof {
        Proof::of(&self.share_secret, share_id, password)
    }

    /// The share of a page that asks for its password, with the password's hash. None: it has none, or is not for anybody.
    pub async fn locked_share(&self, visit: &ShareVisit) -> Result<Arc<Share>, Denied> {
        self.expect_informed().map_err(Denied::Unavailable)?;
        let share = self.find_share(visit.code.hash()).await?;
        match self.rights_of_share(&share, visit.proof) {
            Ok(_) | Err(Denied::Locked) => Ok(share),
            Err(denied) => Err(denied),
        }
    }
}
