//! One HTTP/2 connection: hyper over the wire, and the streams that it opens.
//!
//! 1. hyper reads frames, calls the handler, and gives each stream's work to [`Streams`] instead of a task of its own:
//!    all runs in the connection's task, and ends with it.
//! 2. A stream whose reader takes nothing is reset by itself ([`super::stream`]): a browser that pauses one film may be
//!    playing another.
//! 3. A cut is for the whole connection. To reset the stream would let the client have what the kernel still holds, and
//!    for a slow reader that is many seconds; a withdrawn right ends within five. A player asks again for the others.
//! 4. An end in order is announced (GOAWAY), so that the client knows which requests it may send again.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use http::{HeaderValue, Request, Response, header};
use http_body::Body;
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::AsyncReadExt;
use tokio::time::{Instant, Sleep, sleep, timeout};

use super::super::connection::{BoxError, End, Settings, close};
use super::super::line::{Connection, Line, Order};
use super::super::pace::Overdue;
use super::super::watchdog::Watchdog;
use super::lent::Lent;
use super::records::Records;
use super::stream::{Fate, Measured, Watched};
use crate::metrics::Gauges;

/// Far more than a page asks for at a time, and a bound to what one connection can hold.
const STREAMS: u32 = 64;

/// How much h2 queues of a stream before it wants no more. Half a buffer of the body that copies: then never more than two
/// of them are held, the one whose end is queued and the one that was read next.
const QUEUED: usize = 64 * 1024;

/// Nobody sends us anything but requests.
const RECEIVED: u32 = 64 * 1024 - 1;

/// Resets in a row by which a client only makes work (CVE-2023-44487), and errors of its own that we answer with one.
const PENDING_RESETS: usize = 20;
const ERROR_RESETS: usize = 128;

/// Silence after which a client is asked whether it is there.
const PING: Duration = Duration::from_secs(20);

/// How long an idle client has to answer that it has heard of the end.
const GOODBYE: Duration = Duration::from_secs(1);

/// How often it is looked whether the last bytes have arrived.
const LOOK: Duration = Duration::from_millis(20);

/// A ping waits behind what the kernel holds for a slow reader, half a megabyte; so its answer may take as long as a
/// reader may pause. Who is gone with nothing to read is ended by the idle time before.
fn protocol(settings: &Settings, streams: Opener) -> http2::Builder<Opener> {
    let mut http = http2::Builder::new(streams);
    http.timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_send_buf_size(QUEUED)
        .initial_stream_window_size(RECEIVED)
        .initial_connection_window_size(RECEIVED)
        .max_header_list_size(u32::try_from(settings.head_bytes).unwrap_or(u32::MAX))
        .max_pending_accept_reset_streams(PENDING_RESETS)
        .max_local_error_reset_streams(ERROR_RESETS)
        .keep_alive_interval(PING)
        .keep_alive_timeout(settings.deadlines.stream);
    http
}

/// Speaks HTTP/2 until either side has enough.
pub(super) async fn run<H, F, B>(
    wire: Records,
    line: Arc<Line>,
    settings: &Settings,
    gauges: &Gauges,
    handler: H,
) -> End
where
    H: Fn(Request<Incoming>, Connection) -> F + Send + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    line.pace.speak_in_frames();
    // Windows and acknowledgements follow each answer: to close over them would be a reset.
    line.begin(true);
    let asked = Arc::clone(&line);
    let service = service_fn(move |request: Request<Incoming>| {
        let answer = handler(with_host(request), Connection::of(&asked));
        async move { Ok::<_, Infallible>(answer.await.map(Measured::new)) }
    });
    let wire = Lent::new(wire);
    let mut streams = Streams::new(&line, settings.deadlines.stream);
    let mut http = protocol(settings, streams.opener()).serve_connection(TokioIo::new(wire.again()), service);
    let mut watchdog = Watchdog::new(&line, Instant::now());
    let mut leaving = None;
    let end = poll_fn(|cx| {
        loop {
            match line.poll_order(cx) {
                Order::Cut => return Poll::Ready(End::Cut),
                Order::Drain if leaving.is_none() => {
                    leaving = Some(Leaving::new(None));
                    Pin::new(&mut http).graceful_shutdown();
                }
                Order::Drain | Order::Go => {}
            }
            if let Poll::Ready(result) = Pin::new(&mut http).poll(cx) {
                return Poll::Ready(Leaving::end(leaving.as_ref()).unwrap_or_else(|| End::from(result)));
            }
            streams.poll(cx, gauges);
            let is_sending = !streams.is_empty() || line.pace.is_blocked();
            if leaving.as_mut().is_some_and(|leaving| leaving.is_over(cx, is_sending)) {
                return Poll::Ready(Leaving::end(leaving.as_ref()).unwrap_or(End::Closed));
            }
            match ready!(watchdog.poll(cx, &line)) {
                Overdue::Idle if leaving.is_none() => {
                    leaving = Some(Leaving::new(Some(Overdue::Idle)));
                    Pin::new(&mut http).graceful_shutdown();
                }
                Overdue::Idle => return Poll::Pending,
                overdue => return Poll::Ready(End::Overdue(overdue)),
            }
        }
    })
    .await;
    drop((http, streams));
    if let Some(mut wire) = wire.back() {
        let is_idle = matches!(end, End::Overdue(Overdue::Idle));
        if is_idle || matches!(end, End::Closed) {
            see_off(&mut wire, &line, settings.deadlines.idle).await;
        }
        close(wire, &line, if is_idle { &End::Closed } else { &end }).await;
    }
    end
}

