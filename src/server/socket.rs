//! The socket as hyper sees it. Each byte that moves, or does not, is told to the connection's [`pace`].
//!
//! It stands below `TokioIo`, which lends it hyper's buffers without clearing them first.
//!
//! [`pace`]: super::pace

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustix::io::Errno;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::line::Line;

pub(super) struct Socket {
    stream: TcpStream,
    line: Arc<Line>,
    ended: bool,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, line: Arc<Line>) -> Socket {
        Socket { stream, line, ended: false }
    }

    /// Whether the client has said that it sends no more.
    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    pub(super) fn into_stream(self) -> TcpStream {
        self.stream
    }

    /// One write past the socket's readiness; `None` when it still takes nothing.
    fn try_write(&self, bytes: &[IoSlice<'_>]) -> Option<io::Result<usize>> {
        match rustix::io::writev(&self.stream, bytes) {
            Err(Errno::AGAIN | Errno::INTR) => None,
            result => Some(result.map_err(io::Error::from)),
        }
    }

    fn note_write(&self, result: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match result {
            Poll::Ready(Ok(_)) => self.line.pace.wrote(Instant::now()),
            Poll::Pending => self.line.pace.blocked(Instant::now()),
            Poll::Ready(Err(_)) => {}
        }
        result
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if let Poll::Ready(Ok(())) = result {
            if buffer.filled().len() > before {
                self.line.pace.received(Instant::now());
            } else {
                self.ended = true;
            }
        }
        result
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.line.pace.take_nudge()
            && let Some(result) = self.try_write(bytes)
        {
            return self.note_write(Poll::Ready(result));
        }
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.note_write(result)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
