//! Builds boxes, tracks and films, as small as tests need them.

/// The bytes of a box.
pub fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len() + 8).unwrap();
    [&size.to_be_bytes()[..], kind, body].concat()
}

/// A box with a 64-bit size.
pub fn boxed_large(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let size = u64::try_from(body.len() + 16).unwrap();
    [&1_u32.to_be_bytes()[..], kind, &size.to_be_bytes(), body].concat()
}

/// A header that claims any size.
pub fn claimed(size: u32, kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&size.to_be_bytes()[..], kind, body].concat()
}

pub fn full(kind: &[u8; 4], version: u8, flags: u32, body: &[u8]) -> Vec<u8> {
    let flags = flags.to_be_bytes();
    boxed(kind, &[&[version], &flags[1..], body].concat())
}

/// A full box with a count and entries.
pub fn table(kind: &[u8; 4], entries: &[Vec<u8>]) -> Vec<u8> {
    let count = u32::try_from(entries.len()).unwrap();
    full(kind, 0, 0, &[&count.to_be_bytes()[..], &entries.concat()].concat())
}

pub fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// The matrix of a picture that is shown as it is.
pub const UPRIGHT: [i32; 4] = [0x1_0000, 0, 0, 0x1_0000];

#[derive(Clone, Debug)]
pub struct Track {
    pub id: u32,
    pub handler: [u8; 4],
    pub entry: Vec<u8>,
    pub matrix: [i32; 4],
    pub language: u16,
    pub timescale: u32,
    pub delta: u32,
    /// The sizes of samples.
    pub sizes: Vec<u32>,
    /// How many samples each chunk has.
    pub per_chunk: Vec<u32>,
    pub offsets: Vec<u64>,
    pub is_wide: bool,
    /// The flags of its data reference.
    pub reference: u32,
    pub more_in_trak: Vec<u8>,
    pub more_in_mdia: Vec<u8>,
    pub more_in_stbl: Vec<u8>,
}

impl Track {
    /// Pictures in one chunk at this offset.
    pub fn video(entry: Vec<u8>, offset: u64, sizes: &[u32]) -> Self {
        Self {
            id: 1,
            handler: *b"vide",
            entry,
            matrix: UPRIGHT,
            language: 0x55c4,
            timescale: 12_800,
            delta: 512,
            sizes: sizes.to_vec(),
            per_chunk: vec![u32::try_from(sizes.len()).unwrap()],
            offsets: vec![offset],
            is_wide: false,
            reference: 1,
            more_in_trak: vec![],
            more_in_mdia: vec![],
            more_in_stbl: vec![],
        }
    }

    pub fn audio(entry: Vec<u8>, offset: u64, sizes: &[u32]) -> Self {
        let (timescale, delta) = (48_000, 1_024);
        Self { id: 2, handler: *b"soun", timescale, delta, ..Self::video(entry, offset, sizes) }
    }

    pub fn trak(&self) -> Vec<u8> {
        let [a, b, c, d] = self.matrix.map(i32::cast_unsigned);
        let fields = [
            &[0, 0, self.id, 0, 0, 0, 0, 0, 0][..],
            &[a, b, 0, c, d, 0, 0, 0, 0x4000_0000],
            &[640 << 16, 360 << 16],
        ];
        let tkhd = full(b"tkhd", 0, 1, &words(&fields.concat()));
        boxed(b"trak", &[tkhd, self.more_in_trak.clone(), self.mdia()].concat())
    }

    fn mdia(&self) -> Vec<u8> {
        let ticks = u32::try_from(self.sizes.len()).unwrap() * self.delta;
        let language = [self.language.to_be_bytes(), [0, 0]].concat();
        let mdhd = [words(&[0, 0, self.timescale, ticks]), language].concat();
        let hdlr = [&[0; 4][..], &self.handler, &[0; 13]].concat();
        let dref = table(b"dref", &[full(b"url ", 0, self.reference, b"")]);
        let minf = boxed(b"minf", &[boxed(b"dinf", &dref), self.stbl()].concat());
        let parts = [full(b"mdhd", 0, 0, &mdhd), full(b"hdlr", 0, 0, &hdlr), self.more_in_mdia.clone(), minf];
        boxed(b"mdia", &parts.concat())
    }

