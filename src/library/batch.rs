//! In which order changes are written, and what must be written together. Pure.
//!
//! Two rows of files that are there cannot have one path. A file that moved to the path of another one waits until
//! that one has moved on, and when they moved in a circle the first row steps aside. Such a chain is one unit: no
//! reader sees an id without its file in between.

use std::collections::HashMap;

use super::diff::{Changes, Renewed};
use crate::clock::Chance;
use crate::db::scan::{Row, Write};
use crate::types::ItemId;

/// Rows in one transaction. It holds back every other writer, a revocation among them.
const BATCH: usize = 500;

/// Transactions in their order. Only a unit that is larger than a batch makes a larger one.
pub(super) fn batches(changes: Changes, chance: &Chance) -> Vec<Vec<Write>> {
    let Changes { moved, back, changed, added, gone, .. } = changes;
    let mut gone: HashMap<String, Row> = gone.into_iter().map(|row| (row.file.path.clone(), row)).collect();
    let mut units = chains(moved.into_iter().chain(back).collect(), &mut gone);
    units.extend(changed.into_iter().map(|renewed| vec![put(renewed)]));
    units.extend(added.into_iter().map(|file| vec![Write::Add { id: ItemId::new(chance.bytes()), file }]));
    units.extend(gone.into_values().map(|row| vec![Write::Gone { row }]));
    pack(units)
}

fn put(Renewed { row, file }: Renewed) -> Write {
    Write::Put { row, file }
}

fn pack(units: Vec<Vec<Write>>) -> Vec<Vec<Write>> {
    let mut batches: Vec<Vec<Write>> = Vec::new();
    for unit in units {
        match batches.last_mut() {
            Some(batch) if batch.len() + unit.len() <= BATCH => batch.extend(unit),
            _ => batches.push(unit),
        }
    }
    batches
}

/// Each file waits for at most one other, and at most one waits for it: chains and circles, nothing wider.
fn chains(files: Vec<Renewed>, gone: &mut HashMap<String, Row>) -> Vec<Vec<Write>> {
    let holders: HashMap<&str, usize> = files
        .iter()
        .enumerate()
        .filter(|(_, renewed)| !renewed.row.missing)
        .map(|(index, renewed)| (renewed.row.file.path.as_str(), index))
        .collect();
    let waits_for: Vec<Option<usize>> =
        files.iter().map(|renewed| holders.get(renewed.file.path.as_str()).copied()).collect();
    let mut is_awaited = vec![false; files.len()];
    for index in waits_for.iter().flatten() {
        is_awaited[*index] = true;
    }
    let mut files: Vec<Option<Renewed>> = files.into_iter().map(Some).collect();
    let mut units = Vec::new();
    // Chains from their beginning; what is left then are circles, which have none.
    let beginnings = (0..files.len()).filter(|index| !is_awaited[*index]);
    for start in beginnings.chain(0..waits_for.len()).collect::<Vec<_>>() {
        let chain = follow(start, &waits_for, &mut files);
        if !chain.is_empty() {
            units.push(unit(chain, gone));
        }
    }
    units
}

fn follow(start: usize, waits_for: &[Option<usize>], files: &mut [Option<Renewed>]) -> Vec<Renewed> {
    let mut chain = Vec::new();
    let mut next = Some(start);
    while let Some(renewed) = next.and_then(|index| files[index].take()) {
        chain.push(renewed);
        next = next.and_then(|index| waits_for[index]);
    }
    chain
}

