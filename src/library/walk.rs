//! What lies in a library's folder now.
//!
//! Names and metadata only: nothing is opened but folders, no link is followed, and what is no regular file with a
//! plain name and a known extension is counted and passed over.

use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use tokio_util::sync::CancellationToken;
use walkdir::{DirEntry, WalkDir};

use super::sidecar::is_sidecar;
use crate::types::extension::is_media;

/// A file as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// Below the library's folder, parts divided by `/`.
    pub path: String,
    pub size: u64,
    pub modified_ns: i64,
    pub identity: String,
}

/// What was passed over.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// Files and folders whose name begins with a dot.
    pub hidden: usize,
    pub links: usize,
    /// Pipes, sockets and devices.
    pub special: usize,
    /// Names that are not UTF-8 or hold control characters: no URL and no table could show them.
    pub names: usize,
    /// The first of these names, made readable.
    pub first_names: Vec<String>,
    /// Other files than media.
    pub others: usize,
}

/// The result of a walk.
#[derive(Debug, Default)]
pub(super) struct Sight {
    pub files: Vec<Found>,
    /// Paths of pictures and texts that may lie beside a video.
    pub sidecars: Vec<String>,
    /// Paths of files and folders that would not say what they are or hold.
    pub unreadable: HashSet<String>,
    pub skipped: Skipped,
}

const NAMES_SHOWN: usize = 5;

/// Walks from one root. Clones share what they count.
#[derive(Clone)]
pub(super) struct Walk {
    pub root: PathBuf,
    /// Ends the walk early; its result is then of no use.
    pub stop: CancellationToken,
    /// Files found so far.
    pub count: Arc<AtomicUsize>,
}

/// Which folder a path leads to. Another disk mounted there is another folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Root {
    device: u64,
    inode: u64,
}

impl Root {
    pub fn at(path: &Path) -> io::Result<Root> {
        let found = fs::symlink_metadata(path)?;
        if !found.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(Root { device: found.dev(), inode: found.ino() })
    }

    fn expect_at(self, path: &Path) -> io::Result<()> {
        if Root::at(path)? == self { Ok(()) } else { Err(io::Error::other("another folder is there now")) }
    }
}

impl Walk {
    pub fn new(root: &Path, stop: CancellationToken) -> Walk {
        Walk { root: root.to_owned(), stop, count: Arc::default() }
    }

    /// Everything below the root.
    pub fn whole(&self) -> io::Result<Sight> {
        let root = Root::at(&self.root)?;
        fs::read_dir(&self.root)?;
        let mut sight = Sight::default();
        self.below("", &mut sight);
        root.expect_at(&self.root)?;
        Ok(sight.sorted())
    }

