//! Files that the socket sends by itself: every byte as in the file, or a connection that ends too early.

use std::fs::{self, File};
use std::path::PathBuf;
use std::time::SystemTime;

use axum::body::Body;
use http::{HeaderValue, Method};
use http_body::Body as _;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustix::net::sockopt::set_socket_recv_buffer_size;

use super::super::line::Line;
use super::super::pace::Deadlines;
use super::super::socket::Socket;
use super::*;
use crate::body::{Chunk, Lane, Outcome, Outgoing, Representation, Segment, outgoing, packed, respond};
use crate::range::{Boundary, ByteRange, ETag, Plan};
use crate::storage::{Folder, MediaFile, lease};

const LEN: usize = 9 * 1024 * 1024 + 7;

/// Numbers that look random and are the same each time.
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }
}

/// A folder with one film.
struct Shelf {
    folder: Folder,
    path: PathBuf,
    content: Arc<Vec<u8>>,
    _all: tempfile::TempDir,
}

impl Shelf {
    fn new() -> Shelf {
        let all = tempfile::tempdir().unwrap();
        let path = all.path().join("film.mp4");
        let mut draws = Draws(0x2545_f491_4f6c_dd1d);
        let content: Vec<u8> =
            std::iter::from_fn(|| Some(draws.next().to_le_bytes())).flatten().take(LEN).collect();
        fs::write(&path, &content).unwrap();
        File::open(&path).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
        let folder = Folder::open(all.path(), 4, PATIENCE).unwrap();
        Shelf { folder, path, content: Arc::new(content), _all: all }
    }

    /// Under a lease, which the kernel's signal ends.
    fn open(&self) -> Arc<MediaFile> {
        tokio::spawn(lease::attend().unwrap());
        let file = self.folder.open_file_blocking("film.mp4").unwrap().leased();
        assert!(file.is_sendable(), "a lease on a file that is ours and that nobody writes to");
        file
    }
}

fn film(segments: Vec<Segment>) -> Representation {
    let tag = ETag::new("v1").unwrap();
    Representation::new(segments, tag, None, "video/mp4", HeaderValue::from_static("inline"))
}

fn whole(file: Arc<MediaFile>) -> Representation {
    let end = file.stat().len;
    film(vec![Segment::File { file, start: 0, end }])
}

fn planned(representation: &Representation, plan: Plan) -> Response<Body> {
    packed(respond(representation, plan, || Boundary::from_random([7; 18]), &Method::GET))
}

/// A server that answers every request with what `answer` makes.
fn start(
    answer: impl Fn() -> Response<Body> + Clone + Send + Sync + 'static,
) -> (SocketAddr, Arc<Gauges>, Stop) {
    let listener = listen(([127, 0, 0, 1], 0).into()).unwrap();
    let address = listener.local_addr().unwrap();
    let gauges = Arc::<Gauges>::default();
    let counted = Arc::clone(&gauges);
    let (stop, shutdown) = Shutdown::new();
    let limits = Limits { stream_timeout: ms(2_000), ..Limits::default() };
    let handler = move |_request: Request<Incoming>, connection: Connection| {
        std::future::ready(outgoing(answer(), || connection.lane()))
    };
    tokio::spawn(async move { serve(listener, &limits, counted, handler, shutdown).await });
    (address, gauges, stop)
}

async fn connect(address: SocketAddr, receive_buffer: Option<usize>) -> Client {
    let stream = soon(TcpStream::connect(address)).await.unwrap();
    if let Some(size) = receive_buffer {
        set_socket_recv_buffer_size(&stream, size).unwrap();
    }
    Client(stream)
}

/// A film as a list of spans and pieces in memory, drawn at random, and its bytes.
fn mosaic(shelf: &Shelf, file: &Arc<MediaFile>, draws: &mut Draws) -> (Vec<Segment>, Vec<u8>) {
    let (mut segments, mut bytes) = (Vec::new(), Vec::new());
    for _ in 0..=draws.below(4) {
        if draws.below(3) == 0 {
            let memory = vec![u8::try_from(draws.below(256)).unwrap(); 1 + draws.below(40_000)];
            bytes.extend_from_slice(&memory);
            segments.push(Segment::Memory(memory.into()));
        } else {
            let start = draws.below(LEN);
            let end = start + 1 + draws.below((LEN - start).min(6 * 1024 * 1024));
            bytes.extend_from_slice(&shelf.content[start..end]);
            let place = |offset| u64::try_from(offset).unwrap();
            segments.push(Segment::File { file: Arc::clone(file), start: place(start), end: place(end) });
        }
    }
    (segments, bytes)
}

