use super::*;
use crate::db::findings::{Examiner, Findings};
use crate::db::folder::DataFolder;
use crate::db::scan::{File, Row, Write};
use crate::types::{Area, ItemId, ItemState, Prefix, Scope};

async fn open(folder: &std::path::Path) -> Db {
    Db::open(&DataFolder::create(folder).unwrap()).await.unwrap()
}

fn file(path: &str, modified_ns: i64) -> File {
    let identity = format!("1-{path}-1");
    File { path: path.to_owned(), size: 7, modified_ns, identity, state: ItemState::Complete }
}

async fn with_items(folder: &std::path::Path, paths: &[&str]) -> Db {
    let db = open(folder).await;
    let mut change = db.change().await.unwrap();
    change.add_library("lib", "videos", "/srv/videos", 0).await.unwrap();
    for (number, path) in (1..).zip(paths) {
        let add = Write::Add { id: ItemId::new([number; 16]), file: file(path, i64::from(number)) };
        assert!(change.write("lib", &add, 0).await.unwrap());
    }
    change.commit().await.unwrap();
    db
}

fn everything() -> Selection {
    Selection {
        granted: vec![Area::Everything],
        scope: Scope::All,
        library: None,
        below: Prefix::default(),
        flat: false,
        words: Vec::new(),
        state: None,
    }
}

fn slice(sort: Sort) -> Slice {
    Slice { sort, after: None, at_most: 10 }
}

async fn names(db: &Db, selection: &Selection, sort: Sort) -> String {
    paths_of(&db.page(selection, &slice(sort)).await.unwrap()).join(" ")
}

fn paths_of(page: &[Listed]) -> Vec<&str> {
    page.iter().map(|listed| listed.item.path.as_str()).collect()
}

async fn plan(db: &Db, sql: &str) -> String {
    let sql = format!("explain query plan {sql}");
    let rows: Vec<(i64, i64, i64, String)> =
        sqlx::query_as(AssertSqlSafe(sql)).fetch_all(db.reader()).await.unwrap();
    rows.into_iter().map(|row| row.3).collect::<Vec<_>>().join(", ")
}

#[tokio::test]
async fn no_order_sorts_what_it_does_not_show() {
    let folder = tempfile::tempdir().unwrap();
    let db = with_items(folder.path(), &["a.mp4"]).await;
    for sort in Sort::WORDS.iter().map(|word| word.parse().unwrap()) {
        let (first, second, direction) = order(sort);
        let sql = format!(
            "select {COLUMNS} from {} left join findings on {OF_THIS_VERSION}
             where libraries.id = items.library_id and items.missing_since is null
             order by {first} {direction}, {second} {direction} limit 10",
            tables(sort)
        );
        let plan = plan(&db, &sql).await;
        assert!(!plan.contains("TEMP B-TREE"), "{sort}: {plan}");
    }
    let words = "select count(*) from items where missing_since is null and path_key like '%a%'";
    assert!(plan(&db, words).await.contains("COVERING INDEX items_by_words"), "a search reads one index");
}

fn found(duration_ms: u64, state: ItemState) -> Findings {
    Findings {
        state,
        container: None,
        duration_ms: Some(duration_ms),
        width: None,
        height: None,
        video_codec: None,
        audio_codec: None,
        note: None,
        verdict: String::new(),
        suspicion: None,
    }
}

