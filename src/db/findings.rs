//! What was found in the files of items.
//!
//! A row belongs to one version of a file. Of another version it counts for nothing, and the item is examined again.

use sqlx::FromRow;

use super::media::{Item, ItemRow};
use super::{Change, Db, DbError, impossible, word};
use crate::clock::Seconds;
use crate::types::{ItemId, ItemState};

/// What an examination says of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Findings {
    /// Complete or broken.
    pub state: ItemState,
    pub container: Option<String>,
    pub duration_ms: Option<u64>,
    /// As it is seen.
    pub width: Option<u32>,
    pub height: Option<u32>,
    pub video_codec: Option<String>,
    pub audio_codec: Option<String>,
    /// What is wrong and what helps.
    pub note: Option<String>,
    /// What becomes of it in browsers, as JSON that the judge reads.
    pub verdict: String,
    /// What is odd about it among its siblings; written apart from the rest.
    pub suspicion: Option<String>,
}

/// Who examines and judges. What others found counts for what it is until it is found anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Examiner {
    pub prober: u32,
    pub rules: u32,
}

/// A complete file that nobody has examined as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unexamined {
    pub id: ItemId,
    pub path: String,
    pub size: u64,
    pub modified_ns: i64,
    pub identity: String,
}

/// An item with what is known of its file.
#[derive(Debug, Clone)]
pub struct Listed {
    pub item: Item,
    pub findings: Option<Findings>,
}

impl Listed {
    /// Whether it is being written, or else what was found.
    pub fn state(&self) -> ItemState {
        match (&self.item.state, &self.findings) {
            (ItemState::Complete, Some(findings)) => findings.state,
            (state, _) => *state,
        }
    }
}

/// A complete recording, to be compared with its siblings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    pub id: ItemId,
    pub path: String,
    pub size: u64,
    pub duration_ms: Option<u64>,
    pub suspicion: Option<String>,
}

/// Findings of this item, and of its file as it is.
pub(super) const OF_THIS_VERSION: &str = "findings.item_id = items.id and findings.size = items.size
     and findings.modified_ns = items.modified_ns and findings.identity = items.identity";

#[derive(FromRow)]
struct UnexaminedRow {
    id: String,
    path: String,
    size: i64,
    modified_ns: i64,
    identity: String,
}

impl UnexaminedRow {
    fn check(self) -> Result<Unexamined, DbError> {
        let UnexaminedRow { path, modified_ns, identity, .. } = self;
        Ok(Unexamined {
            id: id(&self.id)?,
            size: positive("items", "size", self.size)?,
            path,
            modified_ns,
            identity,
        })
    }
}

#[derive(FromRow)]
pub(super) struct ListedRow {
    #[sqlx(flatten)]
    item: ItemRow,
    /// None: there are no findings.
    found: Option<String>,
    container: Option<String>,
    duration_ms: Option<i64>,
    width: Option<i64>,
    height: Option<i64>,
    video_codec: Option<String>,
    audio_codec: Option<String>,
    note: Option<String>,
    verdict: Option<String>,
    suspicion: Option<String>,
}

impl ListedRow {
    pub(super) fn check(self) -> Result<Listed, DbError> {
        let item = self.item.check()?;
        let Some(state) = self.found else { return Ok(Listed { item, findings: None }) };
        let small = |column, value: Option<i64>| {
            value.map(u32::try_from).transpose().map_err(|error| impossible("findings", column, &error))
        };
        let findings = Findings {
            state: word("findings", "state", &state)?,
            container: self.container,
            duration_ms: optional("duration_ms", self.duration_ms)?,
            width: small("width", self.width)?,
            height: small("height", self.height)?,
            video_codec: self.video_codec,
            audio_codec: self.audio_codec,
            note: self.note,
            verdict: self.verdict.unwrap_or_default(),
            suspicion: self.suspicion,
        };
        Ok(Listed { item, findings: Some(findings) })
    }
}

#[derive(FromRow)]
struct ComparedRow {
    id: String,
    path: String,
    size: i64,
    duration_ms: Option<i64>,
    suspicion: Option<String>,
}

