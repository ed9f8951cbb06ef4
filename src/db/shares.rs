//! Shares: rows, the one lookup that a request needs, and viewings that were counted.

use sqlx::FromRow;

use super::{Change, Db, DbError, impossible, word};
use crate::access::policy;
use crate::clock::Seconds;
use crate::types::{ItemId, Patch, Scope, TokenKind};

/// A share as its owner sees it in a list.
#[derive(Debug, Clone)]
pub struct Share {
    pub id: String,
    pub owner_id: String,
    pub owner: String,
    pub item: ItemId,
    /// The library's name and the path below it.
    pub library: String,
    pub path: String,
    /// For whom.
    pub name: Option<String>,
    pub has_password: bool,
    pub download: bool,
    pub plays: i64,
    pub plays_limit: Option<i64>,
    pub expires_at: Option<Seconds>,
    pub created_at: Seconds,
    pub used_at: Option<Seconds>,
    pub revoked_at: Option<Seconds>,
}

#[derive(FromRow)]
struct ShareRow {
    id: String,
    owner_id: String,
    owner: String,
    item_id: String,
    library: String,
    path: String,
    name: Option<String>,
    has_password: bool,
    download: bool,
    plays: i64,
    plays_limit: Option<i64>,
    expires_at: Option<i64>,
    created_at: i64,
    used_at: Option<i64>,
    revoked_at: Option<i64>,
}

impl ShareRow {
    fn check(self) -> Result<Share, DbError> {
        Ok(Share {
            item: item(&self.item_id)?,
            id: self.id,
            owner_id: self.owner_id,
            owner: self.owner,
            library: self.library,
            path: self.path,
            name: self.name,
            has_password: self.has_password,
            download: self.download,
            plays: self.plays,
            plays_limit: self.plays_limit,
            expires_at: self.expires_at,
            created_at: self.created_at,
            used_at: self.used_at,
            revoked_at: self.revoked_at,
        })
    }
}

#[derive(FromRow)]
struct HolderRow {
    id: String,
    owner_id: String,
    owner: String,
    item_id: String,
    password: Option<String>,
    download: bool,
    is_used_up: bool,
    expires_at: Option<i64>,
    role: String,
    state: String,
    system: bool,
}

fn item(text: &str) -> Result<ItemId, DbError> {
    ItemId::parse(text).ok_or_else(|| impossible("shares", "item_id", &"not an id"))
}

/// What a new row of `shares` holds.
pub struct NewShare<'a> {
    pub id: &'a str,
    pub owner_id: &'a str,
    pub hash: &'a str,
    pub item: ItemId,
    pub name: Option<&'a str>,
    /// argon2id in PHC form.
    pub password: Option<&'a str>,
    pub download: bool,
    pub plays_limit: Option<i64>,
    pub expires_at: Option<Seconds>,
}

/// What of a share changes.
#[derive(Default)]
pub struct ShareChange {
    pub name: Patch<String>,
    pub password: Patch<String>,
    /// None: it stays.
    pub download: Option<bool>,
    pub plays_limit: Patch<i64>,
    pub expires_at: Patch<Seconds>,
}

/// What became of a viewing that wanted to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// It took a play.
    Counted,
    /// The share is over, used up or revoked.
    Refused,
}

impl Db {
    /// The share of this code's hash and the user behind it. Revoked ones and those of deleted users are not found; one that
    /// is over is, for a viewing that has begun goes on.
    pub async fn share_holder(&self, hash: &str) -> Result<Option<policy::Share>, DbError> {
        let row: Option<HolderRow> = sqlx::query_as(
            "select shares.id, shares.owner_id, users.name as owner, shares.item_id, shares.password, shares.download,
                    shares.plays >= coalesce(shares.plays_limit, shares.plays + 1) as is_used_up,
                    shares.expires_at, users.role, users.state, users.system
             from shares join users on users.id = shares.owner_id
             where shares.hash = $1 and shares.revoked_at is null and users.state <> 'deleted'",
        )
        .bind(hash)
        .fetch_optional(self.reader())
        .await?;
        let Some(row) = row else { return Ok(None) };
        let grants = self.grants(Some(&row.owner_id)).await?;
        let item = item(&row.item_id)?;
        let owner = policy::Holder {
            kind: TokenKind::Media,
            scope: Scope::Item(item),
            role: word("users", "role", &row.role)?,
            state: word("users", "state", &row.state)?,
            token_id: row.id,
            user_id: row.owner_id,
            user_name: row.owner,
            expires_at: row.expires_at,
            is_over: false,
            system: row.system,
            grants: grants.into_iter().map(|grant| grant.area).collect(),
        };
        let (password, download, is_used_up) = (row.password, row.download, row.is_used_up);
        Ok(Some(policy::Share { owner, item, password, download, is_used_up }))
    }

    /// Shares of one owner or of all, of one item or of all, newest first.
    pub async fn shares(&self, owner: Option<&str>, item: Option<ItemId>) -> Result<Vec<Share>, DbError> {
        let rows: Vec<ShareRow> = sqlx::query_as(
            "select shares.id, shares.owner_id, users.name as owner, shares.item_id, libraries.name as library, items.path,
                    shares.name, shares.password is not null as has_password, shares.download, shares.plays,
                    shares.plays_limit, shares.expires_at, shares.created_at, shares.used_at, shares.revoked_at
             from shares join users on users.id = shares.owner_id
             join items on items.id = shares.item_id
             join libraries on libraries.id = items.library_id
             where ($1 is null or shares.owner_id = $1) and ($2 is null or shares.item_id = $2)
                   and users.state <> 'deleted'
             order by shares.created_at desc, shares.id",
        )
        .bind(owner)
        .bind(item.map(|item| item.to_string()))
        .fetch_all(self.reader())
        .await?;
        rows.into_iter().map(ShareRow::check).collect()
    }

