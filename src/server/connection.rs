//! One connection: hyper over one wire (the socket, or TLS over it), from the first byte to the socket's end.
//!
//! 1. hyper reads heads, calls the handler and writes answers.
//! 2. Orders by its [`Line`], and deadlines by the [`Watchdog`], come in between.
//! 3. What ends it ([`End`]) decides how the socket is closed: a reset where a client must not take what it
//!    got for complete, and otherwise so that it can still read the last answer.
//!
//! A client that hangs up makes hyper's future end, and with it handler and body are dropped at once.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use super::answer::{Answer, Answering};
use super::line::{Connection, Line, Order};
use super::pace::{Deadlines, Overdue};
use super::refusal;
use super::socket::{NARROW, Socket};
use super::watchdog::Watchdog;
use crate::body::Outlet as _;
use crate::config::Limits;

pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// hyper refuses to work with less.
const SMALLEST_BUFFER: usize = 8192;

/// How much longer than our own watch the kernel waits for a client that acknowledges nothing.
const KERNEL_GRACE_MS: u32 = 10_000;

/// What is the same for all connections.
pub(super) struct Settings {
    http: http1::Builder,
    pub(super) deadlines: Deadlines,
    user_timeout_ms: u32,
    /// The longest head, for those who count it themselves.
    #[cfg(feature = "tls")]
    pub(super) head_bytes: usize,
}

/// What HTTP is spoken over.
pub(super) trait Wire: AsyncRead + AsyncWrite + Unpin {
    /// Says that nothing more comes, as far as the socket takes it at once, for an end in order.
    fn say_goodbye(&mut self);

    fn into_socket(self) -> Socket;
}

impl Wire for Socket {
    /// Its end is the kernel's to say.
    fn say_goodbye(&mut self) {}

    fn into_socket(self) -> Socket {
        self
    }
}

impl Settings {
    pub(super) fn new(limits: &Limits) -> Settings {
        let mut http = http1::Builder::new();
        // Our own watch tells idle from a slow head, see `pace`; so hyper needs no timer.
        http.header_read_timeout(None)
            .keep_alive(true)
            .half_close(false)
            .max_headers(limits.headers)
            .max_header_size(limits.head_bytes)
            .max_buf_size(limits.head_bytes.max(SMALLEST_BUFFER))
            .writev(true);
        let stream = u32::try_from(limits.stream_timeout.as_millis()).unwrap_or(u32::MAX);
        Settings {
            http,
            deadlines: Deadlines::from(limits),
            user_timeout_ms: stream.saturating_add(KERNEL_GRACE_MS),
            #[cfg(feature = "tls")]
            head_bytes: limits.head_bytes,
        }
    }

    /// `TCP_USER_TIMEOUT` is for what we no longer see: a socket that was closed while its last bytes wait
    /// for a client that is gone would stay in the kernel for a quarter of an hour. A socket that takes
    /// neither option is dead already, which its first read will tell.
    pub(super) fn prepare(&self, stream: &TcpStream) {
        _ = stream.set_nodelay(true);
        _ = SockRef::from(stream).set_tcp_notsent_lowat(NARROW);
        _ = rustix::net::sockopt::set_tcp_user_timeout(stream, self.user_timeout_ms);
    }
}

/// How long a connection that is over waits for a client that takes nothing of its last pages of files, and how often it
/// looks.
const LAST_BYTES: Duration = Duration::from_mins(1);
const FIRST_LOOK: Duration = Duration::from_millis(10);
const LOOK: Duration = Duration::from_secs(1);

/// How a connection came to its end.
#[derive(Debug)]
pub(super) enum End {
    /// Both sides are done, or hyper answered to something that is no HTTP.
    Closed,
    /// The client hung up, which is how nearly every viewer ends a long answer.
    HungUp,
    /// A body failed: the answer is shorter than its head says.
    Broken(hyper::Error),
    /// A file that the socket was sending has changed: likewise.
    Torn,
    Overdue(Overdue),
    /// TLS was not agreed upon: a stranger's probe, or a client who does not trust the certificate.
    #[cfg_attr(not(feature = "tls"), expect(dead_code, reason = "nothing else has handshakes"))]
    Unsecured(io::Error),
    Cut,
}

