//! Plays of shares: a viewing takes one when it begins, and the database counts.
//!
//! A viewing that has begun stays what it is when the last play is taken, when the share's time is over, and when the server
//! starts again: the database knows when it began. What it does not know is when its viewer last asked, so after a start
//! everyone who may have been watching has the pause of a viewing to come back.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use super::viewing::{IDLE, Key, LONGEST, Viewing, Viewings};
use crate::clock::{Clock, Seconds};
use crate::db::shares::Begun;
use crate::db::{Db, DbError};

/// A change takes milliseconds, and those who wait are few.
const LIMIT: Duration = Duration::from_secs(10);

pub(super) struct Plays {
    db: Db,
    clock: Clock,
    viewings: Arc<Viewings>,
    started_at: Seconds,
    /// A player's first requests come side by side, and are one viewing. The database's only writer would make them wait as
    /// well.
    turn: Mutex<()>,
}

/// What became of a viewing that wanted to begin.
pub(super) enum Play {
    Begun(Arc<Viewing>),
    Refused,
}

impl Plays {
    pub(super) fn new(db: Db, clock: Clock, viewings: Arc<Viewings>) -> Plays {
        Plays { db, started_at: clock.seconds(), clock, viewings, turn: Mutex::default() }
    }

    /// Goes on to its end when whoever asked has hung up: what was counted must be known.
    pub(super) async fn begin(self: &Arc<Self>, share_id: &str, key: Key) -> Result<Play, DbError> {
        let (plays, share_id) = (Arc::clone(self), share_id.to_owned());
        let begun =
            tokio::spawn(
                async move { tokio::time::timeout(LIMIT, plays.begin_in_turn(&share_id, key)).await },
            );
        match begun.await {
            Ok(Ok(begun)) => begun,
            Ok(Err(_)) | Err(_) => Err(DbError::Silent),
        }
    }

    async fn begin_in_turn(&self, share_id: &str, key: Key) -> Result<Play, DbError> {
        let _turn = self.turn.lock().await;
        let now = self.clock.seconds();
        if let Some(known) = self.viewings.going_on(&key, now) {
            return Ok(Play::Begun(known));
        }
        if let Some(known) = self.recall(share_id, key).await? {
            return Ok(Play::Begun(known));
        }
        let mut change = self.db.change().await?;
        match change.begin_share_viewing(share_id, &client(&key), now).await? {
            Begun::Counted => {
                change.commit().await?;
                Ok(Play::Begun(self.viewings.enter(key, now, now)))
            }
            Begun::Refused => Ok(Play::Refused),
        }
    }

    /// The viewing that began before this server started, if it can have been going on since.
    pub(super) async fn recall(&self, share_id: &str, key: Key) -> Result<Option<Arc<Viewing>>, DbError> {
        let now = self.clock.seconds();
        if now >= self.started_at.saturating_add(IDLE) {
            return Ok(None);
        }
        let began = self.db.share_viewing(share_id, &client(&key)).await?;
        let began = began.filter(|began| *began <= self.started_at && now < began.saturating_add(LONGEST));
        Ok(began.map(|began| self.viewings.enter(key, began, now)))
    }
}

fn client(key: &Key) -> String {
    format!("{:016x}", key.client)
}
