//! What is in a file that lies on a disk, and whether it is whole. Blocking: for the blocking pool and for commands.
//!
//! 1. [`Source`] is a file that can be read at an offset; a `Reader` on it is bounded in time and memory.
//! 2. [`examine`] knows the container by its first bytes and asks the one who knows that container.
//! 3. MP4 is read through [`crate::mp4`]: the boxes at the top by their headers, then the index. What is wrong with a
//!    broken one, and what helps, is said by `trouble`.
//! 4. Others are read as far as it is sound and short: containers, codings, duration. The parsers are pure.
//! 5. [`Helper`] is an `ffprobe` that may fill in what is left of other containers than MP4. Nothing needs it.
//!
//! [`archive`] compares recordings with each other (pure).

pub mod archive;
mod ebml;
mod examined;
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
mod trouble;

use std::io;
use std::time::Duration;

use crate::body::Container;

pub use examined::{Examined, FrameRate, Index, Mp4, Place, State, Track, Verdict};
pub use helper::Helper;
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
    if start.is_empty() {
        return Ok(Examined::broken(None, 0, Trouble::empty()));
    }
    let container = Container::of(&start);
    match container {
        Container::Mp4 | Container::Mp4Audio | Container::QuickTime => mp4::examine(&mut reader, container),
        Container::Unknown => match mp4::examine(&mut reader, container)? {
            found if found.mp4.is_some() => Ok(found),
            _ => Ok(Examined::broken(None, reader.len(), Trouble::unknown())),
        },
        _ => others::examine(&mut reader, container),
    }
}

#[cfg(test)]
mod tests;
