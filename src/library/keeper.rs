//! Keeps one library up to date:
//!
//! 1. at the start, now and then, and when asked: look at everything
//! 2. when something happened: look there
//! 3. every few seconds: look at files that are still being written, and whether the folder is still the same one
//!
//! Nothing here logs a path or a title.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::eyes::Eyes;
use super::look::{ancestors, outermost};
use super::mailbox::{Mailbox, Touched};
use super::report::Report;
use super::scan::{Outcome, ScanError, Scanner};
use super::walk::Root;

/// Between two looks at recordings.
const GLANCE: Duration = Duration::from_secs(3);
/// Between two looks at everything where nothing can be seen, or the last look failed.
const BLIND: Duration = Duration::from_secs(10);
/// A look that took long is not repeated at once: at most a tenth of the time is spent on it.
const SHARE: u32 = 10;

/// One library and what is known of its folder.
pub(super) struct Keeper {
    scanner: Scanner,
    pub mailbox: Arc<Mailbox>,
    /// Rung when there may be files to examine.
    pub news: Arc<Notify>,
    scan_interval: Duration,
    eyes: Option<Eyes>,
    /// After a failure: when to try to see again.
    eyes_again: Option<Instant>,
    /// The folder that is watched; none: it is not there.
    root: Option<Root>,
    /// The last look at everything succeeded. Otherwise a look at a part could take an unmounted disk for deletions.
    sound: bool,
    recording: BTreeSet<String>,
    /// What was warned of, so that it is said once: that nothing can be seen, and why the last look failed.
    blind: bool,
    trouble: Option<String>,
}

impl Keeper {
    pub fn new(scanner: Scanner, scan_interval: Duration) -> Keeper {
        Keeper {
            scanner,
            mailbox: Arc::default(),
            news: Arc::default(),
            scan_interval,
            eyes: None,
            eyes_again: None,
            root: None,
            sound: false,
            recording: BTreeSet::new(),
            blind: false,
            trouble: None,
        }
    }

    pub async fn keep(mut self) {
        let mailbox = self.mailbox.clone();
        let mut glance = interval(GLANCE);
        glance.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut next = self.look_at_all().await;
        loop {
            let all_is_well = tokio::select! {
                () = sleep_until(next) => false,
                touched = mailbox.collect() => match touched {
                    Touched::Paths(paths) => self.look_at(paths).await,
                    Touched::Everything => false,
                },
                _ = glance.tick() => self.glance().await,
            };
            if !all_is_well {
                next = self.look_at_all().await;
            }
        }
    }

    /// Says when to do it again.
    pub async fn look_at_all(&mut self) -> Instant {
        let start = Instant::now();
        // First the eyes: what happens during the look must not be missed.
        self.open_eyes().await;
        let looked = self.scanner.whole(false, &|_| {}).await;
        self.sound = looked.is_ok();
        self.take_note(looked);
        let wait = if !self.sound || self.eyes.is_none() {
            BLIND.min(self.scan_interval)
        } else {
            self.scan_interval
        };
        Instant::now() + wait.max(start.elapsed() * SHARE)
    }

    /// False when only a look at everything helps.
    pub async fn look_at(&mut self, paths: BTreeSet<String>) -> bool {
        let Some(root) = self.root.filter(|_| self.sound) else { return false };
        let areas = outermost(&paths);
        if !self.watch(areas.iter().cloned().collect()).await {
            return false;
        }
        let looked = self.scanner.part(root, &areas).await;
        self.take_note(looked)
    }

    pub async fn glance(&mut self) -> bool {
        let path = self.path();
        let root = spawn_blocking(move || Root::at(&path).ok()).await.ok().flatten();
        if root != self.root {
            return false;
        }
        let Some(root) = root.filter(|_| self.sound && !self.recording.is_empty()) else { return true };
        let looked = self.scanner.part(root, &self.recording).await;
        self.take_note(looked)
    }

    fn take_note(&mut self, looked: Result<Outcome, ScanError>) -> bool {
        match looked {
            Ok(outcome) => {
                self.remember(&outcome);
                if outcome.areas.is_none() || outcome.news {
                    self.news.notify_one();
                }
                tell(&outcome.report, outcome.areas.is_none());
                if self.trouble.take().is_some() {
                    tracing::info!(library = self.scanner.library.name, "the library can be scanned again");
                }
                true
            }
            Err(error) => {
                self.warn(error.to_string());
                false
            }
        }
    }

    fn remember(&mut self, outcome: &Outcome) {
        match &outcome.areas {
            None => self.recording.clear(),
            Some(areas) => self.recording.retain(|path| !ancestors(path).any(|above| areas.contains(above))),
        }
        self.recording.extend(outcome.recording.iter().cloned());
        self.mailbox.expect_growth(self.recording.iter().cloned());
    }

    fn warn(&mut self, problem: String) {
        if self.trouble.as_ref() != Some(&problem) {
            tracing::warn!(library = self.scanner.library.name, problem, "a library could not be scanned");
            self.trouble = Some(problem);
        }
    }

    /// Watches the folder that is there now, which may be another one than before.
    async fn open_eyes(&mut self) {
        let (path, mailbox) = (self.path(), self.mailbox.clone());
        let root = spawn_blocking(move || Root::at(&path).ok()).await.ok().flatten();
        if root != self.root {
            self.root = root;
            self.eyes = None;
        }
        let wanted = self.eyes_again.is_none_or(|again| again <= Instant::now());
        if self.root.is_none() || !wanted {
            return;
        }
        if self.eyes.is_none() {
            match Eyes::open(&self.path(), &mailbox) {
                Ok(eyes) => self.eyes = Some(eyes),
                Err(blind) => return self.close_eyes(&blind.to_string()),
            }
        }
        if self.watch(vec![String::new()]).await {
            self.blind = false;
        }
    }

    /// Watches folders at these paths. False when that was too much.
    async fn watch(&mut self, areas: Vec<String>) -> bool {
        let Some(mut eyes) = self.eyes.take() else { return true };
        let watching = spawn_blocking(move || {
            let watched = areas.iter().try_for_each(|area| eyes.watch(area));
            (eyes, watched)
        });
        match watching.await {
            Ok((eyes, Ok(()))) => {
                self.eyes = Some(eyes);
                true
            }
            Ok((_, Err(blind))) => {
                self.close_eyes(&blind.to_string());
                false
            }
            Err(_) => false,
        }
    }

    fn close_eyes(&mut self, why: &str) {
        self.eyes = None;
        self.eyes_again = Some(Instant::now() + self.scan_interval);
        if !std::mem::replace(&mut self.blind, true) {
            let (library, seconds) = (&self.scanner.library.name, BLIND.as_secs());
            tracing::warn!(library, why, seconds, "a library cannot be watched and is scanned often instead");
        }
    }

    fn path(&self) -> PathBuf {
        PathBuf::from(&self.scanner.library.path)
    }
}

fn tell(report: &Report, whole: bool) {
    let Report { found, added, moved, changed, gone, back, unreadable, took_ms, .. } = report;
    let library = &report.library;
    if added + moved + gone + back > 0 {
        tracing::info!(
            library,
            whole,
            found,
            added,
            moved,
            changed,
            gone,
            back,
            unreadable,
            took_ms,
            "library scanned"
        );
    } else {
        tracing::debug!(library, whole, found, changed, unreadable, took_ms, "library scanned");
    }
}
