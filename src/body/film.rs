//! What is sent of a file: its bytes as they are, or the same film in a form that plays sooner and in more players.
//! Nothing is written to disk.
//!
//! 1. [`Films::of`] looks a file up by what its descriptor says, or has it examined, once for all who ask meanwhile.
//! 2. `examine` walks its boxes, reads its index, and decides:
//!    - an index at the end comes to the front (ISO/IEC 14496-12 gives it no place; players wait for it),
//!    - HEVC gets the name that Apple's players ask for,
//!    - `QuickTime` that holds what browsers play is called `video/mp4`,
//!    - of a fragmented recording only complete fragments are shown.
//! 3. [`Film::segments`] is the result, as spans of the open file and pieces in memory.
//!
//! Reading a film's boxes may wait for the disk, and the worst of them take a third of a second to work through; so it is
//! done on the blocking pool, within the permits and the time of the library's folder.

use std::sync::Arc;

use bytes::Bytes;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use tokio::sync::OnceCell;

use super::container::Container;
use super::representation::Segment;
use crate::mp4::{self, FORMAT_VERSION, Kind, Layout, LeftAlone, Movie, Patch, TopBox, VirtualFile, Walk};
use crate::storage::{MediaFile, ReadError, Stat, Witness};

/// What is known of films, in bytes: the indices that were moved, and a little for each that was not.
const BUDGET: u64 = 64 * 1024 * 1024;
const ENTRY: u64 = 512;
/// What a piece takes beside its bytes: of a film with a thousand patches that is nearly all.
const PIECE: u64 = 128;

/// Codings that browsers play in a container called `video/mp4`, by the beginning of their RFC 6381 names.
const PLAYED: [&str; 11] =
    ["avc1", "avc3", "hvc1", "hev1", "av01", "vp09", "mp4a", "Opus", "opus", "fLaC", "flac"];

/// How a file is shown.
#[derive(Debug, Default)]
pub struct Film {
    /// None: as it is.
    changed: Option<VirtualFile>,
    /// What of all this was done, for the entity tag. Empty: nothing.
    changes: String,
    pub content_type: Option<&'static str>,
    /// Why an index that stands at the end stays there.
    pub left_alone: Option<LeftAlone>,
}

/// Films by the state of their files.
#[derive(Debug)]
pub struct Films(Cache<Stat, Arc<OnceCell<Arc<Film>>>>);

impl Films {
    #[must_use]
    pub fn new() -> Films {
        let weigher = |_: &Stat, film: &Arc<OnceCell<Arc<Film>>>| {
            let memory = film.get().map_or(0, |film| film.memory());
            u32::try_from(ENTRY + memory).unwrap_or(u32::MAX)
        };
        // The shelf keeps the films that were asked for last; the same ones here take no memory of their own.
        let policy = EvictionPolicy::lru();
        Films(Cache::builder().max_capacity(BUDGET).weigher(weigher).eviction_policy(policy).build())
    }

    /// How a file is shown. `is_lasting`: a later file of the same looks is the same.
    pub async fn of(&self, file: &Arc<MediaFile>, is_lasting: bool) -> Result<Arc<Film>, ReadError> {
        if !is_lasting {
            return examined(file).await;
        }
        let stat = *file.stat();
        let cell = self.0.get_with(stat, Arc::default);
        let is_new = !cell.initialized();
        let film = cell.get_or_try_init(|| examined(file)).await?;
        if is_new {
            // Again, for now its weight is known.
            self.0.insert(stat, Arc::clone(&cell));
            // The cache would look at its budget after 64 of these, each of up to 128 MiB.
            self.0.run_pending_tasks();
        }
        Ok(Arc::clone(film))
    }
}

impl Default for Films {
    fn default() -> Films {
        Films::new()
    }
}

impl Film {
    /// The film's bytes in their order. `beginning` are the file's first ones.
    #[must_use]
    pub fn segments(&self, file: &Arc<MediaFile>, beginning: &Bytes) -> Vec<Segment> {
        let Some(changed) = &self.changed else {
            return Segment::of_file(file, beginning, 0, file.stat().len);
        };
        let segments = changed.segments().iter().map(|segment| match segment {
            mp4::Segment::Memory(bytes) => vec![Segment::Memory(bytes.clone())],
            mp4::Segment::Span { start, end } => Segment::of_file(file, beginning, *start, *end),
        });
        segments.flatten().collect()
    }

    /// Goes into the entity tag: other bytes of the same file need another one. Empty for the file as it is.
    #[must_use]
    pub fn changes(&self) -> &str {
        &self.changes
    }

    fn memory(&self) -> u64 {
        let pieces =
            |changed: &VirtualFile| PIECE * u64::try_from(changed.segments().len()).unwrap_or(u64::MAX);
        self.changed.as_ref().map_or(0, |changed| changed.memory().saturating_add(pieces(changed)))
    }
}

async fn examined(file: &Arc<MediaFile>) -> Result<Arc<Film>, ReadError> {
    Arc::clone(file).on_pool(|file| examine(file).map(Arc::new)).await
}

