//! The server over real sockets, with short limits.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tokio::time::interval;

use super::*;

mod endings;
mod heads;
mod shutdown;
mod windows;

type TestBody = UnsyncBoxBody<Bytes, Infallible>;

const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";

/// Longer than any of the short limits, shorter than anybody's patience.
const PATIENCE: Duration = Duration::from_secs(10);

struct Server {
    address: SocketAddr,
    gauges: Arc<Gauges>,
    stop: Stop,
    task: JoinHandle<Drained>,
}

impl Server {
    fn start<H, F>(limits: Limits, handler: H) -> Server
    where
        H: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response<TestBody>> + Send + 'static,
    {
        let listener = listen(([127, 0, 0, 1], 0).into()).unwrap();
        Server::start_on(listener, limits, handler)
    }

    fn start_on<H, F>(listener: TcpListener, limits: Limits, handler: H) -> Server
    where
        H: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response<TestBody>> + Send + 'static,
    {
        let address = listener.local_addr().unwrap();
        let gauges = Arc::<Gauges>::default();
        let (stop, shutdown) = Shutdown::new();
        let counted = Arc::clone(&gauges);
        let introduced = move |mut request: Request<Incoming>, connection: Connection| {
            request.extensions_mut().insert(connection);
            handler(request)
        };
        let task = tokio::spawn(async move { serve(listener, &limits, counted, introduced, shutdown).await });
        Server { address, gauges, stop, task }
    }

    async fn connect(&self) -> Client {
        Client(soon(TcpStream::connect(self.address)).await.unwrap())
    }

    async fn drained(self) -> Drained {
        soon(self.task).await.unwrap()
    }
}

struct Client(TcpStream);

/// What a client that reads to the end gets.
#[derive(Debug)]
struct Rest {
    bytes: Vec<u8>,
    reset: bool,
}

impl Client {
    async fn send(&mut self, bytes: &[u8]) {
        soon(self.0.write_all(bytes)).await.unwrap();
    }

    /// Reads one answer that has a length.
    async fn answer(&mut self) -> (String, Vec<u8>) {
        let head = self.head().await;
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.expect("a length").parse().unwrap()];
        soon(self.0.read_exact(&mut body)).await.unwrap();
        (head, body)
    }

    async fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(soon(self.0.read_u8()).await.unwrap());
        }
        String::from_utf8(head).unwrap()
    }

    async fn rest(&mut self) -> Rest {
        let mut bytes = Vec::new();
        let result = soon(self.0.read_to_end(&mut bytes)).await;
        Rest { bytes, reset: result.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset) }
    }

    /// An orderly end: a reset behind it would show as the socket's error, not in what is read.
    async fn is_closed_quietly(&mut self) {
        let Rest { bytes, reset } = self.rest().await;
        let error = self.0.take_error().unwrap();
        assert!(bytes.is_empty() && !reset && error.is_none(), "{} {reset} {error:?}", bytes.len());
    }

    async fn is_reset(&mut self) {
        let rest = self.rest().await;
        assert!(rest.reset, "{} bytes and an orderly end", rest.bytes.len());
    }
}

async fn soon<T>(event: impl Future<Output = T>) -> T {
    timeout(PATIENCE, event).await.expect("it happens soon")
}

/// Text for each number in turn.
fn each(numbers: std::ops::Range<u32>, text: impl Fn(u32) -> String) -> String {
    numbers.map(text).collect()
}

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

async fn hello(_: Request<Incoming>) -> Response<TestBody> {
    Response::new(Full::from("hello").boxed_unsync())
}

/// Something whose end can be waited for.
fn held() -> (Held, Dropped) {
    let (held, dropped) = mpsc::channel(1);
    (held, Dropped(dropped))
}

type Held = mpsc::Sender<Infallible>;
type MakeAnswer = fn(&Held) -> Response<TestBody>;

struct Dropped(mpsc::Receiver<Infallible>);

impl Dropped {
    async fn now(mut self) {
        assert!(soon(self.0.recv()).await.is_none());
    }
}

/// A body that always has more, or one whose source never delivers.
struct Unending {
    chunk: Option<Bytes>,
    _held: Held,
}

impl Body for Unending {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.chunk.clone().map_or(Poll::Pending, |chunk| Poll::Ready(Some(Ok(Frame::data(chunk)))))
    }
}

fn endless(held: &Held) -> Response<TestBody> {
    let chunk = Some(Bytes::from(vec![7; 128 * 1024]));
    Response::new(Unending { chunk, _held: held.clone() }.boxed_unsync())
}

fn stuck(held: &Held) -> Response<TestBody> {
    Response::new(Unending { chunk: None, _held: held.clone() }.boxed_unsync())
}

/// A handler that answers so. The server's own copy of what is held goes with its first use.
fn answering(
    held: Held,
    answer: MakeAnswer,
) -> impl Fn(Request<Incoming>) -> std::future::Ready<Response<TestBody>> + Clone + Send + Sync + 'static {
    let held = Arc::new(std::sync::Mutex::new(Some(held)));
    move |_| {
        let held = held.lock().unwrap().take().expect("one request");
        std::future::ready(answer(&held))
    }
}

#[test]
fn errors_of_accept_are_told_apart() {
    let cases = [
        (Errno::CONNABORTED, true, "the client left the queue"),
        (Errno::CONNRESET, true, "the same"),
        (Errno::PROTO, true, "the same, as accept(2) has it"),
        (Errno::INTR, true, "nothing happened"),
        (Errno::MFILE, false, "no descriptor for anybody"),
        (Errno::NFILE, false, "none in the whole system"),
        (Errno::NOMEM, false, "no memory"),
    ];
    for (errno, expected, why) in cases {
        assert_eq!(is_about_one_client(&errno.into()), expected, "{why}");
    }
}

#[test]
fn the_same_line_is_logged_once_a_second() {
    let start = Instant::now();
    let mut seldom = Seldom::default();
    let due = [0, 1, 999, 1000, 1001, 2500].map(|at| seldom.is_due(start + ms(at)));
    assert_eq!(due, [true, false, false, true, false, true]);
}
