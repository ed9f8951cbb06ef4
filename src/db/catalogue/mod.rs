//! Lists of items for who may see them: pages in an order, folders, neighbours, numbers.
//!
//! - [`selection`] what is listed, as a condition; [`statement`] how conditions are put together
//! - [`counts`] how many there are; [`around`] one item and what is next to it
//! - [`keys`] columns that lists are ordered and searched by
//!
//! One statement answers one question, whatever the number of items. Orders follow an index, so that a page costs what
//! is on it, and only searches and counts look at every item that somebody sees.

mod around;
mod counts;
mod keys;
mod selection;
mod statement;

use sqlx::AssertSqlSafe;

use super::findings::{Listed, ListedRow, OF_THIS_VERSION};
use super::{Db, DbError};
use crate::types::order::{name_order, path_order};
use crate::types::{Sort, split_path};

use selection::Writing;

pub use around::Neighbour;
pub use counts::Count;
pub(super) use keys::Keys;
pub use selection::Selection;

/// Behind which item a page begins: by what it was ordered, and which of those that are equal in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    pub key: Key,
    /// The path in the order of paths, else the id.
    pub last: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    Text(String),
    Number(i64),
}

/// A part of a list.
#[derive(Debug, Clone)]
pub struct Slice {
    pub sort: Sort,
    /// None: from the beginning.
    pub after: Option<Mark>,
    pub at_most: u32,
}

const COLUMNS: &str = "items.id, items.library_id, libraries.name as library, items.path, items.size,
     items.modified_ns, items.state, findings.state as found, findings.container, findings.duration_ms,
     findings.width, findings.height, findings.video_codec, findings.audio_codec, findings.note,
     findings.verdict, findings.suspicion";

impl Mark {
    /// Behind this item.
    pub fn of(listed: &Listed, sort: Sort) -> Mark {
        let item = &listed.item;
        let duration = listed.findings.as_ref().and_then(|findings| findings.duration_ms);
        let number = |value: u64| Key::Number(i64::try_from(value).unwrap_or(i64::MAX));
        let key = match sort {
            Sort::Path => Key::Text(item.library.clone()),
            Sort::Name => Key::Text(name_order(split_path(&item.path).1)),
            Sort::Newest | Sort::Oldest => Key::Number(item.modified_ns),
            Sort::Longest => duration.map_or(Key::Number(UNKNOWN), number),
            Sort::Largest => number(item.size),
        };
        let last = if sort == Sort::Path { item.path.clone() } else { item.id.to_string() };
        Mark { key, last }
    }
}

/// In the order by duration: behind all that are known.
const UNKNOWN: i64 = -1;

/// What a list is ordered by: two expressions, the second of which no two items share, and the direction.
fn order(sort: Sort) -> (&'static str, &'static str, &'static str) {
    match sort {
        Sort::Path => ("libraries.name_order", "items.path_order", "asc"),
        Sort::Name => ("items.name_key", "items.id", "asc"),
        Sort::Newest => ("items.modified_ns", "items.id", "desc"),
        Sort::Oldest => ("items.modified_ns", "items.id", "asc"),
        Sort::Longest => ("items.duration_key", "items.id", "desc"),
        Sort::Largest => ("items.size", "items.id", "desc"),
    }
}

/// The tables in the order in which they are walked: the one that the order follows comes first.
fn tables(sort: Sort) -> &'static str {
    match sort {
        Sort::Path => "libraries cross join items",
        _ => "items cross join libraries",
    }
}

impl Db {
    /// Some items of a selection, in order.
    pub async fn page(&self, selection: &Selection, slice: &Slice) -> Result<Vec<Listed>, DbError> {
        let libraries = self.libraries().await?;
        let mut writing = Writing::new(&libraries);
        let (first, second, direction) = order(slice.sort);
        let mut conditions = writing.conditions(selection);
        if let Some(mark) = &slice.after {
            let key = match &mark.key {
                Key::Text(library) if slice.sort == Sort::Path => writing.values.text(path_order(library)),
                Key::Text(text) => writing.values.text(text),
                Key::Number(number) => writing.values.number(*number),
            };
            let last = match slice.sort {
                Sort::Path => writing.values.text(path_order(&mark.last)),
                _ => writing.values.text(&mark.last),
            };
            let than = if direction == "asc" { ">" } else { "<" };
            conditions.push(format!("({first}, {second}) {than} ({key}, {last})"));
        }
        let limit = writing.values.number(slice.at_most.into());
        let sql = format!(
            "select {COLUMNS} from {} left join findings on {OF_THIS_VERSION}
             where libraries.id = items.library_id and {}
             order by {first} {direction}, {second} {direction} limit {limit}",
            tables(slice.sort),
            conditions.join(" and ")
        );
        let query = sqlx::query_as_with::<_, ListedRow, _>(AssertSqlSafe(sql), writing.values.arguments()?);
        let (reader, _turn) = self.searcher().await;
        query.fetch_all(reader).await?.into_iter().map(ListedRow::check).collect()
    }
}

#[cfg(test)]
mod tests;
