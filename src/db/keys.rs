//! Signing keys, and the secrets that nobody types.

use data_encoding::BASE64URL_NOPAD;
use sqlx::FromRow;

use super::{Change, Db, DbError, impossible};
use crate::clock::Seconds;

/// A key that signs URLs. No Debug: the secret must not reach a log.
#[derive(Clone)]
pub struct SigningKey {
    pub id: String,
    pub secret: [u8; 32],
    pub created_at: Seconds,
    /// From then on no signature of it is accepted.
    pub retires_at: Option<Seconds>,
}

#[derive(FromRow)]
struct KeyRow {
    id: String,
    secret: String,
    created_at: i64,
    retires_at: Option<i64>,
}

impl KeyRow {
    fn check(self) -> Result<SigningKey, DbError> {
        let secret = secret_bytes("signing_keys", "secret", &self.secret)?;
        Ok(SigningKey { id: self.id, secret, created_at: self.created_at, retires_at: self.retires_at })
    }
}

fn secret_bytes(table: &'static str, column: &'static str, text: &str) -> Result<[u8; 32], DbError> {
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| impossible(table, column, &"not 32 bytes in base64url"))
}

impl Db {
    /// All keys, newest first.
    pub async fn signing_keys(&self) -> Result<Vec<SigningKey>, DbError> {
        let rows: Vec<KeyRow> = sqlx::query_as(
            "select id, secret, created_at, retires_at from signing_keys order by created_at desc, id",
        )
        .fetch_all(self.reader())
        .await?;
        rows.into_iter().map(KeyRow::check).collect()
    }

    pub async fn signing_key(&self, id: &str) -> Result<Option<SigningKey>, DbError> {
        let row: Option<KeyRow> =
            sqlx::query_as("select id, secret, created_at, retires_at from signing_keys where id = $1")
                .bind(id)
                .fetch_optional(self.reader())
                .await?;
        row.map(KeyRow::check).transpose()
    }

    /// The secret of that name; the first to ask stores the one it brought.
    pub async fn secret(&self, name: &str, fresh: [u8; 32]) -> Result<[u8; 32], DbError> {
        let mut change = self.change().await?;
        sqlx::query("insert into secrets (name, value) values ($1, $2) on conflict do nothing")
            .bind(name)
            .bind(BASE64URL_NOPAD.encode(&fresh))
            .execute(change.on())
            .await?;
        let text: String = sqlx::query_scalar("select value from secrets where name = $1")
            .bind(name)
            .fetch_one(change.on())
            .await?;
        change.commit().await?;
        secret_bytes("secrets", "value", &text)
    }
}

impl Change {
    pub async fn add_signing_key(&mut self, id: &str, secret: [u8; 32], now: Seconds) -> Result<(), DbError> {
        sqlx::query("insert into signing_keys (id, secret, created_at) values ($1, $2, $3)")
            .bind(id)
            .bind(BASE64URL_NOPAD.encode(&secret))
            .bind(now)
            .execute(self.on())
            .await?;
        self.touch_access().await
    }

    /// Ends every key but one at a time to come. Keys that end earlier keep their end.
    pub async fn retire_signing_keys(&mut self, except: &str, retires_at: Seconds) -> Result<u64, DbError> {
        let done = sqlx::query(
            "update signing_keys set retires_at = $2 where id <> $1 and (retires_at is null or retires_at > $2)",
        )
        .bind(except)
        .bind(retires_at)
        .execute(self.on())
        .await?;
        self.touch_access().await?;
        Ok(done.rows_affected())
    }
}
