//! Logins.

use std::net::IpAddr;

use crate::access::attempts::{Attempts, Wait};
use crate::access::client::truncated;
use crate::access::password::{Password, PasswordError, Typed, Verdict};
use crate::access::session::SessionSecret;
use crate::access::token::TokenHash;
use crate::db::DbError;
use crate::db::sessions::{Candidate, NewSession, Session};
use crate::types::name_key;

use super::{Admin, AdminError};

/// From where somebody logs in.
pub struct Browser<'a> {
    pub address: IpAddr,
    /// Browser and system, in words.
    pub program: &'a str,
    /// The login that this browser has already; a new one ends it.
    pub login: Option<TokenHash>,
}

/// Why somebody is not logged in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// No such user, another password, or a user who may not: nobody is told which.
    #[error("name or password is wrong")]
    Wrong,
    #[error("too many tries; the next one in {0} seconds")]
    TooMany(u32),
    #[error(transparent)]
    Failed(#[from] AdminError),
}

/// A user whose password was right a moment ago.
pub(super) struct Proven<'a> {
    pub(super) user_id: &'a str,
    /// The stored form that it was compared with.
    pub(super) password: &'a str,
    /// The stored form that shall take its place.
    pub(super) renewed: Option<&'a str>,
}

impl Admin {
    /// Each login gets a new random value. The same work is done and the same is said for every name and password that
    /// do not belong together.
    pub async fn log_in(
        &self,
        attempts: &Attempts,
        name: &str,
        typed: Typed,
        browser: &Browser<'_>,
    ) -> Result<SessionSecret, LoginError> {
        let key = name_key(name);
        let candidate = self.db.candidate(&key, &network(browser)).await?;
        let is_at_home = candidate.as_ref().is_some_and(|candidate| candidate.is_at_home);
        attempts.login(browser.address, &key, is_at_home)?;
        let (user, password, verdict, typed) = self.compare(candidate, typed).await?;
        let renewed = match verdict {
            // What is stored is good, too.
            Verdict::RightAndOutdated => self.hashing.hash_again(typed, self.chance.bytes()).await.ok(),
            _ => None,
        };
        let proven = Proven { user_id: &user.user_id, password: &password, renewed: renewed.as_deref() };
        let secret = self.open_session(&proven, browser).await?;
        attempts.succeeded(browser.address, &key);
        Ok(secret)
    }

    /// A user and the stored form of the password that was typed. Unknown users have the same work done for them.
    async fn compare(
        &self,
        candidate: Option<Candidate>,
        typed: Typed,
    ) -> Result<(Candidate, String, Verdict, Typed), LoginError> {
        let stored = candidate.as_ref().and_then(|candidate| candidate.password.clone());
        let (verdict, typed) = self.hashing.verify(typed, stored.clone()).await?;
        match (candidate, stored, verdict) {
            (Some(user), Some(stored), Verdict::Right | Verdict::RightAndOutdated) => {
                Ok((user, stored, verdict, typed))
            }
            _ => Err(LoginError::Wrong),
        }
    }

    /// A login for who has just shown a password.
    pub(super) async fn open_session(
        &self,
        proven: &Proven<'_>,
        browser: &Browser<'_>,
    ) -> Result<SessionSecret, LoginError> {
        let secret = SessionSecret::from_random(self.chance.bytes());
        let (id, hash, now) = (self.short_id(), secret.hash().stored(), self.clock.seconds());
        let network = network(browser);
        let session = NewSession {
            id: &id,
            user_id: proven.user_id,
            password: proven.password,
            hash: &hash,
            client: browser.program,
            network: &network,
        };
        let mut change = self.db.change().await?;
        if !change.add_session(&session, now).await? {
            return Err(LoginError::Wrong);
        }
        if let Some(renewed) = proven.renewed {
            change.replace_password(proven.user_id, proven.password, renewed, now).await?;
        }
        if let Some(before) = &browser.login {
            change.end_session_of(&before.stored()).await?;
        }
        change.commit().await?;
        Ok(secret)
    }

    pub async fn log_out(&self, login: &TokenHash) -> Result<(), AdminError> {
        let mut change = self.db.change().await?;
        change.end_session_of(&login.stored()).await?;
        Ok(change.commit().await?)
    }

    /// The logins of a user, the last used first.
    pub async fn sessions(&self, user_id: &str) -> Result<Vec<Session>, AdminError> {
        Ok(self.db.sessions(user_id, self.clock.seconds()).await?)
    }

    pub async fn end_session(&self, user_id: &str, id: &str) -> Result<(), AdminError> {
        let mut change = self.db.change().await?;
        let was_there = change.end_session(user_id, id).await?;
        change.commit().await?;
        if was_there {
            return Ok(());
        }
        Err(AdminError::Missing {
            problem: "There is no such login.".to_owned(),
            cure: "It may have ended already; look at the list again.".to_owned(),
        })
    }

    /// All but this one.
    pub async fn end_other_sessions(&self, user_id: &str, kept: Option<&str>) -> Result<(), AdminError> {
        let mut change = self.db.change().await?;
        change.end_other_sessions(user_id, kept).await?;
        Ok(change.commit().await?)
    }

    /// A user's own password, by who knows the current one. All logins end but the one that is `kept`.
    pub async fn change_own_password(
        &self,
        attempts: &Attempts,
        change: OwnPassword<'_>,
    ) -> Result<(), LoginError> {
        let OwnPassword { name, address, current, new, kept } = change;
        let key = name_key(name);
        let candidate = self.db.candidate(&key, "").await?;
        // Who is logged in guesses no faster than who is not, and is not hindered by strangers.
        attempts.login(address, &key, true)?;
        let (user, stored, ..) = self.compare(candidate, current).await?;
        let new = self.hash(new, &user.name).await?;
        let mut change = self.db.change().await?;
        if !change.replace_password(&user.user_id, &stored, &new, self.clock.seconds()).await? {
            return Err(LoginError::Wrong);
        }
        change.end_other_sessions(&user.user_id, kept).await?;
        Ok(change.commit().await?)
    }
}

/// What [`Admin::change_own_password`] needs.
pub struct OwnPassword<'a> {
    pub name: &'a str,
    pub address: IpAddr,
    pub current: Typed,
    pub new: Password,
    /// The id of the login that goes on.
    pub kept: Option<&'a str>,
}

fn network(browser: &Browser<'_>) -> String {
    truncated(browser.address).to_string()
}

impl From<DbError> for LoginError {
    fn from(error: DbError) -> LoginError {
        LoginError::Failed(error.into())
    }
}

impl From<PasswordError> for LoginError {
    fn from(error: PasswordError) -> LoginError {
        LoginError::Failed(error.into())
    }
}

impl From<Wait> for LoginError {
    fn from(Wait(seconds): Wait) -> LoginError {
        LoginError::TooMany(seconds)
    }
}
