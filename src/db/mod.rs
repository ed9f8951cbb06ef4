//! All SQL of the program, and nothing but SQL: rooms above see rows and outcomes.
//!
//! One writer connection (`BEGIN IMMEDIATE`, so that two processes queue instead of failing half-way), a pool of
//! readers, write-ahead log. The text keeps to what Postgres understands as well: `$1`, `text`, `bigint`, `boolean`.
//!
//! - [`folder`] the data folder around the file: who may open it, what must be there
//! - [`migrate`] the schema: old or new, never between
//! - [`accounts`], [`sessions`], [`tokens`], [`keys`] who may open what
//! - [`shares`] links for people without an account, and who has begun to watch by them
//! - [`media`] libraries and items; [`scan`] what a scan reads and writes
//! - [`findings`] what is in the items' files; [`sidecars`] what lies beside them
//! - [`catalogue`] lists of items for who may see them; [`positions`] where somebody stopped
//! - [`reports`] what did not play; [`status`] how much there is
//! - [`pulse`] tells a running server that somebody changed something

pub mod accounts;
pub mod catalogue;
pub mod findings;
pub mod folder;
pub mod keys;
pub mod media;
mod migrate;
pub mod positions;
pub mod pulse;
pub mod reports;
pub mod scan;
pub mod sessions;
pub mod shares;
pub mod sidecars;
pub mod status;
pub mod tokens;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection, Sqlite, SqliteConnection, Transaction};
use tokio::sync::{Semaphore, SemaphorePermit};

use folder::{DataFolder, FolderError};

/// How long a statement waits for another process that writes. A scan's batch takes milliseconds.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Reading is short and SQLite's readers do not block each other: more connections would only hold memory.
const READERS: u32 = 4;
/// Readers that may look through the whole catalogue at the same time. The others are for questions of a moment, whatever
/// somebody searches for.
const SEARCHERS: usize = 2;
/// Below it, a WAL reset could corrupt the file when a checkpoint and a write met.
const OLDEST_SQLITE: (u32, u32, u32) = (3, 51, 3);

/// The database. Clones share it.
#[derive(Clone)]
pub struct Db(Arc<Connections>);

struct Connections {
    writer: SqlitePool,
    readers: SqlitePool,
    searches: Semaphore,
    options: SqliteConnectOptions,
    folder: DataFolder,
}

/// A change that is not there until `commit`; dropped without it, nothing happened.
pub struct Change(Transaction<'static, Sqlite>);

impl Db {
    /// Opens the database of a data folder and brings its schema up to date.
    pub async fn open(folder: &DataFolder) -> Result<Db, OpenError> {
        let file = folder.database();
        let _one_at_a_time = folder.lock_schema()?;
        folder.expect_database()?;
        let db = Db::connect(folder).await.map_err(|cause| unusable(&file, cause))?;
        let prepared = db.prepare().await;
        if prepared.is_err() {
            db.0.readers.close().await;
            db.0.writer.close().await;
            // Closing has written the log of a killed server back.
            folder.settle()?;
        }
        prepared.map(|()| db)
    }

    async fn prepare(&self) -> Result<(), OpenError> {
        self.expect_sqlite().await?;
        migrate::run(&self.0.writer, &self.0.folder).await?;
        self.fill_keys().await.map_err(|cause| unusable(&self.0.folder.database(), cause))?;
        Ok(self.0.folder.mark()?)
    }

    async fn connect(folder: &DataFolder) -> Result<Db, sqlx::Error> {
        let options = options(&folder.database());
        let writer = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
        // When COMMIT fails (a disk is full), SQLite rolls back and sqlx believes the transaction open for ever.
        let writer = writer.before_acquire(|connection, _| {
            let is_usable = !connection.is_in_transaction();
            Box::pin(async move { Ok(is_usable) })
        });
        let readers = SqlitePoolOptions::new().max_connections(READERS).idle_timeout(None).max_lifetime(None);
        // The writer first: it makes the file and its log, which readers cannot.
        let writer = writer.connect_with(options.clone()).await?;
        let readers = readers.connect_lazy_with(options.clone().pragma("query_only", "on"));
        let (searches, folder) = (Semaphore::new(SEARCHERS), folder.clone());
        Ok(Db(Arc::new(Connections { writer, readers, searches, options, folder })))
    }

    async fn expect_sqlite(&self) -> Result<(), OpenError> {
        let version: String = sqlx::query_scalar("select sqlite_version()")
            .fetch_one(&self.0.writer)
            .await
            .map_err(|cause| unusable(&self.0.folder.database(), cause))?;
        if at_least(&version, OLDEST_SQLITE) { Ok(()) } else { Err(OpenError::OldSqlite(version)) }
    }

    /// Reads every page's structure, so that a damaged file is found before it is served, not by a viewer.
    pub async fn check(&self) -> Result<(), OpenError> {
        let file = self.0.folder.database();
        let found: String = sqlx::query_scalar("pragma quick_check(1)")
            .fetch_one(&self.0.readers)
            .await
            .map_err(|cause| unusable(&file, cause))?;
        if found == "ok" { Ok(()) } else { Err(OpenError::Damaged { file, found }) }
    }

    fn reader(&self) -> &SqlitePool {
        &self.0.readers
    }

    /// The reader for a question that may look at every item, while the turn is held.
    async fn searcher(&self) -> (&SqlitePool, Option<SemaphorePermit<'_>>) {
        // Nobody closes it, so there is always a turn.
        let turn = self.0.searches.acquire().await.ok();
        (&self.0.readers, turn)
    }

    /// Begins a change. Waits for its turn behind other writers, also of other processes.
    pub async fn change(&self) -> Result<Change, DbError> {
        Ok(Change(self.0.writer.begin_with("BEGIN IMMEDIATE").await?))
    }

    /// Closes all connections. The last one of all processes writes the log back into the file, and one file is left.
    pub async fn close(&self) -> Result<(), FolderError> {
        let _one_at_a_time = self.0.folder.lock_schema()?;
        self.0.readers.close().await;
        self.0.writer.close().await;
        self.0.folder.settle()
    }
}

impl Change {
    fn on(&mut self) -> &mut SqliteConnection {
        &mut self.0
    }

    /// Tells running servers to forget what they know of users, grants, tokens and keys.
    async fn touch_access(&mut self) -> Result<(), DbError> {
        sqlx::query("update epochs set value = value + 1 where name = 'access'").execute(self.on()).await?;
        Ok(())
    }

    /// Tells running servers to forget what they know of libraries and items.
    async fn touch_catalogue(&mut self) -> Result<(), DbError> {
        sqlx::query("update epochs set value = value + 1 where name = 'catalogue'")
            .execute(self.on())
            .await?;
        Ok(())
    }

    /// When this returns, the change is on the disk.
    pub async fn commit(self) -> Result<(), DbError> {
        Ok(self.0.commit().await?)
    }
}

fn options(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // An acknowledged revocation must survive a loss of power, not only of the process.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
}

fn at_least(version: &str, oldest: (u32, u32, u32)) -> bool {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    (next(), next(), next()) >= oldest
}

/// A statement that failed.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The name, or whatever has to be unique, is there already.
    #[error("it is there already")]
    Taken,
    /// Busy, full, read-only, broken: nothing was changed, and a later try may succeed.
    #[error("the database does not answer: {0}")]
    Unavailable(#[source] sqlx::Error),
    /// Changes have not been heard of for too long; what is known may be out of date.
    #[error("the database has been silent for too long")]
    Silent,
    /// A row that no version of the program writes.
    #[error("the database holds what cannot be: table {table}, column {column}: {problem}")]
    Impossible { table: &'static str, column: &'static str, problem: String },
}

impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> DbError {
        match error.as_database_error() {
            Some(database) if database.is_unique_violation() => DbError::Taken,
            _ => DbError::Unavailable(error),
        }
    }
}

