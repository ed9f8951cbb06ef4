//! Sees what happens in a library's folders, by inotify.
//!
//! Each folder is watched by itself: one that cannot be read or begins with a dot must not end the watching of all
//! others. New folders are watched when the scanner comes to them, before it looks inside.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind};
use notify::{Config, ErrorKind, Event, RecommendedWatcher, RecursiveMode, Watcher};
use walkdir::{DirEntry, WalkDir};

use super::mailbox::Mailbox;

/// Why nothing can be seen.
#[derive(Debug, thiserror::Error)]
pub(super) enum Blind {
    #[error(
        "the kernel watches no more folders for this user; raise the limit: sysctl fs.inotify.max_user_watches=524288"
    )]
    TooManyFolders,
    #[error(
        "the kernel does not let this user watch folders; raise the limit: sysctl fs.inotify.max_user_instances=512"
    )]
    NoWatcher,
}

pub(super) struct Eyes {
    watcher: RecommendedWatcher,
    root: PathBuf,
}

impl Eyes {
    pub fn open(root: &Path, mailbox: &Arc<Mailbox>) -> Result<Eyes, Blind> {
        let (base, mailbox) = (root.to_owned(), mailbox.clone());
        let post = move |event: notify::Result<Event>| match event {
            Ok(event) => post(&event, &base, &mailbox),
            // Whatever could not be read may have been anything.
            Err(_) => mailbox.touch_everything(),
        };
        let watcher = RecommendedWatcher::new(post, Config::default().with_follow_symlinks(false));
        Ok(Eyes { watcher: watcher.map_err(|_| Blind::NoWatcher)?, root: root.to_owned() })
    }

    /// Watches the folders at a path and below it. Those that are watched already stay so.
    pub fn watch(&mut self, area: &str) -> Result<(), Blind> {
        let start = if area.is_empty() { self.root.clone() } else { self.root.join(area) };
        let folders = WalkDir::new(start).follow_links(false).follow_root_links(false).into_iter();
        for folder in folders.filter_entry(is_open_folder).flatten() {
            match self.watcher.watch(folder.path(), RecursiveMode::NonRecursive) {
                Err(error) if matches!(error.kind, ErrorKind::MaxFilesWatch) => {
                    return Err(Blind::TooManyFolders);
                }
                // It cannot be read, which a scan reports, or is gone again.
                Err(_) | Ok(()) => {}
            }
        }
        Ok(())
    }
}

fn is_open_folder(entry: &DirEntry) -> bool {
    let is_hidden = entry.depth() > 0 && entry.file_name().as_encoded_bytes().starts_with(b".");
    entry.file_type().is_dir() && !is_hidden
}

fn post(event: &Event, root: &Path, mailbox: &Mailbox) {
    if event.need_rescan() {
        return mailbox.touch_everything();
    }
    for path in event.paths.iter().filter_map(|path| path.strip_prefix(root).ok()) {
        match event.kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write)) => mailbox.touch(path, false),
            // Every viewer opens and closes files.
            EventKind::Access(_) => {}
            EventKind::Modify(ModifyKind::Data(_)) => mailbox.touch(path, true),
            // The root is told of its own attributes; they change nothing below.
            EventKind::Modify(ModifyKind::Metadata(_)) if path.as_os_str().is_empty() => {}
            _ => mailbox.touch(path, false),
        }
    }
}
