//! Which container a file is, by what stands at its start and never by its name.
//!
//! The list is of what may be shown in a page. A file that is not on it is bytes to be saved: it may be
//! anything, a page with scripts too.

/// A container format, or none that may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    Mp4,
    Mp4Audio,
    QuickTime,
    WebM,
    Matroska,
    Ogg,
    MpegTs,
    MpegPs,
    Avi,
    Flv,
    Mp3,
    Adts,
    Flac,
    Wav,
    Unknown,
}

/// Brands of films (ISO/IEC 14496-12 §4.3). A brand's letters are followed by its version, so only the start
/// counts: `iso` is for `isom` to `isoc`, `3gp` for `3gp4` to `3gp9`.
const FILM_BRANDS: [&[u8]; 17] = [
    b"iso", b"mp41", b"mp42", b"mp71", b"avc1", b"M4V", b"f4v", b"F4V", b"dash", b"cmf", b"MSNV", b"mmp4",
    b"3gp", b"3g2", b"XAVC", b"dby1", b"hvc1",
];

/// Brands of sound alone: music, books, and those with copy protection.
const AUDIO_BRANDS: [&[u8]; 4] = [b"M4A", b"M4B", b"M4P", b"F4A"];

/// Pictures share the box structure, and some of them name `iso8` as a compatible brand.
const PICTURE_BRANDS: [&[u8]; 8] = [b"avi", b"heic", b"heix", b"hevc", b"hevx", b"mif1", b"msf1", b"crx"];

impl Container {
    /// Recognises a file by its first bytes; 512 of them are enough, and fewer are all that a short file has.
    #[must_use]
    pub fn of(start: &[u8]) -> Self {
        let recognise = [iso_media, matroska, fixed_marks, mpeg_stream, mpeg_audio]
            .into_iter()
            .find_map(|ask| ask(start));
        recognise.unwrap_or(Self::Unknown)
    }

    /// The value of `Content-Type`.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Mp4 => "video/mp4",
            Self::Mp4Audio => "audio/mp4",
            Self::QuickTime => "video/quicktime",
            Self::WebM => "video/webm",
            Self::Matroska => "video/x-matroska",
            Self::Ogg => "video/ogg",
            Self::MpegTs => "video/mp2t",
            Self::MpegPs => "video/mpeg",
            Self::Avi => "video/x-msvideo",
            Self::Flv => "video/x-flv",
            Self::Mp3 => "audio/mpeg",
            Self::Adts => "audio/aac",
            Self::Flac => "audio/flac",
            Self::Wav => "audio/wav",
            Self::Unknown => "application/octet-stream",
        }
    }

    /// Whether it consists of the boxes of ISO/IEC 14496-12.
    #[must_use]
    pub fn is_iso_media(self) -> bool {
        matches!(self, Self::Mp4 | Self::Mp4Audio | Self::QuickTime)
    }

    /// Whether a browser may show it, or should only save it.
    #[must_use]
    pub fn is_shown(self) -> bool {
        self != Self::Unknown
    }
}

/// Boxes of a length and four letters. Files older than `ftyp` are `QuickTime`'s and begin with any of its
/// boxes.
fn iso_media(start: &[u8]) -> Option<Container> {
    let (size, rest) = start.split_first_chunk::<4>()?;
    let (name, rest) = rest.split_first_chunk::<4>()?;
    let size = usize::try_from(u32::from_be_bytes(*size)).ok()?;
    match name {
        b"ftyp" | b"styp" => brand(rest.get(..size.checked_sub(8)?).unwrap_or(rest)),
        // A size of 0 reaches to the end of the file, 1 stands before a size of 64 bits.
        b"moov" | b"mdat" | b"free" | b"wide" | b"skip" if !(2..8).contains(&size) => {
            Some(Container::QuickTime)
        }
        _ => None,
    }
}

