//! `openat2` for kernels and sandboxes that have none: one component at a time, each from the descriptor of
//! the one before.
//!
//! 1. Every folder on the way is opened as itself; a link in its place is refused by the kernel.
//! 2. The last component is opened in the same way.
//!
//! Nothing is ever looked up by a longer path, and the caller has refused `..`; so the walk cannot leave the
//! root, whatever is swapped meanwhile.

use std::os::fd::OwnedFd;

use rustix::fs::{Mode, OFlags, openat};
use rustix::io;

/// Opens `relative`, a checked name, beneath `root`.
pub(super) fn open(root: &OwnedFd, relative: &str, flags: OFlags) -> io::Result<OwnedFd> {
    let Some((folders, name)) = relative.rsplit_once('/') else {
        return open_component(root, relative, flags);
    };
    let mut folder: Option<OwnedFd> = None;
    for component in folders.split('/') {
        let beneath = folder.as_ref().unwrap_or(root);
        let next = open_component(beneath, component, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC)?;
        folder = Some(next);
    }
    open_component(folder.as_ref().unwrap_or(root), name, flags)
}

fn open_component(folder: &OwnedFd, component: &str, flags: OFlags) -> io::Result<OwnedFd> {
    openat(folder, component, flags | OFlags::NOFOLLOW, Mode::empty())
}
