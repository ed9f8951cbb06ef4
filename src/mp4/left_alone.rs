//! Why a file is served as it is, in words for its owner.

use thiserror::Error;

use crate::mp4::boxes::{FourCc, MAX_MOOV, Malformed};

/// Why the movie of a file was not moved to its front.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum LeftAlone {
    #[error("it starts at once as it is: its index stands before its media data")]
    AlreadyFast,
    #[error("it is fragmented: each fragment has its own index, and they need no moving")]
    Fragmented,
    #[error("its index is compressed, which only QuickTime reads")]
    CompressedMovie,
    #[error("its media data lies in another file")]
    ExternalData,
    #[error("its box {0} holds places in the file that would be wrong after a move")]
    AbsoluteOffsets(FourCc),
    #[error("its index is over {limit} MiB", limit = MAX_MOOV >> 20)]
    TooLarge,
    #[error("it has no index: the recording was not finished, or it is not an MP4 file")]
    NoMovie,
    #[error("it is cut off: it ends before its media data or its index does")]
    CutOff,
    #[error("it is damaged: {0}")]
    Malformed(Malformed),
}

impl From<Malformed> for LeftAlone {
    fn from(malformed: Malformed) -> Self {
        match malformed {
            Malformed::TooLarge => Self::TooLarge,
            malformed => Self::Malformed(malformed),
        }
    }
}
