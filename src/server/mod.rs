//! The accept loop: sockets in, requests to a handler, answers out, and an end for every connection.
//!
//! 1. [`limits`]: how many connections fit below the descriptor limit.
//! 2. [`serve`] accepts; [`roster`] seats a connection, or [`refusal`] answers 503 when all seats are taken.
//! 3. [`connection`] runs hyper over one [`socket`], which tells [`pace`] what moves; [`watchdog`] ends what
//!    does not. With a certificate, [`tls`] comes in between, and chooses HTTP/1.1 or HTTP/2.
//! 4. [`signals`]: the first request to stop drains, the second ends everything now.
//!
//! [`head`] is apart: the checks of a request's head that hyper leaves to us, for the handler to call.
//! Nothing here knows routes, users or files.

mod answer;
mod connection;
pub mod head;
mod limits;
mod line;
mod pace;
mod refusal;
mod roster;
mod signals;
mod socket;
#[cfg_attr(not(feature = "tls"), path = "no_tls.rs")]
mod tls;
mod watchdog;

use std::future::Future;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use rustix::io::Errno;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::{Instant, sleep, timeout};

use crate::config::Limits;
use crate::metrics::Gauges;
use connection::Settings;
use line::{Line, Order};
use refusal::Refusals;
use roster::Roster;

pub use connection::BoxError;
pub use line::Connection;
pub use signals::{Shutdown, Signals, Stop, signals};
pub use tls::Tls;

/// After an error of `accept` that is not about one client: descriptors come back when connections end, and
/// asking at once again would be a busy loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Connections that wait for `accept`; the kernel lowers it to `net.core.somaxconn`. With the 128 that `bind`
/// alone gives, a burst of clients waits a second until its SYNs are sent again (measured with 2,000).
const BACKLOG: u32 = 4096;

/// One line of log a second tells as much as thousands.
const LOG_PAUSE: Duration = Duration::from_secs(1);

/// What connections that were told to end now may take. Only a handler that blocks its thread takes it up.
const CUT_GRACE: Duration = Duration::from_secs(1);

/// How the connections that were open at the request to stop have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drained {
    pub finished: usize,
    pub cut: usize,
}

/// A listener for [`serve`].
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A restart must not wait for the last connections' TIME_WAIT.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Where clients come in: a socket, and with [`Tls`] HTTPS on it.
pub struct Entrance {
    pub listener: TcpListener,
    pub tls: Option<Arc<Tls>>,
}

impl From<TcpListener> for Entrance {
    fn from(listener: TcpListener) -> Entrance {
        Entrance { listener, tls: None }
    }
}

/// Serves until `shutdown` has run its steps. When the returned future is dropped before, all connections
/// are cut.
pub async fn serve<H, F, B>(
    entrance: impl Into<Entrance>,
    limits: &Limits,
    gauges: Arc<Gauges>,
    handler: H,
    mut shutdown: Shutdown,
) -> Drained
where
    H: Fn(Request<Incoming>, Connection) -> F + Clone + Send + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    let Entrance { listener, tls } = entrance.into();
    let seats = limits::connections(limits.max_connections, limits::raise_descriptors());
    if seats < limits.max_connections {
        tracing::warn!(
            seats,
            wanted = limits.max_connections,
            "the descriptor limit allows fewer connections"
        );
    }
    let mut door = Door {
        roster: Roster::new(seats, gauges),
        refusals: Refusals::new(tls.is_some()),
        settings: Arc::new(Settings::new(limits)),
        tls,
        handler,
        full: Seldom::default(),
        failing: Seldom::default(),
    };
    let _cut_on_drop = door.roster.cut_on_drop();
    loop {
        tokio::select! {
            biased;
            () = shutdown.asked_to_drain() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, address)) => door.admit(stream, address),
                Err(error) => door.pause(&error).await,
            },
        }
    }
    drop(listener);
    drain(&door.roster, limits.drain_timeout, &mut shutdown).await
}

/// What stands between the listener and the connections.
struct Door<H> {
    roster: Arc<Roster>,
    refusals: Refusals,
    settings: Arc<Settings>,
    tls: Option<Arc<Tls>>,
    handler: H,
    full: Seldom,
    failing: Seldom,
}

impl<H, F, B> Door<H>
where
    H: Fn(Request<Incoming>, Connection) -> F + Clone + Send + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    fn admit(&mut self, stream: TcpStream, address: SocketAddr) {
        // A listener on `::` shows IPv4 clients as `::ffff:a.b.c.d`; lists of networks are about `a.b.c.d`.
        let address = SocketAddr::new(address.ip().to_canonical(), address.port());
        let line = Line::new(self.settings.deadlines, address);
        let line = Arc::new(if self.tls.is_some() { line.transforming() } else { line });
        let Some(seat) = self.roster.seat(&line) else {
            if self.full.is_due(Instant::now()) {
                tracing::warn!("all connections are taken, new ones get 503");
            }
            return self.refusals.refuse(&self.roster, stream);
        };
        let over = Over(Arc::clone(&line));
        let (settings, handler) = (Arc::clone(&self.settings), self.handler.clone());
        if let Some(tls) = self.tls.clone() {
            let gauges = Arc::clone(self.roster.gauges());
            tokio::spawn(async move {
                over.then(seat, tls::run(tls, stream, line, settings, gauges, handler).await);
            });
        } else {
            tokio::spawn(async move {
                over.then(seat, connection::run(stream, line, settings, handler).await);
            });
        }
    }

    async fn pause(&mut self, error: &io::Error) {
        if is_about_one_client(error) {
            return;
        }
        if self.failing.is_due(Instant::now()) {
            tracing::error!(%error, "no connection can be accepted");
        }
        sleep(ACCEPT_PAUSE).await;
    }
}

/// What a connection keeps in view knows the connection; so somebody has to let go, however it ends.
struct Over(Arc<Line>);

impl Over {
    fn then(self, seat: roster::Seat, end: connection::End) {
        drop(self);
        seat.left(end);
    }
}

impl Drop for Over {
    fn drop(&mut self) {
        self.0.let_go();
    }
}

/// accept(2) hands out errors of a connection that ended while it waited, which say nothing about the next.
fn is_about_one_client(error: &io::Error) -> bool {
    let kinds = [ErrorKind::ConnectionAborted, ErrorKind::ConnectionReset, ErrorKind::Interrupted];
    kinds.contains(&error.kind()) || Errno::from_io_error(error) == Some(Errno::PROTO)
}

async fn drain(roster: &Roster, time: Duration, shutdown: &mut Shutdown) -> Drained {
    let open = roster.order(Order::Drain);
    tokio::select! {
        biased;
        () = shutdown.asked_to_end() => {}
        () = roster.emptied() => {}
        () = sleep(time) => {}
    }
    let cut = roster.order(Order::Cut);
    if timeout(CUT_GRACE, roster.emptied()).await.is_err() {
        tracing::warn!("a connection did not end when it was cut");
    }
    Drained { finished: open.saturating_sub(cut), cut }
}

/// Lets something through once a [`LOG_PAUSE`].
#[derive(Default)]
struct Seldom(Option<Instant>);

impl Seldom {
    fn is_due(&mut self, now: Instant) -> bool {
        let due = self.0.is_none_or(|last| now.duration_since(last) >= LOG_PAUSE);
        if due {
            self.0 = Some(now);
        }
        due
    }
}

#[cfg(test)]
mod tests;
