//! One track of a movie (ISO/IEC 14496-12 §8.3 to §8.7).
//!
//! 1. `tkhd`: identity, size as shown, rotation. `mdhd`: timescale, duration, language. `hdlr`: what it is for.
//! 2. `edts/elst`: which part of the media is shown, and when.
//! 3. `stsd`: the coding. The other tables of `stbl`: how many samples, how many bytes, and where they end.

use crate::mp4::boxes::{Atom, FourCc, Malformed};
use crate::mp4::codec::{self, Codec};
use crate::mp4::edits::Edits;
use crate::mp4::entry::{self, Entry, Medium};
use crate::mp4::header::{MediaHeader, Rotation, TrackHeader};
use crate::mp4::hevc;
use crate::mp4::sound::{self, Sound};
use crate::mp4::tables::{OffsetWidth, Packet, SampleTable};
use crate::mp4::time::{Ratio, Span};

/// What a track is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Video,
    Audio,
    Subtitle,
    Timecode,
    /// Titles or pictures of chapters: another track refers to it by `chap`.
    Chapters,
    /// By the type of its handler.
    Other(FourCc),
}

/// A track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    pub id: u32,
    /// Players leave out tracks that are not.
    pub is_enabled: bool,
    pub kind: Kind,
    /// Of the first sample description; `None` if there is none.
    pub codec: Option<Codec>,
    /// Sample descriptions; with several, the coding may change on the way.
    pub descriptions: u32,
    /// `hev1` whose configuration holds all parameter sets: it may be called `hvc1`, which Apple's players ask for.
    pub can_be_hvc1: bool,
    /// Of the media; edits may show less of it.
    pub duration: Option<Span>,
    /// ISO 639-2 or BCP 47; `None` where it is undetermined.
    pub language: Option<String>,
    /// Of video.
    pub picture: Option<Picture>,
    /// Of audio.
    pub sound: Option<Sound>,
    pub edits: Edits,
    pub samples: Samples,
    /// Its samples lie in another file.
    pub is_external: bool,
}

/// What is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picture {
    /// As coded, in pixels.
    pub width: u16,
    pub height: u16,
    /// As shown, before rotation: with pixels that are not square it differs.
    pub shown_width: u32,
    pub shown_height: u32,
    pub rotation: Rotation,
}

/// What the sample tables say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Samples {
    pub count: u64,
    /// Of all samples.
    pub bytes: u64,
    /// How long all of them take, by `stts`.
    pub span: Option<Span>,
    /// All samples but the last take the same time.
    pub is_steady: bool,
    pub chunks: u64,
    /// `None` without a table of chunks, as in fragmented movies.
    pub offsets: Option<OffsetWidth>,
    /// The offset behind the last byte of any sample; 0 where there are none. A shorter file is cut off.
    pub end: u64,
}

impl Track {
    /// Samples a second, on average.
    #[must_use]
    pub fn frame_rate(&self) -> Option<Ratio> {
        let span = self.samples.span?;
        Ratio::new(u128::from(self.samples.count) * u128::from(span.timescale), span.ticks.into())
    }

    /// Bits a second, on average.
    #[must_use]
    pub fn bit_rate(&self) -> Option<u64> {
        let span = self.samples.span?;
        let bits = u128::from(self.samples.bytes) * 8 * u128::from(span.timescale);
        u64::try_from(bits.checked_div(span.ticks.into())?).ok()
    }

    /// Reads a `trak`. `chapters` are the identities that other tracks refer to by `chap`.
    pub(super) fn read(trak: &Atom<'_>, chapters: &[u32]) -> Result<Self, Malformed> {
        let header = TrackHeader::read(&trak.required(b"tkhd")?)?;
        let mdia = trak.required(b"mdia")?;
        let media = MediaHeader::read(&mdia)?;
        let handler = handler(&mdia)?;
        let stbl = mdia.descend(&[b"minf", b"stbl"])?;
        let description = Description::read(stbl.as_ref(), medium(handler))?;
        let first = description.first.as_ref();
        Ok(Self {
            id: header.id,
            is_enabled: header.is_enabled,
            kind: kind(handler, chapters.contains(&header.id)),
            codec: first.map(codec::describe),
            descriptions: description.count,
            can_be_hvc1: first.is_some_and(|entry| can_be_hvc1(entry).is_some()),
            picture: first.filter(|_| handler == b"vide").map(|entry| picture(entry, &header)),
            sound: first.filter(|_| handler == b"soun").map(sound::describe),
            edits: Edits::read(trak)?,
            samples: samples(stbl.as_ref(), description.packet(), media.timescale)?,
            is_external: is_external(&mdia)?,
            duration: media.duration,
            language: media.language,
        })
    }
}

