//! The schema's steps. Each runs in a transaction of its own: after `kill -9` it is there or it is not.

use std::path::Path;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::SqlitePool;
use sqlx::{SqlSafeStr, SqliteConnection};

use super::{OpenError, unusable};

const STEPS: [(i64, &str, &str); 2] = [
    (1, "accounts", include_str!("../../migrations/0001_accounts.sql")),
    (2, "media", include_str!("../../migrations/0002_media.sql")),
];

pub(super) async fn run(writer: &SqlitePool, file: &Path) -> Result<(), OpenError> {
    let mut connection = writer.acquire().await.map_err(|cause| unusable(file, cause))?;
    let connection: &mut SqliteConnection = &mut connection;
    steps().run_direct(None, connection, false).await.map_err(|cause| failed(file, cause))
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
