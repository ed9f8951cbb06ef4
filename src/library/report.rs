//! What a scan found and did, for people and for `--json`.

use std::time::Duration;

use serde::Serialize;

use super::diff::Changes;
use super::walk::{Sight, Skipped};

/// The result of a scan. `unfit` names are the only ones in it, so it may be shown, not logged.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    pub library: String,
    /// Files that are there.
    pub found: usize,
    pub added: usize,
    pub moved: usize,
    /// Same path and id, another size, time, state or content.
    pub changed: usize,
    /// Ids of these stay known, and come back with their files.
    pub gone: usize,
    pub back: usize,
    /// Files that are still being written.
    pub recording: usize,
    /// Files that were examined now, and those that are known to be broken.
    pub examined: usize,
    pub broken: usize,
    pub skipped: Skipped,
    /// Files and folders that could not be looked at. What was known of them stays.
    pub unreadable: usize,
    pub took_ms: u64,
}

/// How far a scan is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    Looking { files: usize },
    Writing { done: usize, of: usize },
    Examining { done: usize, of: usize },
}

impl Report {
    pub(super) fn new(library: &str, sight: Sight, changes: &Changes) -> Report {
        Report {
            library: library.to_owned(),
            found: sight.files.len(),
            added: changes.added.len(),
            moved: changes.moved.len(),
            changed: changes.changed.len(),
            gone: changes.gone.len(),
            back: changes.back.len(),
            recording: changes.recording.len(),
            unreadable: sight.unreadable.len(),
            examined: 0,
            broken: 0,
            skipped: sight.skipped,
            took_ms: 0,
        }
    }

    /// Whether the catalogue is another one now.
    pub fn changed_anything(&self) -> bool {
        self.added + self.moved + self.changed + self.gone + self.back > 0
    }

    pub(super) fn set_time(&mut self, took: Duration) {
        self.took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    }
}
