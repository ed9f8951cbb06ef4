//! An open file, and reading it without passing off another version's bytes as this one's.
//!
//! 1. [`MediaFile::read_now`] takes bytes from the page cache on the calling thread, if they are there.
//! 2. [`MediaFile::read`] waits for the disk on the blocking pool, within the folder's permits and time.
//! 3. After either, the descriptor is looked at again and compared with the [`Witness`] of the last look,
//!    before anybody gets the bytes.
//!
//! A file that is written to through a memory map shows a new time only when a page is first written after
//! it went to the disk. What is stored into the same page after that goes unseen by everybody.

use std::fs::File;
use std::io::{self, IoSliceMut};
use std::num::NonZeroU64;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::thread::sleep;
use std::time::Duration;

use bytes::Bytes;
use rustix::fs::{Advice, fadvise};
use rustix::io::{ReadWriteFlags, pread, preadv2, retry_on_intr};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::lease::{Carrier, Lease, Lent};
use super::local::Shared;
use super::stat::{Drift, Stat};
use crate::kernel::{self, is_resident};

/// How much of a file's start [`MediaFile::beginning`] reads: three packets of MPEG-TS are 564 bytes, two
/// prove it.
const BEGINNING: usize = 512;

/// How much of what was read last is remembered to be compared. Compressed video repeats 64 bytes only where
/// it is padding.
const SAMPLE: usize = 64;

/// How much is read at a time into memory that nobody looks at.
const WARMING: usize = 128 * 1024;

/// How much the kernel is asked to read on while what was read is sent.
const READ_AHEAD: u64 = 2 * 1024 * 1024;

/// How far apart bytes are read to see whether all between them are there: of a file of which this process has parts read
/// from the disk, and of others, where it would have to be somebody else.
const STEP: usize = 64 * 1024;
const WIDE_STEP: usize = 1024 * 1024;

/// How often, and how far apart, a file is looked at whose time has changed and whose length has not (yet).
const LOOKS: usize = 50;
const PAUSE: Duration = Duration::from_millis(2);

/// An open regular file, as it was when it was opened.
#[derive(Debug)]
pub struct MediaFile {
    /// Taken by `drop` alone.
    file: Option<File>,
    stat: Stat,
    is_local: bool,
    folder: Arc<Shared>,
    /// What [`MediaFile::beginning`] has seen.
    begun: OnceLock<(Witness, Bytes)>,
    /// It may be a recording that goes on.
    may_grow: bool,
    /// Something of it had to be read from the disk.
    was_cold: AtomicBool,
    pub(super) lease: Option<Lease>,
}

/// What one reader of a file has seen of it last.
#[derive(Clone, Copy, Debug)]
pub struct Witness {
    stat: Stat,
    sample: [u8; SAMPLE],
    sampled: usize,
    /// Where the sample lies in the file.
    offset: u64,
}

/// Why there are no bytes.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file has another content than when it was opened.
    #[error("the file was written to")]
    Changed,
    /// Bytes that were there are not any more.
    #[error("the file became shorter")]
    Truncated,
    /// No answer in time.
    #[error("the storage does not answer")]
    Stalled,
    #[error("reading failed: {0}")]
    Failed(#[from] io::Error),
}

impl MediaFile {
    pub(super) fn new(file: File, stat: Stat, is_local: bool, folder: Arc<Shared>) -> Self {
        // The kernel's own reading ahead knows nothing of ranges, see `read_ahead`.
        let _ = fadvise(&file, 0, None, Advice::Random);
        Self {
            file: Some(file),
            stat,
            is_local,
            folder,
            begun: OnceLock::new(),
            may_grow: true,
            was_cold: AtomicBool::new(false),
            lease: None,
        }
    }

    #[cfg(test)]
    pub(super) fn folder(&self) -> &Arc<Shared> {
        &self.folder
    }