/// The brand that the file has been made for, its version, then those that it is compatible with.
fn brand(list: &[u8]) -> Option<Container> {
    let (major, rest) = list.split_first_chunk::<4>()?;
    let is_of = |brand: &[u8], brands: &[&[u8]]| brands.iter().any(|known| brand.starts_with(known));
    let mut compatible = rest.get(4..).unwrap_or_default().chunks_exact(4);
    if major == b"qt  " {
        Some(Container::QuickTime)
    } else if is_of(major, &AUDIO_BRANDS) {
        Some(Container::Mp4Audio)
    } else if is_of(major, &PICTURE_BRANDS) {
        None
    } else if is_of(major, &FILM_BRANDS) || compatible.any(|brand| is_of(brand, &FILM_BRANDS)) {
        Some(Container::Mp4)
    } else {
        None
    }
}

/// An EBML header (RFC 8794 §11.2) and in it the element `DocType`, 4282, of a one-byte length.
fn matroska(start: &[u8]) -> Option<Container> {
    let header = start.strip_prefix(b"\x1a\x45\xdf\xa3")?;
    let place = header.windows(2).position(|id| id == b"\x42\x82")?;
    let (length, rest) = header.get(place + 2..)?.split_first()?;
    match rest.get(..usize::from(length & 0x7f))? {
        b"webm" => Some(Container::WebM),
        b"matroska" => Some(Container::Matroska),
        _ => None,
    }
}

fn fixed_marks(start: &[u8]) -> Option<Container> {
    let marks: [(usize, &[u8], Container); 7] = [
        (0, b"OggS\0", Container::Ogg),
        (0, b"FLV\x01", Container::Flv),
        (0, b"fLaC", Container::Flac),
        (0, b"ID3", Container::Mp3),
        (0, b"\0\0\x01\xba", Container::MpegPs),
        (8, b"AVI ", Container::Avi),
        (8, b"WAVE", Container::Wav),
    ];
    let stands = |place: usize, mark: &[u8]| start.get(place..).is_some_and(|there| there.starts_with(mark));
    let is_riff = stands(0, b"RIFF");
    marks.iter().find(|(place, mark, _)| stands(*place, mark) && (*place == 0 || is_riff)).map(|mark| mark.2)
}

/// Packets of 188 bytes that begin with G, or of 192 where a camera puts a time before each.
fn mpeg_stream(start: &[u8]) -> Option<Container> {
    let is_sync = |place: usize| start.get(place) == Some(&0x47);
    let is_stream = (is_sync(0) && is_sync(188)) || (is_sync(4) && is_sync(196));
    is_stream.then_some(Container::MpegTs)
}

