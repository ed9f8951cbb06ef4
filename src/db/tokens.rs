//! Tokens: rows, and the one lookup that a request needs.

use std::collections::HashMap;

use sqlx::FromRow;

use super::accounts::area;
use super::{Change, Db, DbError, impossible, word};
use crate::access::policy::Holder;
use crate::clock::Seconds;
use crate::types::{Area, ItemId, Scope, TokenKind};

/// A token as its owner sees it in a list.
#[derive(Debug, Clone)]
pub struct Token {
    pub id: String,
    pub user: String,
    pub kind: TokenKind,
    pub name: Option<String>,
    pub scope: Scope,
    /// Where the item of its scope lies; none: it has none, or the item's row is gone.
    pub item: Option<Whereabouts>,
    pub expires_at: Option<Seconds>,
    pub created_at: Seconds,
    pub used_at: Option<Seconds>,
}

/// Where an item lies, by which rights are decided.
#[derive(Debug, Clone)]
pub struct Whereabouts {
    /// The library's name.
    pub library: String,
    pub path: String,
}

#[derive(FromRow)]
struct TokenRow {
    id: String,
    user_id: String,
    user_name: String,
    kind: String,
    name: Option<String>,
    item_id: Option<String>,
    /// Lists ask for it, decisions do not.
    #[sqlx(default)]
    item_library: Option<String>,
    #[sqlx(default)]
    item_path: Option<String>,
    library_id: Option<String>,
    library: Option<String>,
    prefix: Option<String>,
    expires_at: Option<i64>,
    created_at: i64,
    used_at: Option<i64>,
    ended_at: Option<i64>,
    role: String,
    state: String,
    system: bool,
}

impl TokenRow {
    fn scope(&self) -> Result<Scope, DbError> {
        match (&self.item_id, &self.prefix) {
            (None, None) => Ok(Scope::All),
            (Some(item), None) => ItemId::parse(item)
                .map(Scope::Item)
                .ok_or_else(|| impossible("tokens", "item_id", &"not an id")),
            (None, Some(prefix)) => {
                Ok(Scope::Below(area("tokens", self.library_id.as_deref(), self.library.clone(), prefix)?))
            }
            (Some(_), Some(_)) => Err(impossible("tokens", "prefix", &"an item's token has none")),
        }
    }

    fn token(self) -> Result<Token, DbError> {
        Ok(Token {
            kind: word("tokens", "kind", &self.kind)?,
            scope: self.scope()?,
            item: self.item_library.zip(self.item_path).map(|(library, path)| Whereabouts { library, path }),
            id: self.id,
            user: self.user_name,
            name: self.name,
            expires_at: self.expires_at,
            created_at: self.created_at,
            used_at: self.used_at,
        })
    }

    fn holder(self, grants: Vec<Area>) -> Result<Holder, DbError> {
        Ok(Holder {
            kind: word("tokens", "kind", &self.kind)?,
            scope: self.scope()?,
            role: word("users", "role", &self.role)?,
            state: word("users", "state", &self.state)?,
            token_id: self.id,
            user_id: self.user_id,
            user_name: self.user_name,
            expires_at: self.expires_at,
            is_over: self.ended_at.is_some(),
            system: self.system,
            grants,
        })
    }
}

/// What a new row of `tokens` holds.
pub struct NewToken<'a> {
    pub id: &'a str,
    pub user_id: &'a str,
    pub kind: TokenKind,
    pub hash: &'a str,
    pub name: Option<&'a str>,
    pub item: Option<ItemId>,
    /// Library's id (none: every library) and prefix.
    pub below: Option<(Option<&'a str>, &'a str)>,
    pub expires_at: Option<Seconds>,
}

impl Db {
    /// Who holds the token of this hash. Revoked ones and those of deleted users are not found; one whose time is over
    /// is, for what is being watched with it goes on.
    pub async fn holder(&self, hash: &str) -> Result<Option<Holder>, DbError> {
        let row: Option<TokenRow> = sqlx::query_as(
            "select tokens.id, tokens.user_id, users.name as user_name, tokens.kind, tokens.name, tokens.item_id,
                    tokens.library_id, libraries.name as library, tokens.prefix, tokens.expires_at, tokens.created_at, tokens.used_at,
                    tokens.ended_at, users.role, users.state, users.system
             from tokens join users on users.id = tokens.user_id
             left join libraries on libraries.id = tokens.library_id
             where tokens.hash = $1 and tokens.revoked_at is null and users.state <> 'deleted'",
        )
        .bind(hash)
        .fetch_optional(self.reader())
        .await?;
        let Some(row) = row else { return Ok(None) };
        let grants = self.grants(Some(&row.user_id)).await?;
        row.holder(grants.into_iter().map(|grant| grant.area).collect()).map(Some)
    }

