//! Logins.

use sqlx::FromRow;

use super::{Change, Db, DbError, word};
use crate::access::policy::Holder;
use crate::clock::Seconds;
use crate::types::{Scope, TokenKind};

/// A login that nobody uses ends after this time.
pub const IDLE: Seconds = 14 * 24 * 60 * 60;
/// And every one after this.
pub const LONGEST: Seconds = 90 * 24 * 60 * 60;

/// A login as its owner sees it in a list.
#[derive(Debug, Clone, FromRow)]
pub struct Session {
    pub id: String,
    /// Browser and system.
    pub client: String,
    pub network: String,
    pub created_at: Seconds,
    pub used_at: Seconds,
    pub expires_at: Seconds,
}

#[derive(FromRow)]
struct HolderRow {
    id: String,
    user_id: String,
    user_name: String,
    expires_at: i64,
    role: String,
    state: String,
    system: bool,
}

/// Somebody who may log in with a password: active, and no machine.
#[derive(FromRow)]
pub struct Candidate {
    pub user_id: String,
    pub name: String,
    /// argon2id in PHC form; none: cannot log in.
    pub password: Option<String>,
    /// Has a login from the network that was asked for.
    pub is_at_home: bool,
}

/// What a new row of `sessions` holds.
pub struct NewSession<'a> {
    pub id: &'a str,
    pub user_id: &'a str,
    /// The stored form of the password that was right.
    pub password: &'a str,
    pub hash: &'a str,
    pub client: &'a str,
    pub network: &'a str,
}

impl Db {
    /// Who logged in with the cookie of this hash.
    pub async fn session_holder(&self, hash: &str) -> Result<Option<Holder>, DbError> {
        let row: Option<HolderRow> = sqlx::query_as(
            "select sessions.id, sessions.user_id, users.name as user_name, sessions.expires_at,
                    users.role, users.state, users.system
             from sessions join users on users.id = sessions.user_id
             where sessions.hash = $1 and users.state <> 'deleted'",
        )
        .bind(hash)
        .fetch_optional(self.reader())
        .await?;
        let Some(row) = row else { return Ok(None) };
        let grants = self.grants(Some(&row.user_id)).await?;
        Ok(Some(Holder {
            // A login watches; what else it may is asked of the role.
            kind: TokenKind::Media,
            scope: Scope::All,
            role: word("users", "role", &row.role)?,
            state: word("users", "state", &row.state)?,
            token_id: row.id,
            user_id: row.user_id,
            user_name: row.user_name,
            expires_at: Some(row.expires_at),
            is_over: false,
            system: row.system,
            grants: grants.into_iter().map(|grant| grant.area).collect(),
        }))
    }

    /// Who may log in by this name, from this network.
    pub async fn candidate(&self, name_key: &str, network: &str) -> Result<Option<Candidate>, DbError> {
        let row = sqlx::query_as(
            "select users.id as user_id, users.name, users.password,
                    exists (select 1 from sessions
                            where sessions.user_id = users.id and sessions.network = $2) as is_at_home
             from users where users.name_key = $1 and users.state = 'active' and users.system = false",
        );
        Ok(row.bind(name_key).bind(network).fetch_optional(self.reader()).await?)
    }

    /// The logins of a user that are not over, the last used first.
    pub async fn sessions(&self, user_id: &str, now: Seconds) -> Result<Vec<Session>, DbError> {
        let rows = sqlx::query_as(
            "select id, client, network, created_at, used_at, expires_at from sessions
             where user_id = $1 and expires_at > $2 order by used_at desc, id",
        );
        Ok(rows.bind(user_id).bind(now).fetch_all(self.reader()).await?)
    }
}

impl Change {
    /// False when the user may no longer log in with this password: it took a moment to compare it, and meanwhile
    /// somebody has changed it, or disabled the user.
    pub async fn add_session(&mut self, session: &NewSession<'_>, now: Seconds) -> Result<bool, DbError> {
        let done = sqlx::query(
            "insert into sessions (id, user_id, hash, client, network, created_at, used_at, expires_at)
             select $1, users.id, $3, $4, $5, $6, $6, $7 from users
             where users.id = $2 and users.password = $8 and users.state = 'active' and users.system = false",
        )
        .bind(session.id)
        .bind(session.user_id)
        .bind(session.hash)
        .bind(session.client)
        .bind(session.network)
        .bind(now)
        .bind(now.saturating_add(IDLE))
        .bind(session.password)
        .execute(self.on())
        .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Puts the stored form of a password into the place of another one. False when that one is no longer there.
    pub async fn replace_password(
        &mut self,
        user_id: &str,
        old: &str,
        new: &str,
        now: Seconds,
    ) -> Result<bool, DbError> {
        let done = sqlx::query(
            "update users set password = $3, changed_at = $4
             where id = $1 and password = $2 and state = 'active' and system = false",
        )
        .bind(user_id)
        .bind(old)
        .bind(new)
        .bind(now)
        .execute(self.on())
        .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Ends the login with the cookie of this hash, if there is one.
    pub async fn end_session_of(&mut self, hash: &str) -> Result<(), DbError> {
        let done = sqlx::query("delete from sessions where hash = $1").bind(hash).execute(self.on()).await?;
        if done.rows_affected() > 0 { self.touch_access().await } else { Ok(()) }
    }

    /// Ends one login of a user. False when there is none.
    pub async fn end_session(&mut self, user_id: &str, id: &str) -> Result<bool, DbError> {
        let done = sqlx::query("delete from sessions where user_id = $1 and id = $2")
            .bind(user_id)
            .bind(id)
            .execute(self.on())
            .await?;
        self.touch_access().await?;
        Ok(done.rows_affected() > 0)
    }

    /// Ends all logins of a user but one. Their number.
    pub async fn end_other_sessions(&mut self, user_id: &str, kept: Option<&str>) -> Result<u64, DbError> {
        let done = sqlx::query("delete from sessions where user_id = $1 and id <> coalesce($2, '')")
            .bind(user_id)
            .bind(kept)
            .execute(self.on())
            .await?;
        self.touch_access().await?;
        Ok(done.rows_affected())
    }

    /// Ends the logins of a user that were not used for longest, until this one and so many others are left.
    pub async fn keep_sessions(&mut self, user_id: &str, own: &str, others: i64) -> Result<(), DbError> {
        let done = sqlx::query(
            "delete from sessions where user_id = $1 and id <> $2 and id not in
                    (select id from sessions where user_id = $1 and id <> $2 order by used_at desc, id limit $3)",
        )
        .bind(user_id)
        .bind(own)
        .bind(others)
        .execute(self.on())
        .await?;
        if done.rows_affected() > 0 { self.touch_access().await } else { Ok(()) }
    }

    /// Moves the end of a login on. Changes nothing that running servers know, until that end comes.
    pub async fn note_session_use(&mut self, id: &str, used_at: Seconds) -> Result<(), DbError> {
        sqlx::query(
            "update sessions set used_at = $2,
                    expires_at = case when $2 + $3 < created_at + $4 then $2 + $3 else created_at + $4 end
             where id = $1 and used_at < $2 and expires_at > $2",
        )
        .bind(id)
        .bind(used_at)
        .bind(IDLE)
        .bind(LONGEST)
        .execute(self.on())
        .await?;
        Ok(())
    }

    /// Nobody needs a row that says where somebody was once logged in.
    pub async fn forget_sessions_that_are_over(&mut self, now: Seconds) -> Result<(), DbError> {
        sqlx::query("delete from sessions where expires_at <= $1").bind(now).execute(self.on()).await?;
        Ok(())
    }
}
