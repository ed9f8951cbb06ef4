//! Looks into files whose content nobody has seen as it is now, a few at a time and behind everything else.
//!
//! 1. complete files without findings of their version, in the order of their paths
//! 2. each is opened beneath the library's folder, examined and judged, on the blocking pool
//! 3. findings are written in small transactions with pauses, as a scan writes
//! 4. then recordings are compared with their siblings
//!
//! A recording that still grows is left alone until it has settled. Nothing here logs a path or a title.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::report::Progress;
use crate::clock::Clock;
use crate::db::findings::{Compared, Examiner, Findings, Unexamined};
use crate::db::media::Library;
use crate::db::{Db, DbError};
use crate::doctor::{Kept, RULES_VERSION};
use crate::probe::archive::{self, Recording};
use crate::probe::{self, Examined, State};
use crate::storage::{Folder, MediaFile};
use crate::types::{ItemId, ItemState};

/// What was found or judged otherwise is old.
pub const US: Examiner = Examiner { prober: probe::VERSION, rules: RULES_VERSION };
/// Files that are read at the same time, on threads that a disk which hangs may keep.
const AT_ONCE: usize = 2;
/// Files between two writes.
const BATCH: u32 = 100;
/// The shortest pause behind a write: others want to write as well.
const PAUSE: Duration = Duration::from_millis(10);
/// After a failure of the database.
const AGAIN: Duration = Duration::from_secs(30);
/// Rows of comparisons in one transaction.
const ROWS: usize = 500;

/// Examines what is to be examined, and says how many files that were.
pub async fn examine(
    db: &Db,
    clock: &Clock,
    library: &Library,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<usize, DbError> {
    let count = db.count_unexamined(&library.id, US).await?;
    let Some(folder) = open(library).await.filter(|_| count > 0) else { return Ok(0) };
    let (of, mut looked, mut done) = (usize::try_from(count).unwrap_or(usize::MAX), 0, 0);
    let mut after = String::new();
    loop {
        progress(Progress::Examining { done: looked.min(of), of });
        let batch = db.unexamined(&library.id, US, &after, BATCH).await?;
        let Some(last) = batch.last() else { break };
        after.clone_from(&last.path);
        looked += batch.len();
        let found = look_into(&folder, batch).await;
        done += found.len();
        let start = Instant::now();
        write(db, clock, &found).await?;
        tokio::time::sleep(start.elapsed().max(PAUSE)).await;
    }
    if done > 0 {
        compare(db, library).await?;
    }
    Ok(done)
}

/// Examines whenever there is news, for ever.
pub(super) async fn keep_examining(db: &Db, clock: &Clock, library: &Library, news: &Notify) {
    loop {
        news.notified().await;
        match examine(db, clock, library, &|_| {}).await {
            Ok(0) => {}
            Ok(examined) => tracing::info!(library = library.name, examined, "files examined"),
            Err(error) => {
                tracing::warn!(library = library.name, %error, "files could not be examined");
                tokio::time::sleep(AGAIN).await;
                news.notify_one();
            }
        }
    }
}

/// None: the folder is not there, and neither are its files.
async fn open(library: &Library) -> Option<Folder> {
    let path = library.path.clone();
    let opening = move || Folder::open(Path::new(&path), AT_ONCE, Duration::from_secs(30));
    tokio::task::spawn_blocking(opening).await.ok()?.ok()
}

type Found = Vec<(Unexamined, Findings)>;

/// What is gone, cannot be read or was written to meanwhile is left out: the next look at the library finds it.
async fn look_into(folder: &Folder, batch: Vec<Unexamined>) -> Found {
    let stop = CancellationToken::new();
    let _stop_with_me = stop.clone().drop_guard();
    let queue = Arc::new(std::sync::Mutex::new(batch));
    let mut workers = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (folder, queue, stop) = (folder.clone(), queue.clone(), stop.clone());
        workers.spawn_blocking(move || {
            let next = || queue.lock().ok().filter(|_| !stop.is_cancelled())?.pop();
            let look = |of: Unexamined| look_at(&folder, &of).map(|found| (of, found));
            std::iter::from_fn(next).filter_map(look).collect::<Found>()
        });
    }
    let mut all = Found::new();
    while let Some(found) = workers.join_next().await {
        // One file that breaks its reader must not keep all others from being examined.
        all.extend(found.unwrap_or_default());
    }
    all
}

fn look_at(folder: &Folder, of: &Unexamined) -> Option<Findings> {
    let file = folder.open_file_blocking(&of.path).ok().filter(|file| is_version(file, of))?;
    findings(&probe::examine(&file).ok()?)
}

fn is_version(file: &MediaFile, of: &Unexamined) -> bool {
    let (seconds, nanoseconds) = file.stat().modified;
    let modified_ns = seconds.saturating_mul(1_000_000_000).saturating_add(nanoseconds.into());
    (file.stat().len, modified_ns) == (of.size, of.modified_ns)
}

fn findings(examined: &Examined) -> Option<Findings> {
    let codec = |kind| examined.first(kind).and_then(|track| track.codec.clone());
    let (width, height) = examined.shown_size().unzip();
    Some(Findings {
        state: if examined.state == State::Broken { ItemState::Broken } else { ItemState::Complete },
        container: examined.container.map(str::to_owned),
        duration_ms: examined.duration_ms.filter(|millis| i64::try_from(*millis).is_ok()),
        width,
        height,
        video_codec: codec("video"),
        audio_codec: codec("audio"),
        note: examined.note(),
        verdict: serde_json::to_string(&Kept::of(examined)).ok()?,
        suspicion: None,
    })
}

async fn write(db: &Db, clock: &Clock, found: &Found) -> Result<(), DbError> {
    if found.is_empty() {
        return Ok(());
    }
    let mut change = db.change().await?;
    for (of, findings) in found {
        change.put_findings(of, findings, US, clock.seconds()).await?;
    }
    change.commit().await
}

/// Says of each recording what is odd about it, and takes back what is not true any more.
async fn compare(db: &Db, library: &Library) -> Result<(), DbError> {
    let all = db.compared(&library.id).await?;
    let news = tokio::task::spawn_blocking(move || news(&all)).await.unwrap_or_default();
    for rows in news.chunks(ROWS) {
        let mut change = db.change().await?;
        for (id, suspicion) in rows {
            change.set_suspicion(*id, suspicion.as_deref()).await?;
        }
        change.commit().await?;
    }
    Ok(())
}

fn news<'a>(all: &'a [Compared]) -> Vec<(ItemId, Option<String>)> {
    let recording =
        |of: &'a Compared| Recording { path: &of.path, size: of.size, duration_ms: of.duration_ms };
    let recordings: Vec<_> = all.iter().map(recording).collect();
    let found = archive::suspicions(&recordings);
    let changed = all.iter().zip(found).filter(|(of, suspicion)| of.suspicion != *suspicion);
    changed.map(|(of, suspicion)| (of.id, suspicion)).collect()
}
