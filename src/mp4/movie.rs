//! What a moov box says about a movie.
//!
//! 1. [`probe`] takes the whole box, header included.
//! 2. A compressed movie (QuickTime's `cmov`) is named as such; nothing in it is read.
//! 3. Otherwise it reads the duration, and each track by [`Track`].
//! 4. [`Movie::media_end`] is where the samples end. A file that ends earlier is cut off, even if somebody has
//!    written the headers anew since.

use crate::mp4::boxes::{Atom, FourCc, MAX_MOOV, Malformed};
use crate::mp4::fields::length;
use crate::mp4::header;
use crate::mp4::time::Span;
use crate::mp4::track::{Kind, Track};

/// Tracks that are read. A broadcast with every language has a few dozen.
pub const MAX_TRACKS: usize = 1_000;

/// A movie.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Movie {
    /// By the movie's header. Of a fragmented movie it may be 0 or `None`: the fragments are not part of it.
    pub duration: Option<Span>,
    /// In the order of the file.
    pub tracks: Vec<Track>,
    /// Its contents are compressed, and no browser reads that.
    pub is_compressed: bool,
    /// Fragments may follow (§8.8.1).
    pub has_fragments: bool,
}

impl Movie {
    /// The tracks that are pictures.
    pub fn video(&self) -> impl Iterator<Item = &Track> {
        self.tracks.iter().filter(|track| track.kind == Kind::Video)
    }

    /// The tracks that are sound.
    pub fn audio(&self) -> impl Iterator<Item = &Track> {
        self.tracks.iter().filter(|track| track.kind == Kind::Audio)
    }

    /// The offset behind the last byte of the samples that lie in this file; 0 if there are none.
    #[must_use]
    pub fn media_end(&self) -> u64 {
        let here = self.tracks.iter().filter(|track| !track.is_external);
        here.map(|track| track.samples.end).max().unwrap_or(0)
    }

    /// Whether samples of any track lie in another file.
    #[must_use]
    pub fn has_external_data(&self) -> bool {
        self.tracks.iter().any(|track| track.is_external)
    }
}

/// Reads a moov box.
pub fn probe(moov: &[u8]) -> Result<Movie, Malformed> {
    let root = root(moov)?;
    if is_compressed(&root)? {
        return Ok(Movie { is_compressed: true, ..Movie::default() });
    }
    let tracks = tracks(&root)?;
    let chapters = chapters(&tracks)?;
    Ok(Movie {
        duration: header::movie_duration(&root.required(b"mvhd")?)?,
        tracks: tracks.iter().map(|trak| Track::read(trak, &chapters)).collect::<Result<_, _>>()?,
        is_compressed: false,
        has_fragments: root.only(b"mvex")?.is_some(),
    })
}

/// The moov box that these bytes are.
pub(super) fn root(moov: &[u8]) -> Result<Atom<'_>, Malformed> {
    if length(moov) > MAX_MOOV {
        return Err(Malformed::TooLarge);
    }
    Atom::root(moov, b"moov")
}

pub(super) fn is_compressed(root: &Atom<'_>) -> Result<bool, Malformed> {
    root.only(b"cmov").map(|cmov| cmov.is_some())
}

pub(super) fn tracks<'a>(root: &Atom<'a>) -> Result<Vec<Atom<'a>>, Malformed> {
    let mut tracks = Vec::new();
    for child in root.children() {
        let child = child?;
        if child.kind == b"trak" && tracks.len() >= MAX_TRACKS {
            return Err(Malformed::TooMany(child.kind));
        }
        if child.kind == b"trak" {
            tracks.push(child);
        }
    }
    Ok(tracks)
}

/// The identities of tracks that others use as chapters (QuickTime, "Chapter Lists"): `tref/chap` holds them one
/// after another. Each track looks for itself among them, so only as many are kept as there may be tracks.
fn chapters(tracks: &[Atom<'_>]) -> Result<Vec<u32>, Malformed> {
    let mut found = Vec::new();
    for trak in tracks {
        let Some(tref) = trak.only(b"tref")? else { continue };
        // Names of tracks help people and stop nobody: what cannot be read is left out.
        let lists = tref.children().map_while(Result::ok).filter(|list| list.kind == FourCc(*b"chap"));
        let ids = lists.flat_map(|list| list.body.as_chunks().0.iter().map(|id| u32::from_be_bytes(*id)));
        found.extend(ids.take(MAX_TRACKS.saturating_sub(found.len())));
    }
    Ok(found)
}
