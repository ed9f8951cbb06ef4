//! Which item a request names, by equality and nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use moka::sync::Cache;

use crate::db::media::Item;
use crate::db::{Db, DbError};

use super::Named;

/// About 300 bytes each.
const MOST_ITEMS: u64 = 100_000;

/// Items by what requests call them, kept until the catalogue's epoch changes.
pub(super) struct Catalogue {
    items: Cache<Named, (i64, Option<Arc<Item>>)>,
    epoch: AtomicI64,
}

impl Catalogue {
    pub(super) fn new() -> Catalogue {
        Catalogue { items: Cache::new(MOST_ITEMS), epoch: AtomicI64::new(0) }
    }

    pub(super) fn renew(&self, epoch: i64) {
        self.epoch.store(epoch, Ordering::Release);
    }

    pub(super) async fn find(&self, db: &Db, named: &Named) -> Result<Option<Arc<Item>>, DbError> {
        let epoch = self.epoch.load(Ordering::Acquire);
        if let Some((_, known)) = self.items.get(named).filter(|entry| entry.0 == epoch) {
            return Ok(known);
        }
        let found = match named {
            Named::Item(id) => db.item(*id).await?,
            Named::File { library, path } => db.item_at(library, path).await?,
            Named::Nothing => None,
        };
        let found = found.map(Arc::new);
        // A wrong path costs its sender a query each time, and us no memory.
        if found.is_some() {
            self.items.insert(named.clone(), (epoch, found.clone()));
        }
        Ok(found)
    }
}
