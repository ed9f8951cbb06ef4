//! One look at a library, and what follows from it.
//!
//! 1. walk the folder, or parts of it, on the blocking pool
//! 2. read what is known
//! 3. compare
//! 4. write in small transactions with pauses, so that other writers get their turn
//!
//! A row that somebody else changed between 2 and 4 makes the scan look again.

use std::collections::{BTreeSet, HashSet};
use std::io;
use std::time::{Duration, Instant};

use super::batch::batches;
use super::diff::{Changes, Moment, Renewed, diff};
use super::look::Look;
use super::report::{Progress, Report};
use super::walk::{Root, Sight, device};
use crate::clock::{Chance, Clock};
use crate::db::media::Library;
use crate::db::scan::Write;
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
/// Rows in one transaction.
const SIDECARS: usize = 500;

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
    /// More happened than that recordings went on.
    pub news: bool,
}

/// Looks at one library.
#[derive(Clone)]
pub(super) struct Scanner {
    pub db: Db,
    pub clock: Clock,
    pub chance: Chance,
    pub library: Library,
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

    /// Compares and writes. None when somebody else was faster.
    async fn follow(
        &self,
        look: Look,
        start: Instant,
        progress: &(dyn Fn(Progress) + Send + Sync),
    ) -> Result<Option<Outcome>, ScanError> {
        let moment = Moment { now: self.clock.now(), before: self.db.scanned_at(&self.library.id).await? };
        let (chance, name) = (self.chance.clone(), self.library.name.clone());
        let Look { rows, sight, sidecars, areas, allow_empty } = look;
        let compare = move || {
            let mut changes = diff(rows, &sight, moment);
            if !allow_empty && is_unmounted(&changes, &sight) {
                return Err(changes.gone.len());
            }
            let beside = Moves::between(sidecars, &sight);
            let report = Report::new(&name, sight, &changes);
            let recording = std::mem::take(&mut changes.recording);
            Ok((report, recording, beside, is_news(&changes), batches(changes, &chance)))
        };
        let compared = tokio::task::spawn_blocking(compare).await.map_err(|cause| self.broken(cause))?;
        let (mut report, recording, beside, news, batches) =
            compared.map_err(|known| ScanError::Empty { library: self.library.name.clone(), known })?;
        if !self.write(&batches, news, progress).await? {
            return Ok(None);
        }
        self.write_sidecars(&beside).await?;
        if areas.is_none() {
            self.mark_scanned().await?;
        }
        report.set_time(start.elapsed());
        Ok(Some(Outcome { report, areas, recording, news }))
    }

    /// False when some of it was no longer as it had been read. The rest is written all the same: of two scans at
    /// the same time each then does a part, and both come to an end.
    async fn write(
        &self,
        batches: &[Vec<Write>],
        news: bool,
        progress: &(dyn Fn(Progress) + Send + Sync),
    ) -> Result<bool, ScanError> {
        let of = batches.iter().map(Vec::len).sum();
        let (mut done, mut undisturbed) = (0, true);
        for batch in batches {
            let start = Instant::now();
            undisturbed &= self.write_batch(batch, news).await?;
            done += batch.len();
            progress(Progress::Writing { done, of });
            if done < of {
                tokio::time::sleep(start.elapsed().max(SHORTEST_PAUSE)).await;
            }
        }
        Ok(undisturbed)
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

    async fn write_sidecars(&self, moves: &Moves) -> Result<(), DbError> {
        let all =
            moves.came.iter().map(|path| (path, true)).chain(moves.gone.iter().map(|path| (path, false)));
        let all: Vec<_> = all.collect();
        for batch in all.chunks(SIDECARS) {
            let mut change = self.db.change().await?;
            for (path, came) in batch {
                match came {
                    true => change.add_sidecar(&self.library.id, path).await?,
                    false => change.remove_sidecar(&self.library.id, path).await?,
                }
            }
            change.commit().await?;
        }
        Ok(())
    }

    async fn mark_scanned(&self) -> Result<(), DbError> {
        let mut change = self.db.change().await?;
        change.mark_scanned(&self.library.id, self.clock.seconds()).await?;
        change.commit().await
    }

    pub fn unreadable(&self, cause: io::Error) -> ScanError {
        ScanError::Unreadable { library: self.library.name.clone(), cause }
    }

    pub fn broken(&self, cause: tokio::task::JoinError) -> ScanError {
        ScanError::Broken { library: self.library.name.clone(), cause }
    }
}

/// Pictures and texts that came and went.
struct Moves {
    came: Vec<String>,
    gone: Vec<String>,
}

impl Moves {
    fn between(known: Vec<String>, sight: &Sight) -> Moves {
        let known: HashSet<String> = known.into_iter().collect();
        let seen: HashSet<&str> = sight.sidecars.iter().map(String::as_str).collect();
        let came = sight.sidecars.iter().filter(|path| !known.contains(*path)).cloned().collect();
        let left = |path: &String| !seen.contains(path.as_str()) && !sight.hides(path);
        Moves { came, gone: known.into_iter().filter(left).collect() }
    }
}

fn is_news(changes: &Changes) -> bool {
    let Changes { moved, back, changed, added, gone, .. } = changes;
    let same_files = moved.is_empty() && back.is_empty() && added.is_empty() && gone.is_empty();
    !(same_files && changed.iter().all(Renewed::only_grew))
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
