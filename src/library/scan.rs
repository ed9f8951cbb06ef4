//! One look at a library, and what follows from it.
//!
//! 1. walk the folder, or parts of it, on the blocking pool
//! 2. read what is known
//! 3. compare
//! 4. write in small transactions with pauses, so that other writers get their turn
//!
//! A row that somebody else changed between 2 and 4 makes the scan look again.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::batch::batches;
use super::diff::{Changes, Moment, diff};
use super::report::{Progress, Report};
use super::walk::{Root, Sight, Walk, device};
use crate::clock::{Chance, Clock};
use crate::db::media::Library;
use crate::db::scan::{Row, Write};
use crate::db::{Db, DbError};

/// Why a library could not be scanned. The catalogue is as it was, or nearer to what is there.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    #[error(
        "the folder of {library} cannot be read: {cause}\n\
         What is known of it stays. Mount the disk, or let the user that runs reelgate read the folder."
    )]
    Unreadable { library: String, cause: io::Error },
    #[error(
        "none of the {known} known videos of {library} is there any more, so its disk may not be mounted.\n\
         What is known of it stays. Mount the disk; if the videos are really gone, say so with \
         `reelgate scan --allow-empty`."
    )]
    Empty { library: String, known: usize },
    #[error("another program scans {library} at the same time, again and again. Scan when it is done.")]
    Meddled { library: String },
    #[error("the scan of {library} did not end: {cause}. Scan again.")]
    Broken { library: String, cause: tokio::task::JoinError },
    #[error(transparent)]
    Db(#[from] DbError),
}

const TRIES: usize = 5;
/// Another process asks for its turn every 100 ms at the latest, a short pause would mostly pass unseen.
const SHORTEST_PAUSE: Duration = Duration::from_millis(10);
const PROGRESS_EVERY: Duration = Duration::from_millis(200);
/// With more unknown files than this a look at everything is quicker than a question for each.
const MANY: usize = 1_000;
/// How often a partial look may grow.
const ROUNDS: usize = 6;

