//! Who is connected: a seat a connection, no more seats than the cap, and orders to all of them.

use std::collections::HashMap;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::metrics::Gauges;

use super::connection::End;
use super::line::{Line, Order};
use super::pace::Overdue;

pub(super) struct Roster {
    cap: usize,
    gauges: Arc<Gauges>,
    seats: Mutex<Seats>,
    emptied: Notify,
}

#[derive(Default)]
struct Seats {
    given: u64,
    taken: HashMap<u64, Arc<Line>>,
}

impl Roster {
    pub(super) fn new(cap: usize, gauges: Arc<Gauges>) -> Arc<Roster> {
        Arc::new(Roster { cap, gauges, seats: Mutex::default(), emptied: Notify::new() })
    }

    /// A seat for this connection, unless all are taken.
    pub(super) fn seat(self: &Arc<Self>, line: &Arc<Line>) -> Option<Seat> {
        let mut seats = self.seats();
        if seats.taken.len() >= self.cap {
            return None;
        }
        seats.given += 1;
        let number = seats.given;
        seats.taken.insert(number, Arc::clone(line));
        self.gauges.open_connections.store(seats.taken.len(), Relaxed);
        self.gauges.accepted.fetch_add(1, Relaxed);
        Some(Seat { roster: Arc::clone(self), number })
    }

    pub(super) fn gauges(&self) -> &Arc<Gauges> {
        &self.gauges
    }

    pub(super) fn refused(&self) {
        self.gauges.refused.fetch_add(1, Relaxed);
    }

    /// Gives the order to all who are here, and says how many these are.
    pub(super) fn order(&self, order: Order) -> usize {
        let seats = self.seats();
        seats.taken.values().for_each(|line| line.order(order));
        seats.taken.len()
    }

    /// Waits until nobody is here. For one waiter at a time.
    pub(super) async fn emptied(&self) {
        while !self.seats().taken.is_empty() {
            self.emptied.notified().await;
        }
    }

    /// Ends all connections when the guard goes, so that none outlives the server.
    pub(super) fn cut_on_drop(self: &Arc<Self>) -> impl Drop + use<> {
        CutOnDrop(Arc::clone(self))
    }

    fn leave(&self, number: u64) {
        let mut seats = self.seats();
        seats.taken.remove(&number);
        self.gauges.open_connections.store(seats.taken.len(), Relaxed);
        if seats.taken.is_empty() {
            self.emptied.notify_one();
        }
    }

    /// Nothing in here panics half-way; a poisoned lock would mean no more than that a thread died.
    fn seats(&self) -> MutexGuard<'_, Seats> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct CutOnDrop(Arc<Roster>);

impl Drop for CutOnDrop {
    fn drop(&mut self) {
        self.0.order(Order::Cut);
    }
}

/// A place among the connections; free again when it is dropped, also by a panic of the handler.
pub(super) struct Seat {
    roster: Arc<Roster>,
    number: u64,
}

impl Seat {
    /// Notes how the connection ended. A client that hangs up is no event.
    pub(super) fn left(self, end: End) {
        let gauges = &self.roster.gauges;
        let count = match end {
            End::Closed | End::HungUp => return,
            End::Unsecured(error) => {
                tracing::debug!(%error, "a handshake failed");
                &gauges.unsecured
            }
            End::Overdue(Overdue::Head) => &gauges.slow_heads,
            End::Overdue(Overdue::Idle) => &gauges.idle,
            End::Overdue(Overdue::Stalled) => &gauges.stalled,
            End::Broken(error) => {
                tracing::debug!(%error, "an answer was broken off");
                &gauges.broken
            }
            End::Torn => {
                tracing::warn!("a file changed while it was being sent");
                &gauges.broken
            }
            End::Cut => &gauges.cut,
        };
        count.fetch_add(1, Relaxed);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.roster.leave(self.number);
    }
}
