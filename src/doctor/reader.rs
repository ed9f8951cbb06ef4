//! Reads what a file behind a URL holds: the first bytes, the top level, the index. What it makes of them is
//! [`crate::probe`]'s, as of a file on a disk.

use bytes::Bytes;

use crate::body::Container;
use crate::doctor::exchange::Probe;
use crate::doctor::http::HttpFacts;
use crate::doctor::prober::Prober;
use crate::mp4::{TopBox, Walk};
use crate::probe::{self, Examined, Parts};

/// How many boxes are asked for one by one, and the longest index that is loaded.
const MAX_FETCHES: usize = 64;
const MAX_FETCHED: u64 = 16 << 20;

/// A file behind a URL, by the answers to the probes and by more ranges. Without ranges what has been loaded of its
/// beginning is all there is. `None` where the server sent no video.
pub async fn over_http(prober: &Prober, http: &HttpFacts) -> Option<Examined> {
    let answers = [Probe::Open, Probe::Plain].into_iter().filter_map(|probe| http.get(probe));
    let beginning = answers
        .filter(|answer| answer.is_success() && answer.coding().is_none())
        .max_by_key(|answer| answer.body.len())?;
    let beginning = beginning.body.clone();
    let known = u64::try_from(beginning.len()).unwrap_or(u64::MAX);
    let mut remote = Remote { prober, http, beginning, fetches: 0 };
    let len = http.size.unwrap_or(known);
    let container = Container::of(&remote.beginning);
    if !container.is_iso_media() {
        return Some(probe::at_first_sight(container, len));
    }
    let mut walk = Walk::new(len);
    while let Some(wanted) = walk.wants() {
        let bytes = remote.read(wanted.offset, wanted.len).await;
        // Nothing ends the walk, as "unread".
        walk.take(&bytes.unwrap_or_default());
    }
    let layout = walk.finish();
    let moov = remote.moov(layout.moov()).await;
    let found =
        probe::describe(&Parts { container, layout: &layout, moov: moov.as_deref(), last_moof: None });
    Some(found.within_reach())
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
