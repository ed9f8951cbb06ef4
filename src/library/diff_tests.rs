use proptest::prelude::*;

use super::*;
use crate::types::ItemId;
use crate::types::ItemState::{Complete, Recording};

const OLD: i64 = 1_000_000_000_000;
const NOW: Moment = Moment { now: Duration::from_secs(2_000), before: Some(1_900) };

fn id(number: u8) -> ItemId {
    ItemId::new([number; 16])
}

/// `path:identity[:size]`
fn found(text: &str) -> Found {
    let mut parts = text.split(':');
    let mut next = || parts.next().unwrap_or_default().to_owned();
    let (path, identity, size) = (next(), next(), next());
    Found { path, identity, size: size.parse().unwrap_or(1), modified_ns: OLD }
}

/// Like a file; a `-` before it: the file is gone. Ids are numbered from 1.
fn row((number, text): (usize, &str)) -> Row {
    let Found { path, size, modified_ns, identity } = found(text.trim_start_matches('-'));
    let file = File { path, size, modified_ns, identity, state: ItemState::Complete };
    let id = id(u8::try_from(number + 1).unwrap());
    Row { id, file, changed_at: 1_000, missing: text.starts_with('-') }
}

fn sight(files: Vec<Found>) -> Sight {
    Sight { files, ..Sight::default() }
}

fn compared(rows: &str, files: &str) -> Changes {
    let rows = rows.split_whitespace().enumerate().map(row).collect();
    diff(rows, &sight(files.split_whitespace().map(found).collect()), NOW)
}

fn told(changes: &Changes) -> String {
    let number = |id: ItemId| (1..=9).find(|number| self::id(*number) == id).unwrap();
    let renewed = |word: char, list: &[Renewed]| -> Vec<String> {
        list.iter().map(|one| format!("{word}{}@{}", number(one.row.id), one.file.path)).collect()
    };
    let mut words = vec![format!("={}", changes.same)];
    words.extend(renewed('>', &changes.moved));
    words.extend(renewed('<', &changes.back));
    words.extend(renewed('~', &changes.changed));
    words.extend(changes.added.iter().map(|file| format!("+{}", file.path)));
    words.extend(changes.gone.iter().map(|row| format!("-{}", number(row.id))));
    words.join(" ")
}

#[test]
fn an_id_follows_the_content() {
    let cases = [
        ("", "", "=0", "nothing"),
        ("", "a:A b:B", "=0 +a +b", "all new"),
        ("a:A b:B", "a:A b:B", "=2", "nothing happened"),
        ("a:A", "a:A:2", "=0 ~1@a", "it grew"),
        ("a:A", "", "=0 -1", "deleted"),
        ("a:A", "b:A", "=0 >1@b", "renamed"),
        ("a:A", "b:A:2", "=0 >1@b", "renamed while it grew"),
        ("a:A", "a:B 1:A", "=0 >1@1 +a", "rotated: the id goes with the old recording"),
        ("a:A 1:B", "a:C 1:A 2:B", "=0 >1@1 >2@2 +a", "rotated twice"),
        ("a:A 1:B", "a:C 1:A", "=0 >1@1 +a -2", "rotated, and the oldest dropped"),
        ("a:A b:B", "a:B b:A", "=0 >2@a >1@b", "swapped"),
        ("a:A b:B c:C", "a:C b:A c:B", "=0 >3@a >1@b >2@c", "in a circle"),
        ("a:A b:B", "b:A", "=0 >1@b -2", "renamed over another file"),
        ("a:A", "a:B", "=0 ~1@a", "replaced in place"),
        ("a:A", "a:A b:A", "=1 +b", "a hard link is an item of its own"),
        ("a:A b:A", "a:A", "=1 -2", "a hard link was removed"),
        ("a:A b:A", "b:A c:A", "=1 >1@c", "a hard link was renamed"),
        ("a:A", "b:A c:A", "=0 >1@b +c", "renamed and linked: the first path has it"),
        ("-a:A", "", "=0", "what is gone stays gone"),
        ("-a:A", "a:A", "=0 <1@a", "back where it was"),
        ("-a:A", "b:A", "=0 <1@b", "back elsewhere"),
        ("-a:A b:B", "b:A", "=0 <1@b -2", "back over another file, as after half a rename"),
        ("-a:A", "a:B", "=0 <1@a", "restored from a backup: a new file, but size and time are equal"),
        ("-a:A", "a:B:2", "=0 +a", "another file of that name, later"),
        ("-a:A -a:B", "a:B", "=0 <2@a", "of two that were there, the one it is"),
        ("-a:A b:A", "a:A", "=0 >2@a", "what was there last comes first"),
        ("a:?", "a:?", "=1", "without a birth, the same path"),
        ("a:1-?", "a:1-?:2", "=0 ~1@a", "without a birth, it grew"),
        ("a:1-?", "b:1-?", "=0 >1@b", "without a birth, size and time decide"),
        ("a:1-?", "b:1-?:2", "=0 +b -1", "without a birth, the inode may belong to a new file"),
    ];
    for (rows, files, want, why) in cases {
        assert_eq!(told(&compared(rows, files)), want, "{why}: {rows} => {files}");
    }
}

