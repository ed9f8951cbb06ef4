//! One item, the ones beside it in its folder, and the sidecars of some.

use sqlx::AssertSqlSafe;

use super::COLUMNS;
use super::selection::{Selection, Writing};
use super::statement::{Values, any_of};
use crate::db::findings::{Listed, ListedRow, OF_THIS_VERSION};
use crate::db::sidecars::Nearby;
use crate::db::{Db, DbError, impossible};
use crate::types::order::path_order;
use crate::types::{ItemId, split_path};

/// An item beside another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neighbour {
    pub id: ItemId,
    pub path: String,
}

impl Db {
    /// One item with what was found in it.
    pub async fn listed_item(&self, id: ItemId) -> Result<Option<Listed>, DbError> {
        let sql = format!(
            "select {COLUMNS} from items join libraries on libraries.id = items.library_id
                    left join findings on {OF_THIS_VERSION}
             where items.id = $1 and items.missing_since is null"
        );
        let query = sqlx::query_as::<_, ListedRow>(AssertSqlSafe(sql)).bind(id.to_string());
        query.fetch_optional(self.reader()).await?.map(ListedRow::check).transpose()
    }

    /// The items of a selection before and behind a path in its folder.
    pub async fn neighbours(
        &self,
        selection: &Selection,
        path: &str,
    ) -> Result<[Option<Neighbour>; 2], DbError> {
        Ok([
            self.neighbour(selection, path, ("<", "desc")).await?,
            self.neighbour(selection, path, (">", "asc")).await?,
        ])
    }

    async fn neighbour(
        &self,
        selection: &Selection,
        path: &str,
        (than, direction): (&str, &str),
    ) -> Result<Option<Neighbour>, DbError> {
        let libraries = self.libraries().await?;
        let mut writing = Writing::new(&libraries);
        let condition = writing.conditions(selection).join(" and ");
        let (folder, place) =
            (writing.values.text(split_path(path).0), writing.values.text(path_order(path)));
        let sql = format!(
            "select items.id, items.path from items
             where {condition} and items.folder = {folder} and items.path_order {than} {place}
             order by items.path_order {direction} limit 1"
        );
        let query =
            sqlx::query_as_with::<_, (String, String), _>(AssertSqlSafe(sql), writing.values.arguments()?);
        let found = query.fetch_optional(self.reader()).await?;
        let check = |(id, path): (String, String)| {
            let id = ItemId::parse(&id).ok_or_else(|| impossible("items", "id", &"not an id"))?;
            Ok(Neighbour { id, path })
        };
        found.map(check).transpose()
    }

    /// What lies around items of one library, given by their stems: see [`Db::nearby`].
    pub async fn nearby_all(&self, library_id: &str, stems: &[&str]) -> Result<Nearby, DbError> {
        Ok(Nearby {
            sidecars: self.around(library_id, stems, "sidecars", "").await?,
            items: self.around(library_id, stems, "items", "and missing_since is null").await?,
        })
    }

    async fn around(
        &self,
        library_id: &str,
        stems: &[&str],
        table: &str,
        and: &str,
    ) -> Result<Vec<String>, DbError> {
        let mut values = Values::default();
        let id = values.text(library_id);
        let ranges: Vec<String> = stems
            .iter()
            .map(|stem| {
                let stem = values.text(*stem);
                format!("library_id = {id} {and} and path >= {stem} || '.' and path < {stem} || '/'")
            })
            .collect();
        let sql = format!("select path from {table} where {}", any_of(&ranges));
        let query = sqlx::query_scalar_with(AssertSqlSafe(sql), values.arguments()?);
        Ok(query.fetch_all(self.reader()).await?)
    }
}
