use super::*;
#[tokio::test]
#[ignore]
async fn speed() {
    let house = House::build().await;
    let n: usize = std::env::var("N").ok().and_then(|n| n.parse().ok()).unwrap_or(100_000);
    for number in 0..n {
        if number % 1000 == 0 {
            fs::create_dir(house.path(&format!("{}", number / 1000))).unwrap();
        }
        fs::File::create(house.path(&format!("{}/{number}.mp4", number / 1000))).unwrap();
    }
    house.pass(10_000_000_000);
    for what in ["first", "rescan", "rescan"] {
        let r = house.scan().await;
        eprintln!("{what}: {} added {} {} ms", r.found, r.added, r.took_ms);
    }
    fs::create_dir(house.path("x")).unwrap();
    for number in 0..n / 1000 {
        house.rename(&format!("{number}"), &format!("x/{number}"));
    }
    let r = house.scan().await;
    eprintln!("moved {} {} ms", r.moved, r.took_ms);
    let watcher = Watcher::spawn(
        &house.db,
        &house.clock,
        &Chance::system(),
        vec![house.library.clone()],
        Duration::from_hours(1),
    );
    house.pass(1);
    let at = house.time.load(Ordering::Relaxed);
    while house.db.library("videos").await.unwrap().unwrap().scanned_at.unwrap() < at.try_into().unwrap() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let start = std::time::Instant::now();
    house.write("x/5/new.mp4", "x");
    while house.db.item_at("videos", "x/5/new.mp4").await.unwrap().is_none() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    eprintln!("watched new {:?}", start.elapsed());
    let start = std::time::Instant::now();
    house.rename("x/5/new.mp4", "x/6/new.mp4");
    while house.db.item_at("videos", "x/6/new.mp4").await.unwrap().is_none() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    eprintln!("watched rename {:?}", start.elapsed());
    watcher.stop().await;
}
