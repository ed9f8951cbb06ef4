//! Where users stopped.

use super::{Admin, AdminError};
use crate::types::ItemId;

impl Admin {
    /// In milliseconds from the beginning.
    pub async fn set_position(&self, user_id: &str, item: ItemId, at_ms: u64) -> Result<(), AdminError> {
        let at_ms =
            i64::try_from(at_ms).map_err(|_| AdminError::Refused("No film is that long.".to_owned()))?;
        let mut change = self.db.change().await?;
        change.set_position(user_id, item, at_ms, self.clock.seconds()).await?;
        Ok(change.commit().await?)
    }
}
