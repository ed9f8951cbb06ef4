//! What becomes of a film while it is served. One decision, for the server that does it and for all who tell of it.
//!
//! 1. [`Served::of`] decides by the top level and the index:
//!    - an index at the end comes to the front (ISO/IEC 14496-12 gives it no place; players wait for it),
//!    - HEVC gets the name that Apple's players ask for,
//!    - `QuickTime` that holds what browsers play is called `video/mp4`,
//!    - of a fragmented recording only complete fragments are shown.
//! 2. [`Served::make`] is the film in that form. Telling of it takes no memory for that.

use crate::mp4::faststart::{self, FORMAT_VERSION, Movable};
use crate::mp4::layout::{Ending, Layout, TopBox};
use crate::mp4::left_alone::LeftAlone;
use crate::mp4::movie::Movie;
use crate::mp4::retag::{self, Patch};
use crate::mp4::track::Kind;
use crate::mp4::virtual_file::VirtualFile;

/// Codings that browsers play in a container called `video/mp4`, by the beginning of their RFC 6381 names.
const PLAYED: [&str; 11] =
    ["avc1", "avc3", "hvc1", "hev1", "av01", "vp09", "mp4a", "Opus", "opus", "fLaC", "flac"];

/// What is done with a film.
#[derive(Clone, Debug)]
pub struct Served<'m> {
    len: u64,
    front: Result<Movable<'m>, LeftAlone>,
    patches: Vec<Patch>,
    complete_end: Option<u64>,
    /// There is a picture, and nothing but what browsers play: it may be called `video/mp4`.
    pub is_for_browsers: bool,
}

/// A film in another form than its file's.
#[derive(Debug, Default)]
pub struct Made {
    /// None: as it is.
    pub film: Option<VirtualFile>,
    /// What of all this was done, for the entity tag. Empty: nothing.
    pub changes: String,
    /// Why an index that stands at the end stays there.
    pub left_alone: Option<LeftAlone>,
}

impl<'m> Served<'m> {
    /// `moov` is the whole box that [`Layout::moov`] names, `movie` what it says; `None` where it is not to be had.
    #[must_use]
    pub fn of(layout: &Layout, moov: Option<&'m [u8]>, movie: Option<&Movie>) -> Self {
        let is_fragmented = layout.is_fragmented() || movie.is_some_and(|movie| movie.has_fragments);
        let front = match moov {
            // Its index is small, and each fragment has one of its own.
            _ if is_fragmented => Err(LeftAlone::Fragmented),
            Some(moov) => faststart::prepare(layout, moov),
            None => faststart::prepare(layout, &[]),
        };
        let found = layout.moov().zip(moov);
        // A film whose index cannot be read is shown as it is: perhaps a player makes more of it.
        let patches = found.and_then(|(found, moov)| retag::hvc1(moov, found.offset).ok());
        Self {
            len: layout.len,
            front,
            patches: patches.unwrap_or_default(),
            complete_end: if is_fragmented { complete_end(layout) } else { None },
            is_for_browsers: movie.is_some_and(is_for_browsers),
        }
    }

    /// Whether its index is moved to the front, or why not.
    pub fn front(&self) -> Result<(), LeftAlone> {
        self.front.as_ref().map(|_| ()).map_err(|why| *why)
    }

    /// Whether HEVC gets another name.
    #[must_use]
    pub fn is_renamed(&self) -> bool {
        !self.patches.is_empty()
    }

    /// Up to where a fragmented recording is shown that does not end with a complete fragment.
    #[must_use]
    pub fn complete_end(&self) -> Option<u64> {
        self.complete_end
    }

    /// The film itself.
    #[must_use]
    pub fn make(&self) -> Made {
        let count = self.patches.len();
        let front = self.front.as_ref().map_err(|why| *why);
        match front.and_then(|movable| movable.to_front(self.len, &self.patches)) {
            Ok(film) => Made {
                film: Some(film),
                changes: format!("index in front {FORMAT_VERSION}, {count} patches"),
                left_alone: None,
            },
            Err(why) => self.in_its_places(why),
        }
    }

    /// The same places, some other bytes, and nothing behind the last complete fragment.
    fn in_its_places(&self, why: LeftAlone) -> Made {
        let cut = self.complete_end.map(|_| format!("complete fragments {FORMAT_VERSION}"));
        let count = self.patches.len();
        let named = (count > 0).then(|| format!("hvc1 {FORMAT_VERSION}, {count} patches"));
        let changes = [cut, named].into_iter().flatten().collect::<Vec<_>>().join("; ");
        let len = self.complete_end.unwrap_or(self.len);
        let film = (!changes.is_empty()).then(|| VirtualFile::patched(len, &self.patches));
        Made { film, changes, left_alone: Some(why) }
    }
}

/// Where the complete fragments end, if something stands behind them that is still being written, or was cut off.
fn complete_end(layout: &Layout) -> Option<u64> {
    let is_cut = match layout.ending {
        Ending::CutOff { kind, .. } => layout.fragments.is_some() || kind != b"mdat",
        Ending::Garbage { .. } => true,
        Ending::Clean | Ending::Unread { .. } => false,
    };
    // Before the first fragment stands what announces them.
    let announced = || layout.boxes.last().map(TopBox::end);
    let end = layout.fragments.map_or_else(announced, |fragments| Some(fragments.complete_end));
    end.filter(|end| is_cut && 0 < *end && *end < layout.len)
}

fn is_for_browsers(movie: &Movie) -> bool {
    let seen_or_heard = |kind: &Kind| matches!(kind, Kind::Video | Kind::Audio);
    let mut tracks = movie.tracks.iter().filter(|track| seen_or_heard(&track.kind));
    let is_played = |name: &str| PLAYED.iter().any(|played| name.starts_with(played));
    movie.video().next().is_some()
        && tracks.all(|track| {
            track.codec.as_ref().is_some_and(|codec| !codec.is_encrypted && is_played(&codec.name))
        })
}
