//! One timer for a connection, set again only when it fires or when a deadline comes closer.
//!
//! A request that is answered at once touches no timer: its deadlines lie behind the one that is set.
//!
//! A writer needs one thing more. Linux calls a socket writable only when a third of its send buffer is free,
//! and that buffer grows to megabytes: someone who reads 25 kB a second frees a third of 4 MiB in 53 s. To
//! see such a reader's progress a blocked write is tried now and then, although the socket is not said to be
//! ready.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::time::{Instant, Sleep, sleep_until};

use super::pace::{Overdue, Pace};

/// Tries within the time that a blocked write has.
const TRIES: u32 = 4;

pub(super) struct Watchdog {
    alarm: Pin<Box<Sleep>>,
    tried: Instant,
}

pub(super) enum Alarm {
    /// The write is to be tried again; then ask again.
    Try,
    Overdue(Overdue),
}

impl Watchdog {
    pub(super) fn new(pace: &Pace, now: Instant) -> Watchdog {
        let first = pace.wait().map_or(now, |(since, time, _)| since + time);
        Watchdog { alarm: Box::pin(sleep_until(first)), tried: now }
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>, pace: &Pace) -> Poll<Alarm> {
        let Some((since, time, overdue)) = pace.wait() else { return Poll::Pending };
        let deadline = since + time;
        let next = match overdue {
            Overdue::Stalled => deadline.min(since.max(self.tried) + time / TRIES),
            Overdue::Head | Overdue::Idle => deadline,
        };
        if next < self.alarm.deadline() {
            self.alarm.as_mut().reset(next);
        }
        loop {
            ready!(self.alarm.as_mut().poll(cx));
            let now = Instant::now();
            if now < next {
                self.alarm.as_mut().reset(next);
            } else if overdue == Overdue::Stalled && self.tried < next {
                self.tried = now;
                pace.nudge();
                return Poll::Ready(Alarm::Try);
            } else {
                return Poll::Ready(Alarm::Overdue(overdue));
            }
        }
    }
}
