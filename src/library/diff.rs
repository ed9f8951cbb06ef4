//! Known rows against found files: what follows for each row. Pure.
//!
//! An id follows the content, for a token that was given for one recording must not open another because the files
//! were rotated. In this order, and no row is used twice:
//!
//! 1. path and identity are those of a row: the same file
//! 2. the identity is that of a row whose path no longer has it: the file was moved
//! 3. the identity is that of a row whose file was gone: it is back, maybe elsewhere
//! 4. the path is that of a row that is left: the file was replaced in place, as tools do that save by renaming
//! 5. path, size and time are those of a row whose file was gone: it is back, for example from a backup. Without
//!    equal size and time it could be anything, and gets an id of its own
//! 6. whatever is left is new
//!
//! Rows that are left over are gone, unless their place could not be seen.

use std::collections::HashMap;
use std::time::Duration;

use super::walk::{Found, Sight, is_sure};
use crate::clock::{Seconds, seconds};
use crate::db::scan::{File, Row};
use crate::types::ItemState;

/// A file that did not change for this long is complete.
pub(super) const QUIET: Duration = Duration::from_secs(10);

/// A row, and its file as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Renewed {
    pub row: Row,
    pub file: File,
}

#[derive(Debug, Default)]
pub(super) struct Changes {
    pub same: usize,
    pub moved: Vec<Renewed>,
    pub back: Vec<Renewed>,
    pub changed: Vec<Renewed>,
    pub added: Vec<File>,
    pub gone: Vec<Row>,
    /// Paths of files that are still being written, changed or not.
    pub recording: Vec<String>,
}

/// When the files were looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub now: Duration,
    /// The full scan before this one.
    pub before: Option<Seconds>,
}

impl Renewed {
    /// A recording that goes on. Requests ask the file itself for its length, so nobody has to hear of it.
    pub fn only_grew(&self) -> bool {
        let (was, is) = (&self.row.file, &self.file);
        !self.row.missing
            && was.state == ItemState::Recording
            && is.state == ItemState::Recording
            && was.path == is.path
            && was.identity == is.identity
    }
}

/// `found` has each path once. Rows of files that are there have each path once.
pub(super) fn diff(rows: Vec<Row>, sight: &Sight, moment: Moment) -> Changes {
    let partners = Matching::new(&rows, &sight.files).run();
    let mut changes = Changes::default();
    let mut rows: Vec<Option<Row>> = rows.into_iter().map(Some).collect();
    for (found, partner) in sight.files.iter().zip(partners) {
        let row = partner.and_then(|index| rows[index].take());
        changes.sort_in(row, found, moment);
    }
    let left = rows.into_iter().flatten().filter(|row| !row.missing && !sight.hides(&row.file.path));
    changes.gone = left.collect();
    changes
}

impl Changes {
    fn sort_in(&mut self, row: Option<Row>, found: &Found, moment: Moment) {
        let file = File {
            path: found.path.clone(),
            size: found.size,
            modified_ns: found.modified_ns,
            identity: found.identity.clone(),
            state: state(row.as_ref(), found, moment),
        };
        if file.state == ItemState::Recording {
            self.recording.push(file.path.clone());
        }
        match row {
            None => self.added.push(file),
            Some(row) if row.missing => self.back.push(Renewed { row, file }),
            Some(row) if row.file == file => self.same += 1,
            Some(row) if row.file.path == file.path => self.changed.push(Renewed { row, file }),
            Some(row) => self.moved.push(Renewed { row, file }),
        }
    }
}

/// Recording while the file's time is fresh, or its size changed from one look to the next within [`QUIET`]: some
/// copies carry the old time from the start.
fn state(row: Option<&Row>, found: &Found, moment: Moment) -> ItemState {
    let modified = u64::try_from(found.modified_ns).map_or(Duration::ZERO, Duration::from_nanos);
    let fresh = modified.abs_diff(moment.now) < QUIET;
    let grows = row.is_some_and(|row| {
        let same_size = row.file.size == found.size;
        let was_recording = row.file.state == ItemState::Recording;
        let last_look =
            if same_size { Some(row.changed_at) } else { moment.before.max(Some(row.changed_at)) };
        (!same_size || was_recording) && last_look.is_some_and(|look| within_quiet(look, moment.now))
    });
    if fresh || grows { ItemState::Recording } else { ItemState::Complete }
}

fn within_quiet(since: Seconds, now: Duration) -> bool {
    u64::try_from(seconds(now).saturating_sub(since)).is_ok_and(|passed| passed < QUIET.as_secs())
}

/// Finds each file's row. Indexes stand for rows and files.
struct Matching<'a> {
    rows: &'a [Row],
    found: &'a [Found],
    /// Rows of files that are there.
    by_path: HashMap<&'a str, usize>,
    gone_by_path: HashMap<&'a str, Vec<usize>>,
    by_identity: HashMap<&'a str, Vec<usize>>,
    taken: Vec<bool>,
    partners: Vec<Option<usize>>,
}

impl<'a> Matching<'a> {
    fn new(rows: &'a [Row], found: &'a [Found]) -> Matching<'a> {
        let mut by_path = HashMap::new();
        let mut gone_by_path: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut by_identity: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, row) in rows.iter().enumerate() {
            by_identity.entry(&row.file.identity).or_default().push(index);
            if row.missing {
                gone_by_path.entry(&row.file.path).or_default().push(index);
            } else {
                by_path.insert(row.file.path.as_str(), index);
            }
        }
        let (taken, partners) = (vec![false; rows.len()], vec![None; found.len()]);
        Matching { rows, found, by_path, gone_by_path, by_identity, taken, partners }
    }

    fn run(mut self) -> Vec<Option<usize>> {
        self.pair(|this, found| {
            this.at_path(found).filter(|row| this.rows[*row].file.identity == found.identity)
        });
        self.pair(|this, found| this.of_identity(found, false));
        self.pair(|this, found| this.of_identity(found, true));
        self.pair(Matching::at_path);
        self.pair(Matching::gone_from_path);
        self.partners
    }

    /// One rule over all files that have no row yet.
    fn pair(&mut self, rule: impl Fn(&Self, &Found) -> Option<usize>) {
        for (index, found) in self.found.iter().enumerate() {
            if self.partners[index].is_some() {
                continue;
            }
            if let Some(row) = rule(self, found) {
                self.taken[row] = true;
                self.partners[index] = Some(row);
            }
        }
    }

    fn at_path(&self, found: &Found) -> Option<usize> {
        self.by_path.get(found.path.as_str()).copied().filter(|row| !self.taken[*row])
    }

    /// Of several rows (hard links that are gone) the one of the same path, else the first.
    fn of_identity(&self, found: &Found, missing: bool) -> Option<usize> {
        let fits = |row: &&usize| {
            let known = &self.rows[**row];
            !self.taken[**row]
                && known.missing == missing
                && (is_sure(&found.identity) || alike(known, found))
        };
        let rows = self.by_identity.get(found.identity.as_str())?;
        let same_path = rows.iter().filter(fits).find(|row| self.rows[**row].file.path == found.path);
        same_path.or_else(|| rows.iter().find(fits)).copied()
    }

    fn gone_from_path(&self, found: &Found) -> Option<usize> {
        let rows = self.gone_by_path.get(found.path.as_str())?;
        rows.iter().find(|row| !self.taken[**row] && alike(&self.rows[**row], found)).copied()
    }
}

fn alike(row: &Row, found: &Found) -> bool {
    row.file.size == found.size && row.file.modified_ns == found.modified_ns
}

#[cfg(test)]
#[path = "diff_tests.rs"]
mod tests;
