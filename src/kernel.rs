//! System calls that neither std nor rustix has, and what they mean here.
//!
//! 1. [`is_resident`]: whether a span of a file lies in the page cache (`cachestat(2)`, Linux 6.5).
//! 2. [`take_lease`], [`holds_lease`], [`drop_lease`]: the kernel's word that nobody writes to a file (`fcntl(2)`,
//!    `F_SETLEASE`).
//! 3. [`unacknowledged`]: how much of what a socket was given has not reached the other end (`tcp(7)`, `SIOCOUTQ`).
//!
//! The one file with unsafe code. What it rests on:
//!
//! - Descriptors are borrowed, so they are open during the call.
//! - What the kernel reads or writes through a pointer is live, aligned and laid out as it declares it (`repr(C)`
//!   with 64-bit fields only, or one `c_int`), and it keeps no pointer.
//! - Flags are 0, the only value that is allowed.
//! - A lease changes no memory of this process. Its signal does: whoever takes one must have a handler for `SIGIO`
//!   in place, which [`crate::storage::lease`] sees to; without it the signal ends the process, which is no fault of
//!   memory either.
#![expect(unsafe_code, reason = "see above")]

use std::os::fd::{AsFd, AsRawFd};

use libc::{F_RDLCK, F_UNLCK, c_int};

/// The same number on every architecture, as for all newer calls.
const CACHESTAT: libc::c_long = 451;

/// `F_LINUX_SPECIFIC_BASE`, and the next one: `include/uapi/linux/fcntl.h`, the same on every architecture.
const F_SETLEASE: c_int = 1024;
const F_GETLEASE: c_int = 1025;

#[repr(C)]
struct Range {
    offset: u64,
    len: u64,
}

#[repr(C)]
#[derive(Default)]
struct Found {
    cached: u64,
    dirty: u64,
    writeback: u64,
    evicted: u64,
    recently_evicted: u64,
}

/// Whether every page of the span is cached. `None`: this kernel cannot say.
pub fn is_resident(file: impl AsFd, offset: u64, len: u64) -> Option<bool> {
    if len == 0 {
        return Some(true);
    }
    let page = u64::try_from(rustix::param::page_size()).ok()?;
    let pages = (offset + len - 1) / page - offset / page + 1;
    let range = Range { offset, len };
    let mut found = Found::default();
    let file = file.as_fd().as_raw_fd();
    // SAFETY: see the head of this file.
    let status = unsafe { libc::syscall(CACHESTAT, file, &raw const range, &raw mut found, 0_u32) };
    (status == 0).then_some(found.cached >= pages)
}

/// Takes a read lease: from now on whoever opens the file for writing, or truncates it, waits until this process lets
/// go, for as long as `/proc/sys/fs/lease-break-time` says. False where the kernel gives none: somebody has it open for
/// writing, it belongs to another user and this process has no `CAP_LEASE`, or its file system knows no leases.
///
/// Who waits is told by a signal to this process, whichever of its threads took the lease and lives on.
pub fn take_lease(file: impl AsFd) -> bool {
    let file = file.as_fd().as_raw_fd();
    // SAFETY: see the head of this file.
    unsafe {
        libc::fcntl(file, F_SETLEASE, F_RDLCK) == 0 && libc::fcntl(file, libc::F_SETOWN, libc::getpid()) == 0
    }
}

/// Whether the lease stands and nobody waits for its end.
pub fn holds_lease(file: impl AsFd) -> bool {
    // SAFETY: see the head of this file.
    unsafe { libc::fcntl(file.as_fd().as_raw_fd(), F_GETLEASE) == F_RDLCK }
}

/// Lets whoever waits go on. Closing the last descriptor does the same.
pub fn drop_lease(file: impl AsFd) {
    // SAFETY: see the head of this file.
    unsafe { libc::fcntl(file.as_fd().as_raw_fd(), F_SETLEASE, F_UNLCK) };
}

/// Bytes that a TCP socket has taken and the other end has not acknowledged, unsent ones included.
pub fn unacknowledged(socket: impl AsFd) -> Option<u64> {
    let mut bytes: c_int = 0;
    // SAFETY: see the head of this file. `SIOCOUTQ` has the number of `TIOCOUTQ`.
    let status = unsafe { libc::ioctl(socket.as_fd().as_raw_fd(), libc::TIOCOUTQ, &raw mut bytes) };
    if status == 0 { u64::try_from(bytes).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File, OpenOptions};
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn what_was_just_read_is_cached_and_what_does_not_exist_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("film");
        fs::write(&path, vec![1; 100_000]).unwrap();
        let file = File::open(&path).unwrap();
        assert_eq!(is_resident(&file, 0, 0), Some(true), "nothing is always there");
        assert_eq!(is_resident(&file, 5_000, 90_000), Some(true));
        assert_eq!(is_resident(&file, 0, 1_000_000), Some(false), "behind the end");
        assert_ne!(is_resident(File::open("/proc/self/stat").unwrap(), 0, 1), Some(true), "it has no pages");
    }

    #[test]
    fn a_lease_is_for_files_that_nobody_writes_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("film");
        fs::write(&path, b"film").unwrap();
        let file = File::open(&path).unwrap();
        let writer = OpenOptions::new().write(true).open(&path).unwrap();
        assert!(!take_lease(&file), "somebody writes");
        drop(writer);
        assert!(!holds_lease(&file));
        // Until another thread's writer of the same test program is closed in a forked child, which takes moments.
        assert!((0..1_000).any(|_| take_lease(&file)));
        assert!(holds_lease(&file));
        drop_lease(&file);
        assert!(!holds_lease(&file));
        drop(OpenOptions::new().write(true).open(&path).unwrap());
    }

    #[test]
    fn a_socket_tells_what_has_not_arrived() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let mut near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut far, _) = listener.accept().unwrap();
        assert_eq!(unacknowledged(&near), Some(0));
        near.set_nonblocking(true).unwrap();
        while near.write(&[0; 16_384]).is_ok() {}
        assert!(unacknowledged(&near).unwrap() > 0, "the other end's buffer is full");
        drop(near);
        far.read_to_end(&mut Vec::new()).unwrap();
        assert_eq!(unacknowledged(File::open("/dev/null").unwrap()), None);
    }
}
