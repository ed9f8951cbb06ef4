//! What others hold of a connection: its pace to report to, and orders to drain or to be cut.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;
use http::Extensions;
use tokio::time::Instant;

use super::pace::{Deadlines, Pace};
use crate::body::Lane;

/// Who is at the other end of the socket; behind a proxy that is the proxy. A request extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    pub address: SocketAddr,
}

/// The connection that a request came by. A request extension.
#[derive(Clone)]
pub struct Connection(Arc<Line>);

impl Connection {
    /// Ends this connection at once by a reset, also while a write waits for a reader that takes nothing.
    pub fn cut(&self) {
        self.0.order(Order::Cut);
    }

    /// Where bodies enter what this connection's socket shall send from files.
    pub fn lane(&self) -> &Lane {
        &self.0.lane
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Go,
    Drain,
    Cut,
}

/// What the connection's task shares with those who give it orders or news.
pub(super) struct Line {
    pub(super) pace: Pace,
    peer: Peer,
    order: AtomicU8,
    waker: AtomicWaker,
    /// Windows of files that wait for the socket.
    pub(super) lane: Lane,
    /// The last request had a body, of which something may still be on its way.
    sends_body: AtomicBool,
}

impl Line {
    pub(super) fn new(deadlines: Deadlines, address: SocketAddr) -> Line {
        Line {
            pace: Pace::new(deadlines, Instant::now()),
            peer: Peer { address },
            order: AtomicU8::new(0),
            waker: AtomicWaker::new(),
            lane: Lane::default(),
            sends_body: AtomicBool::new(false),
        }
    }

    /// A request came, with or without a body.
    pub(super) fn begin(&self, sends_body: bool) {
        self.sends_body.store(sends_body, Ordering::Relaxed);
    }

    pub(super) fn sends_body(&self) -> bool {
        self.sends_body.load(Ordering::Relaxed)
    }

    /// What a request may know of its connection.
    pub(super) fn introduce(self: &Arc<Self>, extensions: &mut Extensions) {
        extensions.insert(self.peer);
        extensions.insert(Connection(Arc::clone(self)));
    }

    /// Orders grow only: what is cut is not drained after.
    pub(super) fn order(&self, order: Order) {
        let rank = match order {
            Order::Go => 0,
            Order::Drain => 1,
            Order::Cut => 2,
        };
        self.order.fetch_max(rank, Ordering::AcqRel);
        self.waker.wake();
    }

    fn ordered(&self) -> Order {
        match self.order.load(Ordering::Acquire) {
            0 => Order::Go,
            1 => Order::Drain,
            _ => Order::Cut,
        }
    }

    /// The order that stands, with a wake-up at the next one.
    pub(super) fn poll_order(&self, cx: &Context<'_>) -> Order {
        self.waker.register(cx.waker());
        self.ordered()
    }

    pub(super) async fn is_cut(&self) {
        poll_fn(|cx| match self.poll_order(cx) {
            Order::Cut => Poll::Ready(()),
            Order::Go | Order::Drain => Poll::Pending,
        })
        .await;
    }
}