    /// By its id, or by its code's hash.
    pub async fn share(&self, id_or_hash: &str) -> Result<Option<Share>, DbError> {
        let row: Option<ShareRow> = sqlx::query_as(
            "select shares.id, shares.owner_id, users.name as owner, shares.item_id, libraries.name as library, items.path,
                    shares.name, shares.password is not null as has_password, shares.download, shares.plays,
                    shares.plays_limit, shares.expires_at, shares.created_at, shares.used_at, shares.revoked_at
             from shares join users on users.id = shares.owner_id
             join items on items.id = shares.item_id
             join libraries on libraries.id = items.library_id
             where (shares.id = $1 or shares.hash = $1) and users.state <> 'deleted'",
        )
        .bind(id_or_hash)
        .fetch_optional(self.reader())
        .await?;
        row.map(ShareRow::check).transpose()
    }

    /// When this client's viewing of a share began, if it was counted.
    pub async fn share_viewing(&self, share_id: &str, client: &str) -> Result<Option<Seconds>, DbError> {
        let row =
            sqlx::query_scalar("select began_at from share_viewings where share_id = $1 and client = $2");
        Ok(row.bind(share_id).bind(client).fetch_optional(self.reader()).await?)
    }
}

impl Change {
    pub async fn add_share(&mut self, share: &NewShare<'_>, now: Seconds) -> Result<(), DbError> {
        sqlx::query(
            "insert into shares (id, owner_id, hash, item_id, name, password, download, plays, plays_limit, expires_at,
                                 created_at)
             values ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9, $10)",
        )
        .bind(share.id)
        .bind(share.owner_id)
        .bind(share.hash)
        .bind(share.item.to_string())
        .bind(share.name)
        .bind(share.password)
        .bind(share.download)
        .bind(share.plays_limit)
        .bind(share.expires_at)
        .bind(now)
        .execute(self.on())
        .await?;
        self.touch_access().await
    }

    /// Shares of a user that were not revoked, or were made since then.
    pub async fn count_shares(&mut self, owner_id: &str, since: Seconds) -> Result<i64, DbError> {
        let text =
            "select count(*) from shares where owner_id = $1 and (revoked_at is null or created_at > $2)";
        Ok(sqlx::query_scalar(text).bind(owner_id).bind(since).fetch_one(self.on()).await?)
    }

    /// False when there is no such share, or it was revoked.
    pub async fn change_share(&mut self, id: &str, wanted: &ShareChange) -> Result<bool, DbError> {
        let done = sqlx::query(
            "update shares set
                    name = case when $2 then $3 else name end,
                    password = case when $4 then $5 else password end,
                    download = coalesce($6, download),
                    plays_limit = case when $7 then $8 else plays_limit end,
                    expires_at = case when $9 then $10 else expires_at end
             where id = $1 and revoked_at is null",
        )
        .bind(id)
        .bind(wanted.name.is_set())
        .bind(wanted.name.value())
        .bind(wanted.password.is_set())
        .bind(wanted.password.value())
        .bind(wanted.download)
        .bind(wanted.plays_limit.is_set())
        .bind(wanted.plays_limit.value())
        .bind(wanted.expires_at.is_set())
        .bind(wanted.expires_at.value())
        .execute(self.on())
        .await?;
        self.touch_access().await?;
        Ok(done.rows_affected() > 0)
    }

    /// False when there is no such share, or it was revoked before.
    pub async fn revoke_share(&mut self, id: &str, now: Seconds) -> Result<bool, DbError> {
        let done = sqlx::query("update shares set revoked_at = $2 where id = $1 and revoked_at is null")
            .bind(id)
            .bind(now)
            .execute(self.on())
            .await?;
        self.touch_access().await?;
        Ok(done.rows_affected() > 0)
    }

    /// Takes a play for a client's viewing, if one is left. One statement decides: two viewers cannot both take the last one.
    /// Running servers keep what they know of shares, or every play would void it all.
    pub async fn begin_share_viewing(
        &mut self,
        share_id: &str,
        client: &str,
        now: Seconds,
    ) -> Result<Begun, DbError> {
        let done = sqlx::query(
            "update shares set plays = plays + 1, used_at = $2
             where id = $1 and revoked_at is null and (expires_at is null or expires_at > $2)
                   and (plays_limit is null or plays < plays_limit)",
        )
        .bind(share_id)
        .bind(now)
        .execute(self.on())
        .await?;
        if done.rows_affected() == 0 {
            return Ok(Begun::Refused);
        }
        sqlx::query(
            "insert into share_viewings (share_id, client, began_at) values ($1, $2, $3)
             on conflict (share_id, client) do update set began_at = excluded.began_at",
        )
        .bind(share_id)
        .bind(client)
        .bind(now)
        .execute(self.on())
        .await?;
        Ok(Begun::Counted)
    }

    /// Viewings that have ended by themselves need no row.
    pub async fn forget_share_viewings(&mut self, before: Seconds) -> Result<(), DbError> {
        sqlx::query("delete from share_viewings where began_at < $1").bind(before).execute(self.on()).await?;
        Ok(())
    }
}
