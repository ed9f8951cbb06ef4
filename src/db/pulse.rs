//! Tells a running server that some process changed the database.
//!
//! `PRAGMA data_version` changes for a connection when another one commits. Asking it reads no page, so it can be
//! asked several times a second; only then the epochs are read.

use sqlx::{ConnectOptions, Connection, SqliteConnection};

use super::{Change, Db, DbError};
use crate::clock::Seconds;

/// How often each half of the database was changed. A cache entry of another epoch is void.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Epochs {
    pub access: i64,
    pub catalogue: i64,
}

impl Db {
    /// The latest time that any server of this data folder has seen; 0: none yet.
    pub async fn latest_time(&self) -> Result<Seconds, DbError> {
        let value = sqlx::query_scalar("select value from epochs where name = 'clock'");
        Ok(value.fetch_optional(self.reader()).await?.unwrap_or(0))
    }
}

impl Change {
    /// What was over stays over when somebody sets the clock back and starts the server again.
    pub async fn note_time(&mut self, now: Seconds) -> Result<(), DbError> {
        sqlx::query("update epochs set value = $1 where name = 'clock' and value + $2 < $1")
            .bind(now)
            .bind(CLOCK_GRAIN)
            .execute(self.on())
            .await?;
        Ok(())
    }
}

/// An idle server wakes its disk no more often than that.
const CLOCK_GRAIN: Seconds = 300;

/// A connection of its own: in a pool the answers of different connections would be compared.
pub struct Pulse {
    db: Db,
    connection: Option<SqliteConnection>,
    version: i64,
}

impl Pulse {
    pub fn new(db: &Db) -> Pulse {
        Pulse { db: db.clone(), connection: None, version: 0 }
    }

    /// The epochs if anything was committed since the last call; the first call always has them.
    pub async fn beat(&mut self) -> Result<Option<Epochs>, DbError> {
        let beat = self.try_beat().await;
        if beat.is_err() {
            self.connection = None;
        }
        beat
    }

    async fn try_beat(&mut self) -> Result<Option<Epochs>, DbError> {
        let first = self.connection.is_none();
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(self.db.0.options.connect().await?),
        };
        let version: i64 = sqlx::query_scalar("pragma data_version").fetch_one(&mut *connection).await?;
        if version == self.version && !first {
            return Ok(None);
        }
        let rows: Vec<(String, i64)> =
            sqlx::query_as("select name, value from epochs").fetch_all(connection).await?;
        let value = |name: &str| rows.iter().find(|row| row.0 == name).map_or(0, |row| row.1);
        self.version = version;
        Ok(Some(Epochs { access: value("access"), catalogue: value("catalogue") }))
    }

    /// Ends in order, so that the last connection writes the log back.
    pub async fn close(mut self) {
        if let Some(connection) = self.connection.take() {
            // A connection that fails to close is closed by the process's end.
            let _ = connection.close().await;
        }
    }
}
