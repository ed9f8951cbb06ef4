//! Virtual faststart: a file whose index stands at its end, as if it stood at the front. Nothing is written to disk.
//!
//! ```text
//! before                                  after
//! +------+------+-----------+------+      +------+-------+------+-----------+
//! | ftyp | free |   mdat    | moov |      | ftyp | moov' | free |   mdat    |
//! +------+------+-----------+------+      +------+-------+------+-----------+
//!  file   file   file        file          file   memory  file   file
//! ```
//!
//! 1. `movable`: which box goes where. The movie goes behind `ftyp`, which has to come first (ISO/IEC 14496-12
//!    §4.3.1), or to the very front of the older QuickTime files that have none.
//! 2. `contents`: nothing in the movie names places in the file except for chunk offsets.
//! 3. `Rewrite`: chunk offsets are mapped through `Moves`, and `stco` becomes `co64` where 32 bits are too few.
//! 4. The pieces are put together as a [`VirtualFile`]. All other boxes (`free`, `wide`, `uuid`, several `mdat`s with
//!    sizes of 32 or 64 bits) stay in their order, and so does what was appended to the file.
//!
//! An `mdat` of size 0 reaches to the end of the file, so no movie stands behind it. Where one stands before it, the
//! file is fast already; where there are two, the movie is between them, and the second one stays last. A movie of
//! size 0 is the last box; it gets its real size when it moves.
//!
//! Anything unusual is a reason to leave the file alone: a player that waits for the index is better than one that
//! shows the wrong bytes.

use crate::mp4::absolute;
use crate::mp4::boxes::{Atom, FourCc, MAX_MOOV, Malformed};
use crate::mp4::fields::length;
use crate::mp4::layout::{Ending, Layout, TopBox};
use crate::mp4::left_alone::LeftAlone;
use crate::mp4::moves::Moves;
use crate::mp4::movie;
use crate::mp4::retag::Patch;
use crate::mp4::rewrite::Rewrite;
use crate::mp4::track;
use crate::mp4::virtual_file::{Segment, VirtualFile};

/// Belongs into the `ETag` of what is made here: with other bytes it must be another number.
pub const FORMAT_VERSION: u32 = 1;

/// Moves the movie to the front. `moov` is the whole box that [`Layout::moov`] names; `patches` are bytes of the file
/// that change on the way, in the movie (see [`crate::mp4::retag`]).
pub fn faststart(layout: &Layout, moov: &[u8], patches: &[Patch]) -> Result<VirtualFile, LeftAlone> {
    prepare(layout, moov)?.to_front(layout.len, patches)
}

/// A movie that can be moved. The new one, which takes as much memory as the old one, is not made yet.
#[derive(Clone, Debug)]
pub(super) struct Movable<'a> {
    found: TopBox,
    insertion: u64,
    rewrite: Rewrite<'a>,
}

impl Movable<'_> {
    /// The file of this length with its movie in front.
    pub(super) fn to_front(&self, len: u64, patches: &[Patch]) -> Result<VirtualFile, LeftAlone> {
        let (found, rewrite, insertion) = (&self.found, &self.rewrite, self.insertion);
        let moves = moves(insertion, found, len, rewrite.len())?;
        let new = rewrite.write(&moves, &within(patches, found)?)?;
        Ok(VirtualFile::new([
            Segment::Span { start: 0, end: insertion },
            Segment::Memory(new),
            Segment::Span { start: insertion, end: found.offset },
            Segment::Span { start: found.end(), end: len },
        ]))
    }
}

/// Everything before the writing.
pub(super) fn prepare<'a>(layout: &Layout, moov: &'a [u8]) -> Result<Movable<'a>, LeftAlone> {
    let found = movable(layout)?;
    if length(moov) != found.size {
        return Err(Malformed::Size(found.kind).into());
    }
    let root = movie::root(moov)?;
    let tracks = contents(&root)?;
    let mut rewrite = Rewrite::new(moov, root, &tracks)?;
    let insertion = insertion(layout);
    rewrite.widen(&moves(insertion, &found, layout.len, rewrite.longest())?, layout.len)?;
    Ok(Movable { found, insertion, rewrite })
}

/// Where everything of a file of `len` bytes goes when the movie has this new length.
fn moves(insertion: u64, found: &TopBox, len: u64, new: u64) -> Result<Moves, LeftAlone> {
    let old = found.offset..found.end();
    Moves::to_front(insertion, &old, len, new).ok_or(LeftAlone::TooLarge)
}

/// The movie, if it is one that may be moved as far as the top level says.
fn movable(layout: &Layout) -> Result<TopBox, LeftAlone> {
    if layout.is_fragmented() {
        return Err(LeftAlone::Fragmented);
    }
    let moov = match (layout.moov(), layout.ending) {
        (Some(moov), _) => *moov,
        (None, Ending::CutOff { .. }) => return Err(LeftAlone::CutOff),
        (None, _) => return Err(LeftAlone::NoMovie),
    };
    let is_cut = matches!(layout.ending, Ending::CutOff { .. });
    match () {
        () if layout.is_moov_first() => Err(LeftAlone::AlreadyFast),
        () if is_cut => Err(LeftAlone::CutOff),
        // What nobody has looked at may be fragments, or a second movie.
        () if matches!(layout.ending, Ending::Unread { .. }) => {
            Err(Malformed::TooMany(FourCc(*b"mdat")).into())
        }
        () if layout.all(b"moov").count() > 1 => Err(Malformed::Twice(moov.kind).into()),
        () if moov.size > MAX_MOOV => Err(LeftAlone::TooLarge),
        // Items of the file as a whole (§8.11.1). Such a box is not read for this.
        () => layout.first(b"meta").map_or(Ok(moov), |meta| Err(LeftAlone::AbsoluteOffsets(meta.kind))),
    }
}

/// Where the movie goes: behind a `ftyp` that comes before all media data, else to the front.
fn insertion(layout: &Layout) -> u64 {
    let front = layout.boxes.iter().take_while(|found| !found.kind.is_any(&[b"mdat", b"moov"]));
    front.filter(|found| found.kind == b"ftyp").map(TopBox::end).next().unwrap_or(0)
}

/// The tracks of a movie that may be moved.
fn contents<'a>(root: &Atom<'a>) -> Result<Vec<Atom<'a>>, LeftAlone> {
    if movie::is_compressed(root)? {
        return Err(LeftAlone::CompressedMovie);
    }
    if root.only(b"mvex")?.is_some() {
        return Err(LeftAlone::Fragmented);
    }
    let tracks = movie::tracks(root)?;
    for trak in &tracks {
        if track::is_external(&trak.required(b"mdia")?)? {
            return Err(LeftAlone::ExternalData);
        }
    }
    match absolute::find(root.children())? {
        Some(kind) => Err(LeftAlone::AbsoluteOffsets(kind)),
        None => Ok(tracks),
    }
}

/// Patches by their offset in the movie. One that lies elsewhere would be lost, and half of a change is none.
fn within(patches: &[Patch], moov: &TopBox) -> Result<Vec<Patch>, LeftAlone> {
    let moved = patches.iter().map(|patch| {
        let offset = patch.offset.checked_sub(moov.offset)?;
        let fits = offset.checked_add(length(&patch.bytes))? <= moov.size;
        fits.then(|| Patch { offset, bytes: patch.bytes.clone() })
    });
    moved.collect::<Option<Vec<_>>>().ok_or(LeftAlone::Malformed(Malformed::Nowhere))
}
