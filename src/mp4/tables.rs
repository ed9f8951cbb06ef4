//! The sample tables of a track (ISO/IEC 14496-12 §8.6.1 and §8.7): which samples there are, and where they lie.
//!
//! 1. [`SampleTable::read`] finds the tables and holds every count against the bytes that are there.
//! 2. [`SampleTable::chunks`] puts them together: the offset of each chunk (`stco`, `co64`) and its size, which is
//!    the sum of its samples' (`stsz`, `stz2`), as many as `stsc` says.
//! 3. [`Timing`] is what `stts` comes to.
//!
//! Every walk is one pass over entries that are in the slice: a count of 2^32 costs nothing unless its entries are
//! there, and a constant sample size is a multiplication.

use crate::mp4::boxes::{Atom, FourCc, Malformed};
use crate::mp4::fields::{Fields, length};

/// How chunk offsets are written (§8.7.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffsetWidth {
    /// `stco`: up to 4 GiB.
    Bits32,
    /// `co64`.
    Bits64,
}

/// A run of samples in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    pub(super) offset: u64,
    pub(super) size: u64,
}

/// The chunk offsets of a track.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offsets<'a> {
    pub(super) atom: Atom<'a>,
    pub(super) width: OffsetWidth,
    entries: &'a [u8],
}

impl<'a> Offsets<'a> {
    fn read(stbl: &Atom<'a>) -> Result<Option<Self>, Malformed> {
        let (narrow, wide) = (stbl.only(b"stco")?, stbl.only(b"co64")?);
        let of = |atom: Atom<'a>, width, entries| Some(Self { atom, width, entries });
        match (narrow, wide) {
            (Some(stco), None) => Ok(of(stco, OffsetWidth::Bits32, entries::<4>(&stco)?.as_flattened())),
            (None, Some(co64)) => Ok(of(co64, OffsetWidth::Bits64, entries::<8>(&co64)?.as_flattened())),
            (None, None) => Ok(None),
            // §8.7.5: one of the two. Which one counts is not for us to say.
            (Some(_), Some(co64)) => Err(Malformed::Twice(co64.kind)),
        }
    }

    /// The number of chunks.
    pub(super) fn count(&self) -> u64 {
        self.byte_len() / self.entry_len()
    }

    /// Of all entries.
    pub(super) fn byte_len(&self) -> u64 {
        length(self.entries)
    }

    fn entry_len(&self) -> u64 {
        match self.width {
            OffsetWidth::Bits32 => 4,
            OffsetWidth::Bits64 => 8,
        }
    }

    /// Where the first entry stands, counted from the root's header: behind version, flags and count.
    pub(super) fn entries_offset(&self) -> u64 {
        self.atom.body_offset().saturating_add(8)
    }
}

/// The sizes of samples, taken from the front.
#[derive(Clone, Copy, Debug)]
struct Sizes<'a> {
    how: Written<'a>,
    taken: u64,
    count: u64,
}

