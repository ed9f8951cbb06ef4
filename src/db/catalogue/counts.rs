//! How many items a selection has, in all and in parts.

use sqlx::{AssertSqlSafe, FromRow};

use super::selection::{Selection, Writing};
use crate::db::{Db, DbError, impossible};

/// A folder with all items that lie in it, however deep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// A library's id, or a folder's path.
    pub of: String,
    pub items: u64,
}

#[derive(FromRow)]
struct CountRow {
    found: String,
    items: i64,
}

impl CountRow {
    fn check(self) -> Result<Count, DbError> {
        Ok(Count { of: self.found, items: number(self.items)? })
    }
}

impl Db {
    /// How many items a selection has.
    pub async fn count(&self, selection: &Selection) -> Result<u64, DbError> {
        self.number_of(selection, |condition| format!("select count(*) from items where {condition}")).await
    }

    /// Whether it has any: the first one is enough.
    pub async fn has_any(&self, selection: &Selection) -> Result<bool, DbError> {
        let first = |condition: &str| {
            format!("select count(*) from (select 1 from items where {condition} limit 1) as first")
        };
        Ok(self.number_of(selection, first).await? > 0)
    }

    async fn number_of(
        &self,
        selection: &Selection,
        sql: impl FnOnce(&str) -> String,
    ) -> Result<u64, DbError> {
        let libraries = self.libraries().await?;
        let mut writing = Writing::new(&libraries);
        let sql = sql(&writing.conditions(selection).join(" and "));
        let query = sqlx::query_scalar_with(AssertSqlSafe(sql), writing.values.arguments()?);
        let (reader, _turn) = self.searcher().await;
        number(query.fetch_one(reader).await?)
    }

    /// How many items of a selection each library has; those without are left out.
    pub async fn count_by_library(&self, selection: &Selection) -> Result<Vec<Count>, DbError> {
        self.count_by("items.library_id", selection).await
    }

    /// The same for each folder with items of its own.
    pub async fn count_by_folder(&self, selection: &Selection) -> Result<Vec<Count>, DbError> {
        self.count_by("items.folder", selection).await
    }

    async fn count_by(&self, column: &str, selection: &Selection) -> Result<Vec<Count>, DbError> {
        let libraries = self.libraries().await?;
        let mut writing = Writing::new(&libraries);
        let condition = writing.conditions(selection).join(" and ");
        let sql = format!(
            "select {column} as found, count(*) as items from items where {condition} group by {column}"
        );
        let query = sqlx::query_as_with::<_, CountRow, _>(AssertSqlSafe(sql), writing.values.arguments()?);
        let (reader, _turn) = self.searcher().await;
        query.fetch_all(reader).await?.into_iter().map(CountRow::check).collect()
    }
}

fn number(value: i64) -> Result<u64, DbError> {
    u64::try_from(value).map_err(|error| impossible("items", "count", &error))
}
