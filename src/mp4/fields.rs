//! Big-endian fields, read one after another (ISO/IEC 14496-12 §4.1: a file's integers are big-endian).
//!
//! 1. Each call takes a field off the front.
//! 2. Where the bytes end, the answer is `None`, and nothing was read.

/// What is left to read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.0
    }

    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    /// The version and flags that a full box begins with (§4.2.2).
    pub(super) fn version_and_flags(&mut self) -> Option<(u8, u32)> {
        let [version, high, middle, low] = self.array()?;
        Some((version, u32::from_be_bytes([0, high, middle, low])))
    }

    /// A time or an offset: 32 bits in version 0 of its box, 64 in version 1.
    pub(super) fn by_version(&mut self, version: u8) -> Option<u64> {
        if version == 0 { self.u32().map(u64::from) } else { self.u64() }
    }
}

/// A number of bytes as an offset. A `usize` fits a `u64` wherever this compiles; the fallback is never taken.
pub(super) fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
