//! The wire of a secured connection: bytes into TLS records, several records into one call of the kernel.
//!
//! tokio-rustls hands each write to the socket at once. That suits HTTP/1.1, which writes 128 KiB at a time, but HTTP/2
//! writes frames of 16 KiB. So what is written waits here until a batch is full or somebody flushes, which hyper does
//! whenever it has nothing more to write.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::server::TlsStream;

use super::super::connection::Wire;
use super::super::socket::Socket;

/// HTTP/2's name in ALPN (RFC 9113 §3.1).
pub(super) const H2: &[u8] = b"h2";

/// Two records as long as they may be (RFC 8446 §5.1). Four cost a quarter more processor time for a GB, probably because
/// they leave the cache before the socket takes them, and it is memory of each connection that waits for its reader.
const BATCH: usize = 2 * 16 * 1024;

/// What records are longer than what is in them, for a batch, generously.
const OVERHEAD: usize = 4 * 1024;

pub(super) struct Records {
    tls: TlsStream<Socket>,
    /// How many bytes wait to be flushed, before encryption.
    waiting: usize,
}

impl Records {
    pub(super) fn new(tls: TlsStream<Socket>) -> Records {
        Records { tls, waiting: 0 }
    }

    pub(super) fn speaks_h2(&self) -> bool {
        self.tls.get_ref().1.alpn_protocol() == Some(H2)
    }
}

impl Wire for Records {
    /// `close_notify`: who gets it knows that nothing was cut off (RFC 8446 §6.1).
    fn say_goodbye(&mut self) {
        self.tls.get_mut().1.send_close_notify();
        // Once; nobody waits for a socket that is full.
        _ = Pin::new(&mut self.tls).poll_flush(&mut Context::from_waker(Waker::noop()));
    }

    fn into_socket(self) -> Socket {
        self.tls.into_inner().0
    }
}

impl AsyncRead for Records {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tls).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Records {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wanted: usize = bytes.iter().map(|slice| slice.len()).sum();
        if self.waiting > 0 && self.waiting + wanted > BATCH {
            ready!(self.as_mut().poll_flush(cx))?;
        }
        let room = if self.waiting == 0 { BATCH } else { BATCH + OVERHEAD };
        let session = self.tls.get_mut().1;
        // rustls cuts at this limit: a batch that begins with it holds full records only.
        session.set_buffer_limit(Some(room));
        let taken = io::Write::write_vectored(&mut session.writer(), bytes)?;
        if taken == 0 && wanted > 0 {
            // What the handshake left behind has filled it.
            ready!(self.as_mut().poll_flush(cx))?;
            return self.poll_write_vectored(cx, bytes);
        }
        self.waiting += taken;
        Poll::Ready(Ok(taken))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.tls).poll_flush(cx))?;
        self.waiting = 0;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tls).poll_shutdown(cx)
    }
}
