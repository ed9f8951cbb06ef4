//! What is sent of a file: its bytes as they are, or the same film in a form that plays sooner and in more players.
//! Nothing is written to disk.
//!
//! 1. [`Films::of`] looks a file up by what its descriptor says, or has it examined, once for all who ask meanwhile.
//! 2. `examine` walks its boxes and reads its index; [`Served`] decides.
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
use crate::mp4::{self, Made, Served, VirtualFile};
use crate::storage::{MediaFile, ReadError, Stat, Witness};

/// What is known of films, in bytes: the indices that were moved, and a little for each that was not.
const BUDGET: u64 = 64 * 1024 * 1024;
const ENTRY: u64 = 512;
/// What a piece takes beside its bytes: of a film with a thousand patches that is nearly all.
const PIECE: u64 = 128;

/// How a file is shown.
#[derive(Debug, Default)]
pub struct Film {
    made: Made,
    pub content_type: Option<&'static str>,
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
        let Some(changed) = &self.made.film else {
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
        &self.made.changes
    }

    fn memory(&self) -> u64 {
        let pieces = |film: &VirtualFile| PIECE * u64::try_from(film.segments().len()).unwrap_or(u64::MAX);
        self.made.film.as_ref().map_or(0, |film| film.memory().saturating_add(pieces(film)))
    }
}

async fn examined(file: &Arc<MediaFile>) -> Result<Arc<Film>, ReadError> {
    Arc::clone(file).on_pool(|file| examine(file).map(Arc::new)).await
}

fn examine(file: &MediaFile) -> Result<Film, ReadError> {
    let mut reader = Reader { file, witness: file.witness() };
    let layout = mp4::walk(file.stat().len, |offset, buffer| reader.fill(offset, buffer))?;
    if !layout.is_iso_media() {
        return Ok(Film::default());
    }
    let moov = layout.moov().filter(|moov| moov.size <= mp4::MAX_MOOV);
    let moov = moov.map(|moov| reader.bytes(moov.offset, moov.size)).transpose()?;
    let movie = moov.as_deref().and_then(|moov| mp4::probe(moov).ok());
    let served = Served::of(&layout, moov.as_deref(), movie.as_ref());
    let content_type = served.is_for_browsers.then(|| Container::Mp4.content_type());
    Ok(Film { made: served.make(), content_type })
}

/// Reads of a file that must all be of one version.
struct Reader<'f> {
    file: &'f MediaFile,
    witness: Witness,
}

impl Reader<'_> {
    /// All of a span.
    fn bytes(&mut self, offset: u64, len: u64) -> Result<Vec<u8>, ReadError> {
        let mut bytes = vec![0; usize::try_from(len).map_err(std::io::Error::other)?];
        self.fill(offset, &mut bytes)?;
        Ok(bytes)
    }

    fn fill(&mut self, offset: u64, buffer: &mut [u8]) -> Result<usize, ReadError> {
        let mut filled = 0;
        while filled < buffer.len() {
            let at = offset.saturating_add(u64::try_from(filled).unwrap_or(u64::MAX));
            filled += self.file.read_blocking(&mut buffer[filled..], at, &mut self.witness)?;
        }
        Ok(filled)
    }
}