fn examine(file: &MediaFile) -> Result<Film, ReadError> {
    let mut reader = Reader { file, witness: file.witness() };
    let layout = reader.layout()?;
    if !layout.is_iso_media() {
        return Ok(Film::default());
    }
    match layout.moov().filter(|moov| moov.size <= mp4::MAX_MOOV) {
        Some(moov) => {
            let bytes = reader.bytes(moov.offset, moov.size)?;
            Ok(repaired(&layout, &bytes, moov.offset))
        }
        None if layout.is_fragmented() => Ok(fragments(&layout, &[])),
        None => Ok(Film { left_alone: mp4::faststart(&layout, &[], &[]).err(), ..Film::default() }),
    }
}

fn repaired(layout: &Layout, moov: &[u8], offset: u64) -> Film {
    // A film whose index cannot be read is shown as it is: perhaps a player makes more of it.
    let patches = mp4::retag::hvc1(moov, offset).unwrap_or_default();
    let movie = mp4::probe(moov).ok();
    let content_type = movie.as_ref().filter(|it| is_for_browsers(it)).map(|_| Container::Mp4.content_type());
    let is_fragmented = layout.is_fragmented() || movie.is_some_and(|movie| movie.has_fragments);
    let film = if is_fragmented { fragments(layout, &patches) } else { whole(layout, moov, &patches) };
    Film { content_type, ..film }
}

/// A film with one index.
fn whole(layout: &Layout, moov: &[u8], patches: &[Patch]) -> Film {
    match mp4::faststart(layout, moov, patches) {
        Ok(front) => {
            let changes = format!("index in front {FORMAT_VERSION}, {} patches", patches.len());
            Film { changed: Some(front), changes, ..Film::default() }
        }
        Err(why) => patched(layout.len, patches, why),
    }
}

/// What comes behind the last complete fragment is still being written, or was cut off.
fn fragments(layout: &Layout, patches: &[Patch]) -> Film {
    let film = patched(complete_end(layout).unwrap_or(layout.len), patches, LeftAlone::Fragmented);
    match complete_end(layout) {
        None => film,
        Some(end) => Film {
            changed: film.changed.or_else(|| Some(VirtualFile::patched(end, &[]))),
            changes: format!("complete fragments {}", film.changes),
            ..film
        },
    }
}

/// Where the complete fragments end, if something stands behind them.
fn complete_end(layout: &Layout) -> Option<u64> {
    let is_cut = match layout.ending {
        mp4::Ending::CutOff { kind, .. } => layout.fragments.is_some() || kind != b"mdat",
        mp4::Ending::Garbage { .. } => true,
        mp4::Ending::Clean | mp4::Ending::Unread { .. } => false,
    };
    // Before the first fragment stands what announces them.
    let announced = || layout.boxes.last().map(TopBox::end);
    let end = layout.fragments.map_or_else(announced, |fragments| Some(fragments.complete_end));
    end.filter(|end| is_cut && 0 < *end && *end < layout.len)
}

/// The same places, some other bytes.
fn patched(len: u64, patches: &[Patch], why: LeftAlone) -> Film {
    let changed = (!patches.is_empty()).then(|| VirtualFile::patched(len, patches));
    let changes = format!("hvc1 {FORMAT_VERSION}, {} patches", patches.len());
    let changes = if changed.is_some() { changes } else { String::new() };
    Film { changed, changes, left_alone: Some(why), ..Film::default() }
}

/// Whether there is a picture, and nothing but what browsers play.
fn is_for_browsers(movie: &Movie) -> bool {
    let seen_or_heard = |kind: &Kind| matches!(kind, Kind::Video | Kind::Audio);
    let mut tracks = movie.tracks.iter().filter(|track| seen_or_heard(&track.kind));
    let is_played = |name: &str| PLAYED.iter().any(|played| name.starts_with(played));
    movie.video().next().is_some()
        && tracks.all(|track| {
            track.codec.as_ref().is_some_and(|codec| !codec.is_encrypted && is_played(&codec.name))
        })
}

/// Reads of a file that must all be of one version.
struct Reader<'f> {
    file: &'f MediaFile,
    witness: Witness,
}

impl Reader<'_> {
    fn layout(&mut self) -> Result<Layout, ReadError> {
        let mut walk = Walk::new(self.file.stat().len);
        while let Some(wanted) = walk.wants() {
            let bytes = self.bytes(wanted.offset, wanted.len)?;
            walk.take(&bytes);
        }
        Ok(walk.finish())
    }

    /// All of a span.
    fn bytes(&mut self, offset: u64, len: u64) -> Result<Vec<u8>, ReadError> {
        let mut bytes = vec![0; usize::try_from(len).map_err(std::io::Error::other)?];
        let mut filled = 0;
        while filled < bytes.len() {
            let at = offset.saturating_add(u64::try_from(filled).unwrap_or(u64::MAX));
            filled += self.file.read_blocking(&mut bytes[filled..], at, &mut self.witness)?;
        }
        Ok(bytes)
    }
}
