//! The socket as hyper sees it. Each byte that moves, or does not, is told to the connection's [`pace`]. Where a body
//! has put the mark of a file's window, the window is sent.
//!
//! It stands below `TokioIo`, which lends it hyper's buffers without clearing them first.
//!
//! [`pace`]: super::pace

use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustix::fs::sendfile;
use rustix::io::retry_on_intr;
use rustix::net::{SendAncillaryBuffer, SendFlags, sendmsg};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::line::Line;
use crate::body::Lane;

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
        match self.write_now(bytes) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => None,
            result => Some(result),
        }
    }

    /// Bytes up to the first mark, or the window of a mark that comes first.
    fn write_now(&self, bytes: &[IoSlice<'_>]) -> io::Result<usize> {
        if self.line.lane.is_betrayed() {
            return Err(io::Error::other("a mark was taken for bytes"));
        }
        match bytes.iter().position(Lane::is_mark) {
            None => Ok(rustix::io::writev(&self.stream, bytes)?),
            Some(0) => self.line.lane.send(&bytes[0], |file, offset, len| {
                let mut offset = offset;
                Ok(retry_on_intr(|| sendfile(&self.stream, file, Some(&mut offset), len))?)
            }),
            // The head waits for the first bytes of the file, which follow at once: one packet fewer.
            Some(mark) => {
                let mut none = SendAncillaryBuffer::default();
                Ok(sendmsg(&self.stream, &bytes[..mark], &mut none, SendFlags::MORE | SendFlags::NOSIGNAL)?)
            }
        }
    }

    /// One write when the socket is ready. After a short one it is not: to ask again would only hear so.
    fn poll_ready_write(&self, cx: &mut Context<'_>, bytes: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let wanted = match bytes.iter().position(Lane::is_mark) {
            Some(0) => bytes[0].len(),
            marks => bytes[..marks.unwrap_or(bytes.len())].iter().map(|slice| slice.len()).sum(),
        };
        loop {
            ready!(self.stream.poll_write_ready(cx))?;
            let mut written = 0;
            let result = self.stream.try_io(Interest::WRITABLE, || {
                written = self.write_now(bytes)?;
                if written < wanted { Err(ErrorKind::WouldBlock.into()) } else { Ok(written) }
            });
            match result {
                Err(error) if error.kind() == ErrorKind::WouldBlock && written == 0 => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Poll::Ready(Ok(written)),
                result => return Poll::Ready(result),
            }
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
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.line.pace.take_nudge()
            && let Some(result) = self.try_write(bytes)
        {
            return self.note_write(Poll::Ready(result));
        }
        let result = self.poll_ready_write(cx, bytes);
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
