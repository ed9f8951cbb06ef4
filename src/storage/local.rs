//! Opening files beneath a library's root.
//!
//! 1. The name is refused unless it is a plain relative one without hidden components.
//! 2. If the kernel knows the whole path and the root lies on a local disk, the file is opened at once.
//! 3. Otherwise on the blocking pool, with a permit of this folder and within its time limit.
//! 4. The open descriptor is examined: regular files only.
//!
//! `openat2` keeps the walk beneath the root and follows no link of any kind, also while somebody swaps names.
//! Where it is missing, [`walk`] gives the same guarantees one component at a time.

mod walk;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, fstatfs, openat, openat2};
use rustix::io::Errno;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::file::MediaFile;
use super::stat::Stat;

/// Opens without waiting: neither for the writer of a pipe nor to become a terminal's owner.
const READ: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::CLOEXEC).union(OFlags::NOCTTY);

const BENEATH: ResolveFlags =
    ResolveFlags::BENEATH.union(ResolveFlags::NO_SYMLINKS).union(ResolveFlags::NO_MAGICLINKS);

/// File systems that answer from this machine's memory once they have an inode there: ext2 to 4, XFS, Btrfs,
/// F2FS, ZFS, tmpfs, FAT, exFAT, NTFS, ISO 9660. Not NFS, SMB or FUSE, whose `open`, `fstat` and even `close`
/// may wait for somebody else; not overlayfs, which may stand on any of them.
const LOCAL: [u64; 10] = [
    0xef53,
    0x5846_5342,
    0x9123_683e,
    0xf2f5_2010,
    0x2fc1_2fc1,
    0x0102_1994,
    0x4d44,
    0x2011_bab0,
    0x7366_746e,
    0x9660,
];

/// A library's root, opened once. Clones are the same folder.
///
/// What happens to the root's path later does not matter: a folder that is moved is still this one, until
/// [`Folder::renewed`] is asked.
#[derive(Clone, Debug)]
pub struct Folder(Arc<Shared>);

#[derive(Debug)]
pub(super) struct Shared {
    root: OwnedFd,
    /// Device and inode of the root.
    identity: (u64, u64),
    /// The device of the root if it is a local disk.
    local: Option<u64>,
    /// How many threads of the blocking pool this folder may hold. A mount that no longer answers keeps
    /// them, and no others.
    pub(super) permits: Arc<Semaphore>,
    /// How long one call may take, waiting for its permit included.
    pub(super) limit: Duration,
    closer: OnceLock<Sender<File>>,
}

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Nothing that may be served has this name: it does not exist, is hidden, is a link, a folder, a pipe or
    /// a device, or this process may not read it. The cause is for the log; the answer must be one.
    #[error("no such file: {0}")]
    Gone(io::Error),
    /// No answer in time, or no permit because of others that got none.
    #[error("the storage does not answer")]
    Stalled,
    /// The storage, or this process, cannot open anything just now.
    #[error("opening failed: {0}")]
    Failed(io::Error),
}

impl Folder {
    /// Opens a library's root. At most `cold_reads` calls into it wait at the same time, each at most
    /// `open_timeout`.
    pub fn open(path: &Path, cold_reads: usize, open_timeout: Duration) -> io::Result<Self> {
        Self::with_permits(path, Arc::new(Semaphore::new(cold_reads)), open_timeout)
    }

    /// The folder that the path leads to now: this one, or another one in its place. Calls that still wait in the old one
    /// keep their permits.
    pub fn renewed(&self, path: &Path) -> io::Result<Self> {
        let there = Self::with_permits(path, Arc::clone(&self.0.permits), self.0.limit)?;
        let is_same = there.0.identity == self.0.identity;
        Ok(if is_same { self.clone() } else { there })
    }

