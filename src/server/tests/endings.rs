//! How connections end: deadlines, hang-ups, the cap, a cut.

use super::*;
use crate::metrics::Gauges;

#[tokio::test]
async fn a_silent_connection_is_closed_at_the_heads_deadline() {
    let limits = Limits { head_timeout: ms(200), idle_timeout: PATIENCE, ..Limits::default() };
    let server = Server::start(limits, hello);
    let begin = Instant::now();
    server.connect().await.is_closed_quietly().await;
    assert!(begin.elapsed() >= ms(200), "{:?}", begin.elapsed());
    assert_eq!(server.gauges.slow_heads.load(Relaxed), 1);
}

#[tokio::test]
async fn a_head_that_comes_byte_by_byte_is_closed_at_its_deadline() {
    let limits = Limits { head_timeout: ms(300), idle_timeout: PATIENCE, ..Limits::default() };
    let server = Server::start(limits, hello);
    for first in [true, false] {
        let mut client = server.connect().await;
        if !first {
            client.send(GET).await;
            client.answer().await;
        }
        let begin = Instant::now();
        let mut clock = interval(ms(20));
        let mut bytes = b"GET / HTTP/1.1\r\nhost: a\r\nx: ".iter().chain(std::iter::repeat(&b'y'));
        let read = loop {
            let mut sink = [0; 16];
            tokio::select! {
                read = client.0.read(&mut sink) => break read,
                _ = clock.tick() => client.send(&[*bytes.next().unwrap()]).await,
            }
            assert!(begin.elapsed() < PATIENCE, "still open");
        };
        // A byte that crosses the end makes it a reset.
        assert!(!read.is_ok_and(|read| read > 0), "an end without an answer");
        assert!(begin.elapsed() >= ms(295), "{:?}", begin.elapsed());
    }
    assert_eq!(server.gauges.slow_heads.load(Relaxed), 2);
}

#[tokio::test]
async fn an_idle_connection_is_closed_at_its_own_deadline() {
    let limits = Limits { head_timeout: ms(200), idle_timeout: ms(500), ..Limits::default() };
    let server = Server::start(limits, hello);
    let mut client = server.connect().await;
    client.send(GET).await;
    client.answer().await;
    let begin = Instant::now();
    client.is_closed_quietly().await;
    assert!(begin.elapsed() >= ms(450), "{:?}", begin.elapsed());
    assert_eq!(server.gauges.idle.load(Relaxed), 1);
}

#[tokio::test]
async fn a_handler_may_take_longer_than_any_deadline_of_a_head() {
    let limits = Limits { head_timeout: ms(200), idle_timeout: ms(200), ..Limits::default() };
    let server = Server::start(limits, |request| async {
        sleep(ms(500)).await;
        hello(request).await
    });
    let mut client = server.connect().await;
    client.send(GET).await;
    assert_eq!(client.answer().await.1, b"hello");
}

#[tokio::test]
async fn a_reader_that_takes_nothing_is_cut() {
    let limits = Limits { stream_timeout: ms(300), ..Limits::default() };
    let (held, dropped) = held();
    let server = Server::start(limits, answering(held, endless));
    let mut client = server.connect().await;
    client.send(GET).await;
    let begin = Instant::now();
    dropped.now().await;
    assert!(begin.elapsed() >= ms(300), "{:?}", begin.elapsed());
    client.is_reset().await;
    assert_eq!(server.gauges.stalled.load(Relaxed), 1);
}

/// The reader is too slow for the kernel to call the socket writable within the deadline.
#[tokio::test]
async fn a_slow_reader_is_not_cut() {
    let limits = Limits { stream_timeout: ms(1000), ..Limits::default() };
    let (held, _dropped) = held();
    let server = Server::start(limits, answering(held, endless));
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(64 * 1024).unwrap();
    let mut client = Client(soon(socket.connect(server.address)).await.unwrap());
    client.send(GET).await;
    let mut clock = interval(ms(20));
    let mut some = [0; 8 * 1024];
    for _ in 0..150 {
        clock.tick().await;
        soon(client.0.read_exact(&mut some)).await.unwrap();
    }
    assert_eq!(server.gauges.stalled.load(Relaxed), 0);
}

