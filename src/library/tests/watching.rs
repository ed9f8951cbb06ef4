use super::keeper::Keeper;
use super::scan::Scanner;
use super::*;
use crate::types::ItemState;

const DEADLINE: Duration = Duration::from_secs(10);
/// So long that only watching can have found something.
const NEVER: Duration = Duration::from_hours(1);

impl House {
    fn watch(&self) -> Watcher {
        Watcher::spawn(&self.db, &self.clock, &Chance::system(), vec![self.library.clone()], NEVER)
    }

    fn scanner(&self) -> Scanner {
        let (db, clock, chance) = (self.db.clone(), self.clock.clone(), Chance::system());
        Scanner { db, clock, chance, library: self.library.clone() }
    }

    /// Asks the catalogue until it is so.
    async fn until(&self, what: &str, so: impl AsyncFn(&House) -> bool) {
        let asking = async {
            while !so(self).await {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let done = tokio::time::timeout(DEADLINE, asking).await;
        assert!(done.is_ok(), "{what}: {:?}", self.items().await);
    }

    async fn until_there(&self, path: &str) {
        self.until(path, async |house| house.db.item_at("videos", path).await.unwrap().is_some()).await;
    }

    async fn until_gone(&self, path: &str) {
        self.until(path, async |house| house.db.item_at("videos", path).await.unwrap().is_none()).await;
    }
}

#[tokio::test]
async fn a_watched_library_follows_what_happens() {
    let house = House::build().await;
    house.write("a.mp4", "a");
    let watcher = house.watch();
    house.until_there("a.mp4").await;
    let id = house.id("a.mp4").await;

    house.write("b.mp4", "b");
    house.until_there("b.mp4").await;
    house.rename("a.mp4", "c.mp4");
    house.until_there("c.mp4").await;
    assert_eq!(house.id("c.mp4").await, id, "a rename keeps the id");
    house.write("new/deep/d.mp4", "d");
    house.until_there("new/deep/d.mp4").await;
    house.write("new/deep/e.mp4", "e");
    house.until_there("new/deep/e.mp4").await;
    house.rename("new", "renamed");
    house.until_there("renamed/deep/e.mp4").await;
    house.write("renamed/deep/f.mp4", "f");
    house.until_there("renamed/deep/f.mp4").await;
    house.rename("renamed/deep/f.mp4", "f.mp4");
    house.until_there("f.mp4").await;
    fs::remove_dir_all(house.path("renamed")).unwrap();
    house.until_gone("renamed/deep/d.mp4").await;
    assert_eq!(house.paths().await, ["b.mp4", "c.mp4", "f.mp4"]);
    watcher.stop().await;
}

#[tokio::test]
async fn watching_takes_ids_through_a_rotation() {
    let house = House::build().await;
    house.write("day/current.mp4", "first");
    let watcher = house.watch();
    house.until_there("day/current.mp4").await;
    let first = house.id("day/current.mp4").await;
    house.rename("day/current.mp4", "day/1.mp4");
    house.write("day/current.mp4", "second");
    house.until_there("day/1.mp4").await;
    house.until_there("day/current.mp4").await;
    assert_eq!(house.id("day/1.mp4").await, first);
    assert_ne!(house.id("day/current.mp4").await, first);
    watcher.stop().await;
}

#[tokio::test]
async fn the_last_file_may_be_deleted_while_it_is_watched() {
    let house = House::build().await;
    house.write("a.mp4", "a");
    let watcher = house.watch();
    house.until_there("a.mp4").await;
    fs::remove_file(house.path("a.mp4")).unwrap();
    house.until_gone("a.mp4").await;
    watcher.stop().await;
}

#[tokio::test]
async fn a_recording_is_looked_at_until_it_is_complete() {
    let house = House::build().await;
    house.write("a.mp4", "1");
    set_time(&house.path("a.mp4"), 2_000_000);
    let watcher = house.watch();
    house.until_there("a.mp4").await;
    assert_eq!(house.item("a.mp4").await.state, ItemState::Recording);
    house.pass(11);
    house.until("complete", async |house| house.item("a.mp4").await.state == ItemState::Complete).await;
    watcher.stop().await;
}

#[tokio::test]
async fn a_disk_that_comes_back_brings_its_ids() {
    let house = House::build().await;
    house.write("a.mp4", "1");
    set_time(&house.path("a.mp4"), 2_000_000);
    let mut keeper = Keeper::new(house.scanner(), NEVER);
    keeper.look_at_all().await;
    let id = house.id("a.mp4").await;

    let aside = house.folder.path().join("aside");
    fs::rename(&house.library.path, &aside).unwrap();
    fs::create_dir(&house.library.path).unwrap();
    assert!(!keeper.glance().await, "another folder is there");
    keeper.look_at_all().await;
    keeper.glance().await;
    assert!(!keeper.look_at(["a.mp4".to_owned()].into()).await, "no look at a part of what may be unmounted");
    assert_eq!(house.id("a.mp4").await, id, "a recording on an unmounted disk is not gone");

    fs::remove_dir(&house.library.path).unwrap();
    fs::rename(&aside, &house.library.path).unwrap();
    assert!(!keeper.glance().await, "the first folder is there");
    house.rename("a.mp4", "b.mp4");
    keeper.look_at_all().await;
    assert_eq!(house.id("b.mp4").await, id);
}

#[tokio::test]
async fn a_folder_in_the_place_of_another_is_watched() {
    let house = House::build().await;
    house.write("a.mp4", "a");
    let watcher = house.watch();
    house.until_there("a.mp4").await;
    fs::rename(&house.library.path, house.folder.path().join("aside")).unwrap();
    house.write("b.mp4", "b");
    house.until_there("b.mp4").await;
    house.write("c.mp4", "c");
    house.until_there("c.mp4").await;
    assert_eq!(house.paths().await, ["b.mp4", "c.mp4"]);
    watcher.stop().await;
}

/// The events of both ends may come apart, or one of them not at all.
#[tokio::test]
async fn half_a_rename_is_enough() {
    let cases = [
        (vec!["b/new.mp4"], "only where it went"),
        (vec!["a/old.mp4", "b/new.mp4"], "first where it was"),
        (vec!["b/new.mp4", "a/old.mp4"], "first where it went"),
        (vec!["b"], "a folder that took it in"),
    ];
    for (events, why) in cases {
        let house = House::build().await;
        house.write("a/old.mp4", "1");
        house.write("b/other.mp4", "2");
        let mut keeper = Keeper::new(house.scanner(), NEVER);
        keeper.look_at_all().await;
        let id = house.id("a/old.mp4").await;
        house.rename("a/old.mp4", "b/new.mp4");
        for event in events {
            assert!(keeper.look_at([event.to_owned()].into()).await, "{why}");
        }
        assert_eq!(house.paths().await, ["b/new.mp4", "b/other.mp4"], "{why}");
        assert_eq!(house.id("b/new.mp4").await, id, "{why}");
    }
}

#[tokio::test]
async fn a_new_file_in_the_old_place_does_not_take_the_id() {
    let house = House::build().await;
    house.write("a/current.mp4", "first");
    let mut keeper = Keeper::new(house.scanner(), NEVER);
    keeper.look_at_all().await;
    let first = house.id("a/current.mp4").await;
    house.rename("a/current.mp4", "a/1.mp4");
    house.write("a/current.mp4", "second");
    assert!(keeper.look_at(["a/current.mp4".to_owned()].into()).await, "the rename was not heard of yet");
    assert_eq!(house.id("a/1.mp4").await, first);
    assert_ne!(house.id("a/current.mp4").await, first);
}

#[tokio::test]
async fn a_link_in_the_place_of_a_folder_leads_nowhere() {
    let house = House::build().await;
    house.write("a/in.mp4", "1");
    house.write("b.mp4", "2");
    let mut keeper = Keeper::new(house.scanner(), NEVER);
    keeper.look_at_all().await;
    let outside = house.folder.path().join("outside");
    fs::rename(house.path("a"), &outside).unwrap();
    std::os::unix::fs::symlink(&outside, house.path("a")).unwrap();
    assert!(keeper.look_at(["a/in.mp4".to_owned()].into()).await);
    assert_eq!(house.paths().await, ["b.mp4"]);
}

#[tokio::test]
async fn a_scan_can_be_asked_for() {
    let house = House::build().await;
    house.write("a.mp4", "a");
    let watcher = house.watch();
    house.until_there("a.mp4").await;
    let scanned = async |house: &House| house.db.library("videos").await.unwrap().unwrap().scanned_at;
    house.until("scanned", async |house| scanned(house).await == Some(2_000_000)).await;
    house.pass(60);
    watcher.rescan();
    house.until("scanned again", async |house| scanned(house).await == Some(2_000_060)).await;
    drop(watcher);
}