/// The first frame's header: 12 bits set, then the layer, which is 0 for AAC and 1 for MP3, and for MP3 a
/// bit rate and a sampling rate that exist. (A UTF-16 text begins with FF FE too, which would be layer 3.)
fn mpeg_audio(start: &[u8]) -> Option<Container> {
    let [first, second, third] = *start.first_chunk::<3>()?;
    let is_rate = !matches!(third >> 4, 0 | 0xf) && third & 0x0c != 0x0c;
    match (first, second & 0xf6) {
        (0xff, 0xf0) => Some(Container::Adts),
        (0xff, 0xf2) if is_rate => Some(Container::Mp3),
        _ if first == 0xff && second & 0xfe == 0xe2 && is_rate => Some(Container::Mp3),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ftyp(brands: &str) -> Vec<u8> {
        let size = u32::try_from(brands.len() + 8).unwrap();
        [&size.to_be_bytes(), b"ftyp".as_slice(), brands.as_bytes(), b"\0\0\0\x08free"].concat()
    }

    fn boxed(size: u32, name: &str) -> Vec<u8> {
        [size.to_be_bytes().as_slice(), name.as_bytes(), &[0; 16]].concat()
    }

    fn ebml(kind: &str) -> Vec<u8> {
        let length = 0x80 | u8::try_from(kind.len()).unwrap();
        let version = b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81\x01\x42\x82".as_slice();
        [version, &[length], kind.as_bytes(), b"\x42\x87\x81\x04"].concat()
    }

    fn packets(first: usize, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; 512];
        bytes[first] = 0x47;
        bytes[first + length] = 0x47;
        bytes
    }

    #[test]
    fn every_container_is_known_by_its_start() {
        use Container::{
            Adts, Avi, Flac, Flv, Matroska, Mp3, Mp4, Mp4Audio, MpegPs, MpegTs, Ogg, QuickTime, Unknown, Wav,
            WebM,
        };
        let cases: Vec<(Vec<u8>, Container, &str)> = vec![
            (ftyp("isom\0\0\x02\0isomiso2avc1mp41"), Mp4, "ffmpeg"),
            (ftyp("mp42\0\0\0\0mp42isom"), Mp4, "Android"),
            (ftyp("M4V \0\0\0\x01M4V mp42"), Mp4, "iTunes"),
            (ftyp("XAVC\0\0\0\0"), Mp4, "a camera"),
            (ftyp("niko\0\0\0\0mp42isom"), Mp4, "an unknown brand that says what it is compatible with"),
            (ftyp("niko\0\0\0\0"), Unknown, "an unknown brand alone"),
            ([boxed(16, "ftyp"), b"isom".to_vec()].concat(), Unknown, "a brand behind the box's end"),
            (ftyp("niko"), Unknown, "no version"),
            (ftyp("M4A \0\0\0\0M4A mp42isom"), Mp4Audio, "sound alone"),
            (ftyp("qt  \0\0\0\0qt  "), QuickTime, "a phone"),
            (ftyp("avif\0\0\0\0avifmif1miaf"), Unknown, "a picture"),
            (ftyp("heic\0\0\0\0mif1heiciso8"), Unknown, "a picture that names a film's brand"),
            (boxed(7, "ftyp"), Unknown, "a box smaller than its head"),
            (boxed(0x6c, "moov"), QuickTime, "older than ftyp"),
            (boxed(1, "mdat"), QuickTime, "a 64-bit size"),
            (boxed(8, "wide"), QuickTime, "room for a 64-bit size"),
            (boxed(5, "free"), Unknown, "a box smaller than its head"),
            (ebml("webm"), WebM, ""),
            (ebml("matroska"), Matroska, ""),
            (ebml("other"), Unknown, "EBML of another kind"),
            (ebml("webm")[..18].to_vec(), Unknown, "cut in the middle"),
            (b"OggS\0\x02".to_vec(), Ogg, ""),
            (packets(0, 188), MpegTs, "a broadcast"),
            (packets(4, 192), MpegTs, "a camera"),
            (packets(0, 187), Unknown, "one G alone"),
            (b"\0\0\x01\xba\x44".to_vec(), MpegPs, ""),
            (b"RIFF\0\0\0\0AVI LIST".to_vec(), Avi, ""),
            (b"RIFF\0\0\0\0WAVEfmt ".to_vec(), Wav, ""),
            (b"RIFF\0\0\0\0WEBPVP8 ".to_vec(), Unknown, "a picture"),
            (b"JUNK\0\0\0\0AVI LIST".to_vec(), Unknown, "no RIFF"),
            (b"FLV\x01\x05".to_vec(), Flv, ""),
            (b"fLaC\0".to_vec(), Flac, ""),
            (b"ID3\x04".to_vec(), Mp3, "with titles"),
            (vec![0xff, 0xfb, 0x90, 0], Mp3, "MPEG-1 layer 3"),
            (vec![0xff, 0xf3, 0x90, 0], Mp3, "MPEG-2 layer 3"),
            (vec![0xff, 0xe3, 0x90, 0], Mp3, "MPEG-2.5 layer 3"),
            (vec![0xff, 0xfb, 0xf0, 0], Unknown, "no such bit rate"),
            (vec![0xff, 0xfb, 0x9c, 0], Unknown, "no such sampling rate"),
            (vec![0xff, 0xf1, 0x50, 0x80], Adts, "AAC"),
            (vec![0xff, 0xfe, b'<', 0], Unknown, "a text in UTF-16"),
            (b"<!DOCTYPE html><script>".to_vec(), Unknown, "a page"),
            (b"\x89PNG\r\n".to_vec(), Unknown, "a picture"),
            (vec![], Unknown, "an empty file"),
            (vec![0; 512], Unknown, "a sparse file"),
        ];
        for (start, want, why) in cases {
            assert_eq!(Container::of(&start), want, "{why}: {:?}", start.get(..24).unwrap_or(&start));
        }
    }

    #[test]
    fn only_the_unknown_is_saved_instead_of_shown() {
        assert!(Container::Mp4.is_shown());
        assert!(!Container::Unknown.is_shown());
        assert_eq!(Container::Unknown.content_type(), "application/octet-stream");
    }
}