impl Db {
    /// Some complete files behind this path, by path, that were not examined in their version by this examiner.
    pub async fn unexamined(
        &self,
        library_id: &str,
        by: Examiner,
        after: &str,
        at_most: u32,
    ) -> Result<Vec<Unexamined>, DbError> {
        let sql = format!(
            "select items.id, items.path, items.size, items.modified_ns, items.identity
             from items left join findings on {OF_THIS_VERSION} and findings.prober = $2 and findings.rules = $3
             where items.library_id = $1 and items.missing_since is null and items.state = 'complete'
               and items.path > $4 and findings.item_id is null
             order by items.path limit $5"
        );
        let query = sqlx::query_as::<_, UnexaminedRow>(sqlx::AssertSqlSafe(sql));
        let query = query.bind(library_id).bind(i64::from(by.prober)).bind(i64::from(by.rules));
        let query = query.bind(after).bind(i64::from(at_most));
        query.fetch_all(self.reader()).await?.into_iter().map(UnexaminedRow::check).collect()
    }

    /// How many there are.
    pub async fn count_unexamined(&self, library_id: &str, by: Examiner) -> Result<u64, DbError> {
        let sql = format!(
            "select count(*) from items left join findings
                    on {OF_THIS_VERSION} and findings.prober = $2 and findings.rules = $3
             where items.library_id = $1 and items.missing_since is null and items.state = 'complete'
               and findings.item_id is null"
        );
        let query = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).bind(library_id);
        let query = query.bind(i64::from(by.prober)).bind(i64::from(by.rules));
        positive("findings", "count", query.fetch_one(self.reader()).await?)
    }

    /// How many files of a library are broken.
    pub async fn count_broken(&self, library_id: &str) -> Result<u64, DbError> {
        let sql = format!(
            "select count(*) from items join findings on {OF_THIS_VERSION}
             where items.library_id = $1 and items.missing_since is null and items.state = 'complete'
               and findings.state = 'broken'"
        );
        let query = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).bind(library_id);
        positive("findings", "count", query.fetch_one(self.reader()).await?)
    }

    /// Items of one library or of all, by path, with what was found in them.
    pub async fn listed(&self, library: Option<&str>) -> Result<Vec<Listed>, DbError> {
        let sql = format!(
            "select items.id, items.library_id, libraries.name as library, items.path, items.size,
                    items.modified_ns, items.state, findings.state as found, findings.container,
                    findings.duration_ms, findings.width, findings.height, findings.video_codec,
                    findings.audio_codec, findings.note, findings.verdict, findings.suspicion
             from items join libraries on libraries.id = items.library_id left join findings on {OF_THIS_VERSION}
             where items.missing_since is null and ($1 is null or libraries.name = $1)
             order by libraries.name_order, items.path_order"
        );
        let rows = sqlx::query_as::<_, ListedRow>(sqlx::AssertSqlSafe(sql)).bind(library);
        rows.fetch_all(self.reader()).await?.into_iter().map(ListedRow::check).collect()
    }

    /// Complete files of a library that were examined.
    pub async fn compared(&self, library_id: &str) -> Result<Vec<Compared>, DbError> {
        let sql = format!(
            "select items.id, items.path, items.size, findings.duration_ms, findings.suspicion
             from items join findings on {OF_THIS_VERSION}
             where items.library_id = $1 and items.missing_since is null and items.state = 'complete'"
        );
        let rows = sqlx::query_as::<_, ComparedRow>(sqlx::AssertSqlSafe(sql)).bind(library_id);
        let check = |row: ComparedRow| {
            Ok(Compared {
                id: id(&row.id)?,
                size: positive("items", "size", row.size)?,
                duration_ms: optional("duration_ms", row.duration_ms)?,
                path: row.path,
                suspicion: row.suspicion,
            })
        };
        rows.fetch_all(self.reader()).await?.into_iter().map(check).collect()
    }
}

