//! What a descriptor says of its file, and what became of the file between two looks.
//!
//! 1. [`Stat::of`] asks the kernel.
//! 2. [`Stat::drift`] compares a later answer with an earlier one.

use std::os::fd::AsFd;

use rustix::fs::{AtFlags, FileType, Statx, StatxFlags, StatxTimestamp, makedev, statx};
use rustix::io;

/// One look at an open file. Times are seconds and nanoseconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Stat {
    pub len: u64,
    pub dev: u64,
    pub ino: u64,
    /// The time of the last change of the content. Anybody who may write the file can set it.
    pub modified: (i64, u32),
    /// The time of the last change of the content, of a name or of an attribute. Only the kernel sets it.
    pub changed: (i64, u32),
    /// When the file was made, where the file system knows.
    pub born: Option<(i64, u32)>,
    /// The number of names.
    pub links: u32,
    /// The kind of file and its permissions.
    pub mode: u16,
    /// User and group.
    pub owner: (u32, u32),
}

/// What became of a file since an earlier look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Drift {
    /// Nothing.
    None,
    /// A name, a permission or the owner changed, which says nothing about the content. A file that another
    /// one was renamed over, or that was deleted, loses a name.
    Attributes,
    /// Longer than before: an append, or another content that happens to be longer.
    Grown,
    /// Shorter than before.
    Shrunk,
    /// As long as before and written to.
    Rewritten,
}

impl Stat {
    /// Looks at a descriptor, not at a path.
    pub(super) fn of(file: impl AsFd) -> io::Result<Self> {
        let asked = StatxFlags::BASIC_STATS | StatxFlags::BTIME;
        statx(file, c"", AtFlags::EMPTY_PATH, asked).map(|answer| Self::from(&answer))
    }

    /// Looks at a name below a folder.
    pub(super) fn at(folder: impl AsFd, relative: &str) -> io::Result<Self> {
        let asked = StatxFlags::BASIC_STATS | StatxFlags::BTIME;
        statx(folder, relative, AtFlags::SYMLINK_NOFOLLOW, asked).map(|answer| Self::from(&answer))
    }

    /// Whether this is a file of bytes, and not a folder, a pipe, a socket or a device.
    pub(super) fn is_regular(&self) -> bool {
        FileType::from_raw_mode(u32::from(self.mode)) == FileType::RegularFile
    }

    /// Compares a later look at the same file with this one.
    ///
    /// A change of `changed` alone is a rewrite unless something else explains it: some editors of tags
    /// write in place and put the time of modification back.
    pub(super) fn drift(&self, later: &Self) -> Drift {
        let attributes = |stat: &Self| (stat.links, stat.mode, stat.owner);
        if self == later {
            Drift::None
        } else if later.len > self.len {
            Drift::Grown
        } else if later.len < self.len {
            Drift::Shrunk
        } else if self.modified == later.modified && attributes(self) != attributes(later) {
            Drift::Attributes
        } else {
            Drift::Rewritten
        }
    }
}

impl From<&Statx> for Stat {
    fn from(answer: &Statx) -> Self {
        let born = StatxFlags::from_bits_retain(answer.stx_mask).contains(StatxFlags::BTIME);
        Self {
            len: answer.stx_size,
            dev: makedev(answer.stx_dev_major, answer.stx_dev_minor),
            ino: answer.stx_ino,
            modified: moment(&answer.stx_mtime),
            changed: moment(&answer.stx_ctime),
            born: born.then(|| moment(&answer.stx_btime)),
            links: answer.stx_nlink,
            mode: answer.stx_mode,
            owner: (answer.stx_uid, answer.stx_gid),
        }
    }
}

fn moment(time: &StatxTimestamp) -> (i64, u32) {
    (time.tv_sec, time.tv_nsec)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: Stat = Stat {
        len: 100,
        dev: 1,
        ino: 2,
        modified: (10, 0),
        changed: (10, 0),
        born: Some((5, 0)),
        links: 1,
        mode: 0o100_644,
        owner: (0, 0),
    };

    #[test]
    fn drift_tells_writing_from_everything_else() {
        let touched = Stat { changed: (20, 0), ..BEFORE };
        let written = Stat { modified: (20, 0), ..touched };
        let cases = [
            (BEFORE, Drift::None, "the same look twice"),
            (written, Drift::Rewritten, "bytes were written"),
            (Stat { modified: (10, 1), ..touched }, Drift::Rewritten, "within a second"),
            (touched, Drift::Rewritten, "written, then the time was put back"),
            (Stat { links: 0, ..touched }, Drift::Attributes, "deleted, or another renamed over it"),
            (Stat { links: 2, ..touched }, Drift::Attributes, "a hard link"),
            (Stat { mode: 0o100_600, ..touched }, Drift::Attributes, "chmod"),
            (Stat { owner: (0, 9), ..touched }, Drift::Attributes, "chgrp"),
            (Stat { links: 0, ..written }, Drift::Rewritten, "written and deleted"),
            (Stat { len: 101, ..written }, Drift::Grown, "an append"),
            (Stat { len: 99, ..written }, Drift::Shrunk, "truncated"),
            (Stat { len: 0, links: 0, ..touched }, Drift::Shrunk, "truncated and deleted"),
        ];
        for (later, want, why) in cases {
            assert_eq!(BEFORE.drift(&later), want, "{why}");
        }
    }
}
