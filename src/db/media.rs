//! Libraries and items, as requests and lists ask for them.

use sqlx::FromRow;

use super::{Db, DbError, impossible, word};
use crate::clock::Seconds;
use crate::types::{ItemId, ItemState};

/// A row of `libraries`.
#[derive(Debug, Clone, FromRow)]
pub struct Library {
    pub id: String,
    pub name: String,
    /// Absolute path of the folder.
    pub path: String,
    pub scanned_at: Option<Seconds>,
}

/// An item whose file was there at the last look.
#[derive(Debug, Clone)]
pub struct Item {
    pub id: ItemId,
    pub library_id: String,
    /// The library's name.
    pub library: String,
    /// Below the library's folder.
    pub path: String,
    pub size: u64,
    pub modified_ns: i64,
    pub state: ItemState,
}

#[derive(FromRow)]
pub(super) struct ItemRow {
    id: String,
    library_id: String,
    library: String,
    path: String,
    size: i64,
    modified_ns: i64,
    state: String,
}

impl ItemRow {
    pub(super) fn check(self) -> Result<Item, DbError> {
        Ok(Item {
            id: ItemId::parse(&self.id).ok_or_else(|| impossible("items", "id", &"not an id"))?,
            size: u64::try_from(self.size).map_err(|error| impossible("items", "size", &error))?,
            state: word("items", "state", &self.state)?,
            library_id: self.library_id,
            library: self.library,
            path: self.path,
            modified_ns: self.modified_ns,
        })
    }
}

impl Db {
    pub async fn item(&self, id: ItemId) -> Result<Option<Item>, DbError> {
        let row: Option<ItemRow> = sqlx::query_as(
            "select items.id, items.library_id, libraries.name as library, items.path, items.size,
                    items.modified_ns, items.state
             from items join libraries on libraries.id = items.library_id
             where items.id = $1 and items.missing_since is null",
        )
        .bind(id.to_string())
        .fetch_optional(self.reader())
        .await?;
        row.map(ItemRow::check).transpose()
    }

    /// By equality: the path of a request is looked up and never joined to a folder.
    pub async fn item_at(&self, library: &str, path: &str) -> Result<Option<Item>, DbError> {
        let row: Option<ItemRow> = sqlx::query_as(
            "select items.id, items.library_id, libraries.name as library, items.path, items.size,
                    items.modified_ns, items.state
             from items join libraries on libraries.id = items.library_id
             where libraries.name = $1 and items.path = $2 and items.missing_since is null",
        )
        .bind(library)
        .bind(path)
        .fetch_optional(self.reader())
        .await?;
        row.map(ItemRow::check).transpose()
    }

    /// Items of one library or of all, by path.
    pub async fn items(&self, library: Option<&str>) -> Result<Vec<Item>, DbError> {
        let rows: Vec<ItemRow> = sqlx::query_as(
            "select items.id, items.library_id, libraries.name as library, items.path, items.size,
                    items.modified_ns, items.state
             from items join libraries on libraries.id = items.library_id
             where items.missing_since is null and ($1 is null or libraries.name = $1)
             order by libraries.name_order, items.path_order",
        )
        .bind(library)
        .fetch_all(self.reader())
        .await?;
        rows.into_iter().map(ItemRow::check).collect()
    }

    pub async fn libraries(&self) -> Result<Vec<Library>, DbError> {
        let rows = sqlx::query_as("select id, name, path, scanned_at from libraries order by name_order");
        Ok(rows.fetch_all(self.reader()).await?)
    }

    pub async fn library(&self, name: &str) -> Result<Option<Library>, DbError> {
        let row = sqlx::query_as("select id, name, path, scanned_at from libraries where name = $1");
        Ok(row.bind(name).fetch_optional(self.reader()).await?)
    }
}
