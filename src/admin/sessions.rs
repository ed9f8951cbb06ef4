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

/// Logins that a user has beside a new one. A program that never logs out would have thousands.
const MOST_OTHERS: i64 = 99;

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
        change.keep_sessions(proven.user_id, &id, MOST_OTHERS).await?;
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    use argon2::password_hash::PasswordHasher;
    use argon2::{Algorithm, Argon2, Params, Version};

    use super::*;
    use crate::access::credential::Credential;
    use crate::access::{Access, By};
    use crate::clock::{Chance, Clock, Seconds};
    use crate::db::Db;
    use crate::db::folder::DataFolder;
    use crate::db::pulse::Epochs;
    use crate::db::sessions::{IDLE, LONGEST};
    use crate::types::{Role, UserState};

    const PASSWORD: &str = "correct horse";

    /// [`PASSWORD`] at less than today's cost.
    fn cheap() -> String {
        let params = Params::new(8 * 1024, 1, 1, None).unwrap();
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        argon2.hash_password_with_salt(PASSWORD.as_bytes(), &[3; 16]).unwrap().to_string()
    }

    struct Scene {
        admin: Admin,
        access: Access,
        attempts: Attempts,
        time: Arc<AtomicU64>,
        _folder: tempfile::TempDir,
    }

    async fn scene() -> Scene {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&DataFolder::create(folder.path()).unwrap()).await.unwrap();
        let time = Arc::new(AtomicU64::new(1_000_000));
        let read = time.clone();
        let clock = Clock::from_source(move || Duration::from_secs(read.load(Ordering::Relaxed)));
        let admin = Admin::new(db.clone(), clock.clone(), Chance::system());
        let password = Password::new(PASSWORD.to_owned()).unwrap();
        admin.add_user("ada", Role::Viewer, false, &[], Some(password)).await.unwrap();
        Scene {
            admin,
            access: Access::new(db, clock, [5; 32]),
            attempts: Attempts::new(),
            time,
            _folder: folder,
        }
    }

    const HERE: Browser<'_> =
        Browser { address: IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), program: "a test", login: None };

    impl Scene {
        async fn log_in(&self) -> Result<SessionSecret, LoginError> {
            self.admin.log_in(&self.attempts, "Ada", Typed::new(PASSWORD.to_owned()), &HERE).await
        }

        fn pass(&self, seconds: Seconds) {
            self.time.fetch_add(u64::try_from(seconds).unwrap(), Ordering::Relaxed);
        }

        /// Whether the login is good; its use is written as a running server does.
        async fn is_good(&self, secret: &SessionSecret) -> bool {
            let person = self.access.person(Some(Credential::Session(secret.hash()))).await;
            let mut change = self.admin.db.change().await.unwrap();
            for (id, used_at) in self.access.take_uses().sessions {
                change.note_session_use(&id, used_at).await.unwrap();
            }
            change.forget_sessions_that_are_over(self.admin.clock.seconds()).await.unwrap();
            change.commit().await.unwrap();
            person.is_ok_and(|person| matches!(person.by, By::Session(_)))
        }

        async fn stored(&self) -> String {
            self.admin.db.candidate("ada", "").await.unwrap().unwrap().password.unwrap()
        }
    }

    #[tokio::test]
    async fn a_login_that_nobody_uses_ends_after_two_weeks() {
        let scene = scene().await;
        let (used, unused) = (scene.log_in().await.unwrap(), scene.log_in().await.unwrap());
        scene.pass(IDLE - 1);
        assert!(scene.is_good(&used).await);
        scene.pass(1);
        assert!(!scene.is_good(&unused).await, "it was not used");
        assert!(scene.is_good(&used).await, "its end has moved on");
        scene.pass(IDLE);
        assert!(!scene.is_good(&used).await);
    }

    #[tokio::test]
    async fn every_login_ends_after_ninety_days() {
        let scene = scene().await;
        let secret = scene.log_in().await.unwrap();
        let day = 24 * 60 * 60;
        for _ in 1..LONGEST / day {
            scene.pass(day);
            assert!(scene.is_good(&secret).await);
        }
        scene.pass(day);
        assert!(!scene.is_good(&secret).await, "however often it is used");
        assert!(scene.admin.db.sessions("ada", 0).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_password_that_was_stored_cheaply_is_stored_anew_when_it_is_typed() {
        let scene = scene().await;
        let (user, cheap) = (scene.admin.user("ada").await.unwrap(), cheap());
        let mut change = scene.admin.db.change().await.unwrap();
        change.set_password(&user.id, &cheap, 0).await.unwrap();
        change.commit().await.unwrap();
        assert!(matches!(
            scene.admin.log_in(&scene.attempts, "ada", Typed::new("wrong".to_owned()), &HERE).await,
            Err(LoginError::Wrong)
        ));
        assert_eq!(scene.stored().await, cheap);
        scene.log_in().await.unwrap();
        let renewed = scene.stored().await;
        assert!(renewed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{renewed}");
        scene.log_in().await.unwrap();
        assert_eq!(scene.stored().await, renewed, "once");
    }

    #[tokio::test]
    async fn what_changes_while_a_password_is_compared_counts() {
        let scene = scene().await;
        let user = scene.admin.user("ada").await.unwrap();
        let before = scene.stored().await;
        let proven = Proven { user_id: &user.id, password: &before, renewed: None };
        assert!(scene.admin.open_session(&proven, &HERE).await.is_ok());
        let set = async |state| {
            let mut change = scene.admin.db.change().await.unwrap();
            change.set_state(&user.id, state, 0).await.unwrap();
            change.commit().await.unwrap();
        };
        set(UserState::Disabled).await;
        assert!(matches!(scene.admin.open_session(&proven, &HERE).await, Err(LoginError::Wrong)), "disabled");
        set(UserState::Active).await;
        let new = Password::new("battery staple".to_owned()).unwrap();
        scene.admin.set_password("ada", new, None).await.unwrap();
        assert!(matches!(scene.admin.open_session(&proven, &HERE).await, Err(LoginError::Wrong)), "changed");
        scene.access.renew(Epochs { access: 99, catalogue: 99 });
        assert!(scene.admin.sessions(&user.id).await.unwrap().is_empty(), "and none is left");
    }
}