/// Writes of one chain, each onto a path that is free by then.
fn unit(chain: Vec<Renewed>, gone: &mut HashMap<String, Row>) -> Vec<Write> {
    let mut writes = Vec::new();
    if let (Some(first), Some(last)) = (chain.first(), chain.last()) {
        if let Some(row) = gone.remove(&last.file.path) {
            writes.push(Write::Gone { row });
        } else if !first.row.missing && first.row.file.path == last.file.path {
            writes.push(Write::Gone { row: first.row.clone() });
        }
    }
    writes.extend(chain.into_iter().rev().map(put));
    writes
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;
    use crate::db::scan::File;
    use crate::types::ItemState;

    fn file(path: &str) -> File {
        let identity = String::from("1-1-1");
        File { path: path.to_owned(), size: 1, modified_ns: 0, identity, state: ItemState::Complete }
    }

    fn row(path: &str, missing: bool) -> Row {
        let name = path.bytes().next().unwrap();
        Row { id: ItemId::new([name; 16]), file: file(path), changed_at: 0, missing }
    }

    fn written(renames: &[(&str, &str)], gone: &[&str]) -> String {
        let moved =
            renames.iter().map(|(from, to)| Renewed { row: row(from, false), file: file(to) }).collect();
        let gone = gone.iter().map(|path| row(path, false)).collect();
        let batches = batches(Changes { moved, gone, ..Changes::default() }, &Chance::system());
        let text = |write: &Write| match write {
            Write::Add { file, .. } => format!("+{}", file.path),
            Write::Put { row, file } => format!("{}>{}", row.file.path, file.path),
            Write::Gone { row } => format!("-{}", row.file.path),
        };
        batches.iter().flatten().map(text).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn nothing_is_written_onto_a_path_that_is_taken() {
        let cases = [
            ("a>b", "", "a>b", "a rename"),
            ("a>b b>c", "", "b>c a>b", "a rotation"),
            ("b>c a>b", "", "b>c a>b", "in any order"),
            ("a>b b>a", "", "-a b>a a>b", "a swap"),
            ("a>b b>c c>a", "", "-a c>a b>c a>b", "a circle"),
            ("a>b", "b", "-b a>b", "over a file that is gone by that"),
            ("a>b b>c", "c d", "-c b>c a>b -d", "a rotation that drops the last"),
        ];
        for (renames, gone, want, why) in cases {
            let renames: Vec<_> = renames.split(' ').filter_map(|rename| rename.split_once('>')).collect();
            let gone: Vec<_> = gone.split_whitespace().collect();
            assert_eq!(written(&renames, &gone), want, "{why}");
        }
    }

    #[test]
    fn a_chain_is_never_divided() {
        let paths: Vec<String> = (0..=1_200).map(|number| format!("{number}.mp4")).collect();
        let step = |pair: &[String]| Renewed { row: row(&pair[0], false), file: file(&pair[1]) };
        let moved = paths.windows(2).map(step).collect();
        let added = (0..1_200).map(|number| file(&format!("new{number}"))).collect();
        let batches = batches(Changes { moved, added, ..Changes::default() }, &Chance::system());
        let sizes: Vec<usize> = batches.iter().map(Vec::len).collect();
        assert_eq!(sizes, [1_200, 500, 500, 200]);
    }

    proptest! {
        /// Any shuffle of any files, some of which go: replayed, the unique index never complains.
        #[test]
        fn any_shuffle_can_be_written(
            from in Just((0..12_u8).collect::<Vec<_>>()).prop_shuffle(),
            to in Just((0..16_u8).collect::<Vec<_>>()).prop_shuffle(),
            stay in 0..12_usize,
        ) {
            let name = |number: &u8| char::from(b'a' + number).to_string();
            let pairs: Vec<_> = from[stay..].iter().map(name).zip(to.iter().map(name)).collect();
            let targets: HashSet<_> = pairs.iter().map(|pair| pair.1.clone()).collect();
            let moved = pairs.iter().filter(|pair| pair.0 != pair.1);
            let moved = moved.map(|(from, to)| Renewed { row: row(from, false), file: file(to) }).collect();
            let gone: Vec<_> = from[..stay].iter().map(name).filter(|path| targets.contains(path)).collect();
            let gone = gone.iter().map(|path| row(path, false)).collect();
            let mut present: HashSet<String> = from.iter().map(name).collect();
            for write in batches(Changes { moved, gone, ..Changes::default() }, &Chance::system()).iter().flatten() {
                match write {
                    Write::Gone { row } => prop_assert!(present.remove(&row.file.path)),
                    Write::Put { row, file } => {
                        present.remove(&row.file.path);
                        prop_assert!(present.insert(file.path.clone()), "{} is taken", file.path);
                    }
                    Write::Add { .. } => prop_assert!(false, "nothing is new"),
                }
            }
        }
    }
}