#[test]
fn what_could_not_be_seen_is_not_gone() {
    let rows = "a/x:A a/b/y:B ab/z:C c:D e:E";
    let cases = [
        ("a", "-3 -4 -5", "a folder with all below it"),
        ("a/b", "-1 -3 -4 -5", "a folder in it"),
        ("c", "-1 -2 -3 -5", "a file"),
        ("", "", "everything"),
    ];
    for (unreadable, want, why) in cases {
        let rows = rows.split_whitespace().enumerate().map(row).collect();
        let sight = Sight { unreadable: [unreadable.to_owned()].into(), ..Sight::default() };
        let told = told(&diff(rows, &sight, NOW));
        assert_eq!(told.trim_start_matches("=0").trim(), want, "{why}");
    }
}

#[test]
fn a_file_is_recording_until_it_is_quiet() {
    struct Case {
        age: i64,
        was: Option<(ItemState, u64, Seconds)>,
        before: Option<Seconds>,
        want: ItemState,
        why: &'static str,
    }
    let case = |age, was, before, want, why| Case { age, was, before, want, why };
    let cases = [
        case(9, None, None, Recording, "just written"),
        case(10, None, None, Complete, "quiet long enough"),
        case(-5, None, None, Recording, "the clock of a camera is ahead a little"),
        case(-3_600, None, None, Complete, "or so much that it means nothing"),
        case(900, None, None, Complete, "new here, with its old time"),
        case(900, Some((Complete, 1, 1_000)), Some(1_995), Complete, "known as it is"),
        case(
            900,
            Some((Complete, 9, 1_000)),
            Some(1_995),
            Recording,
            "grew within five seconds, with its old time",
        ),
        case(900, Some((Complete, 9, 1_995)), Some(1_000), Recording, "grew since a look at it alone"),
        case(
            900,
            Some((Complete, 9, 1_000)),
            Some(1_100),
            Complete,
            "changed at some time in the last minutes",
        ),
        case(
            900,
            Some((Recording, 1, 1_995)),
            None,
            Recording,
            "did not grow, but five seconds prove little",
        ),
        case(900, Some((Recording, 1, 1_990)), None, Complete, "ten seconds do"),
        case(
            900,
            Some((Recording, 1, 2_500)),
            None,
            Complete,
            "seen in the future, by a clock that was set back",
        ),
    ];
    for Case { age, was, before, want, why } in cases {
        let found = Found { modified_ns: (2_000 - age) * 1_000_000_000, ..found("a:A:1") };
        let row = was.map(|(state, size, changed_at)| {
            let row = row((0, "a:A"));
            Row { file: File { size, state, ..row.file }, changed_at, ..row }
        });
        assert_eq!(state(row.as_ref(), &found, Moment { before, ..NOW }), want, "{why}");
    }
}

#[test]
fn only_a_recording_that_goes_on_is_no_news() {
    let before = |state| {
        let row = row((0, "a:A"));
        Row { file: File { state, ..row.file }, ..row }
    };
    let after = |path: &str, identity: &str, state| File {
        path: path.to_owned(),
        size: 2,
        modified_ns: OLD,
        identity: identity.to_owned(),
        state,
    };
    let cases = [
        (before(Recording), after("a", "A", Recording), true, "it goes on"),
        (before(Recording), after("a", "A", Complete), false, "it ended"),
        (before(Complete), after("a", "A", Recording), false, "it began"),
        (before(Recording), after("a", "B", Recording), false, "another file"),
        (before(Recording), after("b", "A", Recording), false, "renamed"),
        (Row { missing: true, ..before(Recording) }, after("a", "A", Recording), false, "back"),
    ];
    for (row, file, want, why) in cases {
        assert_eq!(Renewed { row, file }.only_grew(), want, "{why}");
    }
}

/// Few names, so that they meet.
fn places() -> impl Strategy<Value = Vec<(u8, u8, u8)>> {
    proptest::collection::vec((0..8_u8, 0..6_u8, 0..3_u8), 0..12)
}

proptest! {
    #[test]
    fn every_file_has_one_id_and_nothing_is_lost(before in places(), gone in places(), after in places()) {
        let mut rows: Vec<Row> = Vec::new();
        for (missing, places) in [(false, before), (true, gone)] {
            for (path, identity, size) in places {
                let mut row = row((rows.len(), &format!("{path}:{identity}:{size}")));
                row.missing = missing;
                if missing || !rows.iter().any(|other| other.file.path == row.file.path) {
                    rows.push(row);
                }
            }
        }
        let mut files: Vec<Found> = after.iter().map(|(p, i, s)| found(&format!("{p}:{i}:{s}"))).collect();
        files.sort_by(|one, other| one.path.cmp(&other.path));
        files.dedup_by(|one, other| one.path == other.path);
        let sight = sight(files);
        let changes = diff(rows.clone(), &sight, NOW);

        let renewed = || changes.moved.iter().chain(&changes.back).chain(&changes.changed);
        let used = renewed().map(|one| one.row.id).chain(changes.gone.iter().map(|row| row.id));
        let mut ids: Vec<ItemId> = used.collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        prop_assert_eq!(ids.len(), count, "a row was used twice");
        prop_assert_eq!(changes.same + renewed().count() + changes.added.len(), sight.files.len());
        let present = rows.iter().filter(|row| !row.missing).count();
        let kept = changes.same + changes.moved.len() + changes.changed.len() + changes.gone.len();
        prop_assert_eq!(kept, present, "a row was lost");
        for one in &changes.moved {
            let at_home = |file: &Found| {
                file.path == one.row.file.path && file.identity == one.row.file.identity
            };
            prop_assert!(!sight.files.iter().any(at_home), "a file that never moved lost its id");
        }
    }
}
