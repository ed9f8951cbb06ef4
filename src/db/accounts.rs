//! Users and grants.

use sqlx::FromRow;

use super::{Change, Db, DbError, word};
use crate::clock::Seconds;
use crate::types::order::path_order;
use crate::types::{Area, Prefix, Role, UserState, name_key};

/// A row of `users`.
#[derive(Debug, Clone)]
pub struct User {
    pub id: String,
    pub name: String,
    pub role: Role,
    pub state: UserState,
    pub system: bool,
    pub has_password: bool,
    pub created_at: Seconds,
}

#[derive(FromRow)]
struct UserRow {
    id: String,
    name: String,
    role: String,
    state: String,
    system: bool,
    has_password: bool,
    created_at: i64,
}

impl UserRow {
    fn check(self) -> Result<User, DbError> {
        Ok(User {
            role: word("users", "role", &self.role)?,
            state: word("users", "state", &self.state)?,
            id: self.id,
            name: self.name,
            system: self.system,
            has_password: self.has_password,
            created_at: self.created_at,
        })
    }
}

/// A row of `grants`.
#[derive(Debug, Clone)]
pub struct Grant {
    pub user: String,
    pub area: Area,
    pub created_at: Seconds,
}

#[derive(FromRow)]
struct GrantRow {
    user_name: String,
    library_id: Option<String>,
    library: Option<String>,
    prefix: String,
    created_at: i64,
}

const HAS_ADMIN: &str = "select exists (select 1 from users
    where role = 'admin' and state = 'active' and system = false and password is not null)";

impl Db {
    /// The user of that name who is not deleted.
    pub async fn user(&self, name: &str) -> Result<Option<User>, DbError> {
        let row: Option<UserRow> = sqlx::query_as(
            "select id, name, role, state, system, password is not null as has_password, created_at
             from users where name_key = $1 and state <> 'deleted'",
        )
        .bind(name_key(name))
        .fetch_optional(self.reader())
        .await?;
        row.map(UserRow::check).transpose()
    }

    /// All who are not deleted, by name.
    pub async fn users(&self) -> Result<Vec<User>, DbError> {
        let rows: Vec<UserRow> = sqlx::query_as(
            "select id, name, role, state, system, password is not null as has_password, created_at
             from users where state <> 'deleted'",
        )
        .fetch_all(self.reader())
        .await?;
        let users: Result<Vec<User>, DbError> = rows.into_iter().map(UserRow::check).collect();
        let mut users = users?;
        users.sort_by_cached_key(|user| path_order(&user.name));
        Ok(users)
    }

    /// Whether somebody can log in and administer.
    pub async fn has_admin(&self) -> Result<bool, DbError> {
        Ok(sqlx::query_scalar(HAS_ADMIN).fetch_one(self.reader()).await?)
    }

    /// Grants of one user, or of all, by user and what was granted.
    pub async fn grants(&self, user_id: Option<&str>) -> Result<Vec<Grant>, DbError> {
        let rows: Vec<GrantRow> = sqlx::query_as(
            "select users.name as user_name, grants.library_id, libraries.name as library, grants.prefix,
                    grants.created_at
             from grants join users on users.id = grants.user_id
             left join libraries on libraries.id = grants.library_id
             where users.state <> 'deleted' and ($1 is null or users.id = $1)",
        )
        .bind(user_id)
        .fetch_all(self.reader())
        .await?;
        let grant = |row: GrantRow| {
            let area = area("grants", row.library_id.as_deref(), row.library, &row.prefix)?;
            Ok(Grant { user: row.user_name, area, created_at: row.created_at })
        };
        let grants: Result<Vec<Grant>, DbError> = rows.into_iter().map(grant).collect();
        let mut grants = grants?;
        grants
            .sort_by_cached_key(|Grant { user, area, .. }| (path_order(user), path_order(&area.to_string())));
        Ok(grants)
    }
}

impl Change {
    /// People who can administer: active administrators that are no machines.
    pub async fn administrators(&mut self) -> Result<i64, DbError> {
        let text = "select count(*) from users where role = 'admin' and state = 'active' and not system";
        Ok(sqlx::query_scalar(text).fetch_one(self.on()).await?)
    }
}

/// Library and prefix as they stand in a row. Only a row that names no library means every one; a library that is
/// named and not there must not.
pub(super) fn area(
    table: &'static str,
    library_id: Option<&str>,
    library: Option<String>,
    prefix: &str,
) -> Result<Area, DbError> {
    let Some(library_id) = library_id else { return Ok(Area::Everything) };
    let missing = || super::impossible(table, "library_id", &format!("{library_id} is no library"));
    let library = library.ok_or_else(missing)?;
    let prefix = Prefix::parse(prefix).map_err(|error| super::impossible(table, "prefix", &error))?;
    Ok(Area::Below { library, prefix })
}