impl From<hyper::Result<()>> for End {
    fn from(result: hyper::Result<()>) -> End {
        match result {
            Ok(()) => End::Closed,
            Err(error) if error.is_parse() => End::Closed,
            Err(error) if error.is_user() => End::Broken(error),
            Err(_) => End::HungUp,
        }
    }
}

/// Runs one connection without TLS to its end.
pub(super) async fn run<H, F, B>(
    stream: TcpStream,
    line: Arc<Line>,
    settings: Arc<Settings>,
    handler: H,
) -> End
where
    H: Fn(Request<Incoming>, Connection) -> F + Send + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    settings.prepare(&stream);
    let socket = Socket::new(stream, Arc::clone(&line));
    speak(socket, line, &settings, handler).await
}

/// Speaks HTTP/1.1 over a wire until either side has enough.
pub(super) async fn speak<W, H, F, B>(wire: W, line: Arc<Line>, settings: &Settings, handler: H) -> End
where
    W: Wire,
    H: Fn(Request<Incoming>, Connection) -> F + Send + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    let asked = Arc::clone(&line);
    let service = service_fn(move |request: Request<Incoming>| {
        let answering = Answering::begin(&asked, &request);
        let answer = handler(request, Connection::of(&asked));
        async move { Ok::<_, Infallible>(answer.await.map(|body| Answer::new(body, answering))) }
    });
    let mut http = settings.http.serve_connection(TokioIo::new(wire), service);
    let mut watchdog = Watchdog::new(&line, Instant::now());
    let mut draining = false;
    let end = poll_fn(|cx| {
        match line.poll_order(cx) {
            Order::Cut => return Poll::Ready(End::Cut),
            Order::Drain if !draining => {
                draining = true;
                Pin::new(&mut http).graceful_shutdown();
            }
            Order::Drain | Order::Go => {}
        }
        if let Poll::Ready(result) = Pin::new(&mut http).poll(cx) {
            let end = if line.lane.has_failed() { End::Torn } else { End::from(result) };
            return Poll::Ready(end);
        }
        watchdog.poll(cx, &line).map(End::Overdue)
    })
    .await;
    close(http.into_parts().io.into_inner(), &line, &end).await;
    end
}

/// The socket is closed only when nothing of it can be sent any more that may still change: what the kernel sends after
/// that, nobody can call back.
pub(super) async fn close(mut wire: impl Wire, line: &Line, end: &End) {
    if matches!(end, End::Closed | End::Overdue(Overdue::Head | Overdue::Idle)) {
        wire.say_goodbye();
    }
    let socket = wire.into_socket();
    let ended = socket.has_ended();
    let stream = socket.into_stream();
    let is_reset = match end {
        End::Cut | End::Broken(_) | End::Torn | End::Overdue(Overdue::Stalled) => true,
        End::Closed | End::Overdue(Overdue::Idle) => {
            tokio::select! {
                () = line.is_cut() => true,
                () = part(&stream, line, ended) => !line.is_settled(),
            }
        }
        End::HungUp | End::Unsecured(_) | End::Overdue(Overdue::Head) => !line.is_settled(),
    };
    // From the first page on that it was lent, the socket resets unless it is told otherwise.
    stream.reset_on_close(is_reset);
    line.let_go();
}

/// Waits for the client to take the last answer, as long as it takes something of it. A slow one has idled for a while
/// when its last bytes are still with the kernel.
async fn part(stream: &TcpStream, line: &Line, ended: bool) {
    if !ended && may_still_send(stream, line) {
        refusal::linger(stream).await;
    }
    // That this was the last answer comes behind it; hyper has said so already, unless the connection was idle.
    _ = SockRef::from(stream).shutdown(Shutdown::Write);
    let (mut taken, mut since) = (line.acknowledged(), Instant::now());
    let mut pause = FIRST_LOOK;
    while !line.is_settled() && since.elapsed() < LAST_BYTES {
        sleep(pause).await;
        pause = (pause * 2).min(LOOK);
        let now = line.acknowledged();
        if now > taken {
            (taken, since) = (now, Instant::now());
        }
    }
}

/// Whether unread bytes are here or on their way: closing over them is a reset, which may reach the client
/// before it has read the answer (RFC 9112 §9.6).
fn may_still_send(stream: &TcpStream, line: &Line) -> bool {
    line.sends_body() || rustix::io::ioctl_fionread(stream).is_ok_and(|unread| unread > 0)
}
