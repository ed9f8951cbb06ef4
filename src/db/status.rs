//! How much there is.

use sqlx::FromRow;

use super::findings::{Examiner, OF_THIS_VERSION};
use super::{Db, DbError};

/// Numbers of rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, FromRow)]
pub struct Counts {
    /// Without those that were deleted.
    pub users: i64,
    pub libraries: i64,
    /// Whose file was there at the last look.
    pub items: i64,
    pub broken: i64,
    /// Complete files that this examiner has not seen as they are.
    pub unexamined: i64,
}

impl Db {
    pub async fn counts(&self, by: Examiner) -> Result<Counts, DbError> {
        let sql = format!(
            "select (select count(*) from users where state <> 'deleted') as users,
                    (select count(*) from libraries) as libraries,
                    (select count(*) from items where missing_since is null) as items,
                    (select count(*) from items join findings on {OF_THIS_VERSION}
                     where items.missing_since is null and items.state = 'complete'
                       and findings.state = 'broken') as broken,
                    (select count(*) from items left join findings
                            on {OF_THIS_VERSION} and findings.prober = $1 and findings.rules = $2
                     where items.missing_since is null and items.state = 'complete'
                       and findings.item_id is null) as unexamined"
        );
        let query = sqlx::query_as(sqlx::AssertSqlSafe(sql));
        let query = query.bind(i64::from(by.prober)).bind(i64::from(by.rules));
        Ok(query.fetch_one(self.reader()).await?)
    }

    /// Bytes of the file and of its log.
    pub fn size(&self) -> u64 {
        self.0.folder.size()
    }
}
