//! What a connection is waiting for, since when, and for how long it may.
//!
//! Facts come in as events with their time, a deadline goes out:
//!
//! 1. From the accept, then from the first byte after a response: a head, within `head_timeout`.
//! 2. A request is with the handler or its body is being sent: no deadline of ours.
//! 3. The socket takes no byte of what is to be written: `stream_timeout`. It goes before the others.
//! 4. A response is over and nothing came since: `idle_timeout`.
//!
//! hyper's `header_read_timeout` is not used: it begins when the last response ends, so that it would be both
//! idle and head timeout, and it makes a new timer for each request.
//!
//! Only the connection's own task writes here. The fields are atomic so that the task may move between
//! threads, and no order between them is needed.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::Instant;

use crate::config::Limits;

/// Stands for "not now" in a moment.
const NEVER: u64 = u64::MAX;

#[derive(Clone, Copy, Debug)]
pub(super) struct Deadlines {
    pub head: Duration,
    pub idle: Duration,
    pub stream: Duration,
}

impl From<&Limits> for Deadlines {
    fn from(limits: &Limits) -> Deadlines {
        Deadlines { head: limits.head_timeout, idle: limits.idle_timeout, stream: limits.stream_timeout }
    }
}

/// Why a connection was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overdue {
    Head,
    Idle,
    Stalled,
}

pub(super) struct Pace {
    deadlines: Deadlines,
    origin: Instant,
    /// When the head began that is being read.
    head: AtomicU64,
    /// When the last response was over.
    idle: AtomicU64,
    /// Since when the socket takes nothing.
    blocked: AtomicU64,
    begun: AtomicU64,
    ended: AtomicU64,
    framed: AtomicBool,
    /// When the socket last took something.
    took: AtomicU64,
}

impl Pace {
    pub(super) fn new(deadlines: Deadlines, now: Instant) -> Pace {
        Pace {
            deadlines,
            origin: now,
            head: AtomicU64::new(0),
            idle: AtomicU64::new(0),
            blocked: AtomicU64::new(NEVER),
            begun: AtomicU64::new(0),
            ended: AtomicU64::new(0),
            framed: AtomicBool::new(false),
            took: AtomicU64::new(0),
        }
    }

    /// From here on frames come and go that belong to no request, such as pings: a byte begins no head, and one that is
    /// sent is no sign of use. A request is then the time in which any stream is open.
    #[cfg(feature = "tls")]
    pub(super) fn speak_in_frames(&self) {
        self.framed.store(true, Relaxed);
    }

    /// Bytes arrived. While a request is being answered they are its body, or a head that waits its turn.
    pub(super) fn received(&self, now: Instant) {
        if !self.is_busy() && !self.framed.load(Relaxed) && self.head.load(Relaxed) == NEVER {
            self.head.store(self.moment(now), Relaxed);
        }
    }

    /// A head is complete. The number is what [`Pace::answered`] wants.
    pub(super) fn requested(&self) -> u64 {
        self.head.store(NEVER, Relaxed);
        self.begun.fetch_add(1, Relaxed) + 1
    }

    /// The last byte of this request's answer has been handed to hyper.
    ///
    /// hyper may drop the body of a pipelined request's predecessor after the request began: hence the
    /// number.
    pub(super) fn answered(&self, request: u64, now: Instant) {
        self.ended.fetch_max(request, Relaxed);
        self.idle.store(self.moment(now), Relaxed);
    }

    /// The socket took something. Says for how long it had taken nothing.
    pub(super) fn wrote(&self, now: Instant) -> Option<Duration> {
        let since = self.instant(&self.blocked);
        self.blocked.store(NEVER, Relaxed);
        self.took.store(self.moment(now), Relaxed);
        if !self.is_busy() && !self.framed.load(Relaxed) {
            self.idle.store(self.moment(now), Relaxed);
        }
        since.map(|since| now.duration_since(since))
    }

    /// The socket takes nothing yet, but the client has taken something of what it holds.
    pub(super) fn moved(&self, now: Instant) {
        if self.blocked.load(Relaxed) != NEVER {
            self.blocked.store(self.moment(now), Relaxed);
        }
    }

    pub(super) fn blocked(&self, now: Instant) {
        if self.blocked.load(Relaxed) == NEVER {
            self.blocked.store(self.moment(now), Relaxed);
        }
    }

    /// Whether bytes wait for the socket.
    #[cfg(feature = "tls")]
    pub(super) fn is_blocked(&self) -> bool {
        self.blocked.load(Relaxed) != NEVER
    }

    /// Whether the socket, and not what is behind it, kept bytes from going out since then. How long it may is for the
    /// connection's watch to say.
    #[cfg(feature = "tls")]
    pub(super) fn has_held_back_since(&self, moment: Instant) -> bool {
        self.is_blocked() && self.took.load(Relaxed) <= self.moment(moment)
    }

