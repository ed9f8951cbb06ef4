//! Sample entries (ISO/IEC 14496-12 §8.5.2): what the samples of a track are.
//!
//! 1. [`entries`] goes through the `stsd` of a track.
//! 2. [`Entry::read`] skips the fields that all entries of a medium have, and notes width, height, channels, rate.
//! 3. [`Entry::extension`] finds a box behind them, such as `avcC`, wherever QuickTime puts it.

use crate::mp4::boxes::{Atom, Children, Malformed};
use crate::mp4::fields::Fields;
use crate::mp4::tables::Packet;

/// Which fields a sample entry has; the track's handler says so (§8.4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Medium {
    Video,
    Audio,
    Other,
}

/// The front of a sample entry.
#[derive(Clone, Debug)]
pub(super) struct Entry<'a> {
    pub(super) atom: Atom<'a>,
    /// In pixels, for video.
    pub(super) width: u16,
    pub(super) height: u16,
    /// For audio.
    pub(super) sound: SoundFields,
    /// How many bytes of the contents stand before the boxes.
    fields_len: usize,
}

/// What the fields of an audio entry say. The coding's own configuration knows better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct SoundFields {
    pub(super) channels: u32,
    pub(super) sample_rate: u32,
    pub(super) bits: u32,
    pub(super) packet: Option<Packet>,
}

/// The entries of an `stsd`, and the version of that box. At most as many as its bytes hold.
pub(super) fn entries<'a>(stsd: &Atom<'a>) -> Result<(u8, Children<'a>), Malformed> {
    let mut fields = stsd.fields();
    let (version, _) = fields.version_and_flags().ok_or(stsd.short())?;
    fields.u32().ok_or(stsd.short())?;
    Ok((version, stsd.children_after(8)))
}

impl<'a> Entry<'a> {
    /// Reads the fields of an entry in an `stsd` of this version.
    pub(super) fn read(atom: Atom<'a>, medium: Medium, stsd_version: u8) -> Result<Self, Malformed> {
        let mut fields = atom.fields();
        let mut entry = Self { atom, width: 0, height: 0, sound: SoundFields::default(), fields_len: 8 };
        // Reserved, and which data reference holds the samples.
        fields.take(8).ok_or(atom.short())?;
        let read = match medium {
            Medium::Video => entry.read_video(&mut fields),
            Medium::Audio => entry.read_audio(&mut fields, stsd_version),
            Medium::Other => Some(()),
        };
        read.ok_or(atom.short())?;
        entry.fields_len = atom.body.len() - fields.rest().len();
        Ok(entry)
    }

    /// §12.1.3.2.
    fn read_video(&mut self, fields: &mut Fields<'_>) -> Option<()> {
        fields.take(16)?;
        (self.width, self.height) = (fields.u16()?, fields.u16()?);
        // Resolution, frames per sample, name of the compressor, depth, color table.
        fields.take(50).map(drop)
    }

    /// §12.2.3.2, and the versions 1 and 2 of QuickTime, "Sound Sample Description".
    fn read_audio(&mut self, fields: &mut Fields<'_>, stsd_version: u8) -> Option<()> {
        let version = fields.u16()?;
        // Revision and vendor.
        fields.take(6)?;
        let (channels, bits) = (fields.u16()?, fields.u16()?);
        // Compression and packet size.
        fields.take(4)?;
        let sample_rate = fields.u32()? >> 16;
        self.sound = SoundFields { channels: channels.into(), sample_rate, bits: bits.into(), packet: None };
        // ISO has a version 1 as well, without more fields, in an `stsd` of version 1 only.
        let mut more = *fields;
        let read = match (version, stsd_version) {
            (1, 0) => self.read_quicktime_1(&mut more),
            (2, 0) => self.read_quicktime_2(&mut more),
            _ => None,
        };
        // Muxers have written these versions without their fields: then nothing more is known.
        if read.is_some() {
            *fields = more;
        }
        Some(())
    }

    fn read_quicktime_1(&mut self, fields: &mut Fields<'_>) -> Option<()> {
        let samples = fields.u32()?;
        fields.take(4)?;
        let bytes = fields.u32()?;
        self.sound.packet = Some(Packet { bytes, samples }).filter(|_| bytes > 0 && samples > 0);
        fields.take(4).map(drop)
    }

    fn read_quicktime_2(&mut self, fields: &mut Fields<'_>) -> Option<()> {
        fields.take(4)?;
        self.sound.sample_rate = whole(fields.u64()?);
        self.sound.channels = fields.u32()?;
        fields.take(4)?;
        self.sound.bits = fields.u32()?;
        fields.take(4)?;
        let (bytes, samples) = (fields.u32()?, fields.u32()?);
        self.sound.packet = Some(Packet { bytes, samples }).filter(|_| bytes > 0 && samples > 0);
        Some(())
    }

    /// A box behind the fields; in QuickTime's sound it may lie in a `wave`. What cannot be read ends the search:
    /// old writers left other things there.
    pub(super) fn extension(&self, kind: &[u8; 4]) -> Option<Atom<'a>> {
        let extensions = || self.atom.children_after(self.fields_len).map_while(Result::ok);
        let inside = || {
            extensions().find(|found| found.kind == b"wave")?.children().map_while(Result::ok).find(is(kind))
        };
        extensions().find(is(kind)).or_else(inside)
    }

    /// The bytes that one sample of all channels takes, for sound that is not compressed.
    pub(super) fn uncompressed_packet(&self) -> Option<Packet> {
        let bits = match &self.atom.kind.0 {
            b"alaw" | b"ulaw" => 8,
            b"raw " | b"twos" | b"sowt" | b"lpcm" | b"NONE" | b"ipcm" => self.sound.bits,
            b"in24" => 24,
            b"in32" | b"fl32" => 32,
            b"fl64" => 64,
            _ => return None,
        };
        let bytes = bits.div_ceil(8).checked_mul(self.sound.channels)?;
        (bytes > 0).then_some(Packet { bytes, samples: 1 })
    }
}

fn is(kind: &[u8; 4]) -> impl Fn(&Atom<'_>) -> bool {
    move |found| found.kind == kind
}

/// The whole part of a positive number in 64 bits of floating point (IEEE 754), which is how QuickTime writes a
/// sample rate; 0 for what is none.
fn whole(bits: u64) -> u32 {
    let exponent = (bits >> 52).checked_sub(1023).filter(|exponent| *exponent < 32);
    let mantissa = (bits & ((1 << 52) - 1)) | (1 << 52);
    exponent.and_then(|exponent| u32::try_from(mantissa >> (52 - exponent)).ok()).unwrap_or(0)
}