/// Scans a whole library.
pub async fn scan(
    db: &Db,
    clock: &Clock,
    chance: &Chance,
    library: &Library,
    allow_empty: bool,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Report, ScanError> {
    let scanner =
        Scanner { db: db.clone(), clock: clock.clone(), chance: chance.clone(), library: library.clone() };
    Ok(scanner.whole(allow_empty, progress).await?.report)
}

/// What a look at some or all of a library brought.
#[derive(Debug)]
pub(super) struct Outcome {
    pub report: Report,
    /// Paths that were looked at; none: everything.
    pub areas: Option<BTreeSet<String>>,
    /// Files among them that are still being written.
    pub recording: Vec<String>,
}

/// Looks at one library.
#[derive(Clone)]
pub(super) struct Scanner {
    pub db: Db,
    pub clock: Clock,
    pub chance: Chance,
    pub library: Library,
}

/// Rows and files of one look, ready to be compared.
struct Look {
    rows: Vec<Row>,
    sight: Sight,
    /// None: everything.
    areas: Option<BTreeSet<String>>,
    /// All that is known may be gone.
    allow_empty: bool,
}

impl Scanner {
    pub async fn whole(
        &self,
        allow_empty: bool,
        progress: &(dyn Fn(Progress) + Send + Sync),
    ) -> Result<Outcome, ScanError> {
        let start = Instant::now();
        for _ in 0..TRIES {
            let look = self.look_at_all(allow_empty, progress).await?;
            if let Some(outcome) = self.follow(look, start, progress).await? {
                return Ok(outcome);
            }
        }
        Err(ScanError::Meddled { library: self.library.name.clone() })
    }

    /// Looks at some paths, and wherever their files may have come from.
    pub async fn part(&self, root: Root, areas: &BTreeSet<String>) -> Result<Outcome, ScanError> {
        let start = Instant::now();
        for _ in 0..TRIES {
            let Some(look) = self.look_at(root, areas).await? else {
                return self.whole(false, &|_| {}).await;
            };
            if let Some(outcome) = self.follow(look, start, &|_| {}).await? {
                return Ok(outcome);
            }
        }
        Err(ScanError::Meddled { library: self.library.name.clone() })
    }

    async fn look_at_all(
        &self,
        allow_empty: bool,
        progress: &(dyn Fn(Progress) + Send + Sync),
    ) -> Result<Look, ScanError> {
        let sight = self.walk(Walk::whole, progress).await?.map_err(|cause| self.unreadable(cause))?;
        let rows = self.db.rows(&self.library.id).await?;
        Ok(Look { rows, sight, areas: None, allow_empty })
    }

    /// None when it would be no less than everything.
    async fn look_at(&self, root: Root, areas: &BTreeSet<String>) -> Result<Option<Look>, ScanError> {
        let mut areas = areas.clone();
        for _ in 0..ROUNDS {
            let Some(look) = self.glance(root, &areas).await? else { return Ok(None) };
            let more = elsewhere(&look);
            if more.is_empty() {
                return Ok(Some(look));
            }
            areas.extend(more);
            areas = outermost(&areas);
            if areas.contains("") {
                return Ok(None);
            }
        }
        Ok(None)
    }

    /// The files of some paths, with the rows of these paths and of these files.
    async fn glance(&self, root: Root, areas: &BTreeSet<String>) -> Result<Option<Look>, ScanError> {
        let walked = areas.clone();
        let walk = move |walk: &Walk| walk.parts(root, walked.iter().map(String::as_str));
        let sight = self.walk(walk, &|_| {}).await?.map_err(|cause| self.unreadable(cause))?;
        let mut rows = Vec::new();
        for area in areas {
            rows.extend(self.db.rows_below(&self.library.id, area).await?);
        }
        let unknown = unknown(&rows, &sight);
        if unknown.len() > MANY {
            return Ok(None);
        }
        if !unknown.is_empty() {
            rows.extend(self.db.rows_missing(&self.library.id).await?);
        }
        for identity in unknown {
            rows.extend(self.db.rows_of_identity(&self.library.id, &identity).await?);
        }
        let mut seen = HashSet::new();
        rows.retain(|row| seen.insert(row.id));
        Ok(Some(Look { rows, sight, areas: Some(areas.clone()), allow_empty: true }))
    }

    /// Walks on the blocking pool, and stops walking when nobody waits for it any more.
    async fn walk<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Walk) -> T + Send + 'static,
        progress: &(dyn Fn(Progress) + Send + Sync),
    ) -> Result<T, ScanError> {
        let stop = CancellationToken::new();
        let walk = Walk::new(Path::new(&self.library.path), stop.clone());
        let _stop_with_me = stop.drop_guard();
        let count = walk.count.clone();
        let mut walking = tokio::task::spawn_blocking(move || look(&walk));
        let mut tick = tokio::time::interval(PROGRESS_EVERY);
        loop {
            tokio::select! {
                done = &mut walking => return done.map_err(|cause| self.broken(cause)),
                _ = tick.tick() => progress(Progress::Looking { files: count.load(Ordering::Relaxed) }),
            }
        }
    }

    /// Compares and writes. None when somebody else was faster.
    async fn follow(
        &self,
        look: Look,
        start: Instant,
        progress: &(dyn Fn(Progress) + Send + Sync),
    ) -> Result<Option<Outcome>, ScanError> {
        let moment = Moment { now: self.clock.now(), before: self.db.scanned_at(&self.library.id).await? };
        let (chance, name) = (self.chance.clone(), self.library.name.clone());
        let Look { rows, sight, areas, allow_empty } = look;
        let compare = move || {
            let mut changes = diff(rows, &sight, moment);
            if !allow_empty && is_unmounted(&changes, &sight) {
                return Err(changes.gone.len());
            }
            let report = Report::new(&name, sight, &changes);
            let recording = std::mem::take(&mut changes.recording);
            Ok((report, recording, is_news(&changes), batches(changes, &chance)))
        };
        let compared = tokio::task::spawn_blocking(compare).await.map_err(|cause| self.broken(cause))?;
        let (mut report, recording, news, batches) =
            compared.map_err(|known| ScanError::Empty { library: self.library.name.clone(), known })?;
        if !self.write(&batches, news, progress).await? {
            return Ok(None);
        }
        if areas.is_none() {
            self.mark_scanned().await?;
        }
        report.set_time(start.elapsed());
        Ok(Some(Outcome { report, areas, recording }))
    }

    async fn write(
        &self,
        batches: &[Vec<Write>],
        news: bool,
        progress: &(dyn Fn(Progress) + Send + Sync),
    ) -> Result<bool, ScanError> {
        let of = batches.iter().map(Vec::len).sum();
        let mut done = 0;
        for batch in batches {
            let start = Instant::now();
            if !self.write_batch(batch, news).await? {
                return Ok(false);
            }
            done += batch.len();
            progress(Progress::Writing { done, of });
            if done < of {
                tokio::time::sleep(start.elapsed().max(SHORTEST_PAUSE)).await;
            }
        }
        Ok(true)
    }

    async fn write_batch(&self, batch: &[Write], news: bool) -> Result<bool, DbError> {
        let now = self.clock.seconds();
        let mut change = self.db.change().await?;
        for write in batch {
            if !change.write(&self.library.id, write, now).await? {
                return Ok(false);
            }
        }
        if news {
            change.announce_files().await?;
        }
        change.commit().await?;
        Ok(true)
    }

    async fn mark_scanned(&self) -> Result<(), DbError> {
        let mut change = self.db.change().await?;
        change.mark_scanned(&self.library.id, self.clock.seconds()).await?;
        change.commit().await
    }

    fn unreadable(&self, cause: io::Error) -> ScanError {
        ScanError::Unreadable { library: self.library.name.clone(), cause }
    }

    fn broken(&self, cause: tokio::task::JoinError) -> ScanError {
        ScanError::Broken { library: self.library.name.clone(), cause }
    }
}

