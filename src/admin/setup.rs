//! The first administrator.

use crate::access::password::Password;
use crate::access::session::SessionSecret;
use crate::db::accounts::NewUser;
use crate::types::{Role, UserState, check_user_name};

use super::sessions::{Browser, LoginError, Proven};
use super::users::taken;
use super::{Admin, AdminError};

impl Admin {
    /// Whether nobody can log in and administer yet.
    pub async fn needs_first_admin(&self) -> Result<bool, AdminError> {
        Ok(!self.db.has_admin().await?)
    }

    /// Makes the first administrator, or gives an administrator who has none a password. Of two who try at the same time
    /// one succeeds; an error when there is one already.
    pub async fn make_first_admin(&self, name: &str, password: Password) -> Result<(), AdminError> {
        self.first_admin(name, password).await.map(drop)
    }

    /// The same, and a login.
    pub async fn set_up(
        &self,
        name: &str,
        password: Password,
        browser: &Browser<'_>,
    ) -> Result<SessionSecret, LoginError> {
        let (user_id, stored) = self.first_admin(name, password).await?;
        let proven = Proven { user_id: &user_id, password: &stored, renewed: None };
        self.open_session(&proven, browser).await
    }

    /// The user's id and the stored form of the password.
    async fn first_admin(&self, name: &str, password: Password) -> Result<(String, String), AdminError> {
        check_user_name(name)?;
        let stored = self.hash(password, name).await?;
        let now = self.clock.seconds();
        let mut change = self.db.change().await?;
        if change.has_admin().await? {
            return Err(AdminError::Missing {
                problem: "This server has an administrator.".to_owned(),
                cure: "Log in, or see `reelgate user passwd`.".to_owned(),
            });
        }
        // Nobody else changes it until this change ends.
        let id = match self.db.user(name).await? {
            Some(user) if user.role == Role::Admin && user.state == UserState::Active && !user.system => {
                change.set_password(&user.id, &stored, now).await?;
                user.id
            }
            Some(_) => return Err(taken(crate::db::DbError::Taken, name)),
            None => {
                let id = self.short_id();
                let password = Some(stored.as_str());
                let user = NewUser { id: &id, name, role: Role::Admin, system: false, password };
                change.add_user(&user, now).await.map_err(|error| taken(error, name))?;
                id
            }
        };
        change.commit().await?;
        Ok((id, stored))
    }
}
