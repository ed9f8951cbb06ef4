//! What a scan reads and writes.
//!
//! Two processes may scan at the same time (a server, and a command beside it). Every write therefore names the row
//! as it was read, and says so when it was no longer like that; the scan then looks again.

use futures_util::TryStreamExt;
use sqlx::FromRow;

use super::catalogue::Keys;
use super::media::Library;
use super::{Change, Db, DbError, impossible, word};
use crate::clock::Seconds;
use crate::types::order::path_order;
use crate::types::{ItemId, ItemState};

/// What a row of `items` says of its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Below the library's folder.
    pub path: String,
    pub size: u64,
    pub modified_ns: i64,
    pub identity: String,
    pub state: ItemState,
}

/// A row of `items`, of a file that is or was there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub id: ItemId,
    pub file: File,
    pub changed_at: Seconds,
    pub missing: bool,
}

/// One row's change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    Add {
        id: ItemId,
        file: File,
    },
    /// The row's file is there, and this is what it is now.
    Put {
        row: Row,
        file: File,
    },
    Gone {
        row: Row,
    },
}

const COLUMNS: &str =
    "select id, path, size, modified_ns, identity, state, changed_at, missing_since is not null as missing
     from items where library_id = $1";

#[derive(FromRow)]
struct Columns {
    id: String,
    path: String,
    size: i64,
    modified_ns: i64,
    identity: String,
    state: String,
    changed_at: i64,
    missing: bool,
}

impl Columns {
    fn check(self) -> Result<Row, DbError> {
        Ok(Row {
            id: ItemId::parse(&self.id).ok_or_else(|| impossible("items", "id", &"not an id"))?,
            file: File {
                size: u64::try_from(self.size).map_err(|error| impossible("items", "size", &error))?,
                state: word("items", "state", &self.state)?,
                path: self.path,
                modified_ns: self.modified_ns,
                identity: self.identity,
            },
            changed_at: self.changed_at,
            missing: self.missing,
        })
    }
}