    fn with_permits(path: &Path, permits: Arc<Semaphore>, limit: Duration) -> io::Result<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = openat(CWD, path, flags, Mode::empty())?;
        let is_local = u64::try_from(fstatfs(&root)?.f_type).is_ok_and(|kind| LOCAL.contains(&kind));
        let stat = Stat::of(&root)?;
        let local = is_local.then_some(stat.dev);
        let identity = (stat.dev, stat.ino);
        Ok(Self(Arc::new(Shared { root, identity, local, permits, limit, closer: OnceLock::new() })))
    }

    /// Opens the file that has this name, relative to the root, with `/` between components.
    pub async fn open_file(&self, relative: &str) -> Result<MediaFile, OpenError> {
        check_name(relative)?;
        match self.open_now(relative) {
            Some(opened) => opened,
            None => self.open_on_pool(relative.to_owned()).await,
        }
    }

    /// Opens a file and waits for it as long as it takes: for scans, on threads of their own.
    pub fn open_file_blocking(&self, relative: &str) -> Result<MediaFile, OpenError> {
        check_name(relative)?;
        let opened = openat2(&self.0.root, relative, READ, Mode::empty(), BENEATH);
        let file = match opened {
            // EPERM is the answer of sandboxes that know nothing of openat2; opening to read has no other
            // use for it.
            Err(Errno::NOSYS | Errno::PERM) => walk::open(&self.0.root, relative, READ),
            answer => answer,
        };
        self.admit(file?)
    }

    /// Whether the name still leads to a file that is as `stat` says, without waiting for any disk: an open file keeps
    /// its folders in the kernel's memory. `stat` must be that of an open file on a local disk.
    ///
    /// Unlike opening, this would follow a link in the place of a folder above; but to this very file, or the answer is
    /// no.
    pub fn still_leads_to(&self, relative: &str, stat: &Stat) -> bool {
        Stat::at(&self.0.root, relative).is_ok_and(|there| there == *stat)
    }

    /// What the file of this name is. Reads none of its bytes, and waits as long as it takes.
    pub fn examine(&self, relative: &str) -> io::Result<Stat> {
        match self.open_file_blocking(relative) {
            Ok(file) => Ok(*file.stat()),
            Err(OpenError::Gone(cause) | OpenError::Failed(cause)) => Err(cause),
            Err(OpenError::Stalled) => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    /// Opens without any waiting, if that is possible. Only a file that was opened is an answer: whatever
    /// went wrong, the blocking pool finds out in full.
    fn open_now(&self, relative: &str) -> Option<Result<MediaFile, OpenError>> {
        self.0.local?;
        let resolve = BENEATH | ResolveFlags::CACHED | ResolveFlags::NO_XDEV;
        let file = openat2(&self.0.root, relative, READ, Mode::empty(), resolve).ok()?;
        Some(self.admit(file))
    }

    /// A call that outlives its time keeps its permit until it returns.
    async fn open_on_pool(&self, relative: String) -> Result<MediaFile, OpenError> {
        let folder = self.clone();
        let opening = async move {
            let permit = Arc::clone(&folder.0.permits).acquire_owned().await.map_err(io::Error::other)?;
            let open = move || {
                let _permit = permit;
                folder.open_file_blocking(&relative)
            };
            spawn_blocking(open).await.map_err(io::Error::other)?
        };
        timeout(self.0.limit, opening).await.unwrap_or(Err(OpenError::Stalled))
    }

    /// The descriptor decides what it is, not the path that led to it.
    fn admit(&self, file: OwnedFd) -> Result<MediaFile, OpenError> {
        let stat = Stat::of(&file).map_err(io::Error::from)?;
        let is_local = self.0.local == Some(stat.dev);
        let file = MediaFile::new(file.into(), stat, is_local, Arc::clone(&self.0));
        if stat.is_regular() { Ok(file) } else { Err(gone("not a regular file")) }
    }
}

impl Shared {
    /// Closes a file on a thread made for that: `close` may wait for a server that no longer answers. If
    /// there is no such thread, the file is closed here.
    pub(super) fn close(&self, file: File) {
        // An error means that the thread could not start; dropping what comes back closes the file.
        drop(self.closer.get_or_init(start_closer).send(file));
    }
}

fn start_closer() -> Sender<File> {
    let (sender, files) = mpsc::channel();
    let close_each = move || files.into_iter().for_each(drop);
    // Without the thread the channel has no receiver, which `close` notices.
    drop(thread::Builder::new().name("close".into()).spawn(close_each));
    sender
}

/// Refuses names before the kernel sees them: hidden components, which takes `.` and `..` along, empty ones,
/// which takes absolute names along, and NUL.
fn check_name(relative: &str) -> Result<(), OpenError> {
    let is_plain = |component: &str| !component.is_empty() && !component.starts_with('.');
    if relative.contains('\0') || !relative.split('/').all(is_plain) {
        return Err(gone("not a name of a file that may be served"));
    }
    Ok(())
}

fn gone(cause: &str) -> OpenError {
    OpenError::Gone(io::Error::new(io::ErrorKind::NotFound, cause))
}

impl From<Errno> for OpenError {
    fn from(errno: Errno) -> Self {
        io::Error::from(errno).into()
    }
}

impl From<io::Error> for OpenError {
    /// What is true of the name makes it gone: missing, a link (ELOOP, or ENOTDIR in the middle), out of the
    /// root (EXDEV), a socket or a device without a driver (ENXIO, ENODEV), not for us (EACCES). The rest is
    /// about the machine.
    fn from(cause: io::Error) -> Self {
        match Errno::from_io_error(&cause) {
            Some(
                Errno::NOENT
                | Errno::NOTDIR
                | Errno::LOOP
                | Errno::XDEV
                | Errno::NXIO
                | Errno::NODEV
                | Errno::ACCESS
                | Errno::NAMETOOLONG
                | Errno::ISDIR,
            ) => Self::Gone(cause),
            _ => Self::Failed(cause),
        }
    }
}
