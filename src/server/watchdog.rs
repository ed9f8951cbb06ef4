//! One timer for a connection, set again only when it fires or when a deadline comes closer.
//!
//! A request that is answered at once touches no timer: its deadlines lie behind the one that is set.
//!
//! A writer needs one thing more. Linux calls a socket writable only when much of what it holds has gone, and that may be
//! megabytes: someone who reads 25 kB a second frees a third of 4 MiB in 53 s. So a reader's progress is seen by what the
//! other end acknowledges, and that is looked at now and then while a write waits.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::time::{Instant, Sleep, sleep_until};

use super::line::Line;
use super::pace::Overdue;

/// Looks within the time that a blocked write has.
const LOOKS: u32 = 4;

pub(super) struct Watchdog {
    alarm: Pin<Box<Sleep>>,
    looked: Instant,
    /// What the client had acknowledged then.
    acknowledged: u64,
    /// Since when the write waits that was looked at.
    blocked: Option<Instant>,
}

impl Watchdog {
    pub(super) fn new(line: &Line, now: Instant) -> Watchdog {
        let first = line.pace.wait().map_or(now, |(since, time, _)| since + time);
        Watchdog { alarm: Box::pin(sleep_until(first)), looked: now, acknowledged: 0, blocked: None }
    }

    /// Ready when something took longer than it may.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, line: &Line) -> Poll<Overdue> {
        loop {
            let Some((since, time, overdue)) = line.pace.wait() else { return Poll::Pending };
            let is_look = overdue == Overdue::Stalled && self.looked < since + time;
            let next = match overdue {
                Overdue::Stalled => (since + time).min(since.max(self.looked) + time / LOOKS),
                Overdue::Head | Overdue::Idle => since + time,
            };
            if next < self.alarm.deadline() {
                self.alarm.as_mut().reset(next);
            }
            ready!(self.alarm.as_mut().poll(cx));
            let now = Instant::now();
            if now < next {
                self.alarm.as_mut().reset(next);
            } else if is_look && self.has_moved(line, since, now) {
                line.pace.moved(now);
                self.blocked = line.pace.wait().map(|(since, ..)| since);
            } else if now >= since + time {
                return Poll::Ready(overdue);
            }
        }
    }

    /// The first look at a write that waits says nothing: what was taken before it began to wait is no progress.
    fn has_moved(&mut self, line: &Line, since: Instant, now: Instant) -> bool {
        self.looked = now;
        let before = std::mem::replace(&mut self.acknowledged, line.acknowledged());
        let is_known = self.blocked.replace(since) == Some(since);
        is_known && self.acknowledged > before
    }
}
