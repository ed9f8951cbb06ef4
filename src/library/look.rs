//! Gathers the files and rows that are to be compared: all of them, or what some paths touch.
//!
//! A look at a part must not mistake half a rename for a new file. It goes on to wherever a file that it found was
//! known to be, and looks around a file that stands in the place of another one.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::report::Progress;
use super::scan::{ScanError, Scanner};
use super::walk::{Root, Sight, Walk};
use crate::db::scan::Row;

const PROGRESS_EVERY: Duration = Duration::from_millis(200);
/// With more unknown files than this a look at everything is quicker than a question for each.
const MANY: usize = 1_000;
/// How often a partial look may grow.
const ROUNDS: usize = 6;

/// Rows and files of one look, ready to be compared.
pub(super) struct Look {
    pub rows: Vec<Row>,
    pub sight: Sight,
    /// What is known to lie beside videos, there.
    pub sidecars: Vec<String>,
    /// None: everything.
    pub areas: Option<BTreeSet<String>>,
    /// All that is known may be gone.
    pub allow_empty: bool,
}

impl Scanner {
    pub async fn look_at_all(
        &self,
        allow_empty: bool,
        progress: &(dyn Fn(Progress) + Send + Sync),
    ) -> Result<Look, ScanError> {
        let sight = self.walk(Walk::whole, progress).await?.map_err(|cause| self.unreadable(cause))?;
        let rows = self.db.rows(&self.library.id).await?;
        let sidecars = self.db.sidecars_below(&self.library.id, "").await?;
        Ok(Look { rows, sight, sidecars, areas: None, allow_empty })
    }

    /// None when it would be no less than everything.
    pub async fn look_at(&self, root: Root, areas: &BTreeSet<String>) -> Result<Option<Look>, ScanError> {
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
        let (mut rows, mut sidecars) = (Vec::new(), Vec::new());
        for area in areas {
            rows.extend(self.db.rows_below(&self.library.id, area).await?);
            sidecars.extend(self.db.sidecars_below(&self.library.id, area).await?);
        }
        let unknown = unknown(&rows, &sight);
        if unknown.len() > MANY {
            return Ok(None);
        }
        for (path, identity) in unknown {
            rows.extend(self.db.rows_missing_at(&self.library.id, path).await?);
            rows.extend(self.db.rows_of_identity(&self.library.id, identity).await?);
        }
        let mut seen = HashSet::new();
        rows.retain(|row| seen.insert(row.id));
        Ok(Some(Look { rows, sight, sidecars, areas: Some(areas.clone()), allow_empty: true }))
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
}

/// Paths and identities of files that no row has together.
fn unknown<'s>(rows: &[Row], sight: &'s Sight) -> Vec<(&'s str, &'s str)> {
    let known: HashSet<(&str, &str)> =
        rows.iter().map(|row| (row.file.path.as_str(), row.file.identity.as_str())).collect();
    let files = sight.files.iter().map(|file| (file.path.as_str(), file.identity.as_str()));
    files.filter(|file| !known.contains(file)).collect()
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