impl Change {
    /// Notes what was found in this version of an item's file. An item that is gone from the table is passed over.
    pub async fn put_findings(
        &mut self,
        of: &Unexamined,
        found: &Findings,
        by: Examiner,
        now: Seconds,
    ) -> Result<(), DbError> {
        sqlx::query(
            "insert into findings (item_id, size, modified_ns, identity, prober, state, container, duration_ms,
                                   width, height, video_codec, audio_codec, note, rules, verdict, suspicion,
                                   probed_at)
             select id, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17
             from items where id = $1
             on conflict (item_id) do update set
                 size = excluded.size, modified_ns = excluded.modified_ns, identity = excluded.identity,
                 prober = excluded.prober, state = excluded.state, container = excluded.container,
                 duration_ms = excluded.duration_ms, width = excluded.width, height = excluded.height,
                 video_codec = excluded.video_codec, audio_codec = excluded.audio_codec, note = excluded.note,
                 rules = excluded.rules, verdict = excluded.verdict, suspicion = excluded.suspicion,
                 probed_at = excluded.probed_at",
        )
        .bind(of.id.to_string())
        .bind(column("size", of.size)?)
        .bind(of.modified_ns)
        .bind(&of.identity)
        .bind(i64::from(by.prober))
        .bind(found.state.word())
        .bind(&found.container)
        .bind(found.duration_ms.map(|millis| column("duration_ms", millis)).transpose()?)
        .bind(found.width.map(i64::from))
        .bind(found.height.map(i64::from))
        .bind(&found.video_codec)
        .bind(&found.audio_codec)
        .bind(&found.note)
        .bind(i64::from(by.rules))
        .bind(&found.verdict)
        .bind(&found.suspicion)
        .bind(now)
        .execute(self.on())
        .await?;
        self.set_duration_key(of.id).await
    }

    /// Lists are ordered by it.
    async fn set_duration_key(&mut self, id: ItemId) -> Result<(), DbError> {
        let sql = format!(
            "update items set duration_key =
                 coalesce((select findings.duration_ms from findings where {OF_THIS_VERSION}), -1)
             where id = $1"
        );
        sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id.to_string()).execute(self.on()).await?;
        Ok(())
    }

    pub async fn set_suspicion(&mut self, id: ItemId, suspicion: Option<&str>) -> Result<(), DbError> {
        sqlx::query("update findings set suspicion = $2 where item_id = $1")
            .bind(id.to_string())
            .bind(suspicion)
            .execute(self.on())
            .await?;
        Ok(())
    }
}

fn id(text: &str) -> Result<ItemId, DbError> {
    ItemId::parse(text).ok_or_else(|| impossible("items", "id", &"not an id"))
}

fn positive(table: &'static str, column: &'static str, value: i64) -> Result<u64, DbError> {
    u64::try_from(value).map_err(|error| impossible(table, column, &error))
}

fn optional(column: &'static str, value: Option<i64>) -> Result<Option<u64>, DbError> {
    value.map(|value| positive("findings", column, value)).transpose()
}

