//! From a new socket to a wire with an agreed protocol.
//!
//! 1. The first byte tells TLS from everything else. Who speaks HTTP here gets an answer that says so.
//! 2. The handshake has as long as a head: both together end where a head alone would.
//! 3. The client's choice (ALPN) decides between HTTP/2 and HTTP/1.1; bytes are not guessed at.

use std::future::Future;
use std::io::{self, ErrorKind};
use std::sync::Arc;

use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::super::connection::{self, BoxError, End, Settings};
use super::super::line::{Connection, Line, Order};
use super::super::pace::Overdue;
use super::super::refusal;
use super::super::socket::Socket;
use super::records::Records;
use super::{Tls, h2};
use crate::metrics::Gauges;

/// The first byte of every TLS connection: a record of the kind "handshake" (RFC 8446 §5.1).
const HANDSHAKE: u8 = 0x16;

/// To who forgot the `s`. Browsers show it as it is.
const NOT_HTTPS: &[u8] = b"HTTP/1.1 400 Bad Request\r\n\
    content-type: text/plain\r\ncontent-length: 60\r\ncache-control: no-store\r\n\
    x-content-type-options: nosniff\r\nreferrer-policy: no-referrer\r\nconnection: close\r\n\r\n\
    This port speaks HTTPS: the address begins with https://...\n";

enum Opened {
    Secured(Box<Records>),
    Plain(TcpStream),
    Failed(io::Error),
    /// Nothing was said at all: somebody looked whether the port is open.
    Left,
}

/// Runs one connection to its end.
pub(in crate::server) async fn run<H, F, B>(
    tls: Arc<Tls>,
    stream: TcpStream,
    line: Arc<Line>,
    settings: Arc<Settings>,
    gauges: Arc<Gauges>,
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
    let opened = tokio::select! {
        biased;
        order = line.is_ordered() => return if order == Order::Cut { End::Cut } else { End::Closed },
        opened = timeout(settings.deadlines.head, tls.open(stream, &line)) => opened,
    };
    match opened {
        Ok(Opened::Secured(records)) if records.speaks_h2() => {
            Box::pin(h2::run(*records, line, &settings, &gauges, handler)).await
        }
        Ok(Opened::Secured(records)) => connection::speak(*records, line, &settings, handler).await,
        Ok(Opened::Plain(stream)) => correct(stream, &line).await,
        Ok(Opened::Failed(error)) => End::Unsecured(error),
        Ok(Opened::Left) => End::HungUp,
        Err(_) => End::Overdue(Overdue::Head),
    }
}

impl Tls {
    async fn open(&self, stream: TcpStream, line: &Arc<Line>) -> Opened {
        let mut first = [0];
        match stream.peek(&mut first).await {
            Ok(0) => Opened::Left,
            Ok(_) if first[0] != HANDSHAKE => Opened::Plain(stream),
            Ok(_) => match self.acceptor.accept(Socket::new(stream, Arc::clone(line))).await {
                Ok(secured) => Opened::Secured(Box::new(Records::new(secured))),
                Err(error) => Opened::Failed(error),
            },
            Err(error) if error.kind() == ErrorKind::ConnectionReset => Opened::Left,
            Err(error) => Opened::Failed(error),
        }
    }
}

/// A request lies unread in the socket, so the answer must not be lost to a reset (RFC 9112 §9.6).
async fn correct(stream: TcpStream, line: &Line) -> End {
    // A socket that does not take so little is not worth waiting for.
    if stream.try_write(NOT_HTTPS).is_ok() {
        tokio::select! {
            () = line.is_cut() => {}
            () = refusal::linger(&stream) => {}
        }
    }
    End::Closed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_to_who_forgot_the_s_are_as_long_as_they_say() {
        let text = std::str::from_utf8(NOT_HTTPS).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{}", body.len());
        assert!(head.contains("\r\nx-content-type-options: nosniff\r\n"), "{head}");
    }
}
