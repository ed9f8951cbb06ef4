//! Which files are examined, and what is kept of that.

use super::*;
use crate::db::findings::Listed;
use crate::types::ItemState;

impl House {
    async fn examine(&self) -> usize {
        examine(&self.db, &self.clock, &self.library, &|_| {}).await.unwrap()
    }

    async fn listed(&self, path: &str) -> Listed {
        let all = self.db.listed(Some("videos")).await.unwrap();
        all.into_iter().find(|listed| listed.item.path == path).unwrap()
    }
}

#[tokio::test]
async fn each_version_of_a_file_is_examined_once() {
    let house = House::build().await;
    for number in 0..150 {
        house.write(&format!("{number}.mp4"), "no film");
    }
    house.scan().await;
    assert_eq!(house.listed("7.mp4").await.state(), ItemState::Complete, "nobody has looked into it");
    assert_eq!((house.examine().await, house.examine().await), (150, 0));
    assert_eq!(house.listed("7.mp4").await.state(), ItemState::Broken);
    house.rename("7.mp4", "seven.mp4");
    house.scan().await;
    assert_eq!(house.examine().await, 0, "a name is not a version");
    house.pass(60);
    house.write("8.mp4", "not film");
    set_time(&house.path("8.mp4"), OLD + 1);
    house.scan().await;
    assert!(house.listed("8.mp4").await.findings.is_none(), "what was found is of another version");
    assert_eq!(house.examine().await, 1);
}

#[tokio::test]
async fn a_recording_waits_and_what_changed_since_the_scan_too() {
    let house = House::build().await;
    house.write("grows.mp4", "a");
    set_time(&house.path("grows.mp4"), 2_000_000);
    house.write("changes.mp4", "a");
    house.scan().await;
    house.write("changes.mp4", "longer");
    assert_eq!(house.examine().await, 0);
    assert_eq!(house.listed("grows.mp4").await.state(), ItemState::Recording);
    house.pass(3_600);
    house.scan().await;
    house.pass(3_600);
    house.scan().await;
    assert_eq!(house.examine().await, 2);
}

#[tokio::test]
async fn a_folder_that_is_away_keeps_what_was_found() {
    let house = House::build().await;
    house.write("a.mp4", "no film");
    house.scan().await;
    assert_eq!(house.examine().await, 1);
    let away = house.folder.path().join("away");
    fs::rename(&house.library.path, &away).unwrap();
    assert_eq!(house.examine().await, 0);
    assert_eq!(house.listed("a.mp4").await.state(), ItemState::Broken);
}

#[tokio::test]
async fn pictures_and_texts_are_known_as_long_as_they_are_there() {
    let house = House::build().await;
    for path in ["a/1.mp4", "a/1.jpg", "a/1.srt", "a/.x.jpg", "b.png", "notes.txt"] {
        house.write(path, "x");
    }
    let known = async || {
        let mut all = house.db.sidecars_below(&house.library.id, "").await.unwrap();
        all.sort_unstable();
        all.join(" ")
    };
    house.scan().await;
    assert_eq!(known().await, "a/1.jpg a/1.srt b.png");
    fs::remove_file(house.path("a/1.jpg")).unwrap();
    house.rename("b.png", "a/1.png");
    house.scan().await;
    assert_eq!(known().await, "a/1.png a/1.srt");
    let cases = [("a", 2), ("a/1.srt", 1), ("a/1", 0), ("b", 0)];
    for (area, want) in cases {
        assert_eq!(house.db.sidecars_below(&house.library.id, area).await.unwrap().len(), want, "{area}");
    }
    let near = house.db.nearby(&house.library.id, "a/1").await.unwrap();
    assert_eq!((near.sidecars.len(), near.items.len()), (2, 1));
}
