//! The answer to a connection for which there is no seat, and how to close over a client that still sends.
//!
//! 1. 503, or over TLS an alert, is written without waiting; a socket that does not take it at once gets nothing.
//! 2. A few of those that took it are read from for a moment, so that the answer is not lost to a reset.

use std::io;
use std::net::Shutdown;
use std::ops::ControlFlow;
use std::time::Duration;

use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::roster::Roster;

const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    retry-after: 5\r\nx-content-type-options: nosniff\r\nreferrer-policy: no-referrer\r\n\
    content-length: 0\r\nconnection: close\r\n\r\n";

/// `internal_error` (RFC 8446 §6), the nearest that TLS has to "not now": a client without a handshake could not read
/// more.
const FULL_OVER_TLS: &[u8] = &[0x15, 3, 3, 0, 2, 2, 80];

/// Refused connections that are not closed yet. They live on the reserve of descriptors.
const LINGERING: usize = 8;

/// What a client may still send after its last answer: a request's body that was not wanted.
const LINGER_BYTES: usize = 256 * 1024;
const LINGER_TIME: Duration = Duration::from_secs(1);

pub(super) struct Refusals {
    words: &'static [u8],
    lingering: JoinSet<()>,
}

impl Refusals {
    pub(super) fn new(over_tls: bool) -> Refusals {
        Refusals { words: if over_tls { FULL_OVER_TLS } else { FULL }, lingering: JoinSet::new() }
    }

    pub(super) fn refuse(&mut self, roster: &Roster, stream: TcpStream) {
        roster.refused();
        while self.lingering.try_join_next().is_some() {}
        // Past tokio, which does not know yet that a new socket is ready.
        let told = rustix::io::write(&stream, self.words).is_ok_and(|written| written == self.words.len());
        if told && self.lingering.len() < LINGERING {
            self.lingering.spawn(async move { linger(&stream).await });
        }
    }
}

/// Says that nothing more comes, and waits within bounds for the client to say the same (RFC 9112 §9.6).
pub(super) async fn linger(stream: &TcpStream) {
    if SockRef::from(stream).shutdown(Shutdown::Write).is_ok() {
        // The time is up or the client is done: either way the socket is closed now.
        _ = timeout(LINGER_TIME, discard(stream)).await;
    }
}

async fn discard(stream: &TcpStream) {
    let mut left = LINGER_BYTES;
    while stream.readable().await.is_ok() && discard_once(stream, &mut left).is_continue() {}
}

fn discard_once(stream: &TcpStream, left: &mut usize) -> ControlFlow<()> {
    let mut sink = [0; 4096];
    match stream.try_read(&mut sink) {
        Ok(read) if 0 < read && read <= *left => *left -= read,
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
        Ok(_) | Err(_) => return ControlFlow::Break(()),
    }
    ControlFlow::Continue(())
}
