//! What is in a file that lies on a disk, and whether it is whole. Blocking: for the blocking pool and for commands.
//!
//! 1. [`Source`] is a file that can be read at an offset; a `Reader` on it is bounded in time and memory.
//! 2. [`examine`] knows the container by its first bytes and asks the one who knows that container.
//! 3. MP4 is read through [`crate::mp4`]: the boxes at the top by their headers, then the index. What is wrong with a
//!    broken one, and what helps, is said by `trouble`.
//! 4. Others are read as far as it is sound and short: containers, codings, duration. The parsers are pure.
//! 5. [`on_disk`] does all this for a path, and knows a file that is still being written.
//! 6. [`Helper`] is an `ffprobe` that may fill in what is left of other containers than MP4. Nothing needs it.
//!
//! [`Examinations`] examines for people who wait, few files at a time.
//!
//! [`archive`] compares recordings with each other (pure).

pub mod archive;
mod ebml;
mod examinations;
pub mod examined;
mod flac;
mod flv;
mod fragments;
mod helper;
mod matroska;
mod mp4;
mod numbers;
mod ogg;
mod others;
mod riff;
mod source;
mod transport;
pub mod trouble;

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use crate::body::Container;

pub use examinations::Examinations;
pub use examined::{Examined, FrameRate, Index, Mp4, Place, Repair, State, Track};
pub use helper::Helper;
pub use mp4::{Parts, describe};
pub use source::Source;
pub use trouble::{Problem, Trouble};

use source::Reader;

/// Goes up when the same file is examined with another result: what an older one found is then found anew.
pub const VERSION: u32 = 1;

/// Walking a day's recording in fragments, on a disk that seeks, takes minutes. What is not seen by then is left out.
const LIMIT: Duration = Duration::from_secs(10);

/// From which a container is known.
const BEGINNING: usize = 512;

/// Why nothing can be said of a file.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] io::Error),
}

/// Examines a file as it is now. It is complete or broken; that it is still being written, only the caller can know
/// (see [`Examined::while_growing`]).
pub fn examine(source: &dyn Source) -> Result<Examined, ProbeError> {
    let mut reader = Reader::open(source, LIMIT)?;
    let start = reader.bytes(0, BEGINNING)?;
    let container = Container::of(&start);
    match container {
        _ if start.is_empty() => Ok(at_first_sight(container, 0)),
        Container::Mp4 | Container::Mp4Audio | Container::QuickTime => {
            Ok(mp4::examine(&mut reader, container)?)
        }
        Container::Unknown => match mp4::examine(&mut reader, container)? {
            found if found.mp4.is_some() => Ok(found),
            _ => Ok(at_first_sight(container, reader.len())),
        },
        _ => others::examine(&mut reader, container),
    }
}

/// What is known of a file when its beginning is all that was read.
#[must_use]
pub fn at_first_sight(container: Container, size: u64) -> Examined {
    match container {
        _ if size == 0 => Examined::no_video(0, Trouble::empty()),
        Container::Unknown => Examined::no_video(size, Trouble::unknown()),
        _ => Examined::complete(container, size),
    }
}

/// A file that was written to within this time is taken for one that is still being written.
const QUIET: Duration = Duration::from_secs(10);

/// Examines the file at a path, with the helper if there is one. `now` is the time since 1970.
pub fn on_disk(path: &Path, now: Duration) -> Result<Examined, ProbeError> {
    // Opening a pipe would wait for its writer.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no regular file").into());
    }
    let file = File::open(path)?;
    let examined = Helper.fill_in(examine(&file)?, &file);
    let found = file.metadata()?;
    let modified = found.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    let is_fresh = modified.abs_diff(now) < QUIET;
    // A file that needs nothing more may have been written a moment ago; one in fragments is never done.
    let may_go_on =
        examined.state == State::Broken || examined.mp4.as_ref().is_some_and(|mp4| mp4.fragmented);
    let grows = found.len() != examined.size || (is_fresh && may_go_on);
    Ok(if grows { examined.while_growing() } else { examined })
}

#[cfg(test)]
mod tests;