fn column(name: &'static str, value: u64) -> Result<i64, DbError> {
    i64::try_from(value).map_err(|error| impossible("findings", name, &error))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::db::folder::DataFolder;
    use crate::db::scan::{File, Write};

    async fn open(folder: &Path) -> Db {
        Db::open(&DataFolder::create(folder).unwrap()).await.unwrap()
    }

    async fn with_an_item(folder: &Path) -> Db {
        let db = open(folder).await;
        let mut change = db.change().await.unwrap();
        change.add_library("lib", "videos", "/srv/videos", 0).await.unwrap();
        let (path, identity) = ("a.mp4".to_owned(), "1-1-1".to_owned());
        let file = File { path, size: 7, modified_ns: 1, identity, state: ItemState::Complete };
        let add = Write::Add { id: ItemId::new([1; 16]), file };
        assert!(change.write("lib", &add, 0).await.unwrap());
        change.commit().await.unwrap();
        db
    }

    const BY: Examiner = Examiner { prober: 1, rules: 1 };

    fn found(note: &str) -> Findings {
        Findings {
            state: ItemState::Broken,
            container: Some("mp4".to_owned()),
            duration_ms: Some(u64::try_from(i64::MAX).unwrap()),
            width: Some(u32::MAX),
            height: None,
            video_codec: None,
            audio_codec: None,
            note: Some(note.to_owned()),
            verdict: format!("{note} verdict"),
            suspicion: None,
        }
    }

    #[tokio::test]
    async fn what_was_written_comes_back_and_the_last_word_counts() {
        let folder = tempfile::tempdir().unwrap();
        let db = with_an_item(folder.path()).await;
        let [of] = &db.unexamined("lib", BY, "", 9).await.unwrap()[..] else { panic!("one is unexamined") };
        for note in ["first", "second"] {
            let mut change = db.change().await.unwrap();
            change.put_findings(of, &found(note), BY, 0).await.unwrap();
            let nobody = Unexamined { id: ItemId::new([9; 16]), ..of.clone() };
            change.put_findings(&nobody, &found(note), BY, 0).await.unwrap();
            change.commit().await.unwrap();
        }
        let listed = db.listed(None).await.unwrap();
        assert_eq!((listed.len(), listed[0].state()), (1, ItemState::Broken));
        assert_eq!(listed[0].findings, Some(found("second")));
        assert_eq!(db.count_broken("lib").await.unwrap(), 1);
        let cases = [
            (BY, 0, "it is done"),
            (Examiner { prober: 2, ..BY }, 1, "a newer examiner looks again"),
            (Examiner { rules: 2, ..BY }, 1, "newer rules judge again"),
        ];
        for (by, want, why) in cases {
            assert_eq!(db.count_unexamined("lib", by).await.unwrap(), want, "{why}");
        }
        let newer = Examiner { rules: 2, ..BY };
        let mut change = db.change().await.unwrap();
        change.put_findings(of, &found("third"), newer, 0).await.unwrap();
        change.commit().await.unwrap();
        assert_eq!(db.count_unexamined("lib", newer).await.unwrap(), 0, "judged anew once, and not for ever");
        let mut change = db.change().await.unwrap();
        change.set_suspicion(of.id, Some("odd")).await.unwrap();
        change.commit().await.unwrap();
        assert_eq!(db.compared("lib").await.unwrap()[0].suspicion.as_deref(), Some("odd"));
    }

    /// A data folder of the version before.
    #[tokio::test]
    async fn an_older_schema_gets_its_tables_and_keeps_its_items() {
        let folder = tempfile::tempdir().unwrap();
        let db = with_an_item(folder.path()).await;
        let mut change = db.change().await.unwrap();
        for back in
            ["drop table findings", "drop table sidecars", "delete from _sqlx_migrations where version = 3"]
        {
            sqlx::query(back).execute(change.on()).await.unwrap();
        }
        change.commit().await.unwrap();
        db.close().await.unwrap();
        let db = open(folder.path()).await;
        assert_eq!(db.listed(None).await.unwrap().len(), 1);
        assert_eq!(db.count_unexamined("lib", BY).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn questions_for_one_item_use_an_index() {
        let folder = tempfile::tempdir().unwrap();
        let db = with_an_item(folder.path()).await;
        let below = "path >= 'a' || '.' and path < 'a' || '/'";
        let cases = [
            (
                format!("select path from sidecars where library_id = 'lib' and {below}"),
                "(library_id=? AND path>? AND path<?)",
            ),
            (
                format!(
                    "select path from items where library_id = 'lib' and missing_since is null and {below}"
                ),
                "items_by_path (library_id=? AND path>? AND path<?)",
            ),
        ];
        for (sql, want) in cases {
            let plan: (i64, i64, i64, String) =
                sqlx::query_as(sqlx::AssertSqlSafe(format!("explain query plan {sql}")))
                    .fetch_one(db.reader())
                    .await
                    .unwrap();
            assert!(plan.3.ends_with(want), "{}", plan.3);
        }
    }
}
