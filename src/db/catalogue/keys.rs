//! What the rows of items hold of their paths for lists: the folder, and name and path as they are
//! ordered, and the path as it is searched.

use sqlx::AssertSqlSafe;

use crate::db::Db;
use crate::db::findings::OF_THIS_VERSION;
use crate::types::order::{name_order, path_order};
use crate::types::{folded, split_path};

/// Rows in one transaction.
const BATCH: i64 = 1_000;

/// Columns that are made of the path.
pub(in crate::db) struct Keys<'p> {
    pub folder: &'p str,
    pub name: String,
    pub path: String,
    pub order: String,
}

impl<'p> Keys<'p> {
    pub fn of(path: &'p str) -> Keys<'p> {
        let (folder, name) = split_path(path);
        Keys { folder, name: name_order(name), path: folded(path), order: path_order(path) }
    }
}

impl Db {
    /// Gives rows of older versions their keys. A program that is killed in the middle goes on at its next start.
    pub(in crate::db) async fn fill_keys(&self) -> Result<(), sqlx::Error> {
        self.fill_libraries().await?;
        loop {
            let rows: Vec<(String, String)> =
                sqlx::query_as("select id, path from items where path_order = '' limit $1")
                    .bind(BATCH)
                    .fetch_all(&self.0.writer)
                    .await?;
            if rows.is_empty() {
                return Ok(());
            }
            let mut change = self.0.writer.begin_with("BEGIN IMMEDIATE").await?;
            let sql = format!(
                "update items set folder = $2, name_key = $3, path_key = $4, path_order = $5, duration_key =
                     coalesce((select findings.duration_ms from findings where {OF_THIS_VERSION}), -1)
                 where id = $1"
            );
            for (id, path) in &rows {
                let keys = Keys::of(path);
                sqlx::query(AssertSqlSafe(sql.as_str()))
                    .bind(id)
                    .bind(keys.folder)
                    .bind(keys.name)
                    .bind(keys.path)
                    .bind(keys.order)
                    .execute(&mut *change)
                    .await?;
            }
            change.commit().await?;
        }
    }

    async fn fill_libraries(&self) -> Result<(), sqlx::Error> {
        let rows: Vec<(String, String)> =
            sqlx::query_as("select id, name from libraries where name_order = name")
                .fetch_all(&self.0.writer)
                .await?;
        if rows.is_empty() {
            return Ok(());
        }
        let mut change = self.0.writer.begin_with("BEGIN IMMEDIATE").await?;
        for (id, name) in &rows {
            sqlx::query("update libraries set name_order = $2 where id = $1")
                .bind(id)
                .bind(path_order(name))
                .execute(&mut *change)
                .await?;
        }
        change.commit().await
    }
}
