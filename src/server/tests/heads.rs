//! What is read: keep-alive, pipelining, limits of a head.

use super::*;

#[tokio::test]
async fn a_connection_serves_one_request_after_the_other() {
    let server = Server::start(Limits::default(), |request: Request<Incoming>| async move {
        let peer = request.extensions().get::<Connection>().unwrap().peer();
        Response::new(Full::from(format!("{} {peer}", request.uri())).boxed_unsync())
    });
    let mut client = server.connect().await;
    let me = client.0.local_addr().unwrap();
    for path in ["/a", "/b", "/c"] {
        client.send(format!("GET {path} HTTP/1.1\r\nhost: a\r\n\r\n").as_bytes()).await;
        let (head, body) = client.answer().await;
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.contains("\r\ndate: "), "{head}");
        assert!(!head.contains("server:"), "{head}");
        assert_eq!(body, format!("{path} {me}").into_bytes());
    }
    assert_eq!(server.gauges.accepted.load(Relaxed), 1);
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_their_order() {
    let server = Server::start(Limits::default(), |request: Request<Incoming>| async move {
        Response::new(Full::from(request.uri().to_string()).boxed_unsync())
    });
    let mut client = server.connect().await;
    let requests = each(0..40, |n| format!("GET /{n} HTTP/1.1\r\nhost: a\r\n\r\n"));
    client.send(requests.as_bytes()).await;
    for n in 0..40 {
        assert_eq!(client.answer().await.1, format!("/{n}").into_bytes());
    }
}

#[tokio::test]
async fn an_ipv4_client_of_an_ipv6_listener_is_an_ipv4_peer() {
    let Ok(listener) = listen((std::net::Ipv6Addr::UNSPECIFIED, 0).into()) else {
        return; // This machine has no IPv6.
    };
    let mut server = Server::start_on(listener, Limits::default(), |request: Request<Incoming>| async move {
        let peer = request.extensions().get::<Connection>().unwrap().peer();
        Response::new(Full::from(peer.ip().to_string()).boxed_unsync())
    });
    server.address.set_ip([127, 0, 0, 1].into());
    let mut client = server.connect().await;
    client.send(GET).await;
    assert_eq!(client.answer().await.1, b"127.0.0.1");
}

#[tokio::test]
async fn a_head_beyond_its_limits_gets_431_and_the_end() {
    let server = Server::start(Limits::default(), hello);
    let headers = |count| each(1..count, |n| format!("x-{n}: y\r\n"));
    let padding = |bytes: usize| format!("x: {}\r\n", "y".repeat(bytes));
    let cases = [
        (headers(64), "200", "64 headers with Host"),
        (headers(65), "431", "one more"),
        (padding(32 * 1024 - 100), "200", "a head just below 32 KiB"),
        (padding(32 * 1024), "431", "a head above"),
        (padding(200 * 1024), "431", "a head far above, of which most is not read before the answer"),
    ];
    for (fields, status, why) in cases {
        let mut client = server.connect().await;
        client.send(format!("GET / HTTP/1.1\r\nhost: a\r\n{fields}\r\n").as_bytes()).await;
        let (head, _) = client.answer().await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{why}: {head}");
        if status == "431" {
            client.is_closed_quietly().await;
        }
    }
}

#[tokio::test]
async fn an_answer_before_the_end_of_an_unwanted_body_arrives() {
    let server = Server::start(Limits::default(), |_| async {
        let answer = Response::builder().status(401).header("connection", "close");
        answer.body(Full::from("no").boxed_unsync()).unwrap()
    });
    for early in [true, false] {
        let mut client = server.connect().await;
        client.send(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 200000\r\n\r\n").await;
        if early {
            client.send(&vec![b'x'; 100_000]).await;
        }
        let (head, body) = client.answer().await;
        assert!(head.starts_with("HTTP/1.1 401 ") && body == b"no", "{head}");
        if !early {
            client.send(&vec![b'x'; 100_000]).await;
        }
        client.is_closed_quietly().await;
    }
}
