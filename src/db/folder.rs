//! The data folder: database, marker and locks.
//!
//! The marker is written after the first database is complete. A folder with the marker and without a database has
//! lost it, and starting with an empty one would open the set-up page to the first visitor.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

const DATABASE: &str = "reelgate.db";
const LOG: &str = "reelgate.db-wal";
const MARKER: &str = "README.txt";
const SCHEMA_LOCK: &str = "schema.lock";
const SERVER_LOCK: &str = "server.lock";
/// Names the one who holds the lock, for the one who does not get it.
const MARKER_TEXT: &str = "\
This folder belongs to reelgate: its users, tokens and keys lie in reelgate.db.
Keep it private, and back it up as a whole while no server runs.
Do not delete this file: it tells a lost database from a first start.
";

/// A data folder that is there.
#[derive(Debug, Clone)]
pub struct DataFolder {
    path: PathBuf,
}

/// Held as long as a server runs on the folder; the kernel gives it back when the process ends, however it ends.
#[derive(Debug)]
pub struct ServerLock {
    _file: File,
}

#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error(
        "{} is not there yet.\nStart with `reelgate serve DIR` or `reelgate scan DIR`, or name another data folder with --data.",
        .0.display()
    )]
    Absent(PathBuf),
    #[error("{} holds other files. Name an empty folder with --data, or one that reelgate made.", .0.display())]
    Foreign(PathBuf),
    #[error(
        "{} has lost its database ({DATABASE} is {found}).\n\
         Nothing was changed. Restore a backup. To begin with no users and no tokens, remove {MARKER} in that folder.",
        folder.display()
    )]
    Lost { folder: PathBuf, found: &'static str },
    #[error(
        "{} has lost the write-ahead log of its database ({LOG}), so its last changes, revocations among them, are gone.\n\
         Nothing was changed. Put the file back or restore a backup. To go on without those changes, remove {UNCLEAN} in that folder.",
        .0.display()
    )]
    LostLog(PathBuf),
    #[error("a server already runs on {}; a second one is not possible.\nStop it first, or give this one its own folder with --data.", .0.display())]
    Served(PathBuf),
    #[error("{} cannot be used: {cause}", path.display())]
    Unusable { path: PathBuf, cause: io::Error },
}

/// There while a server runs, and says where; still there at the next start when it was killed.
const UNCLEAN: &str = "running";

impl DataFolder {
    /// The folder that must be there already.
    pub fn existing(path: &Path) -> Result<DataFolder, FolderError> {
        let folder = DataFolder { path: path.to_owned() };
        if folder.database().exists() || folder.path.join(MARKER).exists() {
            return Ok(folder);
        }
        Err(FolderError::Absent(path.to_owned()))
    }

    /// The folder, made with mode 0700 when it is not there.
    pub fn create(path: &Path) -> Result<DataFolder, FolderError> {
        let folder = DataFolder { path: path.to_owned() };
        let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
        made.map_err(|cause| folder.unusable(cause))?;
        if folder.database().exists() || folder.path.join(MARKER).exists() || folder.is_empty()? {
            return Ok(folder);
        }
        Err(FolderError::Foreign(path.to_owned()))
    }

    /// Locks of a start that was killed before it made the database are nobody's files.
    fn is_empty(&self) -> Result<bool, FolderError> {
        let entries = fs::read_dir(&self.path).map_err(|cause| self.unusable(cause))?;
        Ok(entries
            .flatten()
            .all(|entry| entry.file_name() == SCHEMA_LOCK || entry.file_name() == SERVER_LOCK))
    }

