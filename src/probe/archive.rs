//! Recordings of one camera are alike. One that ends far before its siblings, or just below a power of two, was most
//! likely stopped by a limit of size and not by its time stamps. Pure.
//!
//! Siblings are files of one folder, and of a camera's tree, `<date>/<hash>/N.mp4`, those of the same name below the
//! same date.

use std::collections::HashMap;

/// What is known of a complete recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording<'a> {
    /// Below the library's folder.
    pub path: &'a str,
    pub size: u64,
    pub duration_ms: Option<u64>,
}

/// Sizes at which something stops: 1 and 2 GiB where a length is a signed number of 30 or 31 bits or a quota is round,
/// 4 GiB on FAT32.
const LIMITS: [(u64, &str); 3] = [(1 << 30, "1 GiB"), (2 << 30, "2 GiB"), (4 << 30, "4 GiB")];
/// A writer stops at the last block or packet that fits.
const MARGIN: u64 = 64 << 10;
/// Fewer others say nothing about what is usual.
const ENOUGH: usize = 3;
/// Clips of less than a minute were not cut into equal parts by a recorder: that some are shorter means nothing, and no
/// limit of size ends one after seconds.
const SHORTEST_USUAL: u64 = 60_000;

/// For each recording what is odd about it, in words for its owner; none for most.
pub fn suspicions(recordings: &[Recording<'_>]) -> Vec<Option<String>> {
    let mut groups: HashMap<Group<'_>, Vec<u64>> = HashMap::new();
    for recording in recordings {
        for group in groups_of(recording.path) {
            groups.entry(group).or_default().extend(recording.duration_ms);
        }
    }
    for durations in groups.values_mut() {
        durations.sort_unstable();
    }
    let usual = |recording: &Recording<'_>| {
        let own = recording.duration_ms?;
        groups_of(recording.path).find_map(|group| far_before(own, groups.get(&group)?))
    };
    recordings.iter().map(|recording| suspicion(recording, usual(recording))).collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Group<'a> {
    Folder(&'a str),
    /// Date and name.
    Tree(&'a str, &'a str),
}

fn groups_of(path: &str) -> impl Iterator<Item = Group<'_>> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let date = folder.rsplit_once('/').map(|(date, _)| date).filter(|date| is_date(date));
    [Some(Group::Folder(folder)), date.map(|date| Group::Tree(date, name))].into_iter().flatten()
}

/// The folder below which all siblings of a recording lie. What is odd about it says how long they are.
pub fn home(path: &str) -> &str {
    let (folder, _) = path.rsplit_once('/').unwrap_or(("", path));
    folder.rsplit_once('/').map(|(date, _)| date).filter(|date| is_date(date)).unwrap_or(folder)
}

/// A folder named by a day, however it is written: `2026-03-14`, `20260314`, `14.03.2026`.
fn is_date(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let digits = name.chars().filter(char::is_ascii_digit).count();
    (6..=14).contains(&digits) && name.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | '.' | '_'))
}

/// The usual duration of the others, if they have one and this one is less than half of it. Most of them must lie
/// within a fifth of it: films that happen to share a folder are no siblings. A folder may hold a hundred thousand
/// files, so nothing is counted one by one.
fn far_before(own: u64, sorted: &[u64]) -> Option<u64> {
    let place = sorted.binary_search(&own).ok()?;
    let others = sorted.len().checked_sub(1).filter(|others| *others >= ENOUGH)?;
    let middle = others / 2;
    let usual = *sorted.get(if middle < place { middle } else { middle + 1 })?;
    let within = |end: u64| sorted.partition_point(|duration| *duration < end);
    let alike = within(usual.saturating_add(usual / 5 + 1)) - within(usual - usual / 5);
    // This one is not among those that are alike: it is too short.
    (usual >= SHORTEST_USUAL && own < usual / 2 && alike * 2 > others).then_some(usual)
}

fn suspicion(recording: &Recording<'_>, usual: Option<u64>) -> Option<String> {
    let size = recording.size;
    let limit = LIMITS.iter().find(|(limit, _)| (limit - MARGIN..=*limit).contains(&size));
    let short = usual.zip(recording.duration_ms).map(|(usual, own)| {
        format!("It ends after {} where its siblings last {}.", clock(own), clock(usual))
    });
    let at_limit =
        limit.map(|(limit, name)| format!("Its size, {size} bytes, is {} below {name}.", limit - size));
    let likely = match limit {
        _ if short.is_none() && limit.is_none() => return None,
        Some((_, "4 GiB")) => {
            "The likely cause is a limit of size, not time stamps: FAT32 holds no larger file; or a quota, ffmpeg's -fs, \
             ulimit -f, the recorder's segment size."
        }
        _ => {
            "The likely cause is a limit of size, not time stamps: ffmpeg's -fs, ulimit -f, a quota, FAT32, the \
             recorder's segment size."
        }
    };
    let sentences = [short, at_limit, Some(likely.to_owned())];
    Some(sentences.into_iter().flatten().collect::<Vec<_>>().join(" "))
}