/// Conditions behind [`COLUMNS`], each with the values of `$2` and on.
enum Which<'a> {
    Any,
    /// Of files that are gone, at this path.
    MissingAt(&'a str),
    /// Of files that are there, at this path or below it: one range for the index by path, up to the character
    /// behind the slash, and of it what is meant.
    Below(&'a str),
    Identity(&'a str),
}

impl Which<'_> {
    fn sql(&self) -> String {
        let condition = match self {
            Which::Any => "",
            Which::MissingAt(_) => "and missing_since is not null and path = $2",
            Which::Below(_) => {
                "and missing_since is null and path >= $2 and path < $2 || '0'
                 and (path = $2 or path >= $2 || '/')"
            }
            Which::Identity(_) => "and identity = $2",
        };
        format!("{COLUMNS} {condition}")
    }

    fn value(&self) -> Option<&str> {
        match self {
            Which::Any => None,
            Which::MissingAt(value) | Which::Below(value) | Which::Identity(value) => Some(value),
        }
    }
}

impl Db {
    /// Every row of a library, also of files that are gone.
    pub async fn rows(&self, library_id: &str) -> Result<Vec<Row>, DbError> {
        self.rows_which(library_id, Which::Any).await
    }

    /// Rows of files that were there once, at a path.
    pub async fn rows_missing_at(&self, library_id: &str, path: &str) -> Result<Vec<Row>, DbError> {
        self.rows_which(library_id, Which::MissingAt(path)).await
    }

    /// Rows of files that are there, at a path or below it.
    pub async fn rows_below(&self, library_id: &str, path: &str) -> Result<Vec<Row>, DbError> {
        self.rows_which(library_id, Which::Below(path)).await
    }

    pub async fn rows_of_identity(&self, library_id: &str, identity: &str) -> Result<Vec<Row>, DbError> {
        self.rows_which(library_id, Which::Identity(identity)).await
    }

    /// Row by row: a hundred thousand at once would hold up whoever shares the thread.
    async fn rows_which(&self, library_id: &str, which: Which<'_>) -> Result<Vec<Row>, DbError> {
        let sql = which.sql();
        let mut query = sqlx::query_as::<_, Columns>(sqlx::AssertSqlSafe(sql)).bind(library_id);
        if let Some(value) = which.value() {
            query = query.bind(value);
        }
        let mut found = query.fetch(self.reader());
        let mut rows = Vec::new();
        while let Some(columns) = found.try_next().await? {
            rows.push(columns.check()?);
        }
        Ok(rows)
    }

    /// End of the last full scan.
    pub async fn scanned_at(&self, library_id: &str) -> Result<Option<Seconds>, DbError> {
        let found: Option<Option<Seconds>> =
            sqlx::query_scalar("select scanned_at from libraries where id = $1")
                .bind(library_id)
                .fetch_optional(self.reader())
                .await?;
        Ok(found.flatten())
    }
}

impl Change {
    /// False when the row is no longer as it was read: the whole change should be dropped.
    pub async fn write(&mut self, library_id: &str, write: &Write, now: Seconds) -> Result<bool, DbError> {
        let done = match write {
            Write::Add { id, file } => self.add_item(library_id, *id, file, now).await,
            Write::Put { row, file } => self.put_item(row, file, now).await,
            Write::Gone { row } => self.lose_item(row, now).await,
        };
        match done {
            // The path belongs to another row by now.
            Err(DbError::Taken) => Ok(false),
            other => Ok(other? == 1),
        }
    }

    async fn add_item(
        &mut self,
        library_id: &str,
        id: ItemId,
        file: &File,
        now: Seconds,
    ) -> Result<u64, DbError> {
        let keys = Keys::of(&file.path);
        let done = sqlx::query(
            "insert into items
                 (id, library_id, path, size, modified_ns, identity, state, created_at, changed_at,
                  folder, name_key, path_key, path_order)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10, $11, $12)",
        )
        .bind(id.to_string())
        .bind(library_id)
        .bind(&file.path)
        .bind(size_column(file)?)
        .bind(file.modified_ns)
        .bind(&file.identity)
        .bind(file.state.word())
        .bind(now)
        .bind(keys.folder)
        .bind(keys.name)
        .bind(keys.path)
        .bind(keys.order)
        .execute(self.on())
        .await?;
        Ok(done.rows_affected())
    }

    async fn put_item(&mut self, row: &Row, file: &File, now: Seconds) -> Result<u64, DbError> {
        let keys = Keys::of(&file.path);
        let done = sqlx::query(
            "update items set path = $2, size = $3, modified_ns = $4, identity = $5, state = $6,
                              changed_at = $7, missing_since = null,
                              folder = $12, name_key = $13, path_key = $14, path_order = $15,
                              duration_key = coalesce((select findings.duration_ms from findings
                                  where findings.item_id = items.id and findings.size = $3
                                    and findings.modified_ns = $4 and findings.identity = $5), -1)
             where id = $1 and path = $8 and size = $9 and modified_ns = $10 and identity = $11",
        )
        .bind(row.id.to_string())
        .bind(&file.path)
        .bind(size_column(file)?)
        .bind(file.modified_ns)
        .bind(&file.identity)
        .bind(file.state.word())
        .bind(now)
        .bind(&row.file.path)
        .bind(size_column(&row.file)?)
        .bind(row.file.modified_ns)
        .bind(&row.file.identity)
        .bind(keys.folder)
        .bind(keys.name)
        .bind(keys.path)
        .bind(keys.order)
        .execute(self.on())
        .await?;
        Ok(done.rows_affected())
    }

    async fn lose_item(&mut self, row: &Row, now: Seconds) -> Result<u64, DbError> {
        let done = sqlx::query(
            "update items set missing_since = $3 where id = $1 and path = $2 and missing_since is null",
        )
        .bind(row.id.to_string())
        .bind(&row.file.path)
        .bind(now)
        .execute(self.on())
        .await?;
        Ok(done.rows_affected())
    }

    /// Tells running servers that requests may find other files than before.
    pub async fn announce_files(&mut self) -> Result<(), DbError> {
        self.touch_catalogue().await
    }

    pub async fn mark_scanned(&mut self, library_id: &str, now: Seconds) -> Result<(), DbError> {
        sqlx::query("update libraries set scanned_at = $2 where id = $1")
            .bind(library_id)
            .bind(now)
            .execute(self.on())
            .await?;
        Ok(())
    }

    /// The libraries as nobody else can change them before this change is committed.
    pub async fn libraries(&mut self) -> Result<Vec<Library>, DbError> {
        let rows = sqlx::query_as::<_, Library>("select id, name, path, scanned_at from libraries");
        Ok(rows.fetch_all(self.on()).await?)
    }

    pub async fn add_library(
        &mut self,
        id: &str,
        name: &str,
        path: &str,
        now: Seconds,
    ) -> Result<(), DbError> {
        let sql =
            "insert into libraries (id, name, path, created_at, name_order) values ($1, $2, $3, $4, $5)";
        sqlx::query(sql)
            .bind(id)
            .bind(name)
            .bind(path)
            .bind(now)
            .bind(path_order(name))
            .execute(self.on())
            .await?;
        self.touch_catalogue().await
    }

    /// Grants name their library in what servers remember of them, so both halves are void.
    pub async fn set_library(&mut self, id: &str, name: &str, path: &str) -> Result<(), DbError> {
        sqlx::query("update libraries set name = $2, path = $3, name_order = $4 where id = $1")
            .bind(id)
            .bind(name)
            .bind(path)
            .bind(path_order(name))
            .execute(self.on())
            .await?;
        self.touch_access().await?;
        self.touch_catalogue().await
    }
}