    /// Whether somebody else may look into it or change it: then its secrets are only as safe as that somebody.
    pub fn is_open_to_others(&self) -> bool {
        fs::metadata(&self.path).is_ok_and(|found| found.permissions().mode() & 0o077 != 0)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn database(&self) -> PathBuf {
        self.path.join(DATABASE)
    }

    /// Bytes of the database and of its log.
    pub(super) fn size(&self) -> u64 {
        let size = |name| self.path.join(name).metadata().map_or(0, |metadata| metadata.len());
        size(DATABASE).saturating_add(size(LOG))
    }

    /// A folder that once had a database must have it still, with its log when the last server was killed.
    pub(super) fn expect_database(&self) -> Result<(), FolderError> {
        let marked = self.path.join(MARKER).exists();
        let lost = |found| FolderError::Lost { folder: self.path.clone(), found };
        match fs::metadata(self.database()) {
            Ok(found) if found.len() == 0 && marked => return Err(lost("empty")),
            Err(error) if error.kind() == io::ErrorKind::NotFound && marked => return Err(lost("not there")),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(self.unusable(error)),
            _ => {}
        }
        if self.path.join(UNCLEAN).exists() && !self.path.join(LOG).exists() {
            return Err(FolderError::LostLog(self.path.clone()));
        }
        Ok(())
    }

    /// From now on a missing database is a loss.
    pub(super) fn mark(&self) -> Result<(), FolderError> {
        let marker = self.path.join(MARKER);
        if marker.exists() {
            return Ok(());
        }
        let written = File::create(&marker).and_then(|mut file| {
            file.write_all(MARKER_TEXT.as_bytes())?;
            file.sync_all()
        });
        written.map_err(|cause| self.unusable(cause))
    }

    /// One process at a time changes the schema; sqlx has no lock for SQLite.
    pub(super) fn lock_schema(&self) -> Result<File, FolderError> {
        let file = self.lock_file(SCHEMA_LOCK)?;
        file.lock().map_err(|cause| self.unusable(cause))?;
        Ok(file)
    }

    /// After a connection was closed in order. SQLite has removed the log when it was the last one, after it wrote
    /// everything back: then the mark of a running server is no longer true, whoever has left it.
    pub(super) fn settle(&self) -> Result<(), FolderError> {
        let unclean = self.path.join(UNCLEAN);
        if self.path.join(LOG).exists() || !unclean.exists() {
            return Ok(());
        }
        fs::remove_file(&unclean).map_err(|cause| self.unusable(cause))
    }

    /// Whether a server runs on the folder.
    pub(super) fn is_served(&self) -> Result<bool, FolderError> {
        match self.lock_file(SERVER_LOCK)?.try_lock() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(cause)) => Err(self.unusable(cause)),
        }
    }

    /// What people type to reach the server that runs on the folder, if there is one.
    pub fn server_address(&self) -> Result<Option<String>, FolderError> {
        let _one_at_a_time = self.lock_schema()?;
        if !self.is_served()? {
            return Ok(None);
        }
        let written = fs::read_to_string(self.path.join(UNCLEAN));
        Ok(written.ok().filter(|address| !address.is_empty()))
    }

    /// Taken by the one server of this folder, after the database was opened.
    /// `address` is what people type to reach it, for commands that run meanwhile.
    pub fn lock_server(&self, address: &str) -> Result<ServerLock, FolderError> {
        // A command that looks whether there is a server holds its lock for a moment, and this one meanwhile.
        let _one_at_a_time = self.lock_schema()?;
        let file = self.lock_file(SERVER_LOCK)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(FolderError::Served(self.path.clone())),
            Err(TryLockError::Error(cause)) => return Err(self.unusable(cause)),
        }
        let unclean = File::create(self.path.join(UNCLEAN)).and_then(|mut mark| {
            // On a full disk the mark alone has to do.
            let _ = mark.write_all(address.as_bytes());
            mark.sync_all()
        });
        unclean.map_err(|cause| self.unusable(cause))?;
        Ok(ServerLock { _file: file })
    }

    fn lock_file(&self, name: &str) -> Result<File, FolderError> {
        let file = File::options().create(true).truncate(false).write(true).open(self.path.join(name));
        file.map_err(|cause| self.unusable(cause))
    }

    fn unusable(&self, cause: io::Error) -> FolderError {
        FolderError::Unusable { path: self.path.clone(), cause }
    }
}