#[derive(Clone, Copy, Debug)]
enum Written<'a> {
    /// `stsz` with one size for all. For QuickTime's sound a packet of several samples has the size.
    Same { bytes: u64, samples: u64 },
    /// `stsz` with a size for each.
    Each(&'a [[u8; 4]]),
    /// `stz2` with 4, 8 or 16 bits for each (§8.7.3.3).
    Compact { bits: u8, entries: &'a [u8] },
}

impl<'a> Sizes<'a> {
    fn read(stbl: &Atom<'a>, packet: Option<Packet>) -> Result<Self, Malformed> {
        match (stbl.only(b"stsz")?, stbl.only(b"stz2")?) {
            (Some(stsz), None) => Self::plain(&stsz, packet),
            (None, Some(stz2)) => Self::compact(&stz2),
            (None, None) => Ok(Self { how: Written::Each(&[]), taken: 0, count: 0 }),
            (Some(_), Some(stz2)) => Err(Malformed::Twice(stz2.kind)),
        }
    }

    fn plain(stsz: &Atom<'a>, packet: Option<Packet>) -> Result<Self, Malformed> {
        let mut fields = stsz.fields();
        let read = (|| Some((fields.version_and_flags()?, fields.u32()?, fields.u32()?)))();
        let (_, same, count) = read.ok_or(stsz.short())?;
        let how = match (same, packet) {
            (0, _) => Written::Each(array_of(fields, count).ok_or(Malformed::Count(stsz.kind))?),
            // QuickTime, "Sample Size Atoms": for sound that is constant in size, the size is written as 1.
            (1, Some(Packet { bytes, samples })) => {
                Written::Same { bytes: u64::from(bytes), samples: u64::from(samples.max(1)) }
            }
            (size, _) => Written::Same { bytes: u64::from(size), samples: 1 },
        };
        Ok(Self { how, taken: 0, count: u64::from(count) })
    }

    fn compact(stz2: &Atom<'a>) -> Result<Self, Malformed> {
        let mut fields = stz2.fields();
        let read = (|| Some((fields.version_and_flags()?, fields.u32()?.to_be_bytes()[3], fields.u32()?)))();
        let (_, bits, count) = read.ok_or(stz2.short())?;
        let count = u64::from(count);
        if ![4, 8, 16].contains(&bits) {
            return Err(Malformed::Entries(stz2.kind));
        }
        if (count * u64::from(bits)).div_ceil(8) > length(fields.rest()) {
            return Err(Malformed::Count(stz2.kind));
        }
        Ok(Self { how: Written::Compact { bits, entries: fields.rest() }, taken: 0, count })
    }

    fn at(&self, index: u64) -> Option<u64> {
        match self.how {
            Written::Same { bytes, .. } => Some(bytes),
            Written::Each(entries) => entries.get(place(index)?).map(|size| u32::from_be_bytes(*size).into()),
            Written::Compact { bits: 4, entries } => {
                let pair = u64::from(*entries.get(place(index / 2)?)?);
                Some(if index.is_multiple_of(2) { pair >> 4 } else { pair & 0xf })
            }
            Written::Compact { bits: 8, entries } => entries.get(place(index)?).map(|size| u64::from(*size)),
            Written::Compact { entries, .. } => {
                entries.as_chunks().0.get(place(index)?).map(|size| u16::from_be_bytes(*size).into())
            }
        }
    }

    /// The bytes of the next samples; of fewer, if there are fewer.
    fn take(&mut self, samples: u64) -> u64 {
        let start = self.taken;
        self.taken = start.saturating_add(samples).min(self.count);
        match self.how {
            // The last packet may be shorter, but is written in full.
            Written::Same { bytes, samples } => (self.taken - start).div_ceil(samples).saturating_mul(bytes),
            _ => (start..self.taken).filter_map(|index| self.at(index)).sum(),
        }
    }
}

/// Sound of which a fixed number of bytes holds a fixed number of samples (QuickTime, "Sound Sample Description").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Packet {
    pub(super) bytes: u32,
    pub(super) samples: u32,
}

/// What `stts` says (§8.6.1.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Timing {
    pub(super) samples: u64,
    pub(super) ticks: u64,
    /// All samples but the last take the same time.
    pub(super) is_steady: bool,
}

impl Timing {
    fn read(stbl: &Atom<'_>) -> Result<Self, Malformed> {
        let entries: &[[u8; 8]] =
            stbl.only(b"stts")?.map(|stts| entries(&stts)).transpose()?.unwrap_or_default();
        let mut timing = Self { is_steady: true, ..Self::default() };
        let mut usual = None;
        for (at, [a, b, c, d, delta @ ..]) in entries.iter().enumerate() {
            let (count, delta) = (u32::from_be_bytes([*a, *b, *c, *d]), u32::from_be_bytes(*delta));
            timing.samples = timing.samples.saturating_add(count.into());
            timing.ticks = timing.ticks.saturating_add(u64::from(count) * u64::from(delta));
            // Muxers close a track with whatever time the last sample is given.
            let closes = at + 1 == entries.len() && count == 1;
            timing.is_steady &= closes || *usual.get_or_insert(delta) == delta;
        }
        Ok(timing)
    }
}