/// `0:22:05`
pub fn clock(millis: u64) -> String {
    let seconds = millis / 1_000;
    format!("{}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: u64 = 3_600_000;
    const GIB: u64 = 1 << 30;

    /// Recordings of two hours, and one of interest.
    fn with_siblings<'a>(own: &Recording<'a>, paths: &[&'a str]) -> Option<String> {
        let sibling = |path: &&'a str| Recording { path, size: 3_616_966_656, duration_ms: Some(2 * HOUR) };
        let mut all: Vec<_> = paths.iter().map(sibling).collect();
        all.push(own.clone());
        suspicions(&all).pop().unwrap()
    }

    /// A recording's path, size and duration, its siblings, what is said, and why.
    type Case<'c> =
        (&'static str, u64, Option<u64>, &'c [&'static str], &'static [&'static str], &'static str);

    #[test]
    fn siblings_lie_below_one_folder() {
        let cases = [
            ("cam/a.mp4", "cam", "a folder"),
            ("a.mp4", "", "the library"),
            ("cam/2026-03-14/f3a1/1.mp4", "cam/2026-03-14", "a camera's tree"),
            ("cam/2026-03-14/1.mp4", "cam/2026-03-14", "a day without a tree"),
        ];
        for (path, want, why) in cases {
            assert_eq!(home(path), want, "{why}");
        }
    }

    #[test]
    fn a_recording_that_met_a_limit_is_told_from_one_that_ended() {
        let tree: [&'static str; 3] =
            ["2026-03-14/ab12/1.mp4", "2026-03-14/cd34/1.mp4", "2026-03-14/ef56/1.mp4"];
        let folder: [&'static str; 3] = ["cam/1.mp4", "cam/2.mp4", "cam/3.mp4"];
        let films: [&'static str; 3] = ["films/a.mp4", "films/b.mp4", "films/c.mp4"];
        let minutes = |minutes: u64| Some(minutes * 60_000);
        let story = 1_073_726_464;
        let cases: [Case<'_>; 14] = [
            (
                "2026-03-14/0099/1.mp4",
                story,
                minutes(22),
                &tree,
                &["0:22:00", "2:00:00", "15360 below 1 GiB", "not time stamps"],
                "the story",
            ),
            ("cam/9.mp4", story, minutes(22), &folder, &["0:22:00", "15360"], "in one folder"),
            ("x/9.mp4", story, None, &[], &["15360 below 1 GiB", "-fs"], "alone, and of unknown duration"),
            ("x/9.mp4", GIB, None, &[], &["0 below 1 GiB"], "at the limit itself"),
            ("x/9.mp4", GIB - 65_536, None, &[], &["65536 below 1 GiB"], "the margin's edge"),
            ("x/9.mp4", GIB - 65_537, None, &[], &[], "a byte beyond it"),
            ("x/9.mp4", GIB + 1, None, &[], &[], "a byte over the limit: nothing stopped it there"),
            ("x/9.mp4", 2 * GIB - 1, None, &[], &["1 below 2 GiB"], "a signed 32-bit length"),
            ("x/9.mp4", 4 * GIB - 1, None, &[], &["4 GiB", "FAT32 holds no larger"], "FAT32"),
            (
                "cam/9.mp4",
                500_000_000,
                minutes(22),
                &folder,
                &["0:22:00", "limit of size"],
                "short, at no round size",
            ),
            ("cam/9.mp4", 500_000_000, minutes(61), &folder, &[], "more than half is not far before"),
            ("cam/9.mp4", 500_000_000, None, &folder, &[], "nobody knows how long it is"),
            ("cam/9.mp4", 500_000_000, minutes(22), &films, &[], "the others are somewhere else"),
            ("2026-03-14/0099/2.mp4", 500_000_000, minutes(22), &tree, &[], "another camera of that day"),
        ];
        for (path, size, duration_ms, siblings, words, why) in cases {
            let found = with_siblings(&Recording { path, size, duration_ms }, siblings);
            assert_eq!(found.is_some(), !words.is_empty(), "{why}: {found:?}");
            let text = found.unwrap_or_default();
            assert!(words.iter().all(|word| text.contains(word)), "{why}: {text}");
        }
    }

    #[test]
    fn films_of_any_length_in_one_folder_are_no_siblings() {
        let films: Vec<Recording<'_>> = [10, 45, 90, 130, 200, 5]
            .map(|minutes| Recording { path: "films/a.mp4", size: 7, duration_ms: Some(minutes * 60_000) })
            .into();
        assert!(suspicions(&films).iter().all(Option::is_none));
    }

    #[test]
    fn short_clips_are_merely_short() {
        let cases: [(&[u64], bool, &str); 4] = [
            (&[30, 30, 30, 10], false, "clips of half a minute, and one of ten seconds"),
            (&[59, 59, 59, 2], false, "almost a minute is no length of a recorder's parts"),
            (&[60, 60, 60, 2], true, "a recorder that cuts every minute"),
            (&[7200, 7200, 7200, 5], true, "long ones, and one that broke off at once"),
        ];
        for (seconds, is_odd, why) in cases {
            let clip = |seconds: &u64| Recording {
                path: "clips/a.mp4",
                size: 7,
                duration_ms: Some(seconds * 1_000),
            };
            let found = suspicions(&seconds.iter().map(clip).collect::<Vec<_>>());
            assert_eq!(found.iter().any(Option::is_some), is_odd, "{why}: {found:?}");
        }
    }

    #[test]
    fn days_are_known_by_their_digits() {
        let cases = [
            ("2026-03-14", true, "as ISO writes it"),
            ("cam/20260314", true, "without dashes, below a camera"),
            ("14.03.2026", true, "day first"),
            ("260314", true, "two digits of year"),
            ("Season 1", false, "words"),
            ("2026", false, "a year is not a day"),
            ("", false, "the library itself"),
        ];
        for (path, want, why) in cases {
            assert_eq!(is_date(path), want, "{why}: {path}");
        }
    }

    proptest! {
        #[test]
        fn any_archive_gets_an_answer_for_each_file(
            files in prop::collection::vec(("[a-c0-9/-]{0,16}", any::<u64>(), any::<Option<u64>>()), 0..40),
        ) {
            let recordings: Vec<_> = files
                .iter()
                .map(|(path, size, duration_ms)| Recording { path, size: *size, duration_ms: *duration_ms })
                .collect();
            prop_assert_eq!(suspicions(&recordings).len(), recordings.len());
        }
    }
}
