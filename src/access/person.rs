//! Who looks after the server, or after what is his: a login, or an api token in the header.

use std::time::Duration;

use super::credential::{Credential, Place};
use super::policy::{self, Holder, Refusal, Rights};
use super::token::{PlainToken, TokenHash};
use super::{Access, Denied};
use crate::clock::Seconds;
use crate::types::Role;

/// Somebody with an account. Made by [`Access::person`] only.
#[derive(Debug, Clone)]
pub struct Person {
    pub user_id: String,
    pub name: String,
    /// What this credential may do: an admin's narrowed token is a viewer's.
    pub role: Role,
    /// What he sees. Of a machine: nothing.
    pub rights: Rights,
    pub by: By,
    /// When a token's time is over. A login's end moves on.
    pub until: Option<Seconds>,
}

impl Person {
    /// How long something new of this person's may last when this was wished; none: without an end. Of those who are no
    /// administrators it is never longer than the token that it is made with.
    pub fn may_last(&self, wished: Option<Duration>, now: Seconds) -> Option<Duration> {
        let end = self.until.filter(|_| self.role == Role::Viewer);
        let Some(end) = end else { return wished };
        let left = Duration::from_secs(end.saturating_sub(now).max(0).unsigned_abs());
        Some(wished.map_or(left, |wished| wished.min(left)))
    }
}

/// What somebody showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// A login, by its id.
    Session(String),
    /// An api token, by its id.
    Token(String),
}

impl Access {
    /// The person behind a credential.
    pub async fn person(&self, credential: Option<Credential>) -> Result<Person, Denied> {
        self.expect_informed().map_err(Denied::Unavailable)?;
        let (holder, place) = match credential {
            None => return Err(Denied::Unauthorized("none")),
            Some(Credential::Session(hash)) => (self.session(hash).await?, Place::Session),
            Some(Credential::Token { text, place }) => {
                let token = PlainToken::parse(&text).ok_or(Denied::Unauthorized("malformed"))?;
                (self.holder(TokenHash::of(&token)).await?, place)
            }
            Some(Credential::Link(_) | Credential::BrokenLink | Credential::Share(_)) => {
                return Err(Denied::Unauthorized(Refusal::WatchingOnly.label()));
            }
        };
        let holder = holder.ok_or(Denied::Unauthorized(Refusal::Unknown.label()))?;
        self.person_of(&holder, place).map_err(|refusal| Denied::Unauthorized(refusal.label()))
    }

    fn person_of(&self, holder: &Holder, place: Place) -> Result<Person, Refusal> {
        let now = self.clock.seconds();
        let role = policy::role(holder, place, now)?;
        self.holders.note_use(place, &holder.token_id, now);
        let id = holder.token_id.clone();
        Ok(Person {
            user_id: holder.user_id.clone(),
            name: holder.user_name.clone(),
            role,
            rights: if holder.system { Rights::none() } else { Rights::of(holder) },
            until: if place == Place::Session { None } else { holder.expires_at },
            by: if place == Place::Session { By::Session(id) } else { By::Token(id) },
        })
    }

    /// Whether a credential is an administrator's, which is for what nobody else may know.
    pub async fn admin(&self, credential: Option<Credential>) -> Result<Person, Denied> {
        let person = self.person(credential).await?;
        match person.role {
            Role::Admin => Ok(person),
            Role::Viewer => Err(Denied::Unauthorized(Refusal::NotAdmin.label())),
        }
    }
}
