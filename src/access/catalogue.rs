//! Which item a request names, by equality and nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use moka::sync::Cache;

use crate::db::media::Item;
use crate::db::{Db, DbError};

use super::Named;

/// In bytes, roughly.
const CAPACITY: u64 = 64 * 1024 * 1024;
/// What an entry takes beside its texts.
const ENTRY: usize = 200;

/// The epoch at which it was read, and what was found.
type Entry = (i64, Option<Arc<Item>>);

/// Items by what requests call them, kept until the catalogue's epoch changes.
pub(super) struct Catalogue {
    items: Cache<Named, Entry>,
    epoch: AtomicI64,
}

impl Catalogue {
    pub(super) fn new() -> Catalogue {
        let items =
            Cache::builder().max_capacity(CAPACITY).weigher(|named, entry: &Entry| weight(named, entry));
        Catalogue { items: items.build(), epoch: AtomicI64::new(0) }
    }

    pub(super) fn renew(&self, epoch: i64) {
        self.epoch.store(epoch, Ordering::Release);
    }

    pub(super) fn epoch(&self) -> i64 {
        self.epoch.load(Ordering::Acquire)
    }

    pub(super) async fn find(&self, db: &Db, named: &Named) -> Result<Option<Arc<Item>>, DbError> {
        let epoch = self.epoch();
        if let Some((_, known)) = self.items.get(named).filter(|entry| entry.0 == epoch) {
            return Ok(known);
        }
        let found = match named {
            Named::Item(id) => Box::pin(db.item(*id)).await?,
            Named::File { library, path } => Box::pin(db.item_at(library, path)).await?,
            // Which item a share shows, its row says.
            Named::Shared(_) | Named::Nothing => None,
        };
        let found = found.map(Arc::new);
        // What is missing is kept as well: it must not take longer than what is hidden.
        self.items.insert(named.clone(), (epoch, found.clone()));
        Ok(found)
    }
}

fn weight(named: &Named, entry: &Entry) -> u32 {
    let name = match named {
        Named::File { library, path } => library.len() + path.len(),
        Named::Item(_) | Named::Shared(_) | Named::Nothing => 0,
    };
    let item = entry.1.as_ref().map_or(0, |item| item.library.len() + item.path.len());
    u32::try_from(ENTRY + name + item).unwrap_or(u32::MAX)
}
