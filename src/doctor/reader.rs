//! Reads what a file holds: the first bytes, the top level, the index. From a disk, or over HTTP by ranges.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;

use crate::body::Container;
use crate::clock::Clock;
use crate::doctor::exchange::Probe;
use crate::doctor::facts::FileFacts;
use crate::doctor::http::HttpFacts;
use crate::doctor::prober::Prober;
use crate::mp4::{Layout, MAX_MOOV, TopBox, Walk};

/// Enough for any container to be recognised.
const START: u64 = 512;

/// Over HTTP: how many boxes are asked for one by one, and the longest index that is loaded.
const MAX_FETCHES: usize = 64;
const MAX_FETCHED: u64 = 16 << 20;

/// A file that was written to more lately than this may be written to again.
const SETTLED: Duration = Duration::from_secs(10);

/// A file on a disk.
pub async fn on_disk(path: &Path, clock: &Clock) -> io::Result<FileFacts> {
    let (path, now) = (path.to_owned(), clock.machine());
    tokio::task::spawn_blocking(move || read(&path, now)).await.map_err(io::Error::other)?
}

fn read(path: &Path, now: Duration) -> io::Result<FileFacts> {
    let file = File::open(path)?;
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let len = found.len();
    let content_type = Container::of(&exactly(&file, 0, len.min(START))?).content_type();
    let mut facts = if is_iso(content_type) {
        let layout = walk(len, |offset, len| exactly(&file, offset, len).map(Bytes::from))?;
        let moov = layout.moov().filter(|moov| moov.size <= MAX_MOOV).copied();
        let moov = moov.map(|moov| exactly(&file, moov.offset, moov.size)).transpose()?;
        FileFacts::gather(content_type, &layout, moov.as_deref())
    } else {
        FileFacts::of_other(content_type, len)
    };
    let modified = found.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    facts.is_growing = now.saturating_sub(modified) < SETTLED && modified <= now;
    Ok(facts)
}

fn exactly(file: &File, offset: u64, len: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(len).map_err(io::Error::other)?];
    file.read_exact_at(&mut bytes, offset)?;
    Ok(bytes)
}

fn walk(len: u64, mut read: impl FnMut(u64, u64) -> io::Result<Bytes>) -> io::Result<Layout> {
    let mut walk = Walk::new(len);
    while let Some(wanted) = walk.wants() {
        walk.take(&read(wanted.offset, wanted.len)?);
    }
    Ok(walk.finish())
}

fn is_iso(content_type: &str) -> bool {
    matches!(content_type, "video/mp4" | "audio/mp4" | "video/quicktime")
}

/// A file behind a URL, by the answers to the probes and by more ranges. Without ranges what has been loaded of its
/// beginning is all there is. `None` where the server sent no video.
pub async fn over_http(prober: &Prober, http: &HttpFacts) -> Option<FileFacts> {
    let answers = [Probe::Open, Probe::Plain].into_iter().filter_map(|probe| http.get(probe));
    let beginning = answers
        .filter(|answer| answer.is_success() && answer.coding().is_none())
        .max_by_key(|answer| answer.body.len())?;
    let beginning = beginning.body.clone();
    let known = u64::try_from(beginning.len()).unwrap_or(u64::MAX);
    let mut remote = Remote { prober, http, beginning, fetches: 0 };
    let len = http.size.unwrap_or(known);
    let content_type = Container::of(&remote.beginning).content_type();
    if !is_iso(content_type) {
        return Some(FileFacts::of_other(content_type, len));
    }
    let mut walk = Walk::new(len);
    while let Some(wanted) = walk.wants() {
        let bytes = remote.read(wanted.offset, wanted.len).await;
        // Nothing ends the walk, as "unread".
        walk.take(&bytes.unwrap_or_default());
    }
    let layout = walk.finish();
    let moov = remote.moov(layout.moov()).await;
    Some(FileFacts::gather(content_type, &layout, moov.as_deref()))
}

struct Remote<'a> {
    prober: &'a Prober,
    http: &'a HttpFacts,
    beginning: Bytes,
    fetches: usize,
}

impl Remote<'_> {
    async fn read(&mut self, offset: u64, len: u64) -> Option<Bytes> {
        let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
        let end = offset.saturating_add(len);
        if place(end) <= self.beginning.len() {
            return Some(self.beginning.slice(place(offset)..place(end)));
        }
        let has_ranges = self.http.begin().is_some_and(|answer| answer.status == 206);
        if !has_ranges || self.fetches >= MAX_FETCHES {
            return None;
        }
        self.fetches += 1;
        self.prober.fetch(self.http, offset, len).await
    }

    async fn moov(&mut self, moov: Option<&TopBox>) -> Option<Bytes> {
        let moov = moov.filter(|moov| moov.size <= MAX_FETCHED)?;
        self.read(moov.offset, moov.size).await
    }
}