fn drawn_plan(len: usize, draws: &mut Draws) -> (Plan, std::ops::Range<usize>) {
    if draws.below(4) == 0 {
        return (Plan::Whole, 0..len);
    }
    let start = draws.below(len);
    let end = start + 1 + draws.below(len - start);
    let place = |offset| u64::try_from(offset).unwrap();
    (Plan::Part(ByteRange::new(place(start), place(end), place(len)).unwrap()), start..end)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_list_of_segments_arrives_byte_for_byte() {
    let shelf = Shelf::new();
    let file = shelf.open();
    let mut draws = Draws(42);
    for round in 0..60 {
        let (segments, bytes) = mosaic(&shelf, &file, &mut draws);
        let (plan, range) = drawn_plan(bytes.len(), &mut draws);
        let representation = film(segments);
        let (address, _, _stop) = start(move || planned(&representation, plan.clone()));
        let buffer = (draws.below(3) == 0).then_some(150_000);
        let mut client = connect(address, buffer).await;
        // Two answers on one connection: the second begins where the first one's last window ended.
        for answer in 0..2 {
            client.send(GET).await;
            let (_, body) = client.answer().await;
            assert!(body == bytes[range.clone()], "round {round}, answer {answer}, {range:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pipelined_answers_come_in_their_order() {
    let shelf = Shelf::new();
    let representation = whole(shelf.open());
    let part = ByteRange::new(100, 300_100, u64::try_from(LEN).unwrap()).unwrap();
    let (address, _, _stop) = start(move || planned(&representation, Plan::Part(part)));
    let mut client = connect(address, None).await;
    client.send(&GET.repeat(20)).await;
    for answer in 0..20 {
        let (_, body) = client.answer().await;
        assert!(body == shelf.content[100..300_100], "answer {answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_changes_while_it_is_sent_breaks_the_connection() {
    type Change = fn(&Shelf);
    let cases: [(Change, &str); 3] = [
        (|shelf| shelf.cut(LEN - 1_000_000), "it became shorter"),
        (
            |shelf| {
                let end = u64::try_from(LEN).unwrap() - 4_096;
                std::os::unix::fs::FileExt::write_all_at(&shelf.write(), &[0; 4_096], end).unwrap();
            },
            "its end was overwritten",
        ),
        // The kernel clears the rest of the page that is cut, also where a socket holds it. So the socket must be gone
        // before.
        (|shelf| shelf.cut(1_000_000), "it was cut where the socket holds it"),
    ];
    for (change, why) in cases {
        let shelf = Shelf::new();
        let representation = whole(shelf.open());
        let (address, _, _stop) = start(move || planned(&representation, Plan::Whole));
        let mut client = connect(address, Some(150_000)).await;
        client.send(GET).await;
        client.head().await;
        change(&shelf);
        let rest = client.rest().await;
        assert!(rest.bytes.len() < LEN, "{why}: {} bytes", rest.bytes.len());
        assert!(shelf.content.starts_with(&rest.bytes), "{why}: a byte of another version");
        assert!(rest.reset, "{why}: it looks complete");
    }
}

impl Shelf {
    fn cut(&self, len: usize) {
        self.write().set_len(u64::try_from(len).unwrap()).unwrap();
    }

    fn write(&self) -> File {
        File::options().write(true).open(&self.path).unwrap()
    }
}

/// Opening is all that the kernel knows of; many programs open for writing and write nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_who_writes_nothing_costs_a_viewer_who_reads_on_nothing() {
    let shelf = Shelf::new();
    let file = shelf.open();
    let representation = whole(Arc::clone(&file));
    let (address, _, _stop) = start(move || planned(&representation, Plan::Whole));
    let mut client = connect(address, Some(150_000)).await;
    client.send(GET).await;
    client.head().await;
    let mut body = vec![0; LEN];
    let (first, rest) = body.split_at_mut(1_000_000);
    soon(client.0.read_exact(first)).await.unwrap();
    let path = shelf.path.clone();
    let writer = tokio::task::spawn_blocking(move || File::options().write(true).open(path).unwrap());
    soon(client.0.read_exact(rest)).await.unwrap();
    let _writer = soon(writer).await.unwrap();
    assert!(body == *shelf.content);
    assert!(!file.is_sendable(), "from here on it is copied");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_does_not_wait_for_those_who_have_everything() {
    let shelf = Shelf::new();
    let representation = whole(shelf.open());
    let (address, gauges, _stop) = start(move || planned(&representation, Plan::Whole));
    let mut client = connect(address, None).await;
    client.send(GET).await;
    let (_, body) = client.answer().await;
    assert!(body == *shelf.content);
    let path = shelf.path.clone();
    soon(tokio::task::spawn_blocking(move || File::options().write(true).open(path))).await.unwrap().unwrap();
    assert_eq!(gauges.cut.load(Relaxed), 0);
    client.send(GET).await;
    let (_, body) = client.answer().await;
    assert!(body == *shelf.content, "the connection goes on, by copying");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replaced_file_is_sent_in_its_old_version() {
    let shelf = Shelf::new();
    let representation = whole(shelf.open());
    let (address, _, _stop) = start(move || planned(&representation, Plan::Whole));
    let mut client = connect(address, Some(150_000)).await;
    client.send(GET).await;
    client.head().await;
    let other = shelf.path.with_extension("new");
    fs::write(&other, vec![0; LEN]).unwrap();
    fs::rename(&other, &shelf.path).unwrap();
    let mut body = vec![0; LEN];
    soon(client.0.read_exact(&mut body)).await.unwrap();
    assert!(body == *shelf.content);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_leaves_or_stops_frees_the_file() {
    for stops in [false, true] {
        let shelf = Shelf::new();
        let file = shelf.open();
        let held = Arc::clone(&file);
        let (address, _, _stop) = start(move || planned(&whole(Arc::clone(&held)), Plan::Whole));
        let before = Arc::strong_count(&file);
        let mut client = connect(address, Some(150_000)).await;
        client.send(GET).await;
        client.head().await;
        // Another connection would hold the file as well: its handler has it.
        let _stopped = stops.then_some(client);
        let begun = Instant::now();
        while Arc::strong_count(&file) > before {
            assert!(begun.elapsed() < PATIENCE, "stops: {stops}");
            tokio::time::sleep(ms(5)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_has_ended_when_its_last_byte_is_sent_and_not_before() {
    for reads_on in [true, false] {
        let shelf = Shelf::new();
        let representation = whole(shelf.open());
        let listener = listen(([127, 0, 0, 1], 0).into()).unwrap();
        let mut client = connect(listener.local_addr().unwrap(), Some(150_000)).await;
        let (ended, mut ends) = mpsc::unbounded_channel();
        let handler = move |_request: Request<Incoming>, connection: Connection| {
            let mut response = outgoing(planned(&representation, Plan::Whole), || connection.lane());
            let ended = ended.clone();
            response.body_mut().on_end(move |end| ended.send(end).unwrap());
            std::future::ready(response)
        };
        let (_stop, shutdown) = Shutdown::new();
        let gauges = Arc::<Gauges>::default();
        tokio::spawn(async move { serve(listener, &Limits::default(), gauges, handler, shutdown).await });
        client.send(GET).await;
        client.head().await;
        assert!(timeout(ms(300), ends.recv()).await.is_err(), "the socket cannot hold it all");
        if reads_on {
            let mut body = vec![0; LEN];
            soon(client.0.read_exact(&mut body)).await.unwrap();
        } else {
            drop(client);
        }
        let end = soon(ends.recv()).await.unwrap();
        let (sent, len) = (usize::try_from(end.sent).unwrap(), LEN);
        let wanted = if reads_on { Outcome::Complete } else { Outcome::Abandoned };
        assert_eq!((end.outcome, sent == len), (wanted, reads_on), "{sent} bytes");
        assert!(sent > 0 && end.first_byte.is_some());
    }
}

#[tokio::test]
async fn what_is_long_and_leased_goes_as_windows_and_nothing_else() {
    let shelf = Shelf::new();
    let (lane, leased) = (Lane::default(), shelf.open());
    let unleased = Arc::new(shelf.folder.open_file_blocking("film.mp4").unwrap());
    let writer = shelf.path.with_extension("new");
    fs::write(&writer, &*shelf.content).unwrap();
    let _writes = File::options().append(true).open(&writer).unwrap();
    let recording = shelf.folder.open_file_blocking("film.new").unwrap().leased();
    let cases = [
        (LEN, &leased, true, "a film"),
        (64 * 1024, &leased, false, "short: with the head in one call"),
        (64 * 1024 + 1, &leased, true, "one byte more"),
        (LEN, &unleased, false, "nobody asked for a lease"),
        (LEN, &recording, false, "somebody writes to it"),
    ];
    for (len, file, windowed, why) in cases {
        let end = u64::try_from(len).unwrap();
        let representation = film(vec![Segment::File { file: Arc::clone(file), start: 0, end }]);
        let mut body: Outgoing = outgoing(planned(&representation, Plan::Whole), || Some(&lane)).into_body();
        assert_eq!(body.size_hint().exact(), Some(end));
        let chunk = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(matches!(chunk, Chunk::Window(_)), windowed, "{why}");
    }
}

/// If hyper ever copied what it is given, a mark's zeros would go out. Here it is told to.
#[tokio::test]
async fn no_zero_of_a_mark_leaves_when_hyper_copies() {
    let shelf = Shelf::new();
    let representation = whole(shelf.open());
    let listener = listen(([127, 0, 0, 1], 0).into()).unwrap();
    let mut client = connect(listener.local_addr().unwrap(), None).await;
    let (stream, address) = listener.accept().await.unwrap();
    let line = Arc::new(Line::new(Deadlines::from(&Limits::default()), address));
    let lane = line.lane.clone();
    let service = service_fn(move |_: Request<Incoming>| {
        let response = outgoing(planned(&representation, Plan::Whole), || Some(&lane));
        std::future::ready(Ok::<_, Infallible>(response))
    });
    let socket = TokioIo::new(Socket::new(stream, Arc::clone(&line)));
    let serving = http1::Builder::new().writev(false).serve_connection(socket, service);
    let serving = tokio::spawn(serving);
    client.send(GET).await;
    let rest = client.rest().await;
    assert!(soon(serving).await.unwrap().is_err());
    assert!(line.lane.is_betrayed());
    let head =
        rest.bytes.windows(4).position(|bytes| bytes == b"\r\n\r\n").map_or(rest.bytes.len(), |end| end + 4);
    assert!(rest.bytes[head..].is_empty(), "{} bytes of a body", rest.bytes.len() - head);
}

/// All of the answer is with the kernel long before a slow reader has it, and the connection is idle meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_idle_time_takes_nothing_from_a_slow_reader() {
    const SHORT: u64 = 900_000;
    let shelf = Shelf::new();
    let part = ByteRange::new(0, SHORT, u64::try_from(LEN).unwrap()).unwrap();
    let representation = whole(shelf.open());
    let listener = listen(([127, 0, 0, 1], 0).into()).unwrap();
    let mut client = connect(listener.local_addr().unwrap(), Some(40_000)).await;
    let limits = Limits { idle_timeout: ms(100), ..Limits::default() };
    let handler = move |_request: Request<Incoming>, connection: Connection| {
        let answer = planned(&representation, Plan::Part(part));
        std::future::ready(outgoing(answer, || connection.lane()))
    };
    let (_stop, shutdown) = Shutdown::new();
    tokio::spawn(async move { serve(listener, &limits, Arc::default(), handler, shutdown).await });
    client.send(GET).await;
    client.head().await;
    let mut body = Vec::new();
    let mut portion = vec![0; 30_000];
    while body.len() < usize::try_from(SHORT).unwrap() {
        tokio::time::sleep(ms(20)).await;
        let count = soon(client.0.read(&mut portion)).await.unwrap();
        assert!(count > 0, "cut after {} bytes", body.len());
        body.extend_from_slice(&portion[..count]);
    }
    assert!(body == shelf.content[..body.len()]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_cut_for_a_film_that_he_has() {
    let (seen, seeing) = (Shelf::new(), Shelf::new());
    let films = [whole(seen.open()), whole(seeing.open())];
    let asked = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let answer = move || planned(&films[asked.fetch_add(1, Relaxed).min(1)], Plan::Whole);
    let (address, gauges, _stop) = start(answer);
    let mut client = connect(address, Some(150_000)).await;
    client.send(GET).await;
    assert!(client.answer().await.1 == *seen.content);
    client.send(GET).await;
    client.head().await;
    let path = seen.path.clone();
    let writing = tokio::task::spawn_blocking(move || File::options().write(true).open(path));
    let begun = Instant::now();
    soon(writing).await.unwrap().unwrap();
    assert!(begun.elapsed() < ms(900), "the writer waits for nobody: {:?}", begun.elapsed());
    let mut body = vec![0; LEN];
    soon(client.0.read_exact(&mut body)).await.unwrap();
    assert!(body == *seeing.content);
    assert_eq!(gauges.cut.load(Relaxed), 0);
}

/// The kernel sends on what a process that ends has left in a socket, unless the socket was told otherwise before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_lent_goes_with_a_server_that_ends_unplanned() {
    let shelf = Shelf::new();
    let representation = whole(shelf.open());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (address, _, stop) = {
        let _inside = runtime.enter();
        start(move || planned(&representation, Plan::Whole))
    };
    let mut client = connect(address, Some(150_000)).await;
    client.send(GET).await;
    client.head().await;
    tokio::task::spawn_blocking(move || runtime.shutdown_background()).await.unwrap();
    let rest = client.rest().await;
    assert!(rest.reset && rest.bytes.len() < LEN, "{} bytes and an orderly end", rest.bytes.len());
    drop(stop);
}