    /// What is at these paths, and below them where they are folders. Under another root than the one that was
    /// watched, all of them would seem to be gone.
    pub fn parts<'a>(&self, root: Root, areas: impl IntoIterator<Item = &'a str>) -> io::Result<Sight> {
        root.expect_at(&self.root)?;
        let mut sight = Sight::default();
        for area in areas {
            match self.reachable(area) {
                Ok(true) => self.below(area, &mut sight),
                Ok(false) => {}
                Err(_) => {
                    sight.unreadable.insert(area.to_owned());
                }
            }
        }
        root.expect_at(&self.root)?;
        Ok(sight.sorted())
    }

    /// Whether only plain folders lead to a path: one of them may have become a link since the path was noted.
    fn reachable(&self, area: &str) -> io::Result<bool> {
        if area.split('/').any(|part| part.starts_with('.')) {
            return Ok(false);
        }
        for (slash, _) in area.match_indices('/') {
            match fs::symlink_metadata(self.root.join(&area[..slash])) {
                Ok(found) if found.is_dir() => {}
                Ok(_) => return Ok(false),
                Err(error) if absent(&error) => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    fn below(&self, area: &str, sight: &mut Sight) {
        let start = if area.is_empty() { self.root.clone() } else { self.root.join(area) };
        let mut entries = WalkDir::new(start).follow_links(false).follow_root_links(false).into_iter();
        while let Some(entry) = entries.next() {
            if self.stop.is_cancelled() {
                return;
            }
            match entry {
                Err(error) => self.note_error(&error, sight),
                Ok(entry) if entry.path() == self.root => {}
                Ok(entry) if self.enters(&entry, sight) => {}
                Ok(entry) if entry.file_type().is_dir() => entries.skip_current_dir(),
                Ok(_) => {}
            }
        }
    }

    /// Looks at one entry. False for a folder that is to be passed over.
    fn enters(&self, entry: &DirEntry, sight: &mut Sight) -> bool {
        let Some(path) = self.plain_path(entry, &mut sight.skipped) else { return false };
        let kind = entry.file_type();
        if kind.is_dir() {
            return true;
        }
        if kind.is_symlink() {
            sight.skipped.links += 1;
        } else if !kind.is_file() {
            sight.skipped.special += 1;
        } else if !is_media(&path) {
            sight.skipped.others += 1;
            if is_sidecar(&path) {
                sight.sidecars.push(path);
            }
        } else {
            self.take(path, entry, sight);
        }
        true
    }

    fn take(&self, path: String, entry: &DirEntry, sight: &mut Sight) {
        match entry.metadata() {
            Ok(found) => {
                self.count.fetch_add(1, Ordering::Relaxed);
                sight.files.push(describe(path, &found));
            }
            Err(error) if error.io_error().is_some_and(absent) => {}
            Err(_) => {
                sight.unreadable.insert(path);
            }
        }
    }

    /// The entry's path below the root, unless its last name is unfit. Names above it were looked at before.
    fn plain_path(&self, entry: &DirEntry, skipped: &mut Skipped) -> Option<String> {
        let name = entry.file_name();
        if name.as_encoded_bytes().starts_with(b".") {
            skipped.hidden += 1;
            return None;
        }
        let path = entry.path().strip_prefix(&self.root).ok().and_then(Path::to_str);
        let plain = path.filter(|path| !path.contains(char::is_control));
        if plain.is_none() {
            skipped.names += 1;
            if skipped.first_names.len() < NAMES_SHOWN {
                skipped.first_names.push(name.to_string_lossy().escape_debug().to_string());
            }
        }
        plain.map(str::to_owned)
    }

    fn note_error(&self, error: &walkdir::Error, sight: &mut Sight) {
        let path = error.path().and_then(|path| path.strip_prefix(&self.root).ok()).and_then(Path::to_str);
        if !error.io_error().is_some_and(absent) {
            sight.unreadable.insert(path.unwrap_or_default().to_owned());
        }
    }
}

impl Sight {
    /// By path, each once: areas may overlap.
    fn sorted(mut self) -> Sight {
        self.files.sort_unstable_by(|one, other| one.path.cmp(&other.path));
        self.files.dedup_by(|one, other| one.path == other.path);
        self.sidecars.sort_unstable();
        self.sidecars.dedup();
        self
    }

    /// Whether the walk could not see if anything is at this path.
    pub fn hides(&self, path: &str) -> bool {
        let above = path.match_indices('/').map(|(slash, _)| &path[..slash]);
        !self.unreadable.is_empty() && above.chain(["", path]).any(|prefix| self.unreadable.contains(prefix))
    }
}

fn absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn describe(path: String, found: &Metadata) -> Found {
    let birth = found.created().ok().and_then(since_1970);
    Found {
        path,
        size: found.len(),
        modified_ns: found.mtime().saturating_mul(1_000_000_000).saturating_add(found.mtime_nsec()),
        identity: identity(found.dev(), found.ino(), birth),
    }
}

fn since_1970(time: SystemTime) -> Option<u128> {
    time.duration_since(UNIX_EPOCH).ok().map(|since| since.as_nanos())
}

/// Device and inode are given again to the next file after one was deleted; its birth tells the two apart. File
/// systems that do not know it leave a `?`.
fn identity(device: u64, inode: u64, birth: Option<u128>) -> String {
    match birth {
        Some(birth) => format!("{device}-{inode}-{birth}"),
        None => format!("{device}-{inode}-?"),
    }
}

/// The part of an identity that names the disk.
pub(super) fn device(identity: &str) -> &str {
    identity.split_once('-').map_or(identity, |(device, _)| device)
}

/// Whether equal identities alone prove that it is the same file.
pub(super) fn is_sure(identity: &str) -> bool {
    !identity.ends_with('?')
}
