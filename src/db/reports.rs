//! Reports of videos that did not play.

use sqlx::FromRow;

use super::findings::OF_THIS_VERSION;
use super::{Change, Db, DbError};
use crate::clock::Seconds;
use crate::types::ItemId;

/// A report as a list shows it.
#[derive(Debug, Clone, FromRow)]
pub struct Listed {
    pub id: String,
    /// None: the item is gone.
    pub item_id: Option<String>,
    /// The item's library and path at that time.
    pub title: String,
    /// The user's name; none: a link's viewer, or a user who is gone.
    pub user: Option<String>,
    /// `open` or `closed`.
    pub state: String,
    pub browser: String,
    pub error: Option<String>,
    pub created_at: Seconds,
}

/// The whole of it.
#[derive(Debug, Clone, FromRow)]
pub struct Report {
    #[sqlx(flatten)]
    pub listed: Listed,
    pub steps: String,
    /// JSON.
    pub facts: String,
}

/// What a new row of `reports` holds.
pub struct NewReport<'a> {
    pub id: &'a str,
    pub user_id: Option<&'a str>,
    pub item_id: ItemId,
    pub title: &'a str,
    pub browser: &'a str,
    pub error: Option<&'a str>,
    pub steps: &'a str,
    pub facts: &'a str,
}

/// What was found in the file of an item, as far as a report repeats it.
#[derive(Debug, Clone, FromRow)]
pub struct Found {
    pub state: String,
    pub container: Option<String>,
    pub duration_ms: Option<i64>,
    pub video_codec: Option<String>,
    pub audio_codec: Option<String>,
    pub note: Option<String>,
    /// JSON, for the judge.
    pub verdict: String,
}

const LISTED: &str = "reports.id, reports.item_id, reports.title, users.name as \"user\", reports.state,
     reports.browser, reports.error, reports.created_at";

impl Db {
    /// Reports in this state or in any, the latest first.
    pub async fn reports(&self, state: Option<&str>) -> Result<Vec<Listed>, DbError> {
        let sql = format!(
            "select {LISTED} from reports left join users on users.id = reports.user_id
             where $1 is null or reports.state = $1 order by reports.created_at desc, reports.id"
        );
        let query = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(state);
        Ok(query.fetch_all(self.reader()).await?)
    }

    pub async fn report(&self, id: &str) -> Result<Option<Report>, DbError> {
        let sql = format!(
            "select {LISTED}, reports.steps, reports.facts
             from reports left join users on users.id = reports.user_id where reports.id = $1"
        );
        let query = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(id);
        Ok(query.fetch_optional(self.reader()).await?)
    }

    /// What was found in an item's file as it is; none: nobody has looked into it yet.
    pub async fn found(&self, id: ItemId) -> Result<Option<Found>, DbError> {
        let sql = format!(
            "select findings.state, findings.container, findings.duration_ms, findings.video_codec,
                    findings.audio_codec, findings.note, findings.verdict
             from items join findings on {OF_THIS_VERSION} where items.id = $1"
        );
        let query = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(id.to_string());
        Ok(query.fetch_optional(self.reader()).await?)
    }
}

impl Change {
    pub async fn add_report(&mut self, report: &NewReport<'_>, now: Seconds) -> Result<(), DbError> {
        sqlx::query(
            "insert into reports (id, user_id, item_id, title, state, browser, error, steps, facts, created_at)
             values ($1, $2, $3, $4, 'open', $5, $6, $7, $8, $9)",
        )
        .bind(report.id)
        .bind(report.user_id)
        .bind(report.item_id.to_string())
        .bind(report.title)
        .bind(report.browser)
        .bind(report.error)
        .bind(report.steps)
        .bind(report.facts)
        .bind(now)
        .execute(self.on())
        .await?;
        Ok(())
    }

    /// Forgets all but the latest.
    pub async fn keep_reports(&mut self, most: u32) -> Result<(), DbError> {
        sqlx::query(
            "delete from reports where id not in
                    (select id from reports order by created_at desc, id limit $1)",
        )
        .bind(i64::from(most))
        .execute(self.on())
        .await?;
        Ok(())
    }

    /// False when there is none.
    pub async fn set_report_state(&mut self, id: &str, state: &str) -> Result<bool, DbError> {
        let done = sqlx::query("update reports set state = $2 where id = $1")
            .bind(id)
            .bind(state)
            .execute(self.on())
            .await?;
        Ok(done.rows_affected() > 0)
    }

    /// False when there is none.
    pub async fn delete_report(&mut self, id: &str) -> Result<bool, DbError> {
        let done = sqlx::query("delete from reports where id = $1").bind(id).execute(self.on()).await?;
        Ok(done.rows_affected() > 0)
    }
}