/// The order by duration has a column of its own, which must say what the findings of a file's version say.
#[tokio::test]
async fn durations_are_those_of_the_file_as_it_is() {
    const BY: Examiner = Examiner { prober: 1, rules: 1 };
    let folder = tempfile::tempdir().unwrap();
    let db = with_items(folder.path(), &["a", "b", "c"]).await;
    let all = everything();
    assert_eq!(names(&db, &all, Sort::Longest).await, "c b a", "nothing is known: by their ids");
    let unexamined = db.unexamined("lib", BY, "", 9).await.unwrap();
    let mut change = db.change().await.unwrap();
    change.put_findings(&unexamined[0], &found(50, ItemState::Complete), BY, 0).await.unwrap();
    change.put_findings(&unexamined[1], &found(70, ItemState::Broken), BY, 0).await.unwrap();
    change.commit().await.unwrap();
    assert_eq!(names(&db, &all, Sort::Longest).await, "b a c");
    let state = |state| Selection { state: Some(state), ..everything() };
    assert_eq!(names(&db, &state(ItemState::Broken), Sort::Path).await, "b");
    assert_eq!(names(&db, &state(ItemState::Complete), Sort::Path).await, "a c");
    assert_eq!(db.count(&state(ItemState::Broken)).await.unwrap(), 1);

    // Another file in its place, and the first one again.
    let row = |modified_ns| Row {
        id: ItemId::new([2; 16]),
        file: file("b", modified_ns),
        changed_at: 0,
        missing: false,
    };
    for (was, is, want) in [(2, 9, "a c b"), (9, 2, "b a c")] {
        let mut change = db.change().await.unwrap();
        let put = Write::Put { row: row(was), file: file("b", is) };
        assert!(change.write("lib", &put, 0).await.unwrap());
        change.commit().await.unwrap();
        assert_eq!(names(&db, &all, Sort::Longest).await, want);
    }
    let whole = db.page(&all, &slice(Sort::Longest)).await.unwrap();
    for (number, listed) in whole.iter().enumerate() {
        let after = Some(Mark::of(listed, Sort::Longest));
        let rest = db.page(&all, &Slice { after, ..slice(Sort::Longest) }).await.unwrap();
        assert_eq!(rest.len(), whole.len() - number - 1, "the mark is where the order has it");
    }
}

#[tokio::test]
async fn libraries_stand_in_a_list_of_several_as_in_that_of_libraries() {
    let folder = tempfile::tempdir().unwrap();
    let db = with_items(folder.path(), &["b", "a"]).await;
    let mut change = db.change().await.unwrap();
    for (number, (id, name)) in (10..).zip([("y", "Cam 10"), ("x", "cam 9"), ("z", "\u{c4}rger")]) {
        change.add_library(id, name, id, 0).await.unwrap();
        let add = Write::Add { id: ItemId::new([number; 16]), file: file(name, 0) };
        assert!(change.write(id, &add, 0).await.unwrap());
    }
    change.set_library("lib", "cam 1", "/srv/videos").await.unwrap();
    change.commit().await.unwrap();
    let names: Vec<String> = db.libraries().await.unwrap().into_iter().map(|library| library.name).collect();
    assert_eq!(names, ["cam 1", "cam 9", "Cam 10", "\u{c4}rger"], "by the new name");
    let whole = db.page(&everything(), &slice(Sort::Path)).await.unwrap();
    let paths = ["a", "b", "cam 9", "Cam 10", "\u{c4}rger"];
    assert_eq!(paths_of(&whole), paths);
    for (number, listed) in whole.iter().enumerate() {
        let after = Some(Mark::of(listed, Sort::Path));
        let rest = db.page(&everything(), &Slice { after, ..slice(Sort::Path) }).await.unwrap();
        assert_eq!(paths_of(&rest), paths[number + 1..], "the mark is where the order has it");
    }
}

#[tokio::test]
async fn rows_of_older_versions_get_their_keys() {
    let folder = tempfile::tempdir().unwrap();
    let db = with_items(folder.path(), &["2024/\u{c4}rger.mp4", "b.mp4"]).await;
    let mut change = db.change().await.unwrap();
    let before =
        "update items set folder = '', name_key = '', path_key = '', path_order = '', duration_key = -1";
    sqlx::query(before).execute(change.on()).await.unwrap();
    change.commit().await.unwrap();
    db.close().await.unwrap();
    let db = open(folder.path()).await;
    let selection = Selection { words: vec!["\u{e4}RGER".to_owned()], ..everything() };
    assert_eq!(names(&db, &selection, Sort::Name).await, "2024/\u{c4}rger.mp4");
    let top = Selection { library: Some("videos".to_owned()), flat: true, ..everything() };
    assert_eq!(names(&db, &top, Sort::Path).await, "b.mp4");
}