#[tokio::test]
async fn a_client_that_hangs_up_frees_everything_at_once() {
    let cases: [(MakeAnswer, usize, &str); 3] = [
        (endless, 100_000, "in the middle of a body"),
        (endless, 0, "before it took anything"),
        (stuck, 0, "while the body's source does not deliver"),
    ];
    for (answer, taken, why) in cases {
        let (held, dropped) = held();
        let server = Server::start(Limits::default(), answering(held, answer));
        let mut client = server.connect().await;
        client.send(GET).await;
        client.head().await;
        soon(client.0.read_exact(&mut vec![0; taken])).await.expect(why);
        let begin = Instant::now();
        drop(client);
        dropped.now().await;
        assert!(begin.elapsed() < Duration::from_secs(2), "{why}: {:?}", begin.elapsed());
        server.stop.ask();
        assert_eq!(server.drained().await.cut, 0, "{why}");
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_ends_the_handlers_work() {
    let (held, dropped) = held();
    let held = Arc::new(std::sync::Mutex::new(Some(held)));
    let reached = Arc::new(Notify::new());
    let begun = Arc::clone(&reached);
    let server = Server::start(Limits::default(), move |_| {
        let held = held.lock().unwrap().take();
        begun.notify_one();
        async move {
            let _held = held;
            std::future::pending().await
        }
    });
    let mut client = server.connect().await;
    client.send(GET).await;
    soon(reached.notified()).await;
    drop(client);
    dropped.now().await;
}

#[tokio::test]
async fn above_the_cap_a_client_gets_503_until_a_seat_is_free() {
    let server = Server::start(Limits { max_connections: 1, ..Limits::default() }, hello);
    let mut first = server.connect().await;
    first.send(GET).await;
    first.answer().await;

    let mut second = server.connect().await;
    second.send(GET).await;
    let (head, _) = second.answer().await;
    assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
    for line in ["retry-after: 5", "connection: close", "x-content-type-options: nosniff"] {
        assert!(head.contains(&format!("\r\n{line}\r\n")), "{head}");
    }
    second.is_closed_quietly().await;
    assert_eq!(server.gauges.refused.load(Relaxed), 1);

    first.send(GET).await;
    assert_eq!(first.answer().await.1, b"hello", "the first is not disturbed");
    drop(first);
    soon(async {
        loop {
            let mut third = server.connect().await;
            third.send(GET).await;
            if third.answer().await.0.starts_with("HTTP/1.1 200 ") {
                break;
            }
        }
    })
    .await;
}

/// A queue of 128 would be full, and the next SYN is sent after a second only.
#[tokio::test]
async fn a_burst_of_clients_fits_into_the_queue() {
    let listener = listen(([127, 0, 0, 1], 0).into()).unwrap();
    let address = listener.local_addr().unwrap();
    let mut burst = Vec::new();
    for n in 0..200 {
        let connected = timeout(ms(900), TcpStream::connect(address)).await;
        burst.push(connected.unwrap_or_else(|_| panic!("number {n} waits")).unwrap());
    }
}

#[tokio::test]
async fn a_flood_above_the_cap_does_not_hold_up_the_loop() {
    let server = Server::start(Limits { max_connections: 1, ..Limits::default() }, hello);
    let mut first = server.connect().await;
    first.send(GET).await;
    first.answer().await;
    let mut flood = Vec::new();
    for _ in 0..100 {
        flood.push(server.connect().await);
    }
    for mut client in flood {
        assert!(client.rest().await.bytes.starts_with(b"HTTP/1.1 503 "));
    }
    assert_eq!(server.gauges.refused.load(Relaxed), 100);
    assert_eq!(server.gauges.open_connections.load(Relaxed), 1);
}

#[tokio::test]
async fn a_cut_resets_the_client_while_a_write_waits_for_it() {
    let (lines, mut cuts) = mpsc::unbounded_channel();
    let server = Server::start(Limits::default(), move |request: Request<Incoming>| {
        lines.send(request.extensions().get::<Connection>().unwrap().clone()).unwrap();
        // More than any socket takes.
        async { Response::new(Full::from(Bytes::from(vec![0; 64 << 20])).boxed_unsync()) }
    });
    let mut client = server.connect().await;
    client.send(GET).await;
    client.head().await;
    let connection = soon(cuts.recv()).await.unwrap();
    let begin = Instant::now();
    connection.carrier().cut();
    let rest = client.rest().await;
    assert!(rest.reset && rest.bytes.len() < 64 << 20, "{}", rest.bytes.len());
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
    connection.carrier().cut();
    server.stop.ask();
    let gauges = Arc::clone(&server.gauges);
    assert_eq!(server.drained().await, Drained { finished: 0, cut: 0 });
    assert_eq!((gauges.cut.load(Relaxed), gauges.open_connections.load(Relaxed)), (1, 0));
}

#[tokio::test]
async fn a_body_that_fails_breaks_the_connection() {
    struct Failing(bool);
    impl Body for Failing {
        type Data = Bytes;
        type Error = BoxError;
        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
            let first = std::mem::replace(&mut self.0, false);
            Poll::Ready(Some(if first { Ok(Frame::data("abc".into())) } else { Err("it shrank".into()) }))
        }
    }
    let listener = listen(([127, 0, 0, 1], 0).into()).unwrap();
    let address = listener.local_addr().unwrap();
    let gauges = Arc::<Gauges>::default();
    let counted = Arc::clone(&gauges);
    let (stop, shutdown) = Shutdown::new();
    let task = tokio::spawn(async move {
        let handler = |_, _| async { Response::new(Failing(true)) };
        serve(listener, &Limits::default(), counted, handler, shutdown).await
    });
    let mut client = Client(TcpStream::connect(address).await.unwrap());
    client.send(b"GET / HTTP/1.0\r\n\r\n").await;
    client.is_reset().await;
    stop.ask();
    soon(task).await.unwrap();
    assert_eq!(gauges.broken.load(Relaxed), 1);
}

#[tokio::test]
async fn a_panic_in_a_handler_ends_its_connection_only() {
    let server = Server::start(Limits::default(), |request: Request<Incoming>| async {
        assert_ne!(request.uri(), "/panic", "as the test wants it");
        hello(request).await
    });
    let mut other = server.connect().await;
    let mut client = server.connect().await;
    client.send(b"GET /panic HTTP/1.1\r\nhost: a\r\n\r\n").await;
    client.is_closed_quietly().await;
    other.send(GET).await;
    assert_eq!(other.answer().await.1, b"hello");
    assert_eq!(server.gauges.open_connections.load(Relaxed), 1);
}
