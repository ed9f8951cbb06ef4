//! What others hold of a connection: its pace to report to, and orders to drain or to be cut.

use std::any::Any;
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::pace::{Deadlines, Pace};
use crate::access::streams::Guard;
use crate::body::Lane;
#[cfg(feature = "tls")]
use crate::kernel;
use crate::storage::Carrier;

/// The connection that a request came by.
#[derive(Clone)]
pub struct Connection(Arc<Line>);

impl Connection {
    pub(super) fn of(line: &Arc<Line>) -> Connection {
        Connection(Arc::clone(line))
    }

    /// Who is at the other end of the socket; behind a proxy that is the proxy.
    pub fn peer(&self) -> SocketAddr {
        self.0.peer
    }

    /// Keeps a response of so many bytes that is over in view until the client has it: what the kernel still holds of it
    /// is sent, unless the connection is cut.
    pub fn hold(&self, guard: Arc<Guard>, sent: u64) {
        if !self.0.has_flown(sent) {
            self.0.held().push((self.0.lane.written() + HANDED, guard));
        }
    }

    /// Keeps what the handler wants to know at the next request, in the place of what it kept before.
    pub fn remember(&self, what: Memory) {
        *self.0.memory() = Some(what);
    }

    pub fn forget(&self) {
        *self.0.memory() = None;
    }

    pub fn remembered(&self) -> Option<Memory> {
        self.0.memory().clone()
    }

    /// What can end this connection at once by a reset, also while a write waits for a reader that takes nothing.
    pub fn carrier(&self) -> Arc<dyn Carrier> {
        Arc::<Line>::clone(&self.0)
    }

    /// Where bodies enter what this connection's socket shall send from files. None where the socket cannot send them
    /// as they are.
    pub fn lane(&self) -> Option<&Lane> {
        (!self.0.transforms).then_some(&self.0.lane)
    }

    /// Whether this server itself speaks TLS on it.
    pub fn is_encrypted(&self) -> bool {
        self.0.transforms && cfg!(feature = "tls")
    }

    /// Whether the other end is a program on this machine.
    pub fn is_from_here(&self) -> bool {
        *self.0.is_from_here.get_or_init(|| is_ours(self.0.peer))
    }
}

/// What a handler remembers of a connection.
pub type Memory = Arc<dyn Any + Send + Sync>;

/// An address is this machine's unless the kernel says that no socket can be bound to it. Who cannot be told is treated as
/// if he were here.
fn is_ours(mut address: SocketAddr) -> bool {
    address.set_port(0);
    let is_elsewhere = |error: io::Error| error.kind() == ErrorKind::AddrNotAvailable;
    address.ip().is_loopback() || !UdpSocket::bind(address).is_err_and(is_elsewhere)
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
    peer: SocketAddr,
    order: AtomicU8,
    waker: AtomicWaker,
    /// Windows of files that wait for the socket.
    pub(super) lane: Lane,
    socket: OnceLock<Weak<TcpStream>>,
    is_from_here: OnceLock<bool>,
    /// What goes over the socket is not what bodies hand out: it is encrypted, or cut into frames.
    transforms: bool,
    /// The last request had a body, of which something may still be on its way.
    sends_body: AtomicBool,
    /// Responses that are over, each until so many bytes have arrived.
    held: Mutex<Vec<(u64, Arc<Guard>)>>,
    /// Bytes of the responses since the last one that was held.
    flown: AtomicU64,
    /// The handler's.
    memory: Mutex<Option<Memory>>,
}

/// What hyper, and the encryption, may hold of a response that is over for us.
const HANDED: u64 = 512 * 1024;

/// A response that is no longer leaves with the first packets, which wait for no acknowledgement (RFC 6928 §2: ten
/// segments), so there is nothing to call back. To ask the kernel after it would cost more than sending it.
const FLIGHT: u64 = 14_600;
/// A client that reads none of them has them wait in the kernel nevertheless: no more than this.
const FLIGHTS: u64 = 64 * 1024;

impl Line {
    pub(super) fn new(deadlines: Deadlines, peer: SocketAddr) -> Line {
        Line {
            pace: Pace::new(deadlines, Instant::now()),
            peer,
            order: AtomicU8::new(0),
            waker: AtomicWaker::new(),
            lane: Lane::default(),
            socket: OnceLock::new(),
            is_from_here: OnceLock::new(),
            transforms: false,
            sends_body: AtomicBool::new(false),
            held: Mutex::default(),
            flown: AtomicU64::new(0),
            memory: Mutex::default(),
        }
    }