/// What a new row of `users` holds.
pub struct NewUser<'a> {
    pub id: &'a str,
    pub name: &'a str,
    pub role: Role,
    pub system: bool,
    /// argon2id in PHC form.
    pub password: Option<&'a str>,
}

impl Change {
    /// As [`Db::has_admin`], and nobody makes one until this change ends.
    pub async fn has_admin(&mut self) -> Result<bool, DbError> {
        Ok(sqlx::query_scalar(HAS_ADMIN).fetch_one(self.on()).await?)
    }

    pub async fn add_user(&mut self, user: &NewUser<'_>, now: Seconds) -> Result<(), DbError> {
        sqlx::query(
            "insert into users (id, name, name_key, role, state, system, password, created_at, changed_at)
             values ($1, $2, $3, $4, 'active', $5, $6, $7, $7)",
        )
        .bind(user.id)
        .bind(user.name)
        .bind(name_key(user.name))
        .bind(user.role.word())
        .bind(user.system)
        .bind(user.password)
        .bind(now)
        .execute(self.on())
        .await?;
        self.touch_access().await
    }

    pub async fn set_role(&mut self, user_id: &str, role: Role, now: Seconds) -> Result<(), DbError> {
        sqlx::query("update users set role = $2, changed_at = $3 where id = $1")
            .bind(user_id)
            .bind(role.word())
            .bind(now)
            .execute(self.on())
            .await?;
        self.touch_access().await
    }

    pub async fn set_system(&mut self, user_id: &str, system: bool, now: Seconds) -> Result<(), DbError> {
        sqlx::query("update users set system = $2, changed_at = $3 where id = $1")
            .bind(user_id)
            .bind(system)
            .bind(now)
            .execute(self.on())
            .await?;
        self.touch_access().await
    }

    /// Ends the logins of whoever is not active, so that they do not come back with the user. `deleted` also ends the
    /// user's tokens and grants: a later user of the same name inherits nothing.
    pub async fn set_state(&mut self, user_id: &str, state: UserState, now: Seconds) -> Result<(), DbError> {
        sqlx::query("update users set state = $2, changed_at = $3 where id = $1")
            .bind(user_id)
            .bind(state.word())
            .bind(now)
            .execute(self.on())
            .await?;
        if state != UserState::Active {
            sqlx::query("delete from sessions where user_id = $1").bind(user_id).execute(self.on()).await?;
        }
        if state == UserState::Deleted {
            sqlx::query(
                "update tokens set revoked_at = $2, ended_at = coalesce(ended_at, $2)
                 where user_id = $1 and revoked_at is null",
            )
            .bind(user_id)
            .bind(now)
            .execute(self.on())
            .await?;
            sqlx::query("delete from grants where user_id = $1").bind(user_id).execute(self.on()).await?;
        }
        self.touch_access().await
    }

    pub async fn set_password(&mut self, user_id: &str, phc: &str, now: Seconds) -> Result<(), DbError> {
        sqlx::query("update users set password = $2, changed_at = $3 where id = $1")
            .bind(user_id)
            .bind(phc)
            .bind(now)
            .execute(self.on())
            .await?;
        self.touch_access().await
    }

    /// False when the user had it already.
    pub async fn add_grant(
        &mut self,
        user_id: &str,
        library_id: Option<&str>,
        prefix: &str,
        now: Seconds,
    ) -> Result<bool, DbError> {
        let done = sqlx::query(
            "insert into grants (user_id, library_id, prefix, created_at) values ($1, $2, $3, $4)
             on conflict do nothing",
        )
        .bind(user_id)
        .bind(library_id)
        .bind(prefix)
        .bind(now)
        .execute(self.on())
        .await?;
        self.touch_access().await?;
        Ok(done.rows_affected() > 0)
    }

    /// False when the user did not have it.
    pub async fn remove_grant(
        &mut self,
        user_id: &str,
        library_id: Option<&str>,
        prefix: &str,
    ) -> Result<bool, DbError> {
        let done = sqlx::query(
            "delete from grants where user_id = $1 and coalesce(library_id, '') = coalesce($2, '') and prefix = $3",
        )
        .bind(user_id)
        .bind(library_id)
        .bind(prefix)
        .execute(self.on())
        .await?;
        self.touch_access().await?;
        Ok(done.rows_affected() > 0)
    }
}
