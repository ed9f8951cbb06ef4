//! Representations that are kept ready with their open files, so that a request for a known file opens nothing.
//!
//! 1. [`Shelf::keep`] takes one in. The least recently used go when there are too many, for each is a descriptor, or when
//!    they hold too much memory.
//! 2. [`Shelf::find`] gives it out. It says nothing of the file as it is now: whoever asks compares that first.
//! 3. [`Shelf::sweep`], once a second, lets go of what nobody wanted for [`IDLE`]: an open file keeps its disk space, also
//!    when it has been deleted.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::representation::Representation;
use crate::storage::MediaFile;
use crate::types::ItemId;

/// In sweeps.
const IDLE: u32 = 10;

/// What all of them may hold in memory, in bytes: indices of films that were moved to the front.
const BUDGET: u64 = 64 * 1024 * 1024;

/// A file and what is sent of it.
#[derive(Debug)]
pub struct Kept {
    pub file: Arc<MediaFile>,
    pub representation: Representation,
}

/// Kept representations by item.
#[derive(Debug)]
pub struct Shelf {
    most: usize,
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    places: foldhash::HashMap<ItemId, Place>,
    /// Counts uses, and so orders them.
    uses: u64,
    /// In memory, of all of them.
    bytes: u64,
}

#[derive(Debug)]
struct Place {
    kept: Arc<Kept>,
    used: u64,
    /// Sweeps since then.
    idle: u32,
}

impl Shelf {
    /// For at most so many files.
    #[must_use]
    pub fn new(most: usize) -> Shelf {
        Shelf { most, inside: Mutex::default() }
    }

    pub fn find(&self, item: ItemId) -> Option<Arc<Kept>> {
        let mut inside = self.inside();
        let used = inside.next_use();
        let place = inside.places.get_mut(&item)?;
        (place.used, place.idle) = (used, 0);
        Some(Arc::clone(&place.kept))
    }

    pub fn keep(&self, item: ItemId, kept: Arc<Kept>) {
        // Files are closed after the lock: it may take a while.
        let _gone = self.put(item, kept);
    }

    fn put(&self, item: ItemId, kept: Arc<Kept>) -> Vec<Place> {
        let mut inside = self.inside();
        let used = inside.next_use();
        inside.bytes += kept.representation.memory();
        let before = inside.places.insert(item, Place { kept, used, idle: 0 });
        let mut gone: Vec<_> = before.into_iter().collect();
        inside.bytes -= gone.iter().map(Place::memory).sum::<u64>();
        while inside.places.len() > self.most || inside.bytes > BUDGET {
            let Some(oldest) = inside.take_oldest() else { break };
            gone.push(oldest);
        }
        gone
    }

    /// Closes files, which may take a while.
    pub fn sweep(&self) {
        let mut inside = self.inside();
        inside.places.values_mut().for_each(|place| place.idle += 1);
        let gone: Vec<_> = inside.places.extract_if(|_, place| place.idle > IDLE).collect();
        inside.bytes -= gone.iter().map(|(_, place)| place.memory()).sum::<u64>();
        drop(inside);
        drop(gone);
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    fn memory(&self) -> u64 {
        self.kept.representation.memory()
    }
}

impl Inside {
    fn take_oldest(&mut self) -> Option<Place> {
        let oldest = self.places.iter().min_by_key(|(_, place)| place.used).map(|(item, _)| *item)?;
        let place = self.places.remove(&oldest)?;
        self.bytes -= place.memory();
        Some(place)
    }

    fn next_use(&mut self) -> u64 {
        self.uses += 1;
        self.uses
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use bytes::Bytes;
    use http::HeaderValue;

    use super::*;
    use crate::body::Segment;
    use crate::range::ETag;
    use crate::storage::Folder;

    fn item(number: u8) -> ItemId {
        ItemId::new([number; 16])
    }

    fn kept() -> Arc<Kept> {
        let all = tempfile::tempdir().unwrap();
        fs::write(all.path().join("film.mp4"), b"film").unwrap();
        let folder = Folder::open(all.path(), 1, Duration::from_secs(1)).unwrap();
        let file = Arc::new(folder.open_file_blocking("film.mp4").unwrap());
        let tag = ETag::new("v1").unwrap();
        let inline = HeaderValue::from_static("inline");
        let segments = Segment::of_file(&file, &Bytes::new(), 0, 4);
        let representation = Representation::new(segments, tag, None, "video/mp4", inline);
        Arc::new(Kept { file, representation })
    }

    #[test]
    fn the_least_recently_used_goes_first() {
        let shelf = Shelf::new(2);
        shelf.keep(item(1), kept());
        shelf.keep(item(2), kept());
        assert!(shelf.find(item(1)).is_some());
        shelf.keep(item(3), kept());
        let there = [1, 2, 3].map(|number| shelf.find(item(number)).is_some());
        assert_eq!(there, [true, false, true]);
    }

    #[test]
    fn a_file_that_nobody_wants_is_closed() {
        let shelf = Shelf::new(8);
        let film = kept();
        shelf.keep(item(1), Arc::clone(&film));
        shelf.keep(item(2), kept());
        for _ in 0..IDLE {
            shelf.sweep();
            assert!(shelf.find(item(2)).is_some(), "somebody does");
        }
        assert_eq!(Arc::strong_count(&film), 2);
        shelf.sweep();
        assert_eq!(Arc::strong_count(&film), 1, "as long as an idle connection would wait");
        assert!(shelf.find(item(1)).is_none() && shelf.find(item(2)).is_some());
    }

    #[test]
    fn a_new_version_takes_the_place_of_the_old() {
        let shelf = Shelf::new(1);
        let (old, new) = (kept(), kept());
        shelf.keep(item(1), Arc::clone(&old));
        shelf.keep(item(1), Arc::clone(&new));
        assert_eq!(Arc::strong_count(&old), 1);
        assert!(Arc::ptr_eq(&shelf.find(item(1)).unwrap(), &new));
    }
}