    /// Since when the wait lasts, how long it may, and what it is for.
    pub(super) fn wait(&self) -> Option<(Instant, Duration, Overdue)> {
        let Deadlines { head, idle, stream } = self.deadlines;
        if let Some(since) = self.instant(&self.blocked) {
            return Some((since, stream, Overdue::Stalled));
        }
        if self.is_busy() {
            return None;
        }
        if let Some(since) = self.instant(&self.head) {
            return Some((since, head, Overdue::Head));
        }
        self.instant(&self.idle).map(|since| (since, idle, Overdue::Idle))
    }

    fn is_busy(&self) -> bool {
        self.begun.load(Relaxed) != self.ended.load(Relaxed)
    }

    fn moment(&self, now: Instant) -> u64 {
        u64::try_from(now.duration_since(self.origin).as_micros()).unwrap_or(NEVER - 1)
    }

    fn instant(&self, moment: &AtomicU64) -> Option<Instant> {
        let micros = moment.load(Relaxed);
        (micros != NEVER).then(|| self.origin + Duration::from_micros(micros))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    enum Event {
        Received,
        Requested,
        Answered(u64),
        Wrote,
        Blocked,
        Moved,
    }
    use Event::{Answered, Blocked, Moved, Received, Requested, Wrote};

    fn second(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn the_deadline_follows_what_the_connection_does() {
        let cases: [(&[(u64, Event)], _, &str); 14] = [
            (&[], Some((10, Overdue::Head)), "silence counts from the accept"),
            (&[(3, Received)], Some((10, Overdue::Head)), "so does the first head"),
            (&[(3, Received), (9, Received)], Some((10, Overdue::Head)), "a byte at a time wins nothing"),
            (&[(1, Received), (1, Requested)], None, "the handler has its own time"),
            (&[(1, Requested), (4, Answered(1))], Some((24, Overdue::Idle)), "idle counts from the answer"),
            (
                &[(1, Requested), (4, Answered(1)), (6, Wrote)],
                Some((26, Overdue::Idle)),
                "and from the last byte of it that the socket took",
            ),
            (
                &[(1, Requested), (4, Answered(1)), (8, Received), (9, Received)],
                Some((18, Overdue::Head)),
                "the second head counts from its first byte",
            ),
            (
                &[(1, Requested), (2, Received), (4, Answered(1))],
                Some((24, Overdue::Idle)),
                "a request's body is no head",
            ),
            (&[(1, Requested), (2, Blocked), (9, Blocked)], Some((62, Overdue::Stalled)), "counts once"),
            (
                &[(1, Requested), (2, Blocked), (9, Wrote), (30, Blocked)],
                Some((90, Overdue::Stalled)),
                "one byte taken begins anew",
            ),
            (
                &[(1, Requested), (2, Blocked), (50, Moved)],
                Some((110, Overdue::Stalled)),
                "so does one that the client takes of what the socket holds",
            ),
            (
                &[(1, Requested), (2, Answered(1)), (9, Moved)],
                Some((22, Overdue::Idle)),
                "else it is no event",
            ),
            (
                &[(1, Requested), (2, Answered(1)), (2, Blocked)],
                Some((62, Overdue::Stalled)),
                "what hyper still holds of an answer is no idle time",
            ),
            (
                &[(1, Requested), (2, Requested), (3, Answered(1))],
                None,
                "a predecessor's end does not end the request that runs",
            ),
        ];
        for (events, want, why) in cases {
            let start = Instant::now();
            let pace = Pace::new(Deadlines { head: second(10), idle: second(20), stream: second(60) }, start);
            for (at, event) in events {
                let now = start + second(*at);
                match event {
                    Received => pace.received(now),
                    Requested => assert_ne!(pace.requested(), 0),
                    Answered(request) => pace.answered(*request, now),
                    Wrote => _ = pace.wrote(now),
                    Moved => pace.moved(now),
                    Blocked => pace.blocked(now),
                }
            }
            let got = pace.wait().map(|(since, time, overdue)| ((since + time - start).as_secs(), overdue));
            assert_eq!(got, want, "{why}");
        }
    }

    #[cfg(feature = "tls")]
    #[test]
    fn frames_are_neither_heads_nor_use() {
        let start = Instant::now();
        let pace = Pace::new(Deadlines { head: second(10), idle: second(20), stream: second(60) }, start);
        pace.speak_in_frames();
        let due = |pace: &Pace| pace.wait().map(|(since, time, why)| ((since + time - start).as_secs(), why));
        pace.received(start + second(3));
        pace.wrote(start + second(4));
        assert_eq!(due(&pace), Some((10, Overdue::Head)), "the first head counts from the accept");
        let request = pace.requested();
        pace.answered(request, start + second(30));
        pace.received(start + second(35));
        pace.wrote(start + second(36));
        assert_eq!(due(&pace), Some((50, Overdue::Idle)));
    }

    #[test]
    fn a_write_tells_how_long_the_socket_was_full() {
        let start = Instant::now();
        let pace = Pace::new(Deadlines::from(&Limits::default()), start);
        assert_eq!(pace.wrote(start), None);
        pace.blocked(start + second(1));
        pace.blocked(start + second(2));
        assert_eq!(pace.wrote(start + second(3)), Some(second(2)));
        assert_eq!(pace.wrote(start + second(4)), None);
    }
}
