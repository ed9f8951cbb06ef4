//! The schema's steps. Each runs in a transaction of its own: after `kill -9` it is there or it is not.

use std::path::Path;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::SqlitePool;
use sqlx::{SqlSafeStr, SqliteConnection};

use super::folder::DataFolder;
use super::{OpenError, unusable};

const STEPS: [(i64, &str, &str); 6] = [
    (1, "accounts", include_str!("../../migrations/0001_accounts.sql")),
    (2, "media", include_str!("../../migrations/0002_media.sql")),
    (3, "findings", include_str!("../../migrations/0003_findings.sql")),
    (4, "people", include_str!("../../migrations/0004_people.sql")),
    (5, "order", include_str!("../../migrations/0005_order.sql")),
    (6, "libraries", include_str!("../../migrations/0006_libraries.sql")),
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

#[cfg(test)]
mod tests {
    use sqlx::sqlite::SqliteConnectOptions;
    use sqlx::{Connection, Executor};

    use super::*;
    use crate::db::Db;
    use crate::types::order::{name_order, path_order};
    use crate::types::{ItemId, ItemState};

    /// What a server of schema 3 has: a user, tokens that are good, revoked and over, an item that was examined.
    const ROWS: &str = "
        insert into users (id, name, name_key, role, state, password, created_at, changed_at)
            values ('u', 'Ada', 'ada', 'viewer', 'active', 'stored', 1, 1);
        insert into libraries (id, name, path, created_at) values ('lib', 'videos', '/srv/videos', 1);
        insert into grants (user_id, library_id, prefix, created_at) values ('u', 'lib', '2024', 1);
        insert into tokens (id, user_id, kind, hash, expires_at, created_at, ended_at)
            values ('good', 'u', 'api', 'good', null, 1, null), ('revoked', 'u', 'media', 'revoked', null, 1, 2),
                   ('over', 'u', 'media', 'over', 2, 1, 2);
        insert into items (id, library_id, path, size, modified_ns, identity, state, created_at, changed_at)
            values ('AQEBAQEBAQEBAQEBAQEBAQ', 'lib', '2024/\u{c4}rger.mp4', 7, 5, '1-1-1', 'complete', 1, 1);
        insert into findings (item_id, size, modified_ns, identity, prober, state, duration_ms, rules, verdict, probed_at)
            values ('AQEBAQEBAQEBAQEBAQEBAQ', 7, 5, '1-1-1', 1, 'complete', 60000, 1, '{}', 1);";

    async fn with_schema(version: usize, rows: &str, folder: &DataFolder) {
        let options = SqliteConnectOptions::new().filename(folder.database()).create_if_missing(true);
        let mut before = SqliteConnection::connect_with(&options).await.unwrap();
        let mut old = steps();
        old.migrations = old.migrations.iter().take(version).cloned().collect();
        old.run_direct(None, &mut before, false).await.unwrap();
        before.execute(sqlx::AssertSqlSafe(rows.to_owned())).await.unwrap();
        before.close().await.unwrap();
    }

    #[tokio::test]
    async fn a_data_folder_of_schema_3_keeps_what_it_had() {
        let folder = tempfile::tempdir().unwrap();
        let folder = DataFolder::create(folder.path()).unwrap();
        with_schema(3, ROWS, &folder).await;
        let db = Db::open(&folder).await.unwrap();
        let holder = db.holder("good").await.unwrap().expect("a good token stays good");
        assert_eq!((holder.user_name.as_str(), holder.grants.len()), ("Ada", 1));
        for ended in ["revoked", "over"] {
            assert!(db.holder(ended).await.unwrap().is_none(), "{ended}: what has ended stays ended");
        }
        assert!(db.candidate("ada", "").await.unwrap().is_some(), "and logs in");
        let item = db.listed_item(ItemId::new([1; 16])).await.unwrap().expect("the item");
        assert_eq!((item.item.path.as_str(), item.state()), ("2024/\u{c4}rger.mp4", ItemState::Complete));
        let keys: (String, String, String, String, i64) =
            sqlx::query_as("select folder, name_key, path_key, path_order, duration_key from items")
                .fetch_one(db.reader())
                .await
                .unwrap();
        let (name, path) = (name_order("\u{c4}rger.mp4"), path_order("2024/\u{c4}rger.mp4"));
        assert_eq!(keys, ("2024".to_owned(), name, "2024/\u{e4}rger.mp4".to_owned(), path, 60_000));
        let loose = sqlx::query("pragma foreign_key_check").fetch_all(db.reader()).await.unwrap();
        assert!(loose.is_empty());
    }

    /// Schema 4 ordered by bytes.
    const COUNTED: &str = "
        insert into libraries (id, name, path, created_at)
            values ('lib', 'videos', '/srv/videos', 1), ('b', 'Cam 10', '/b', 1), ('a', 'cam 9', '/a', 1);
        insert into items (id, library_id, path, size, modified_ns, identity, state, created_at, changed_at,
                           folder, name_key, path_key)
            values ('AQEBAQEBAQEBAQEBAQEBAQ', 'lib', 'Clip 10', 1, 1, '1-1-1', 'complete', 1, 1, '', 'clip 10', 'clip 10'),
                   ('AgICAgICAgICAgICAgICAg', 'lib', 'clip 2', 1, 1, '1-2-1', 'complete', 1, 1, '', 'clip 2', 'clip 2'),
                   ('AwMDAwMDAwMDAwMDAwMDAw', 'lib', 'clip 1', 1, 1, '1-3-1', 'complete', 1, 1, '', 'clip 1', 'clip 1');";

    #[tokio::test]
    async fn a_data_folder_of_schema_4_counts_from_now_on() {
        let folder = tempfile::tempdir().unwrap();
        let folder = DataFolder::create(folder.path()).unwrap();
        with_schema(4, COUNTED, &folder).await;
        let db = Db::open(&folder).await.unwrap();
        for column in ["name_key", "path_order"] {
            let sql = sqlx::AssertSqlSafe(format!("select path from items order by {column}"));
            let paths: Vec<String> = sqlx::query_scalar(sql).fetch_all(db.reader()).await.unwrap();
            assert_eq!(paths, ["clip 1", "clip 2", "Clip 10"], "{column}");
        }
        let libraries = db.libraries().await.unwrap();
        let names: Vec<&str> = libraries.iter().map(|library| library.name.as_str()).collect();
        assert_eq!(names, ["cam 9", "Cam 10", "videos"]);
    }
}