/// The tables of one track.
#[derive(Clone, Copy, Debug)]
pub(super) struct SampleTable<'a> {
    pub(super) offsets: Option<Offsets<'a>>,
    pub(super) timing: Timing,
    sizes: Sizes<'a>,
    /// `stsc`: first chunk, samples per chunk, sample description.
    runs: &'a [[u8; 12]],
}

impl<'a> SampleTable<'a> {
    pub(super) fn read(stbl: &Atom<'a>, packet: Option<Packet>) -> Result<Self, Malformed> {
        let stsc = stbl.only(b"stsc")?;
        let table = Self {
            offsets: Offsets::read(stbl)?,
            timing: Timing::read(stbl)?,
            sizes: Sizes::read(stbl, packet)?,
            runs: stsc.map(|stsc| entries(&stsc)).transpose()?.unwrap_or_default(),
        };
        let (chunks, samples) = (table.chunk_count(), table.sample_count());
        // §8.7.4.3: the first run begins with chunk 1, and each of the others later than the one before it.
        let in_order = table.runs.windows(2).all(|pair| first_chunk(&pair[0]) < first_chunk(&pair[1]));
        let begins = table.runs.first().map(first_chunk) == Some(1);
        if chunks > 0 && samples > 0 && !(in_order && begins) {
            return Err(Malformed::Entries(FourCc(*b"stsc")));
        }
        Ok(table)
    }

    pub(super) fn sample_count(&self) -> u64 {
        self.sizes.count
    }

    pub(super) fn chunk_count(&self) -> u64 {
        self.offsets.map_or(0, |offsets| offsets.count())
    }

    /// Of all samples.
    pub(super) fn byte_len(&self) -> u64 {
        let mut sizes = self.sizes;
        sizes.take(sizes.count)
    }

    pub(super) fn chunks(&self) -> Chunks<'a> {
        let entries = self.offsets.map_or(&[][..], |offsets| offsets.entries);
        let width = self.offsets.map_or(OffsetWidth::Bits32, |offsets| offsets.width);
        Chunks {
            entries: Fields::new(entries),
            width,
            number: 0,
            runs: self.runs,
            per_chunk: 0,
            sizes: self.sizes,
        }
    }
}

/// Goes through the chunks of a track.
#[derive(Clone, Debug)]
pub(super) struct Chunks<'a> {
    entries: Fields<'a>,
    width: OffsetWidth,
    /// Of the last chunk; the first is 1.
    number: u64,
    /// Those that have not begun yet.
    runs: &'a [[u8; 12]],
    per_chunk: u32,
    sizes: Sizes<'a>,
}

impl Iterator for Chunks<'_> {
    type Item = Chunk;

    fn next(&mut self) -> Option<Chunk> {
        let offset = match self.width {
            OffsetWidth::Bits32 => self.entries.u32()?.into(),
            OffsetWidth::Bits64 => self.entries.u64()?,
        };
        self.number += 1;
        while let Some((run, rest)) = self.runs.split_first()
            && u64::from(first_chunk(run)) <= self.number
        {
            (self.per_chunk, self.runs) = (u32::from_be_bytes([run[4], run[5], run[6], run[7]]), rest);
        }
        Some(Chunk { offset, size: self.sizes.take(self.per_chunk.into()) })
    }
}

fn first_chunk(run: &[u8; 12]) -> u32 {
    u32::from_be_bytes([run[0], run[1], run[2], run[3]])
}

/// The entries of a full box that holds a count and as many entries of `N` bytes.
pub(super) fn entries<'a, const N: usize>(atom: &Atom<'a>) -> Result<&'a [[u8; N]], Malformed> {
    let mut fields = atom.fields();
    let read = (|| Some((fields.version_and_flags()?, fields.u32()?)))();
    let (_, count) = read.ok_or(atom.short())?;
    array_of(fields, count).ok_or(Malformed::Count(atom.kind))
}

fn array_of<const N: usize>(fields: Fields<'_>, count: u32) -> Option<&[[u8; N]]> {
    let (entries, _) = fields.rest().as_chunks::<N>();
    entries.get(..usize::try_from(count).ok()?)
}

fn place(index: u64) -> Option<usize> {
    usize::try_from(index).ok()
}