    /// Tokens that were not revoked, of one user or of all, newest first.
    pub async fn tokens(&self, user_id: Option<&str>) -> Result<Vec<Token>, DbError> {
        let rows: Vec<TokenRow> = sqlx::query_as(
            "select tokens.id, tokens.user_id, users.name as user_name, tokens.kind, tokens.name, tokens.item_id,
                    tokens.library_id, libraries.name as library, tokens.prefix, tokens.expires_at, tokens.created_at, tokens.used_at,
                    tokens.ended_at, users.role, users.state, users.system,
                    homes.name as item_library, items.path as item_path
             from tokens join users on users.id = tokens.user_id
             left join libraries on libraries.id = tokens.library_id
             left join items on items.id = tokens.item_id
             left join libraries as homes on homes.id = items.library_id
             where ($1 is null or tokens.user_id = $1) and tokens.ended_at is null
             order by tokens.created_at desc, tokens.id",
        )
        .bind(user_id)
        .fetch_all(self.reader())
        .await?;
        rows.into_iter().map(TokenRow::token).collect()
    }
}

impl Db {
    /// How many valid tokens each user has who has any, by the user's id.
    pub async fn token_counts(&self) -> Result<HashMap<String, i64>, DbError> {
        let rows: Vec<(String, i64)> =
            sqlx::query_as("select user_id, count(*) from tokens where ended_at is null group by user_id")
                .fetch_all(self.reader())
                .await?;
        Ok(rows.into_iter().collect())
    }
}

impl Change {
    pub async fn add_token(&mut self, token: &NewToken<'_>, now: Seconds) -> Result<(), DbError> {
        let (library_id, prefix) = match token.below {
            Some((library_id, prefix)) => (library_id, Some(prefix)),
            None => (None, None),
        };
        sqlx::query(
            "insert into tokens (id, user_id, kind, hash, name, item_id, library_id, prefix, expires_at, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(token.id)
        .bind(token.user_id)
        .bind(token.kind.word())
        .bind(token.hash)
        .bind(token.name)
        .bind(token.item.map(|item| item.to_string()))
        .bind(library_id)
        .bind(prefix)
        .bind(token.expires_at)
        .bind(now)
        .execute(self.on())
        .await?;
        // Somebody may have tried it before it was there, and a server remembers that it was unknown.
        self.touch_access().await
    }

    /// Tokens of a user that are valid, or were made since then.
    pub async fn count_tokens(&mut self, user_id: &str, since: Seconds) -> Result<i64, DbError> {
        let text = "select count(*) from tokens where user_id = $1 and (ended_at is null or created_at > $2)";
        Ok(sqlx::query_scalar(text).bind(user_id).bind(since).fetch_one(self.on()).await?)
    }

    /// Of one user or of whomever. False when there is no such token, or it was revoked before. One whose time is over can
    /// be revoked too.
    pub async fn end_token(
        &mut self,
        id: &str,
        user_id: Option<&str>,
        now: Seconds,
    ) -> Result<bool, DbError> {
        let done = sqlx::query(
            "update tokens set revoked_at = $3, ended_at = coalesce(ended_at, $3)
             where id = $1 and ($2 is null or user_id = $2) and revoked_at is null",
        )
        .bind(id)
        .bind(user_id)
        .bind(now)
        .execute(self.on())
        .await?;
        self.touch_access().await?;
        Ok(done.rows_affected() > 0)
    }

    /// Ends what is over by now, for good: a clock that is set back revives nothing. Their number.
    pub async fn end_expired_tokens(&mut self, now: Seconds) -> Result<u64, DbError> {
        let done = sqlx::query("update tokens set ended_at = $1 where expires_at <= $1 and ended_at is null")
            .bind(now)
            .execute(self.on())
            .await?;
        if done.rows_affected() > 0 {
            self.touch_access().await?;
        }
        Ok(done.rows_affected())
    }

    /// Changes nothing that a decision rests on, so running servers keep what they know.
    pub async fn note_use(&mut self, token_id: &str, used_at: Seconds) -> Result<(), DbError> {
        sqlx::query("update tokens set used_at = $2 where id = $1 and coalesce(used_at, 0) < $2")
            .bind(token_id)
            .bind(used_at)
            .execute(self.on())
            .await?;
        Ok(())
    }
}
