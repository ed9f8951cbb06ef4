//! Whether a span of a file lies in the page cache: `cachestat(2)`, Linux 6.5.
//!
//! The one file with unsafe code, for neither std nor rustix has this call. What it rests on:
//!
//! - The descriptor is borrowed, so it is open during the call.
//! - `range` and `found` are live, aligned and laid out as the kernel declares them (`repr(C)`, 64-bit fields only);
//!   the kernel reads the first and writes the second, and keeps neither.
//! - Flags are 0, the only value that is allowed.
#![expect(unsafe_code, reason = "see above")]

use std::os::fd::{AsFd, AsRawFd};

/// The same number on every architecture, as for all newer calls.
const CACHESTAT: libc::c_long = 451;

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
pub(super) fn is_resident(file: impl AsFd, offset: u64, len: u64) -> Option<bool> {
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
