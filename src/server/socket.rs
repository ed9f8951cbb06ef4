//! The socket as hyper sees it. Each byte that moves, or does not, is told to the connection's [`pace`]. Where a body
//! has put the mark of a file's window, the window is sent.
//!
//! It stands below `TokioIo`, which lends it hyper's buffers without clearing them first.
//!
//! [`pace`]: super::pace

use std::cell::RefCell;
use std::io::{self, ErrorKind, IoSlice};
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

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
    static HEADS: RefCell<Vec<u8>> = RefCell::new(vec![0; HEAD_BYTES]);
}

pub(super) struct Socket {
    stream: Arc<TcpStream>,
    line: Arc<Line>,
    carrier: Arc<dyn Carrier>,
    /// How many unsent bytes the kernel may hold.
    unsent: u32,
    ended: bool,
}

/// The limit of unsent bytes that a connection begins with. Without a limit the kernel takes megabytes for each, and when
/// thousands come at once, filling them takes longer than their viewers have patience.
pub(super) const NARROW: u32 = 128 * 1024;

/// What readers get who take a film at the pace of the film, and slower ones. Half of it goes at a time: with less, waking up
/// costs more than sending, and with more, the memory of many runs short.
const FILM: u32 = 512 * 1024;
const SLOW: u32 = 256 * 1024;

/// Below so many bytes a second a reader is slow: 0.8 Mbit/s.
const SLOWEST_FILM: u64 = 100_000;

/// What the fastest readers get. With less, they and we wait for each other.
const WIDE: u32 = 4 * 1024 * 1024;

/// The limit for a reader who made room for so many bytes in this time: half a second of what he takes, if that is more
/// than a film's.
fn unsent_limit(freed: usize, time: Duration) -> u32 {
    let freed = u128::try_from(freed).unwrap_or(u128::MAX);
    let a_second = freed.saturating_mul(1_000_000) / time.as_micros().max(1);
    let a_second = u64::try_from(a_second).unwrap_or(u64::MAX);
    if a_second < SLOWEST_FILM {
        return SLOW;
    }
    u32::try_from(a_second / 2).unwrap_or(WIDE).clamp(FILM, WIDE)
}

impl Socket {
    pub(super) fn new(stream: TcpStream, line: Arc<Line>) -> Socket {
        let stream = Arc::new(stream);
        line.connect(&stream);
        Socket { stream, carrier: Arc::<Line>::clone(&line), line, unsent: NARROW, ended: false }
    }

    /// Whether the client has said that it sends no more.
    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    pub(super) fn into_stream(self) -> Arc<TcpStream> {
        self.stream
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
        let room = buffer.remaining().min(HEAD_BYTES);
        loop {
            ready!(self.stream.poll_read_ready(cx))?;
            let mut read = 0;
            let result = self.stream.try_io(Interest::READABLE, || {
                read = HEADS.with_borrow_mut(|heads| {
                    let read = rustix::io::read(&self.stream, &mut heads[..room])?;
                    buffer.put_slice(&heads[..read]);
                    io::Result::Ok(read)
                })?;
                if 0 < read && read < room { Err(ErrorKind::WouldBlock.into()) } else { Ok(read) }
            });
            match result {
                Err(error) if error.kind() == ErrorKind::WouldBlock && read == 0 => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Poll::Ready(Ok(read)),
                result => return Poll::Ready(result),
            }
        }
    }

    fn note_write(&mut self, result: &Poll<io::Result<usize>>) {
        match result {
            Poll::Ready(Ok(taken)) => {
                if let Some(blocked) = self.line.pace.wrote(Instant::now()) {
                    self.follow(*taken, blocked);
                }
            }
            Poll::Pending => self.line.pace.blocked(Instant::now()),
            Poll::Ready(Err(_)) => {}
        }
    }

    /// Lets the kernel hold as much as this reader takes in a moment: a full socket has taken `freed` bytes after so long.
    fn follow(&mut self, freed: usize, blocked: Duration) {
        // Not at once: the first bytes fill the reader's buffers, which says nothing of its pace.
        let wanted = unsent_limit(freed, blocked).min(self.unsent * 2);
        // Each change is a system call.
        if wanted >= self.unsent / 2 * 3 || wanted <= self.unsent / 4 {
            self.unsent = wanted;
            // A socket that does not take it is dead already.
            _ = SockRef::from(&*self.stream).set_tcp_notsent_lowat(wanted);
        }
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

    /// A socket that refuses the option is dead already.
    fn reset_on_close(&self, resets: bool) {
        _ = SockRef::from(self).set_linger(resets.then_some(Duration::ZERO));
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
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = self.poll_ready_write(cx, bytes);
        self.note_write(&result);
        result
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_follows_the_reader() {
        let cases = [
            (65_536, 2_621, SLOW, "0.2 Mbit/s"),
            (65_536, 262, FILM, "2 Mbit/s, a film"),
            (65_536, 32, 1_024_000, "16 Mbit/s"),
            (1_000_000, 1, WIDE, "1 GB/s"),
            (1_000_000, 0, WIDE, "at once"),
            (0, 60_000, SLOW, "nothing"),
        ];
        for (freed, ms, want, why) in cases {
            assert_eq!(unsent_limit(freed, Duration::from_millis(ms)), want, "{why}");
        }
    }
}
