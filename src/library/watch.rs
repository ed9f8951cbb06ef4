//! Keeps the catalogue near to what is there while a server runs: one task a library, so that a disk which no longer
//! answers holds up its own library only. Servers learn of changes through the database's pulse.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::examine::keep_examining;
use super::keeper::Keeper;
use super::mailbox::Mailbox;
use super::scan::Scanner;
use crate::clock::{Chance, Clock};
use crate::db::Db;
use crate::db::media::Library;

/// The tasks of all libraries. They end when it is dropped.
pub struct Watcher {
    stop: CancellationToken,
    /// By the libraries' ids.
    mailboxes: Vec<(String, Arc<Mailbox>)>,
    tasks: JoinSet<()>,
}

impl Watcher {
    pub fn spawn(
        db: &Db,
        clock: &Clock,
        chance: &Chance,
        libraries: Vec<Library>,
        scan_interval: Duration,
    ) -> Watcher {
        let stop = CancellationToken::new();
        let (mut mailboxes, mut tasks) = (Vec::new(), JoinSet::new());
        for library in libraries {
            let (db, clock, chance) = (db.clone(), clock.clone(), chance.clone());
            let examining = (db.clone(), clock.clone(), library.clone());
            let id = library.id.clone();
            let keeper = Keeper::new(Scanner { db, clock, chance, library }, scan_interval);
            mailboxes.push((id, keeper.mailbox.clone()));
            let (news, ended) = (keeper.news.clone(), stop.clone());
            tasks.spawn(async move {
                let (db, clock, library) = examining;
                let _ = ended.run_until_cancelled_owned(keep_examining(&db, &clock, &library, &news)).await;
            });
            let stop = stop.clone();
            tasks.spawn(async move {
                // A half-written scan is as good as none: the next one goes on from there.
                let _ = stop.run_until_cancelled_owned(keeper.keep()).await;
            });
        }
        Watcher { stop, mailboxes, tasks }
    }

    /// Looks at everything, soon.
    pub fn rescan(&self) {
        self.mailboxes.iter().for_each(|(_, mailbox)| mailbox.touch_everything());
    }

    /// The same for one library. A look that is under way ends first.
    pub fn rescan_library(&self, id: &str) {
        let own = self.mailboxes.iter().filter(|(own, _)| own == id);
        own.for_each(|(_, mailbox)| mailbox.touch_everything());
    }

    pub async fn stop(mut self) {
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
    }
}