/// The entries of `stsd`.
struct Description<'a> {
    first: Option<Entry<'a>>,
    count: u32,
}

impl<'a> Description<'a> {
    fn read(stbl: Option<&Atom<'a>>, medium: Medium) -> Result<Self, Malformed> {
        let mut found = Self { first: None, count: 0 };
        let Some(stsd) = stbl.map(|stbl| stbl.only(b"stsd")).transpose()?.flatten() else { return Ok(found) };
        let (version, entries) = entry::entries(&stsd)?;
        for atom in entries {
            let atom = atom?;
            found.count += 1;
            if found.first.is_none() {
                found.first = Some(Entry::read(atom, medium, version)?);
            }
        }
        Ok(found)
    }

    fn packet(&self) -> Option<Packet> {
        let entry = self.first.as_ref()?;
        entry.sound.packet.or_else(|| entry.uncompressed_packet())
    }
}

/// The chunks of a `trak` and their offsets, with what is needed to size them.
pub(super) fn sample_table<'a>(trak: &Atom<'a>) -> Result<Option<SampleTable<'a>>, Malformed> {
    let mdia = trak.required(b"mdia")?;
    let Some(stbl) = mdia.descend(&[b"minf", b"stbl"])? else { return Ok(None) };
    let description = Description::read(Some(&stbl), medium(handler(&mdia)?))?;
    SampleTable::read(&stbl, description.packet()).map(Some)
}

/// The configuration of a plain `hev1` that holds all parameter sets.
pub(super) fn can_be_hvc1(entry: &Entry<'_>) -> Option<hevc::Configuration> {
    if entry.atom.kind != b"hev1" {
        return None;
    }
    let configuration = hevc::Configuration::read(entry.extension(b"hvcC")?.body)?;
    Some(configuration).filter(hevc::Configuration::has_all_parameter_sets)
}

/// Whether any of a track's data references names something other than this file (§8.7.2): bit 0 says "here". A
/// track without references can only mean this file.
pub(super) fn is_external(mdia: &Atom<'_>) -> Result<bool, Malformed> {
    let Some(dref) = mdia.descend(&[b"minf", b"dinf", b"dref"])? else { return Ok(false) };
    for reference in dref.children_after(8) {
        let reference = reference?;
        let (_, flags) = reference.fields().version_and_flags().ok_or(reference.short())?;
        if flags & 1 == 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

/// §8.4.3: the type of the handler, behind version, flags and four bytes that QuickTime uses.
fn handler(mdia: &Atom<'_>) -> Result<FourCc, Malformed> {
    let hdlr = mdia.required(b"hdlr")?;
    let mut fields = hdlr.fields();
    fields.take(8).ok_or(hdlr.short())?;
    fields.array().map(FourCc).ok_or(hdlr.short())
}

fn medium(handler: FourCc) -> Medium {
    match &handler.0 {
        b"vide" => Medium::Video,
        b"soun" => Medium::Audio,
        _ => Medium::Other,
    }
}

fn kind(handler: FourCc, is_chapters: bool) -> Kind {
    match &handler.0 {
        _ if is_chapters => Kind::Chapters,
        b"vide" => Kind::Video,
        b"soun" => Kind::Audio,
        b"subt" | b"sbtl" | b"text" | b"clcp" | b"subp" => Kind::Subtitle,
        b"tmcd" => Kind::Timecode,
        _ => Kind::Other(handler),
    }
}

fn picture(entry: &Entry<'_>, header: &TrackHeader) -> Picture {
    let (shown_width, shown_height) = (header.width, header.height);
    Picture { width: entry.width, height: entry.height, shown_width, shown_height, rotation: header.rotation }
}

fn samples(stbl: Option<&Atom<'_>>, packet: Option<Packet>, timescale: u32) -> Result<Samples, Malformed> {
    let none = Samples { count: 0, bytes: 0, span: None, is_steady: true, chunks: 0, offsets: None, end: 0 };
    let Some(stbl) = stbl else { return Ok(none) };
    let table = SampleTable::read(stbl, packet)?;
    let filled = table.chunks().filter(|chunk| chunk.size > 0);
    Ok(Samples {
        count: table.sample_count(),
        bytes: table.byte_len(),
        span: Span::new(table.timing.ticks, timescale),
        is_steady: table.timing.is_steady,
        chunks: table.chunk_count(),
        offsets: table.offsets.map(|offsets| offsets.width),
        end: filled.map(|chunk| chunk.offset.saturating_add(chunk.size)).max().unwrap_or(0),
    })
}
