//! Users and what is granted to them.

use crate::access::password::Password;
use crate::db::DbError;
use crate::db::accounts::{Grant, NewUser, User};
use crate::types::{Area, Role, UserState, check_user_name};

use super::{Admin, AdminError, suggestion};

/// What to change of a user; `None` leaves it.
#[derive(Debug, Default, Clone, Copy)]
pub struct UserChange {
    pub role: Option<Role>,
    pub state: Option<UserState>,
    pub system: Option<bool>,
}

impl Admin {
    /// The user with all grants, or nothing of both.
    pub async fn add_user(
        &self,
        name: &str,
        role: Role,
        system: bool,
        grants: &[Area],
        password: Option<Password>,
    ) -> Result<User, AdminError> {
        check_user_name(name)?;
        let mut places = Vec::new();
        for area in grants {
            places.push(self.place(area).await?);
        }
        let stored = match password {
            Some(password) => Some(self.hash(password, name).await?),
            None => None,
        };
        let id = self.short_id();
        let now = self.clock.seconds();
        let user = NewUser { id: &id, name, role, system, password: stored.as_deref() };
        let mut change = self.db.change().await?;
        change.add_user(&user, now).await.map_err(|error| taken(error, name))?;
        for place in &places {
            change.add_grant(&id, place.library_id.as_deref(), &place.prefix, now).await?;
        }
        change.commit().await?;
        self.user(name).await
    }

    pub async fn user(&self, name: &str) -> Result<User, AdminError> {
        if let Some(user) = self.db.user(name).await? {
            return Ok(user);
        }
        let users = self.db.users().await?;
        let names: Vec<&str> = users.iter().map(|user| user.name.as_str()).collect();
        let cure = match names.as_slice() {
            [] => format!("There are no users yet: `reelgate user add {name}` makes one."),
            names => suggestion(name, names, "Known users"),
        };
        Err(AdminError::Missing { problem: format!("No user is called {name:?}."), cure })
    }

    pub async fn users(&self) -> Result<Vec<User>, AdminError> {
        Ok(self.db.users().await?)
    }

    /// Nobody is left without an administrator: the last one who is active and no machine stays so.
    pub async fn change_user(&self, name: &str, wanted: UserChange) -> Result<User, AdminError> {
        let user = self.user(name).await?;
        let now = self.clock.seconds();
        let mut change = self.db.change().await?;
        let administrators = change.administrators().await?;
        if let Some(role) = wanted.role {
            change.set_role(&user.id, role, now).await?;
        }
        if let Some(system) = wanted.system {
            change.set_system(&user.id, system, now).await?;
        }
        if let Some(state) = wanted.state {
            change.set_state(&user.id, state, now).await?;
        }
        // Counted within the change: two at once cannot take each other's place away.
        if administrators > 0 && change.administrators().await? == 0 {
            return Err(last_administrator(&user.name));
        }
        change.commit().await?;
        Ok(User {
            role: wanted.role.unwrap_or(user.role),
            state: wanted.state.unwrap_or(user.state),
            system: wanted.system.unwrap_or(user.system),
            ..user
        })
    }

    /// Ends the user's logins, but for the one of this id: whoever has the old password may be logged in by it.
    pub async fn set_password(
        &self,
        name: &str,
        password: Password,
        kept: Option<&str>,
    ) -> Result<User, AdminError> {
        let user = self.user(name).await?;
        let stored = self.hash(password, &user.name).await?;
        let mut change = self.db.change().await?;
        change.set_password(&user.id, &stored, self.clock.seconds()).await?;
        change.end_other_sessions(&user.id, kept).await?;
        change.commit().await?;
        Ok(User { has_password: true, ..user })
    }

    /// The stored form of a password that may be this user's.
    pub(super) async fn hash(&self, password: Password, user_name: &str) -> Result<String, AdminError> {
        password.expect_fits(user_name)?;
        Ok(self.hashing.hash(password, self.chance.bytes()).await?)
    }

    /// False when it was granted before.
    pub async fn grant(&self, name: &str, area: &Area) -> Result<bool, AdminError> {
        let user = self.user(name).await?;
        let place = self.place(area).await?;
        let mut change = self.db.change().await?;
        let now = self.clock.seconds();
        let fresh = change.add_grant(&user.id, place.library_id.as_deref(), &place.prefix, now).await?;
        change.commit().await?;
        Ok(fresh)
    }

    /// An error when it was not granted: somebody would believe that access has ended.
    pub async fn withdraw(&self, name: &str, area: &Area) -> Result<(), AdminError> {
        let user = self.user(name).await?;
        let place = self.place(area).await?;
        let mut change = self.db.change().await?;
        let was_there = change.remove_grant(&user.id, place.library_id.as_deref(), &place.prefix).await?;
        change.commit().await?;
        if was_there {
            return Ok(());
        }
        let grants = self.db.grants(Some(&user.id)).await?;
        let areas: Vec<String> = grants.iter().map(|grant| grant.area.to_string()).collect();
        let has = if areas.is_empty() { "nothing".to_owned() } else { areas.join(", ") };
        Err(AdminError::Missing {
            problem: format!("{} has no grant on {area}.", user.name),
            cure: format!("Granted: {has}."),
        })
    }

    /// Why a user's credentials open nothing at present, and what to do; none: they open something.
    pub async fn why_nothing_opens(&self, name: &str) -> Result<Option<String>, AdminError> {
        let user = self.user(name).await?;
        let name = &user.name;
        if user.state != UserState::Active {
            return Ok(Some(format!("{name} is {}; reelgate user enable {name}", user.state)));
        }
        let sees = user.role == Role::Admin || !self.db.grants(Some(&user.id)).await?.is_empty();
        Ok((!sees).then(|| format!("nothing is granted to {name}; reelgate grant add {name} LIBRARY")))
    }

    /// What still lets a user watch something of an area that was withdrawn.
    pub async fn still_granted(&self, name: &str, area: &Area) -> Result<Vec<Area>, AdminError> {
        let user = self.user(name).await?;
        if user.role == Role::Admin {
            return Ok(vec![Area::Everything]);
        }
        let areas = self.db.grants(Some(&user.id)).await?.into_iter().map(|grant| grant.area);
        Ok(areas.filter(|granted| granted.overlaps(area)).collect())
    }

    pub async fn grants(&self, name: Option<&str>) -> Result<Vec<Grant>, AdminError> {
        let user = match name {
            Some(name) => Some(self.user(name).await?),
            None => None,
        };
        Ok(self.db.grants(user.as_ref().map(|user| user.id.as_str())).await?)
    }
}

fn last_administrator(name: &str) -> AdminError {
    AdminError::InTheWay {
        problem: format!("{name} is the last active administrator."),
        cure: "Make somebody else one first: `reelgate user set NAME --role admin`.".to_owned(),
    }
}

pub(super) fn taken(error: DbError, name: &str) -> AdminError {
    match error {
        DbError::Taken => AdminError::Taken {
            problem: format!("A user called {name:?} is there already."),
            cure: format!("Choose another name, or change that one: `reelgate user set {name}`."),
        },
        error => error.into(),
    }
}
