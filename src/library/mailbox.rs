//! What happened in a library and was not looked at yet.
//!
//! A file being copied is thousands of events. They are gathered until it is quiet, but not for long, and beyond a
//! number of paths a look at everything is less work.

use std::collections::{BTreeSet, HashSet};
use std::path::{Component, Path};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

const QUIET: Duration = Duration::from_millis(300);
const PATIENCE: Duration = Duration::from_secs(1);
const MANY: usize = 1_000;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Touched {
    Paths(BTreeSet<String>),
    Everything,
}

#[derive(Default)]
pub(super) struct Mailbox {
    letters: Mutex<Letters>,
    bell: Notify,
}

#[derive(Default)]
struct Letters {
    paths: BTreeSet<String>,
    everything: bool,
    /// When the first and the last of them came.
    span: Option<(Instant, Instant)>,
    /// Recordings, which a timer looks at: their growing is no news.
    growing: HashSet<String>,
}

impl Mailbox {
    /// Something happened at a path below the library's folder, maybe to the content of a file and nothing else.
    pub fn touch(&self, path: &Path, content: bool) {
        self.open().put(path, content, Instant::now());
        self.bell.notify_one();
    }

    pub fn touch_everything(&self) {
        self.touch(Path::new(""), false);
    }

    pub fn expect_growth(&self, paths: impl Iterator<Item = String>) {
        self.open().growing = paths.collect();
    }

    /// Everything that happened, as soon as it is quiet. Nothing is lost when the caller waits no longer.
    pub async fn collect(&self) -> Touched {
        loop {
            let due = self.open().due();
            match due {
                None => self.bell.notified().await,
                Some(due) if due <= Instant::now() => return self.open().take(),
                Some(due) => sleep_until(due).await,
            }
        }
    }

    fn open(&self) -> MutexGuard<'_, Letters> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Letters {
    fn put(&mut self, path: &Path, content: bool, now: Instant) {
        let Some(path) = visible(path) else { return };
        if content && self.growing.contains(path) {
            return;
        }
        if path.is_empty() || self.paths.len() >= MANY {
            self.everything = true;
        } else {
            self.paths.insert(path.to_owned());
        }
        self.span = Some((self.span.map_or(now, |(first, _)| first), now));
    }

    fn due(&self) -> Option<Instant> {
        self.span.map(|(first, last)| (last + QUIET).min(first + PATIENCE))
    }

    fn take(&mut self) -> Touched {
        self.span = None;
        let paths = std::mem::take(&mut self.paths);
        if std::mem::take(&mut self.everything) { Touched::Everything } else { Touched::Paths(paths) }
    }
}

/// A path that a scan could take something from.
fn visible(path: &Path) -> Option<&str> {
    let plain = |part: Component| matches!(part, Component::Normal(name) if !name.as_encoded_bytes().starts_with(b"."));
    path.to_str().filter(|_| path.components().all(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(names: &[&str]) -> Touched {
        Touched::Paths(names.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn events_are_gathered_until_it_is_quiet() {
        let (mut letters, start) = (Letters::default(), Instant::now());
        assert_eq!(letters.due(), None);
        for (millis, path) in [(0, "b.mp4"), (100, "a/c.mp4"), (250, "b.mp4")] {
            letters.put(Path::new(path), false, start + Duration::from_millis(millis));
        }
        assert_eq!(letters.due(), Some(start + Duration::from_millis(250) + QUIET));
        assert_eq!(letters.take(), paths(&["a/c.mp4", "b.mp4"]));
        assert_eq!(letters.due(), None, "all is taken");
    }

    #[test]
    fn a_stream_of_events_waits_no_longer_than_a_second() {
        let (mut letters, start) = (Letters::default(), Instant::now());
        for millis in (0..990).step_by(90) {
            letters.put(Path::new("a.mp4"), false, start + Duration::from_millis(millis));
        }
        assert_eq!(letters.due(), Some(start + PATIENCE));
    }

    #[test]
    fn some_events_are_no_news() {
        let cases = [
            (".a.mp4.part", false, false, "a hidden file"),
            (".hidden/a.mp4", false, false, "in a hidden folder"),
            ("../a.mp4", false, false, "outside"),
            ("recording.mp4", true, false, "a recording grows"),
            ("recording.mp4", false, true, "a recording is renamed"),
            ("a.mp4", true, true, "another file grows"),
        ];
        for (path, content, want, why) in cases {
            let mut letters = Letters::default();
            letters.growing.insert(String::from("recording.mp4"));
            letters.put(Path::new(path), content, Instant::now());
            assert_eq!(letters.due().is_some(), want, "{why}");
        }
    }

    #[test]
    fn too_many_paths_and_the_folder_itself_are_everything() {
        let (mut letters, now) = (Letters::default(), Instant::now());
        for number in 0..=MANY {
            letters.put(Path::new(&format!("{number}.mp4")), false, now);
        }
        assert_eq!(letters.take(), Touched::Everything);
        letters.put(Path::new(""), false, now);
        assert_eq!(letters.take(), Touched::Everything);
        letters.put(Path::new("a.mp4"), false, now);
        assert_eq!(letters.take(), paths(&["a.mp4"]));
    }

    #[tokio::test]
    async fn what_came_before_the_collector_is_collected() {
        let mailbox = Mailbox::default();
        mailbox.touch(Path::new("a.mp4"), false);
        let start = Instant::now();
        assert_eq!(mailbox.collect().await, paths(&["a.mp4"]));
        assert!(start.elapsed() < PATIENCE);
    }
}
