//! Both steps of a shutdown, and the server that is dropped.

use super::*;

/// Says when the handler was reached, and answers when it is let go.
struct Gate {
    reached: Notify,
    open: Notify,
}

fn gated(limits: Limits) -> (Server, Arc<Gate>) {
    let gate = Arc::new(Gate { reached: Notify::new(), open: Notify::new() });
    let handlers = Arc::clone(&gate);
    let server = Server::start(limits, move |request: Request<Incoming>| {
        let gate = Arc::clone(&handlers);
        async move {
            if request.uri() == "/slow" {
                gate.reached.notify_one();
                gate.open.notified().await;
            }
            hello(request).await
        }
    });
    (server, gate)
}

const SLOW: &[u8] = b"GET /slow HTTP/1.1\r\nhost: a\r\n\r\n";

#[tokio::test]
async fn a_drain_ends_what_is_idle_and_lets_an_answer_finish() {
    let (server, gate) = gated(Limits::default());
    let mut idle = server.connect().await;
    idle.send(GET).await;
    idle.answer().await;
    let mut running = server.connect().await;
    running.send(SLOW).await;
    soon(gate.reached.notified()).await;

    let begin = Instant::now();
    server.stop.ask();
    idle.is_closed_quietly().await;
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
    assert!(TcpStream::connect(server.address).await.is_err(), "nobody listens");
    assert!(!server.task.is_finished(), "it waits for the answer");

    gate.open.notify_one();
    let (head, body) = running.answer().await;
    assert!(head.contains("\r\nconnection: close\r\n") && body == b"hello", "{head}");
    running.is_closed_quietly().await;
    assert_eq!(server.drained().await, Drained { finished: 2, cut: 0 });
}

#[tokio::test]
async fn a_connection_that_sent_nothing_yet_does_not_hold_up_a_drain() {
    let (server, _) = gated(Limits::default());
    let mut silent = server.connect().await;
    let mut idle = server.connect().await;
    idle.send(GET).await;
    idle.answer().await;
    server.stop.ask();
    silent.is_closed_quietly().await;
    assert_eq!(server.drained().await, Drained { finished: 2, cut: 0 });
}

#[tokio::test]
async fn what_runs_longer_than_the_drain_is_reset() {
    let (held, dropped) = held();
    let limits = Limits { drain_timeout: ms(200), ..Limits::default() };
    let server = Server::start(limits, answering(held, endless));
    let mut client = server.connect().await;
    client.send(GET).await;
    client.head().await;
    let begin = Instant::now();
    server.stop.ask();
    assert_eq!(server.drained().await, Drained { finished: 0, cut: 1 });
    assert!(begin.elapsed() >= ms(200), "{:?}", begin.elapsed());
    dropped.now().await;
    client.is_reset().await;
}

#[tokio::test]
async fn the_second_step_is_immediate() {
    let (server, gate) = gated(Limits::default());
    let mut client = server.connect().await;
    client.send(SLOW).await;
    soon(gate.reached.notified()).await;
    let begin = Instant::now();
    server.stop.ask();
    server.stop.ask();
    assert_eq!(server.drained().await, Drained { finished: 0, cut: 1 });
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
    client.is_reset().await;
}

#[tokio::test]
async fn no_connection_outlives_a_server_that_is_dropped() {
    let (held, dropped) = held();
    let server = Server::start(Limits::default(), answering(held, stuck));
    let mut client = server.connect().await;
    client.send(GET).await;
    client.head().await;
    server.task.abort();
    dropped.now().await;
    client.is_reset().await;
}
