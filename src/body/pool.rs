//! Buffers between the disk and the socket, used again and again.
//!
//! 1. [`Buffer::new`] takes a recycled buffer, or makes one of the exact size where that is small.
//! 2. A read fills what [`Buffer::want`] marked; [`Buffer::add`] says how much came.
//! 3. [`Buffer::freeze`] hands the bytes out. When the last of them is sent, the buffer comes back by itself.
//!
//! A buffer of 128 KiB stays in a core's second-level cache between the read that fills it and the write that
//! empties it; larger and smaller ones measured no better.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

/// The size of a recycled buffer.
pub(super) const LARGE: usize = 128 * 1024;

/// Up to here a buffer of its own is cheaper for everybody than 128 KiB that wait for a slow client.
pub(super) const SMALL: usize = 16 * 1024;

/// 8 MiB that lie idle at most. More buffers than these are only in use at the same time when sockets are
/// full, and then an allocation is the least of it.
const KEPT: usize = 64;

/// Buffers hold no meaning, so one pool serves every connection.
static POOL: Pool = Pool::new();

#[derive(Debug)]
struct Pool(Mutex<Vec<Vec<u8>>>);

/// A buffer that is being filled.
#[derive(Debug)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    filled: usize,
    wanted: usize,
    home: &'static Pool,
}

impl Pool {
    const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// A panic elsewhere cannot have left a list of buffers half-way.
    fn idle(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn buffer(&'static self, len: usize) -> Buffer {
        let recycled = || self.idle().pop().unwrap_or_else(|| vec![0; LARGE]);
        let bytes = if len <= SMALL { vec![0; len] } else { recycled() };
        Buffer { bytes, filled: 0, wanted: 0, home: self }
    }
}

impl Buffer {
    /// A buffer for as much of `len` bytes as fits into one.
    pub(super) fn new(len: usize) -> Self {
        POOL.buffer(len)
    }

    /// Marks the next `len` bytes, or as many as there is room for, and gives them to be read into.
    pub(super) fn want(&mut self, len: u64) -> &mut [u8] {
        let room = self.bytes.len() - self.filled;
        self.wanted = usize::try_from(len).map_or(room, |len| len.min(room));
        self.as_mut()
    }

    /// Takes the first `count` of the marked bytes as read, and shows them.
    pub(super) fn add(&mut self, count: usize) -> &[u8] {
        let start = self.filled;
        self.filled += count.min(self.wanted);
        self.wanted = 0;
        &self.bytes[start..self.filled]
    }

    /// What was read, as bytes that give the buffer back when the last of them is dropped.
    pub(super) fn freeze(self) -> Bytes {
        Bytes::from_owner(self)
    }
}

impl AsMut<[u8]> for Buffer {
    fn as_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.filled..self.filled + self.wanted]
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.filled]
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if self.bytes.len() == LARGE {
            let mut idle = self.home.idle();
            if idle.len() < KEPT {
                idle.push(std::mem::take(&mut self.bytes));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_gives_out_what_was_added_and_nothing_else() {
        let mut buffer = Buffer::new(5);
        buffer.want(3).copy_from_slice(b"abc");
        assert_eq!(buffer.add(2), b"ab", "a short read");
        assert_eq!(buffer.want(u64::MAX).len(), 3, "what is left of five");
        buffer.as_mut().copy_from_slice(b"cde");
        assert_eq!(buffer.add(9), b"cde", "never more than was marked");
        assert_eq!(buffer.want(1).len(), 0, "full");
        assert_eq!(buffer.freeze(), &b"abcde"[..]);
    }

    #[test]
    fn sizes_are_exact_when_small_and_one_when_large() {
        for (len, want) in [(0, 0), (1, 1), (SMALL, SMALL), (SMALL + 1, LARGE), (usize::MAX, LARGE)] {
            assert_eq!(Buffer::new(len).bytes.len(), want, "for {len} bytes");
        }
    }

    fn pool() -> &'static Pool {
        Box::leak(Box::new(Pool::new()))
    }

    #[test]
    fn a_buffer_comes_back_when_the_last_of_its_bytes_is_gone() {
        let pool = pool();
        let mut buffer = pool.buffer(LARGE);
        buffer.want(1).fill(0xa7);
        buffer.add(1);
        let bytes = buffer.freeze();
        let rest = bytes.slice(..1);
        drop(bytes);
        assert_eq!(pool.idle().len(), 0, "a part of it is still to be sent");
        assert_eq!(rest, &[0xa7][..]);
        drop(rest);
        assert_eq!(pool.idle().len(), 1);
        let again = pool.buffer(LARGE);
        assert_eq!((again.as_ref().len(), pool.idle().len()), (0, 0), "used again, and empty");
    }

    #[test]
    fn only_so_many_large_buffers_are_kept() {
        let pool = pool();
        let buffers: Vec<_> = (0..=KEPT).map(|_| pool.buffer(LARGE)).collect();
        drop(buffers);
        assert_eq!(pool.idle().len(), KEPT);
        drop(pool.buffer(SMALL));
        assert_eq!(pool.idle().len(), KEPT, "small ones are nobody's");
    }
}
