//! Scans of real folders into a real database.

mod examining;
mod scanning;
#[cfg(feature = "watch")]
mod watching;

use std::fs::{self, File, FileTimes};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use tempfile::TempDir;

use super::*;
use crate::clock::{Chance, Clock};
use crate::config::LibraryConfig;
use crate::db::Db;
use crate::db::folder::DataFolder;
use crate::db::media::{Item, Library};

/// Long before the test's clock.
const OLD: u64 = 1_000_000;

/// A data folder, a library, and a clock that only the test moves.
struct House {
    folder: TempDir,
    db: Db,
    library: Library,
    time: Arc<AtomicU64>,
    clock: Clock,
}

impl House {
    async fn build() -> House {
        let folder = TempDir::new().unwrap();
        let db = open(folder.path()).await;
        let time = Arc::new(AtomicU64::new(2_000_000));
        let read = time.clone();
        let clock = Clock::from_source(move || Duration::from_secs(read.load(Ordering::Relaxed)));
        let path = folder.path().join("videos");
        fs::create_dir(&path).unwrap();
        let config = LibraryConfig { name: String::from("videos"), path, named: false, repair: true };
        let library = register(&db, &clock, &Chance::system(), &[config]).await.unwrap().remove(0);
        House { folder, db, library, time, clock }
    }

    fn path(&self, name: &str) -> PathBuf {
        Path::new(&self.library.path).join(name)
    }

    /// A file that was written long ago.
    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        set_time(&path, OLD);
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    fn pass(&self, seconds: u64) {
        self.time.fetch_add(seconds, Ordering::Relaxed);
    }

    async fn try_scan(&self, allow_empty: bool) -> Result<Report, ScanError> {
        scan(&self.db, &self.clock, &Chance::system(), &self.library, allow_empty, &|_| {}).await
    }

    async fn scan(&self) -> Report {
        self.try_scan(false).await.unwrap()
    }

    async fn items(&self) -> Vec<Item> {
        self.db.items(Some("videos")).await.unwrap()
    }

    async fn item(&self, path: &str) -> Item {
        let item = self.db.item_at("videos", path).await.unwrap();
        item.unwrap_or_else(|| panic!("{path} is not known"))
    }

    /// The id of what is at a path, as text to compare.
    async fn id(&self, path: &str) -> String {
        self.item(path).await.id.to_string()
    }

    async fn paths(&self) -> Vec<String> {
        self.items().await.into_iter().map(|item| item.path).collect()
    }
}

async fn open(folder: &Path) -> Db {
    Db::open(&DataFolder::create(&folder.join("data")).unwrap()).await.unwrap()
}

fn set_time(path: &Path, seconds: u64) {
    let time = UNIX_EPOCH + Duration::from_secs(seconds);
    File::options().append(true).open(path).unwrap().set_times(FileTimes::new().set_modified(time)).unwrap();
}
