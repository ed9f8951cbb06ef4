//! What viewings asked lately and what they got, for a report of a video that does not play.
//!
//! In memory only, a few of each viewing, and of the latest viewings only. A credential without an end has no viewing and
//! costs nothing here.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use http::header::{CONTENT_RANGE, RANGE};
use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use super::viewing::{Key, Viewing};
use super::{Access, Permit};
use crate::clock::Seconds;

/// What a player asks before somebody gives up.
const MOST_OF_ONE: usize = 40;
/// About 12 KiB each at most.
const MOST: u64 = 1_000;
/// Who reports does so while the page is open.
const KEPT: Duration = Duration::from_hours(1);
/// Characters of a Range header.
const LONGEST_RANGE: usize = 100;

/// A request of a viewing, as far as it is known before its answer. Rides in the answer's extensions.
#[derive(Debug, Clone)]
pub struct Asking {
    viewing: Arc<Viewing>,
    at: Seconds,
    /// `film`, `poster` or `subtitles`.
    what: &'static str,
    range: Option<String>,
}

impl Asking {
    /// None: the permit belongs to no viewing.
    pub fn of(permit: &Permit, what: &'static str, headers: &HeaderMap) -> Option<Asking> {
        let viewing = Arc::clone(permit.viewing()?);
        Some(Asking { viewing, at: permit.at, what, range: headers.get(RANGE).map(range_text) })
    }

    pub fn answered(self, method: &'static str, status: u16, headers: &HeaderMap) -> Answering {
        let content_range = headers.get(CONTENT_RANGE).and_then(|range| range.to_str().ok());
        Answering { content_range: content_range.map(str::to_owned), method, status, asking: self }
    }
}

/// The same with the head of its answer.
#[derive(Debug)]
pub struct Answering {
    asking: Asking,
    method: &'static str,
    status: u16,
    content_range: Option<String>,
}

/// How an answer ended.
#[derive(Debug, Clone, Copy)]
pub struct Ending {
    pub sent: u64,
    /// `complete`, `abandoned`, `broken` or `running`.
    pub outcome: &'static str,
    /// From the request's head.
    pub first_byte: Option<Duration>,
}

/// One request of a viewing and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    pub at: Seconds,
    pub what: &'static str,
    pub method: &'static str,
    /// The `Range` header.
    pub range: Option<String>,
    pub status: u16,
    pub content_range: Option<String>,
    /// Bytes that were handed to the network.
    pub sent: u64,
    pub outcome: &'static str,
    pub first_byte: Option<Duration>,
}

impl Exchange {
    fn of(answering: &Answering, ending: Ending) -> Exchange {
        let Answering { asking, method, status, content_range } = answering;
        Exchange {
            at: asking.at,
            what: asking.what,
            method,
            range: asking.range.clone(),
            status: *status,
            content_range: content_range.clone(),
            sent: ending.sent,
            outcome: ending.outcome,
            first_byte: ending.first_byte,
        }
    }
}

/// Numbers of bytes, as they are: anybody can write anything into a header, also what must not be kept.
fn range_text(value: &http::HeaderValue) -> String {
    let text = value.to_str().unwrap_or_default();
    let numbers = text.strip_prefix("bytes=").unwrap_or(text);
    let is_plain = |letter: u8| letter.is_ascii_digit() || b"-, \t".contains(&letter);
    if numbers.len() == text.len() || !numbers.bytes().all(is_plain) {
        return "something else than bytes".to_owned();
    }
    text.chars().take(LONGEST_RANGE).collect()
}

type Ring = Arc<Mutex<VecDeque<Exchange>>>;

/// The exchanges of this process.
pub(super) struct Exchanges(Cache<Key, Ring>);

impl Exchanges {
    pub(super) fn new() -> Exchanges {
        // By last use: the viewing that has just begun to fail must not be the one that finds no room.
        let cache = Cache::builder().max_capacity(MOST).eviction_policy(EvictionPolicy::lru());
        Exchanges(cache.time_to_idle(KEPT).build())
    }

    fn note(&self, key: Key, exchange: Exchange) {
        let ring = self.0.get_with(key, Ring::default);
        let mut ring = ring.lock().unwrap_or_else(PoisonError::into_inner);
        if ring.len() >= MOST_OF_ONE {
            ring.pop_front();
        }
        ring.push_back(exchange);
    }

    fn of(&self, key: &Key) -> Vec<Exchange> {
        let Some(ring) = self.0.get(key) else { return Vec::new() };
        let ring = ring.lock().unwrap_or_else(PoisonError::into_inner);
        ring.iter().cloned().collect()
    }
}

impl Access {
    /// Keeps what a viewing asked and got.
    pub fn note(&self, answering: &Answering, ending: Ending) {
        self.exchanges.note(answering.asking.viewing.key(), Exchange::of(answering, ending));
    }

    /// What the viewing of a permit asked and got lately, by the time when it was asked, with what is still running.
    pub fn exchanges(&self, permit: &Permit) -> Vec<Exchange> {
        let Some(key) = permit.viewing().map(|viewing| viewing.key()) else { return Vec::new() };
        let running = self.streams.answering();
        let running = running.iter().filter(|(answering, _)| answering.asking.viewing.key() == key);
        let running = running.map(|(answering, sent)| {
            Exchange::of(answering, Ending { sent: *sent, outcome: "running", first_byte: None })
        });
        let mut all = self.exchanges.of(&key);
        all.extend(running);
        // They were noted when they ended.
        all.sort_by_key(|exchange| exchange.at);
        all
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;
    use crate::types::ItemId;

    #[test]
    fn a_range_is_kept_as_it_is_unless_it_is_none() {
        let long = format!("bytes={}", "0-1,".repeat(60));
        let cases = [
            ("bytes=0-1", "bytes=0-1", "a probe"),
            ("bytes=5-, -7", "bytes=5-, -7", "several"),
            (long.as_str(), &long[..100], "a long one"),
            ("rg_0123456789", "something else than bytes", "a token in the wrong place"),
            ("bytes=0-1;token=rg_1", "something else than bytes", "behind it"),
            ("items=0-1", "something else than bytes", "another unit"),
            ("0-1", "something else than bytes", "no unit"),
        ];
        for (given, want, why) in cases {
            assert_eq!(range_text(&HeaderValue::from_str(given).unwrap()), want, "{why}");
        }
    }

    #[test]
    fn the_latest_of_each_viewing_are_kept() {
        let exchanges = Exchanges::new();
        let key = |client| Key { grounds: [1; 32], item: ItemId::new([1; 16]), client };
        let exchange = |sent| Exchange {
            at: 0,
            what: "film",
            method: "GET",
            range: None,
            status: 206,
            content_range: None,
            sent,
            outcome: "complete",
            first_byte: None,
        };
        (0..50).for_each(|sent| exchanges.note(key(1), exchange(sent)));
        exchanges.note(key(2), exchange(7));
        let sent = |client| exchanges.of(&key(client)).iter().map(|one| one.sent).collect::<Vec<_>>();
        assert_eq!(sent(1), (10..50).collect::<Vec<_>>());
        assert_eq!((sent(2), sent(3)), (vec![7], vec![]));
    }
}