/// Why a database cannot be used. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error(
        "{} is damaged: {found}\n\
         Nothing was changed. Restore a backup, or recover it with `sqlite3 FILE .recover` and check the result.",
        file.display()
    )]
    Damaged { file: PathBuf, found: String },
    #[error("{} cannot be opened: {cause}\nNothing was changed.", file.display())]
    Unusable { file: PathBuf, cause: sqlx::Error },
    #[error(
        "{} was written by a newer reelgate (schema {version}).\n\
         Nothing was changed. Use that version, or restore a backup from before the upgrade.",
        file.display()
    )]
    Newer { file: PathBuf, version: i64 },
    #[error(
        "{} could not be brought to this version's schema: {cause}\n\
         The old schema is still there. Make room on the disk or repair what is named, and start again.",
        file.display()
    )]
    Migration { file: PathBuf, cause: sqlx::migrate::MigrateError },
    #[error(
        "{} has to be brought to a new schema, and a server of an older version still runs on it.\n\
         Stop that server first.",
        file.display()
    )]
    ServedByOlder { file: PathBuf },
    #[error(
        "SQLite {0} is linked, and versions before 3.51.3 can damage a file; build reelgate with its own SQLite"
    )]
    OldSqlite(String),
}

/// SQLite tells "not a database" (26) and "malformed" (11) apart from mere failures.
fn unusable(file: &Path, cause: sqlx::Error) -> OpenError {
    let code = cause.as_database_error().and_then(sqlx::error::DatabaseError::code);
    let code = code.and_then(|code| code.parse::<u32>().ok());
    match code.map(|code| code & 0xff) {
        Some(11 | 26) => OpenError::Damaged { file: file.to_owned(), found: cause.to_string() },
        _ => OpenError::Unusable { file: file.to_owned(), cause },
    }
}

/// A column's text as one of its words.
fn word<T: std::str::FromStr<Err = crate::types::Misspelt>>(
    table: &'static str,
    column: &'static str,
    text: &str,
) -> Result<T, DbError> {
    text.parse().map_err(|error| impossible(table, column, &error))
}

fn impossible(table: &'static str, column: &'static str, problem: &dyn std::fmt::Display) -> DbError {
    DbError::Impossible { table, column, problem: problem.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        let cases = [
            ("3.51.3", true, "the oldest"),
            ("3.51.2", false, "one less"),
            ("3.9.9", false, "not by letters"),
            ("4.0.0", true, "much newer"),
            ("3.53", true, "two parts"),
            ("", false, "nothing"),
        ];
        for (version, want, why) in cases {
            assert_eq!(at_least(version, OLDEST_SQLITE), want, "{why}: {version}");
        }
    }
}