fn is_news(changes: &Changes) -> bool {
    let Changes { moved, back, changed, added, gone, .. } = changes;
    !(moved.is_empty() && back.is_empty() && added.is_empty() && gone.is_empty())
        || !changed.iter().all(super::diff::Renewed::only_grew)
}

/// Nothing that is known is there any more, and nothing else either, or only what lies on another disk: the folder
/// where a disk is mounted may hold files of its own.
fn is_unmounted(changes: &Changes, sight: &Sight) -> bool {
    let kept = changes.same + changes.moved.len() + changes.changed.len();
    let disks: HashSet<&str> = changes.gone.iter().map(|row| device(&row.file.identity)).collect();
    kept == 0
        && sight.unreadable.is_empty()
        && !disks.is_empty()
        && !sight.files.iter().any(|file| disks.contains(device(&file.identity)))
}

/// Identities that no row has at the path where they were found.
fn unknown(rows: &[Row], sight: &Sight) -> Vec<String> {
    let known: HashSet<(&str, &str)> =
        rows.iter().map(|row| (row.file.path.as_str(), row.file.identity.as_str())).collect();
    let files = sight.files.iter().filter(|file| !known.contains(&(file.path.as_str(), &file.identity)));
    files.map(|file| file.identity.clone()).collect()
}

/// Where a partial look must look as well: at paths of rows that have the identity of a file it found, and around
/// a file that stands in the place of another one, which may have been moved on a moment ago.
fn elsewhere(look: &Look) -> BTreeSet<String> {
    let present = look.rows.iter().filter(|row| !row.missing);
    let by_path: HashMap<&str, &Row> = present.map(|row| (row.file.path.as_str(), row)).collect();
    let seen: HashSet<&str> = look.sight.files.iter().map(|file| file.identity.as_str()).collect();
    let is_displaced =
        |path: &str| by_path.get(path).is_some_and(|row| !seen.contains(row.file.identity.as_str()));
    let displacing = look.sight.files.iter().filter(|file| is_displaced(&file.path));
    let around = displacing.map(|file| file.path.rsplit_once('/').map_or("", |(folder, _)| folder));
    let areas = look.areas.iter().flatten().map(String::as_str).collect::<HashSet<_>>();
    let paths = by_path.keys().copied().chain(around);
    paths.filter(|path| !ancestors(path).any(|above| areas.contains(above))).map(str::to_owned).collect()
}

/// A path and the folders above it.
pub(super) fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(slash, _)| &path[..slash]).chain([path, ""])
}

/// Without those that lie below another one.
pub(super) fn outermost(areas: &BTreeSet<String>) -> BTreeSet<String> {
    let inner = |path: &String| ancestors(path).any(|above| above != path && areas.contains(above));
    areas.iter().filter(|path| !inner(path)).cloned().collect()
}