    /// Whether what is asked of it, its bytes apart, is answered without waiting for any disk or network.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.is_local
    }

    /// The file when it was opened.
    #[must_use]
    pub fn stat(&self) -> &Stat {
        &self.stat
    }

    /// The start of a reader's watch: what it reads must belong to the file as it was opened, and to the
    /// beginning if that was read.
    #[must_use]
    pub fn witness(&self) -> Witness {
        let opened = Witness { stat: self.stat, sample: [0; SAMPLE], sampled: 0, offset: 0 };
        self.begun.get().map_or(opened, |(witness, _)| *witness)
    }

    /// Reads what the page cache has at `offset`, without waiting. `None`: ask [`MediaFile::read`], which also
    /// finds out about errors, about an end that came too early, and about any change of the file.
    ///
    /// Network and user-space file systems refuse `RWF_NOWAIT`, each time at a price of 0.2 µs; so the look at
    /// the descriptor, which may wait there, is never reached for them.
    pub fn read_now(&self, buffer: &mut [u8], offset: u64, witness: &Witness) -> Option<usize> {
        if !self.is_local {
            return None;
        }
        let mut buffers = [IoSliceMut::new(buffer)];
        let count = preadv2(self, &mut buffers, offset, ReadWriteFlags::NOWAIT).ok()?;
        // Under a lease that still stands nobody can have written since the file was opened.
        let is_same = self.is_sendable() || Stat::of(self).is_ok_and(|stat| stat == witness.stat);
        (count > 0 && is_same).then_some(count)
    }

    /// Reads into `buffer` at `offset`, at least one byte, and gives the buffer back with the count and what
    /// has been seen. More will be wanted, up to `end`. If the future is dropped the read still ends, and holds its permit
    /// until then.
    pub async fn read<B>(
        self: Arc<Self>,
        mut buffer: B,
        offset: u64,
        end: u64,
        mut witness: Witness,
    ) -> Result<(B, usize, Witness), ReadError>
    where
        B: AsMut<[u8]> + Send + 'static,
    {
        self.on_pool(move |file| {
            let count = file.read_blocking(buffer.as_mut(), offset, &mut witness)?;
            file.read_ahead(offset.saturating_add(u64::try_from(count).unwrap_or(u64::MAX)), end);
            Ok((buffer, count, witness))
        })
        .await
    }

    /// Whether the span lies in the page cache; then sending it waits for no disk.
    ///
    /// The kernel counts pages from the moment on that it begins to read them. Reading one byte of them without waiting
    /// tells whether they have come: now and then, for the kernel reads much at a time.
    pub fn is_resident(&self, offset: u64, len: u64) -> bool {
        let last = offset.saturating_add(len.saturating_sub(1));
        let has_come = |at| self.is_there(at);
        let step = if self.was_cold.load(Relaxed) { STEP } else { WIDE_STEP };
        self.is_local
            && is_resident(self, offset, len) == Some(true)
            && (offset..last).step_by(step).chain([last]).all(has_come)
    }

    fn is_there(&self, offset: u64) -> bool {
        let mut byte = [0];
        preadv2(self, &mut [IoSliceMut::new(&mut byte)], offset, ReadWriteFlags::NOWAIT) == Ok(1)
    }

    /// The same file under a lease, if it can be sent uncopied at all: not where a page that is not cached would be noticed
    /// only by waiting for it.
    #[must_use]
    pub fn leased(mut self) -> Arc<Self> {
        if self.is_local && is_resident(&self, 0, 1).is_some() {
            self.lease = Lease::take(&self);
        }
        // A write between the look at the file and the lease would not show in either.
        if self.lease.is_some() && Stat::of(&self).ok() != Some(self.stat) {
            self.lease = None;
            kernel::drop_lease(&self);
        }
        self.listed()
    }

    /// The same file, of which it is known that nobody has written to it for a while: what makes it longer now is another
    /// content, and not a recording that goes on.
    #[must_use]
    pub fn settled(mut self) -> Self {
        self.may_grow = false;
        self
    }

    /// Whether it had a lease that somebody ended who wanted to write.
    pub fn has_lapsed(&self) -> bool {
        self.lease.as_ref().is_some_and(|lease| !lease.stands())
    }

    /// Whether pages of it may be given to sockets now.
    pub fn is_sendable(&self) -> bool {
        self.lease.as_ref().is_some_and(Lease::stands)
    }

    /// Around each `sendfile(2)`: the file does not change while this is held, nor while the carrier has its pages under
    /// way. `None`: it must be copied.
    pub fn lend(&self, carrier: &Arc<dyn Carrier>) -> Option<Lent<'_>> {
        let lent = self.lease.as_ref()?.lend(carrier)?;
        // The kernel ends a lease by itself when nobody answered for long, as after a stop of this process.
        kernel::holds_lease(self).then_some(lent)
    }

    /// Brings a span into the page cache, on the blocking pool. More will be wanted, up to `end`.
    pub async fn warm(self: Arc<Self>, offset: u64, len: u64, end: u64) -> Result<(), ReadError> {
        let warm = move |file: &Self| {
            file.warm_blocking(offset, len)?;
            file.read_ahead(offset.saturating_add(len), end);
            Ok(())
        };
        self.on_pool(warm).await
    }

    fn warm_blocking(&self, offset: u64, len: u64) -> Result<(), ReadError> {
        let mut buffer = vec![0; WARMING];
        let end = offset.saturating_add(len);
        let mut at = offset;
        while at < end {
            let wanted = usize::try_from(end - at).map_or(WARMING, |wanted| wanted.min(WARMING));
            let count = retry_on_intr(|| pread(self, &mut buffer[..wanted], at)).map_err(io::Error::from)?;
            if count == 0 {
                return Err(ReadError::Truncated);
            }
            at = at.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        }
        Ok(())
    }

    /// Has the kernel read on, and nothing behind `end`: a viewer who jumps wants nothing there, and what is read in vain
    /// from a slow disk others wait for. Advice that is not taken is no error.
    fn read_ahead(&self, offset: u64, end: u64) {
        self.was_cold.store(true, Relaxed);
        if let Some(len) = NonZeroU64::new(end.saturating_sub(offset).min(READ_AHEAD)) {
            let _ = fadvise(self, offset, Some(len), Advice::WillNeed);
        }
    }

    /// The first bytes, from which the kind of a file is known; fewer if the file is shorter. Read once.
    pub async fn beginning(self: &Arc<Self>) -> Result<Bytes, ReadError> {
        if let Some((_, bytes)) = self.begun.get() {
            return Ok(bytes.clone());
        }
        let wanted = usize::try_from(self.stat.len).unwrap_or(BEGINNING).min(BEGINNING);
        if wanted == 0 {
            return Ok(Bytes::new());
        }
        let (mut bytes, witness) = (vec![0; wanted], self.witness());
        let (mut bytes, count, mut witness) = match self.read_now(&mut bytes, 0, &witness) {
            Some(count) => (bytes, count, witness),
            None => Arc::clone(self).read(bytes, 0, 0, witness).await?,
        };
        bytes.truncate(count);
        witness.remember(&bytes, 0);
        // Who reads it twice has seen the same.
        Ok(self.begun.get_or_init(|| (witness, bytes.into())).1.clone())
    }

    /// [`MediaFile::read`] on the calling thread, for as long as it takes.
    pub fn read_blocking(
        &self,
        buffer: &mut [u8],
        offset: u64,
        witness: &mut Witness,
    ) -> Result<usize, ReadError> {
        let count = retry_on_intr(|| pread(self, &mut *buffer, offset)).map_err(io::Error::from)?;
        self.verify(witness)?;
        if count == 0 { Err(ReadError::Truncated) } else { Ok(count) }
    }

    /// A call that may wait for the disk, on the blocking pool: within the permits of the folder, and its time.
    pub async fn on_pool<T: Send + 'static>(
        self: Arc<Self>,
        call: impl FnOnce(&Self) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, ReadError> {
        let limit = self.folder.limit;
        let calling = async move {
            let permit = Arc::clone(&self.folder.permits).acquire_owned().await.map_err(io::Error::other)?;
            let hold = move || {
                let _permit = permit;
                call(&self)
            };
            spawn_blocking(hold).await.map_err(io::Error::other)?
        };
        timeout(limit, calling).await.unwrap_or(Err(ReadError::Stalled))
    }

    /// Looks at the file again, and either accepts what became of it or refuses what was read.
    fn verify(&self, witness: &mut Witness) -> Result<(), ReadError> {
        let stat = self.look(&witness.stat)?;
        match witness.stat.drift(&stat) {
            Drift::None | Drift::Attributes => {}
            Drift::Grown if self.may_grow && self.still_holds(witness)? => {}
            Drift::Grown | Drift::Rewritten => return Err(ReadError::Changed),
            Drift::Shrunk => return Err(ReadError::Truncated),
        }
        witness.stat = stat;
        Ok(())
    }

    /// A write sets the time first and the length later. In between, an append looks like a rewrite; a few
    /// milliseconds tell them apart.
    fn look(&self, before: &Stat) -> io::Result<Stat> {
        let mut stat = Stat::of(self)?;
        for _ in 1..LOOKS {
            if before.drift(&stat) != Drift::Rewritten {
                break;
            }
            sleep(PAUSE);
            stat = Stat::of(self)?;
        }
        Ok(stat)
    }

    /// A recording that was appended to still has what was read before. A file that was copied over by a
    /// longer one has not.
    fn still_holds(&self, witness: &Witness) -> io::Result<bool> {
        let sample = witness.sample.get(..witness.sampled).unwrap_or_default();
        let mut found = [0; SAMPLE];
        let count = retry_on_intr(|| pread(self, &mut found, witness.offset))?;
        Ok(found.get(..count).is_some_and(|found| found.starts_with(sample)))
    }
}

impl Witness {
    /// Remembers the end of `bytes`, which were read at `offset`.
    pub fn remember(&mut self, bytes: &[u8], offset: u64) {
        let skipped = bytes.len().saturating_sub(SAMPLE);
        let sample = bytes.get(skipped..).unwrap_or_default();
        self.sample.iter_mut().zip(sample).for_each(|(place, byte)| *place = *byte);
        self.sampled = sample.len();
        self.offset = offset.saturating_add(u64::try_from(skipped).unwrap_or(u64::MAX));
    }
}

impl AsFd for MediaFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_ref().expect("only drop takes the file").as_fd()
    }
}

impl Drop for MediaFile {
    /// Closing a file of a network or user-space file system may wait for its server.
    fn drop(&mut self) {
        match self.file.take() {
            Some(file) if !self.is_local => self.folder.close(file),
            _ => {}
        }
    }
}
