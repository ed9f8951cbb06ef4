//! The socket as hyper sees it. Each byte that moves, or does not, is told to the connection's [`pace`]. Where a body
//! has put the mark of a file's window, the window is sent.
//!
//! It stands below `TokioIo`, which lends it hyper's buffers without clearing them first.
//!
//! [`pace`]: super::pace

use std::cell::Cell;
use std::io::{self, ErrorKind, IoSlice};
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustix::fs::sendfile;
use rustix::io::retry_on_intr;
use rustix::net::{SendAncillaryBuffer, SendFlags, sendmsg};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::line::Line;
use crate::body::{Lane, Outlet, Written};
use crate::kernel;
use crate::storage::{Carrier, MediaFile};

/// How much is read at a time. Clients send heads, and hardly ever more.
const HEAD_BYTES: usize = 16 * 1024;

thread_local! {
    /// What was read, on its way into hyper's buffer. That one would have to be cleared first, each time and all of it.
    static HEADS: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

pub(super) struct Socket {
    stream: Arc<TcpStream>,
    line: Arc<Line>,
    carrier: Arc<dyn Carrier>,
    ended: bool,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, line: Arc<Line>) -> Socket {
        let stream = Arc::new(stream);
        line.connect(&stream);
        Socket { stream, carrier: Arc::<Line>::clone(&line), line, ended: false }
    }

    /// Whether the client has said that it sends no more.
    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    pub(super) fn into_stream(self) -> Arc<TcpStream> {
        self.stream
    }

    /// One write past the socket's readiness; `None` when it still takes nothing.
    fn try_write(&self, bytes: &[IoSlice<'_>]) -> Option<io::Result<usize>> {
        match self.write_now(bytes).map(|written| written.taken) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => None,
            result => Some(result),
        }
    }

    /// Bytes up to the first mark, or the window of a mark that comes first.
    fn write_now(&self, bytes: &[IoSlice<'_>]) -> io::Result<Written> {
        let lane = &self.line.lane;
        if lane.is_betrayed() {
            return Err(io::Error::other("a mark was taken for bytes"));
        }
        let offered = |bytes: &[IoSlice<'_>]| bytes.iter().map(|slice| slice.len()).sum();
        let written = match bytes.iter().position(Lane::is_mark) {
            None => Written { offered: offered(bytes), taken: rustix::io::writev(&self.stream, bytes)? },
            Some(0) => lane.send(&bytes[0], &self.carrier, &*self.stream)?,
            // The head waits for the first bytes of the file, which follow at once: one packet fewer.
            Some(mark) => {
                let (bytes, flags) = (&bytes[..mark], SendFlags::MORE | SendFlags::NOSIGNAL);
                let taken = sendmsg(&self.stream, bytes, &mut SendAncillaryBuffer::default(), flags)?;
                Written { offered: offered(bytes), taken }
            }
        };
        lane.wrote(written.taken);
        Ok(written)
    }

    /// One write when the socket is ready. After a short one it is not: to ask again would only hear so.
    fn poll_ready_write(&self, cx: &mut Context<'_>, bytes: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.stream.poll_write_ready(cx))?;
            let mut taken = 0;
            let result = self.stream.try_io(Interest::WRITABLE, || {
                let written = self.write_now(bytes)?;
                taken = written.taken;
                if taken < written.offered { Err(ErrorKind::WouldBlock.into()) } else { Ok(taken) }
            });
            match result {
                Err(error) if error.kind() == ErrorKind::WouldBlock && taken == 0 => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Poll::Ready(Ok(taken)),
                result => return Poll::Ready(result),
            }
        }
    }

    /// One read when there is something. If it was all, the socket is not ready any more: as in writing.
    fn poll_ready_read(&self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<usize>> {
        let mut heads = HEADS.take();
        let room = buffer.remaining().min(HEAD_BYTES);
        heads.resize(HEAD_BYTES, 0);
        let read = loop {
            ready!(self.stream.poll_read_ready(cx))?;
            let mut read = 0;
            let result = self.stream.try_io(Interest::READABLE, || {
                read = rustix::io::read(&self.stream, &mut heads[..room])?;
                if 0 < read && read < room { Err(ErrorKind::WouldBlock.into()) } else { Ok(read) }
            });
            match result {
                Err(error) if error.kind() == ErrorKind::WouldBlock && read == 0 => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break Ok(read),
                result => break result,
            }
        };
        if let Ok(read) = read {
            buffer.put_slice(&heads[..read]);
        }
        HEADS.set(heads);
        Poll::Ready(read)
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

impl Outlet for TcpStream {
    fn send_file(&self, file: &MediaFile, mut offset: u64, len: usize) -> io::Result<usize> {
        Ok(retry_on_intr(|| sendfile(self, file, Some(&mut offset), len))?)
    }

    fn send_bytes(&self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::write(self, bytes)?)
    }

    /// A socket that cannot say has ended.
    fn unacknowledged(&self) -> u64 {
        kernel::unacknowledged(self).unwrap_or(0)
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = ready!(self.poll_ready_read(cx, buffer))?;
        if read > 0 {
            self.line.pace.received(Instant::now());
        } else {
            self.ended = true;
        }
        Poll::Ready(Ok(()))
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

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        match SockRef::from(&*self.stream).shutdown(Shutdown::Write) {
            // The client was first.
            Err(error) if error.kind() == ErrorKind::NotConnected => Poll::Ready(Ok(())),
            result => Poll::Ready(result),
        }
    }
}
