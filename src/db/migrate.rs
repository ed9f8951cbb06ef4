//! The schema's steps. Each runs in a transaction of its own: after `kill -9` it is there or it is not.

use std::path::Path;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::SqlitePool;
use sqlx::{SqlSafeStr, SqliteConnection};

use super::folder::DataFolder;
use super::{OpenError, unusable};

const STEPS: [(i64, &str, &str); 4] = [
    (1, "accounts", include_str!("../../migrations/0001_accounts.sql")),
    (2, "media", include_str!("../../migrations/0002_media.sql")),
    (3, "findings", include_str!("../../migrations/0003_findings.sql")),
    (4, "people", include_str!("../../migrations/0004_people.sql")),
];

/// Runs the steps that are still to be done; called under the schema's lock.
pub(super) async fn run(writer: &SqlitePool, folder: &DataFolder) -> Result<(), OpenError> {
    let file = folder.database();
    let mut connection = writer.acquire().await.map_err(|cause| unusable(&file, cause))?;
    let connection: &mut SqliteConnection = &mut connection;
    let done = done(connection).await.map_err(|cause| unusable(&file, cause))?;
    if done > 0 && done < STEPS.len() && folder.is_served()? {
        return Err(OpenError::ServedByOlder { file });
    }
    steps().run_direct(None, connection, false).await.map_err(|cause| failed(&file, cause))
}

/// How many steps this database has behind it.
async fn done(connection: &mut SqliteConnection) -> Result<usize, sqlx::Error> {
    let table = "select count(*) from sqlite_master where name = '_sqlx_migrations'";
    let tables: i64 = sqlx::query_scalar(table).fetch_one(&mut *connection).await?;
    if tables == 0 {
        return Ok(0);
    }
    let done: i64 = sqlx::query_scalar("select count(*) from _sqlx_migrations").fetch_one(connection).await?;
    Ok(usize::try_from(done).unwrap_or(usize::MAX))
}

fn steps() -> Migrator {
    let step = |(version, name, sql): (i64, &'static str, &'static str)| {
        Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    Migrator::with_migrations(STEPS.map(step).into())
}

fn failed(file: &Path, cause: MigrateError) -> OpenError {
    match cause {
        MigrateError::VersionMissing(version) => OpenError::Newer { file: file.to_owned(), version },
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
            match unusable(file, error) {
                OpenError::Unusable { file, cause } => {
                    OpenError::Migration { file, cause: MigrateError::Execute(cause) }
                }
                damaged => damaged,
            }
        }
        cause => OpenError::Migration { file: file.to_owned(), cause },
    }
}