    fn stbl(&self) -> Vec<u8> {
        let count = u32::try_from(self.sizes.len()).unwrap();
        let numbered = (1_u32..).zip(&self.per_chunk);
        let runs: Vec<_> = numbered.map(|(chunk, samples)| words(&[chunk, *samples, 1])).collect();
        let parts = [
            table(b"stsd", std::slice::from_ref(&self.entry)),
            table(b"stts", &[words(&[count, self.delta])]),
            table(b"stsc", &runs),
            full(b"stsz", 0, 0, &[words(&[0, count]), words(&self.sizes)].concat()),
            self.chunk_offsets(),
            self.more_in_stbl.clone(),
        ];
        boxed(b"stbl", &parts.concat())
    }

    fn chunk_offsets(&self) -> Vec<u8> {
        if self.is_wide {
            let entries: Vec<_> = self.offsets.iter().map(|offset| offset.to_be_bytes().to_vec()).collect();
            return table(b"co64", &entries);
        }
        let narrow = |offset: &u64| u32::try_from(*offset).unwrap().to_be_bytes().to_vec();
        table(b"stco", &self.offsets.iter().map(narrow).collect::<Vec<_>>())
    }
}

/// What stands in a moov box.
pub fn movie(tracks: &[Track], more: &[u8]) -> Vec<u8> {
    let mvhd = full(b"mvhd", 0, 0, &[words(&[0, 0, 1_000, 2_000]), vec![0; 80]].concat());
    [mvhd, tracks.iter().flat_map(Track::trak).collect(), more.to_vec()].concat()
}

pub fn moov(tracks: &[Track]) -> Vec<u8> {
    boxed(b"moov", &movie(tracks, b""))
}

/// A sample entry of pictures, 1280 by 720.
pub fn video_entry(kind: &[u8; 4], boxes: &[u8]) -> Vec<u8> {
    let size = [1_280_u16.to_be_bytes(), 720_u16.to_be_bytes()].concat();
    boxed(kind, &[&[0, 0, 0, 0, 0, 0, 0, 1][..], &[0; 16], &size, &[0; 50], boxes].concat())
}

/// A sample entry of sound in stereo at 48 kHz.
pub fn audio_entry(kind: &[u8; 4], boxes: &[u8]) -> Vec<u8> {
    boxed(kind, &[&audio_fields(0, 2, 16)[..], boxes].concat())
}

/// The fields of version 0, of which the others have more.
pub fn audio_fields(version: u16, channels: u16, bits: u16) -> Vec<u8> {
    let fields = [version, 0, 0, 0, channels, bits, 0, 0, 48_000, 0];
    let fields: Vec<u8> = fields.iter().flat_map(|field| field.to_be_bytes()).collect();
    [&[0, 0, 0, 0, 0, 0, 0, 1][..], &fields].concat()
}

pub fn avc1() -> Vec<u8> {
    video_entry(b"avc1", &boxed(b"avcC", &[1, 0x64, 0x00, 0x1f, 0xff, 0xe0, 0]))
}

/// `hvcC` of Main at level 3.1 with one NAL unit of two bytes for each type.
pub fn hvcc(arrays: &[u8]) -> Vec<u8> {
    let general = [1, 1, 0x60, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, 93, 0xf0, 0, 0xfc, 0xfd, 0xf8, 0xf8, 0, 0, 0x0f];
    let count = u8::try_from(arrays.len()).unwrap();
    let arrays = arrays.iter().flat_map(|kind| [*kind, 0, 1, 0, 2, 0xab, 0xcd]);
    boxed(b"hvcC", &general.into_iter().chain([count]).chain(arrays).collect::<Vec<_>>())
}

pub fn ftyp() -> Vec<u8> {
    boxed(b"ftyp", b"isom\x00\x00\x02\x00isomiso2")
}

/// A film with one track whose samples are these bytes; the movie stands behind them.
pub fn film(sample: &[u8]) -> Vec<u8> {
    let (head, size) = (ftyp(), u32::try_from(sample.len()).unwrap());
    let at = u64::try_from(head.len() + 8).unwrap();
    [head, boxed(b"mdat", sample), moov(&[Track::video(avc1(), at, &[size])])].concat()
}