/// Reads on while the last bytes are under way: a slow reader answers them with windows, and to one that meets a closed
/// socket the kernel says by a reset that the rest is lost.
async fn see_off(wire: &mut Records, line: &Line, patience: Duration) {
    let arrival = async {
        let mut sink = [0; 1024];
        while line.unacknowledged() > 0 {
            tokio::select! {
                read = wire.read(&mut sink) => if !read.is_ok_and(|read| read > 0) { return },
                () = sleep(LOOK) => {}
            }
        }
    };
    tokio::select! {
        () = line.is_cut() => {}
        _ = timeout(patience, arrival) => {}
    }
}

/// The rooms inside read `Host`, as it stands in HTTP/1.1 (RFC 9113 §8.3.1).
fn with_host(mut request: Request<Incoming>) -> Request<Incoming> {
    if !request.headers().contains_key(header::HOST)
        && let Some(authority) = request.uri().authority()
        && let Ok(host) = HeaderValue::from_str(authority.as_str())
    {
        request.headers_mut().insert(header::HOST, host);
    }
    request
}

/// The client has been told that no further request is taken.
struct Leaving {
    /// If that was its own fault.
    overdue: Option<Overdue>,
    patience: Pin<Box<Sleep>>,
}

impl Leaving {
    fn new(overdue: Option<Overdue>) -> Leaving {
        Leaving { overdue, patience: Box::pin(sleep(GOODBYE)) }
    }

    /// A client that does not answer holds nobody up once nothing is sent to it any more.
    fn is_over(&mut self, cx: &mut Context<'_>, is_sending: bool) -> bool {
        if is_sending {
            self.patience.as_mut().reset(Instant::now() + GOODBYE);
        }
        self.patience.as_mut().poll(cx).is_ready()
    }

    fn end(leaving: Option<&Leaving>) -> Option<End> {
        leaving?.overdue.map(End::Overdue)
    }
}

/// The streams that are open.
struct Streams {
    working: FuturesUnordered<Watched>,
    line: Arc<Line>,
    /// The connection's pace counts the time in which any is open as one request; this is its number.
    request: Option<u64>,
    opened: Opened,
    patience: Duration,
}

/// Those that hyper has opened while it was polled.
type Opened = Arc<Mutex<Vec<Watched>>>;

impl Streams {
    fn new(line: &Arc<Line>, patience: Duration) -> Streams {
        Streams {
            working: FuturesUnordered::new(),
            line: Arc::clone(line),
            request: None,
            opened: Opened::default(),
            patience,
        }
    }

    fn opener(&self) -> Opener {
        Opener { opened: Arc::clone(&self.opened), line: Arc::clone(&self.line), patience: self.patience }
    }

    fn is_empty(&self) -> bool {
        self.working.is_empty()
    }

    fn poll(&mut self, cx: &mut Context<'_>, gauges: &Gauges) {
        self.working.extend(self.opened.lock().unwrap_or_else(PoisonError::into_inner).drain(..));
        if !self.working.is_empty() && self.request.is_none() {
            self.request = Some(self.line.pace.requested());
        }
        while let Poll::Ready(Some(fate)) = self.working.poll_next_unpin(cx) {
            let count = match fate {
                Fate::Done => continue,
                Fate::Broken => &gauges.broken,
                Fate::Stalled => &gauges.stalled,
            };
            count.fetch_add(1, Relaxed);
        }
        if self.working.is_empty()
            && let Some(request) = self.request.take()
        {
            self.line.pace.answered(request, Instant::now());
        }
    }
}

/// Takes over what hyper would have others run.
#[derive(Clone)]
struct Opener {
    opened: Opened,
    line: Arc<Line>,
    patience: Duration,
}

impl<W: Future<Output = ()> + Send + 'static> Executor<W> for Opener {
    fn execute(&self, work: W) {
        let stream = Watched::new(work, Arc::clone(&self.line), self.patience);
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).push(stream);
    }
}