    /// The socket that [`Line::has_delivered`] asks. There is one for each line.
    pub(super) fn connect(&self, socket: &Arc<TcpStream>) {
        _ = self.socket.set(Arc::downgrade(socket));
    }

    /// The same for a connection that copies.
    pub(super) fn transforming(self) -> Line {
        Line { transforms: true, ..self }
    }

    /// How much of what the socket was given has not reached the other end.
    #[cfg(feature = "tls")]
    pub(super) fn unacknowledged(&self) -> u64 {
        let socket = self.socket.get().and_then(Weak::upgrade);
        socket.and_then(kernel::unacknowledged).unwrap_or(0)
    }

    /// How much the client has acknowledged of all that was written.
    pub(super) fn acknowledged(&self) -> u64 {
        let socket = self.socket.get().and_then(Weak::upgrade);
        socket.map_or(0, |socket| self.lane.acknowledged(&*socket))
    }

    fn memory(&self) -> MutexGuard<'_, Option<Memory>> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn held(&self) -> MutexGuard<'_, Vec<(u64, Arc<Guard>)>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a response of so many bytes needs no view any more. Behind encryption it may wait for longer than in the
    /// kernel.
    fn has_flown(&self, sent: u64) -> bool {
        if self.transforms || sent > FLIGHT {
            return false;
        }
        let flown = self.flown.load(Ordering::Relaxed) + sent;
        let is_few = flown <= FLIGHTS;
        self.flown.store(if is_few { flown } else { 0 }, Ordering::Relaxed);
        is_few
    }

    /// Lets go of responses that the client has.
    fn release(&self) {
        let mut held = self.held();
        if held.is_empty() {
            return;
        }
        let (acknowledged, written) = (self.acknowledged(), self.lane.written());
        held.retain(|(until, _)| acknowledged < written.min(*until));
    }

    /// Whether the client has everything that may still be called back.
    pub(super) fn is_settled(&self) -> bool {
        self.release();
        self.held().is_empty() && self.has_delivered(u64::MAX)
    }

    /// The connection is over.
    pub(super) fn let_go(&self) {
        *self.memory() = None;
        self.held().clear();
    }

    /// A request came, with or without a body.
    pub(super) fn begin(&self, sends_body: bool) {
        self.release();
        self.sends_body.store(sends_body, Ordering::Relaxed);
    }

    pub(super) fn sends_body(&self) -> bool {
        self.sends_body.load(Ordering::Relaxed)
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

    /// The first order to end, in whatever way.
    #[cfg(feature = "tls")]
    pub(super) async fn is_ordered(&self) -> Order {
        poll_fn(|cx| match self.poll_order(cx) {
            Order::Go => Poll::Pending,
            order => Poll::Ready(order),
        })
        .await
    }
}

impl Carrier for Line {
    /// A socket that is closed sends nothing more: see `connection`. Of more bytes than were lent, those that were count.
    fn has_delivered(&self, bytes: u64) -> bool {
        let socket = self.socket.get().and_then(Weak::upgrade);
        socket.is_none_or(|socket| self.lane.has_delivered(bytes, &*socket))
    }

    fn cut(&self) {
        self.order(Order::Cut);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_responses_leave_view_at_once_but_not_without_end() {
        let limits = crate::config::Limits::default();
        let line = || Line::new(Deadlines::from(&limits), "192.0.2.1:9".parse().unwrap());
        assert!(!line().has_flown(FLIGHT + 1), "a large one");
        assert!(!line().transforming().has_flown(2), "who knows what encryption holds of it");
        let line = line();
        let round = |sent: u64| (1..=FLIGHTS).find(|_| !line.has_flown(sent)).map(|count| (count - 1) * sent);
        for sent in [FLIGHT, 1_000, 2] {
            let flown = round(sent).expect("each so many bytes one is held");
            assert!(flown <= FLIGHTS && flown + sent > FLIGHTS, "{sent}: {flown}");
        }
    }

    #[test]
    fn this_machine_knows_its_own_addresses() {
        for (address, ours) in [("127.0.0.1:9", true), ("127.8.8.8:9", true), ("192.0.2.1:9", false)] {
            assert_eq!(is_ours(address.parse().unwrap()), ours, "{address}");
        }
    }
}