fn size_column(file: &File) -> Result<i64, DbError> {
    i64::try_from(file.size).map_err(|error| impossible("items", "size", &error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::folder::DataFolder;

    async fn library(folder: &std::path::Path) -> Db {
        let db = Db::open(&DataFolder::create(folder).unwrap()).await.unwrap();
        let mut change = db.change().await.unwrap();
        change.add_library("lib", "videos", "/srv/videos", 0).await.unwrap();
        change.commit().await.unwrap();
        db
    }

    #[tokio::test]
    async fn rows_below_a_path_are_its_own_and_those_inside() {
        let folder = tempfile::tempdir().unwrap();
        let db = library(folder.path()).await;
        let mut change = db.change().await.unwrap();
        let paths = ["a", "a-b", "a.mp4", "a/b.mp4", "a/c/d.mp4", "a0", "b/a"];
        for (number, path) in (1..).zip(paths) {
            let file = File {
                path: path.to_owned(),
                size: 0,
                modified_ns: 0,
                identity: String::from("1-1-1"),
                state: ItemState::Complete,
            };
            let add = Write::Add { id: ItemId::new([number; 16]), file };
            assert!(change.write("lib", &add, 0).await.unwrap());
        }
        change.commit().await.unwrap();
        let cases = [
            ("a", "a a/b.mp4 a/c/d.mp4", "the file itself, and a folder of that name"),
            ("a.mp4", "a.mp4", "a file"),
            ("a/c", "a/c/d.mp4", "a folder"),
            ("c", "", "nothing"),
        ];
        for (area, want, why) in cases {
            let rows = db.rows_below("lib", area).await.unwrap();
            let mut paths: Vec<_> = rows.into_iter().map(|row| row.file.path).collect();
            paths.sort_unstable();
            assert_eq!(paths.join(" "), want, "{why}");
        }
    }

    /// Asked for each path that something happened to, in libraries of any size.
    #[tokio::test]
    async fn questions_about_a_part_use_an_index() {
        let folder = tempfile::tempdir().unwrap();
        let db = library(folder.path()).await;
        let cases = [
            (Which::Below("a"), "items_by_path (library_id=? AND path>? AND path<?)"),
            (Which::MissingAt("a"), "items_gone (library_id=? AND path=?)"),
            (Which::Identity("1-1-1"), "items_by_identity (library_id=? AND identity=?)"),
        ];
        for (which, want) in cases {
            let sql = format!("explain query plan {}", which.sql());
            let plan: (i64, i64, i64, String) = sqlx::query_as(sqlx::AssertSqlSafe(sql))
                .bind("lib")
                .bind(which.value())
                .fetch_one(db.reader())
                .await
                .unwrap();
            assert!(plan.3.ends_with(want), "{}", plan.3);
        }
    }
}
