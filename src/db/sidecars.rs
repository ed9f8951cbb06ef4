//! Pictures and subtitles that lie in libraries, as scans find them.

use super::{Change, Db, DbError};

/// What lies around one item: everything whose path is the item's up to its extension, then a dot and something more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Nearby {
    pub sidecars: Vec<String>,
    /// Items, the one itself among them.
    pub items: Vec<String>,
}

impl Db {
    /// Those at a path or below it; the empty path is the whole library.
    pub async fn sidecars_below(&self, library_id: &str, path: &str) -> Result<Vec<String>, DbError> {
        let everything = sqlx::query_scalar("select path from sidecars where library_id = $1");
        if path.is_empty() {
            return Ok(everything.bind(library_id).fetch_all(self.reader()).await?);
        }
        // As for items: one range of the index, and of it what is meant.
        let below = sqlx::query_scalar(
            "select path from sidecars where library_id = $1 and path >= $2 and path < $2 || '0'
                 and (path = $2 or path >= $2 || '/')",
        );
        Ok(below.bind(library_id).bind(path).fetch_all(self.reader()).await?)
    }

    /// One range of each index: a slash follows the dot in the alphabet.
    pub async fn nearby(&self, library_id: &str, stem: &str) -> Result<Nearby, DbError> {
        let sidecars = sqlx::query_scalar(
            "select path from sidecars where library_id = $1 and path >= $2 || '.' and path < $2 || '/'",
        );
        let items = sqlx::query_scalar(
            "select path from items where library_id = $1 and missing_since is null
                 and path >= $2 || '.' and path < $2 || '/'",
        );
        Ok(Nearby {
            sidecars: sidecars.bind(library_id).bind(stem).fetch_all(self.reader()).await?,
            items: items.bind(library_id).bind(stem).fetch_all(self.reader()).await?,
        })
    }
}

impl Change {
    pub async fn add_sidecar(&mut self, library_id: &str, path: &str) -> Result<(), DbError> {
        let query = sqlx::query(
            "insert into sidecars (library_id, path) values ($1, $2) on conflict (library_id, path) do nothing",
        );
        query.bind(library_id).bind(path).execute(self.on()).await?;
        Ok(())
    }

    pub async fn remove_sidecar(&mut self, library_id: &str, path: &str) -> Result<(), DbError> {
        let query = sqlx::query("delete from sidecars where library_id = $1 and path = $2");
        query.bind(library_id).bind(path).execute(self.on()).await?;
        Ok(())
    }
}
