//! Where users stopped.

use super::{Change, Db, DbError, impossible};
use crate::clock::Seconds;
use crate::types::ItemId;

impl Db {
    /// In milliseconds from the beginning.
    pub async fn position(&self, user_id: &str, item: ItemId) -> Result<Option<u64>, DbError> {
        let query = sqlx::query_scalar("select at_ms from positions where user_id = $1 and item_id = $2");
        let found: Option<i64> =
            query.bind(user_id).bind(item.to_string()).fetch_optional(self.reader()).await?;
        let check = |at: i64| u64::try_from(at).map_err(|error| impossible("positions", "at_ms", &error));
        found.map(check).transpose()
    }
}

impl Change {
    /// An item or a user that is gone from its table is passed over.
    pub async fn set_position(
        &mut self,
        user_id: &str,
        item: ItemId,
        at_ms: i64,
        now: Seconds,
    ) -> Result<(), DbError> {
        let query = sqlx::query(
            "insert into positions (user_id, item_id, at_ms, changed_at)
             select users.id, items.id, $3, $4 from users cross join items where users.id = $1 and items.id = $2
             on conflict (user_id, item_id) do update set at_ms = excluded.at_ms, changed_at = excluded.changed_at",
        );
        query.bind(user_id).bind(item.to_string()).bind(at_ms).bind(now).execute(self.on()).await?;
        Ok(())
    }
}
