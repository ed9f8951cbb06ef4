//! The index moved to the front: what comes out, and what is left alone.

use sha2::{Digest, Sha256};

use super::make::{Track as Made, avc1, boxed, boxed_large, claimed, film, ftyp, full, moov, movie, words};
use super::{bytes_of, fast, moov_of, place, walk};
use crate::mp4::{
    Ending, FORMAT_VERSION, FourCc, LeftAlone, Malformed, OffsetWidth, Segment, VirtualFile, probe,
};

/// A film of these boxes, whose one track is at the text `SAMPLE` in the boxes before the movie or behind it.
fn around(before: &[Vec<u8>], movie: impl Fn(u64) -> Vec<u8>, behind: &[Vec<u8>]) -> Vec<u8> {
    let whole = |at| [before.concat(), movie(at), behind.concat()].concat();
    let at = whole(0).windows(6).position(|window| window == b"SAMPLE").expect("a sample");
    whole(u64::try_from(at).unwrap())
}

fn track(offset: u64) -> Made {
    Made::video(avc1(), offset, &[6])
}

fn index(offset: u64) -> Vec<u8> {
    moov(&[track(offset)])
}

fn data() -> Vec<u8> {
    boxed(b"mdat", b"a SAMPLE of data")
}

fn kinds(file: &[u8]) -> String {
    walk(file).boxes.iter().map(|found| found.kind.to_string()).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_index_comes_first_and_the_sample_is_found() {
    let free = || boxed(b"free", &[0; 30]);
    let cases: [(&str, Vec<u8>, &str); 11] = [
        ("usual", around(&[ftyp(), data()], index, &[]), "ftyp moov mdat"),
        ("free before", around(&[ftyp(), free(), data()], index, &[free()]), "ftyp moov free mdat free"),
        ("QuickTime's wide", around(&[boxed(b"wide", b""), data()], index, &[]), "moov wide mdat"),
        ("64-bit data", around(&[ftyp(), boxed_large(b"mdat", b"a SAMPLE")], index, &[]), "ftyp moov mdat"),
        (
            "several data, sample in the second",
            around(&[ftyp(), boxed(b"mdat", b"x"), data()], index, &[boxed(b"mdat", b"y")]),
            "ftyp moov mdat mdat mdat",
        ),
        (
            "sample behind the movie",
            around(&[ftyp(), boxed(b"mdat", b"x")], index, &[data(), boxed(b"skip", b"")]),
            "ftyp moov mdat mdat skip",
        ),
        (
            "last data to the end",
            around(&[ftyp(), boxed(b"mdat", b"x")], index, &[claimed(0, b"mdat", b"SAMPLE")]),
            "ftyp moov mdat mdat",
        ),
        (
            "sample outside of mdat",
            around(&[ftyp(), boxed(b"uuid", b"sixteen bytes ofSAMPLE"), data()], index, &[]),
            "ftyp moov uuid mdat",
        ),
        (
            "movie with a large size",
            around(&[ftyp(), data()], |at| boxed_large(b"moov", &movie(&[track(at)], b"")), &[]),
            "ftyp moov mdat",
        ),
        (
            "movie to the end",
            around(&[ftyp(), data()], |at| claimed(0, b"moov", &movie(&[track(at)], b"")), &[]),
            "ftyp moov mdat",
        ),
        ("ftyp comes late", around(&[free(), ftyp(), data()], index, &[]), "free ftyp moov mdat"),
    ];
    for (name, file, want) in cases {
        let moved = fast(&file).unwrap_or_else(|reason| panic!("{name}: {reason}"));
        let bytes = bytes_of(&file, moved.segments());
        assert_eq!((kinds(&bytes).as_str(), bytes.len()), (want, file.len()), "{name}");
        let layout = walk(&bytes);
        assert!(layout.is_moov_first() && layout.ending == Ending::Clean, "{name}");
        let end = place(probe(moov_of(&bytes, &layout)).unwrap().media_end());
        assert_eq!(&bytes[end - 6..end], b"SAMPLE", "{name}");
    }
}

#[test]
fn byte_for_byte() {
    let file = film(b"SAMPLE");
    let (data, index) = (&file[24..38], &file[38..]);
    let mut patched = index.to_vec();
    let at = patched.windows(4).position(|window| window == b"stco").unwrap() + 12;
    let offset = u32::try_from(32 + index.len()).unwrap();
    patched[at..at + 4].copy_from_slice(&offset.to_be_bytes());
    let moved = fast(&file).unwrap();
    assert_eq!(bytes_of(&file, moved.segments()), [&file[..24], &patched, data].concat());
    let want = [
        Segment::Span { start: 0, end: 24 },
        Segment::Memory(patched.into()),
        Segment::Span { start: 24, end: 38 },
    ];
    assert_eq!(moved.segments(), want);
}

/// Other bytes under one `ETag` would splice two files in a browser's cache. Whoever changes what comes out changes
/// the version as well, and then this digest.
#[test]
fn these_bytes_belong_to_this_version() {
    let wide = Made { offsets: vec![u64::from(u32::MAX) - 1], ..track(0) };
    let (layout, index) = far(1 << 33, &|_| vec![wide.clone(), track(24)]);
    let far = crate::mp4::faststart(&layout, &index, &[]).unwrap();
    let near = film(b"SAMPLE");
    let mut digest = Sha256::new();
    digest.update(bytes_of(&near, fast(&near).unwrap().segments()));
    digest.update(bytes_of(&[0; 24], &far.slice(0..24 + far.memory())));
    let digest = data_encoding::HEXLOWER.encode(&digest.finalize());
    assert_eq!((FORMAT_VERSION, &digest[..16]), (1, "b6c475c2837da356"));
}

#[test]
fn what_was_appended_stays_at_the_end() {
    let file = [film(b"SAMPLE"), b"SEFHx\0\0\0SEFT".to_vec()].concat();
    let bytes = bytes_of(&file, fast(&file).unwrap().segments());
    assert!(bytes.ends_with(b"SAMPLESEFHx\0\0\0SEFT"));
}

#[test]
fn unusual_files_are_left_alone_with_a_reason() {
    let with = |more: Vec<u8>| move |at| boxed(b"moov", &movie(&[track(at)], &more));
    let in_stbl = |more: Vec<u8>| move |at| moov(&[Made { more_in_stbl: more.clone(), ..track(at) }]);
    let saio = || full(b"saio", 0, 0, &words(&[1, 100]));
    // One item: identity 1, construction method, data reference 0, one extent of offset 9 and length 9.
    let iloc = |method: u8| {
        full(b"iloc", 1, 0, &[0x44, 0, 0, 1, 0, 1, 0, method, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0, 9])
    };
    let meta = |iloc: Vec<u8>| full(b"meta", 0, 0, &iloc);
    let quicktime_meta = boxed(b"meta", &[full(b"hdlr", 0, 0, &[0; 20]), iloc(0)].concat());
    let late = |movie: &dyn Fn(u64) -> Vec<u8>| around(&[ftyp(), data()], movie, &[]);
    let absolute = |kind| LeftAlone::AbsoluteOffsets(FourCc(kind));
    let cut = |file: Vec<u8>, missing: usize| file[..file.len() - missing].to_vec();
    let fragment = || [boxed(b"moof", b""), boxed(b"mdat", b"")].concat();
    let external = |at| moov(&[Made { reference: 0, ..track(at) }]);
    let second_table = |at| {
        let more_in_stbl = super::make::table(b"co64", &[vec![0; 8]]);
        moov(&[Made { more_in_stbl, ..track(at) }])
    };
    let cases: [(&str, Vec<u8>, LeftAlone); 22] = [
        ("fast", around(&[ftyp()], index, &[data()]), LeftAlone::AlreadyFast),
        ("no data", [ftyp(), moov(&[])].concat(), LeftAlone::AlreadyFast),
        ("fragments", [ftyp(), index(0), fragment()].concat(), LeftAlone::Fragmented),
        ("fragments behind data", [film(b"SAMPLE"), fragment()].concat(), LeftAlone::Fragmented),
        ("announced fragments", late(&with(boxed(b"mvex", b""))), LeftAlone::Fragmented),
        ("compressed", late(&|_| boxed(b"moov", &boxed(b"cmov", b""))), LeftAlone::CompressedMovie),
        ("external", late(&external), LeftAlone::ExternalData),
        ("saio", late(&in_stbl(saio())), absolute(*b"saio")),
        ("iloc", late(&with(meta(iloc(0)))), absolute(*b"iloc")),
        ("iloc in user data", late(&with(boxed(b"udta", &meta(iloc(0))))), absolute(*b"iloc")),
        ("iloc in QuickTime's meta", late(&with(quicktime_meta)), absolute(*b"iloc")),
        ("iloc that is short", late(&with(meta(full(b"iloc", 1, 0, &[0x44])))), absolute(*b"iloc")),
        ("meta of the file", around(&[ftyp(), meta(vec![]), data()], index, &[]), absolute(*b"meta")),
        ("no movie", [ftyp(), data()].concat(), LeftAlone::NoMovie),
        ("empty", vec![], LeftAlone::NoMovie),
        ("cut off in the movie", cut(film(b"SAMPLE"), 1), LeftAlone::CutOff),
        ("cut off in the data", [ftyp(), claimed(99, b"mdat", b"")].concat(), LeftAlone::CutOff),
        ("data beyond the end", [ftyp(), data(), index(9_999)].concat(), LeftAlone::CutOff),
        ("two movies", [film(b"SAMPLE"), index(0)].concat(), Malformed::Twice(FourCc(*b"moov")).into()),
        ("two tables", late(&second_table), Malformed::Twice(FourCc(*b"co64")).into()),
        ("data in the movie", [ftyp(), data(), index(60)].concat(), Malformed::Nowhere.into()),
        ("data across the movie", [ftyp(), data(), index(45), data()].concat(), Malformed::Nowhere.into()),
    ];
    for (name, file, want) in cases {
        assert_eq!(fast(&file), Err(want), "{name}");
        assert!(want.to_string().len() > 20, "{name}: {want}");
    }
    assert!(fast(&late(&with(meta(iloc(1))))).is_ok(), "§8.11.3: items in a box of their own move along");
}

#[test]
fn user_data_may_be_anything() {
    let junk = boxed(b"udta", &[boxed(b"name", b"x"), vec![0xff; 40]].concat());
    let file = around(&[ftyp(), data()], |at| boxed(b"moov", &movie(&[track(at)], &junk)), &[]);
    assert!(fast(&file).is_ok());
}

#[test]
fn a_chunk_without_samples_may_point_anywhere() {
    let index = |at| moov(&[Made { per_chunk: vec![1, 0, 0], offsets: vec![at, 0, 999_999], ..track(at) }]);
    let file = around(&[ftyp(), data()], index, &[]);
    let bytes = bytes_of(&file, fast(&file).unwrap().segments());
    assert!(bytes.windows(4).any(|window| window == 999_999_u32.to_be_bytes()));
}

/// A layout without a file: what lies in its data is never read.
fn far(data_len: u64, tracks: &dyn Fn(u64) -> Vec<Made>) -> (crate::mp4::Layout, Vec<u8>) {
    let index = moov(&tracks(24));
    let top =
        |kind, offset, header_len, size| crate::mp4::TopBox { kind: FourCc(kind), offset, header_len, size };
    let size = u64::try_from(index.len()).unwrap();
    let behind = 24 + 16 + data_len;
    let boxes =
        vec![top(*b"ftyp", 0, 8, 24), top(*b"mdat", 24, 16, 16 + data_len), top(*b"moov", behind, 8, size)];
    (crate::mp4::Layout { len: behind + size, boxes, fragments: None, ending: Ending::Clean }, index)
}

fn widths(moved: &VirtualFile) -> Vec<Option<OffsetWidth>> {
    let memory = moved.segments().iter().find_map(|segment| match segment {
        Segment::Memory(bytes) => Some(bytes),
        Segment::Span { .. } => None,
    });
    probe(memory.unwrap()).unwrap().tracks.iter().map(|track| track.samples.offsets).collect()
}

#[test]
fn offsets_over_four_gibibytes_get_64_bits() {
    use OffsetWidth::{Bits32, Bits64};
    let last = u64::from(u32::MAX);
    let tracks = |offsets: [u64; 2]| {
        move |_| {
            offsets
                .iter()
                .map(|offset| Made { is_wide: *offset > last, ..track(*offset) })
                .collect::<Vec<_>>()
        }
    };
    let len = u64::try_from(moov(&tracks([0, 0])(0)).len()).unwrap();
    // Were both widened, the movie would have eight bytes more.
    let limit = last - len - 8;
    let cases = [
        ([100, 200], [Bits32, Bits32], 0, "far below"),
        ([100, limit], [Bits32, Bits32], 0, "the largest that surely fits"),
        ([100, limit + 1], [Bits32, Bits64], 4, "it might not fit"),
        ([100, last], [Bits32, Bits64], 4, "it does not fit"),
        ([last - 10, last - 20], [Bits64, Bits64], 8, "none fits"),
        ([100, last + 1], [Bits32, Bits64], 0, "it has 64 bits"),
    ];
    for (offsets, want, growth, why) in cases {
        let (layout, index) = far(1 << 33, &tracks(offsets));
        let moved = crate::mp4::faststart(&layout, &index, &[]).unwrap();
        assert_eq!(widths(&moved), want.map(Some), "{why}");
        assert_eq!(moved.len(), layout.len + growth, "{why}");
        for offset in offsets {
            let new = offset + moved.memory();
            let want = [Segment::Span { start: offset, end: offset + 6 }];
            assert_eq!(moved.slice(new..new + 6), want, "{why}");
        }
    }
}

#[test]
fn the_sizes_around_a_widened_table_grow() {
    let index = moov(&[Made { offsets: vec![u64::from(u32::MAX) - 1], ..track(0) }]);
    let (layout, _) = far(1 << 33, &|_| vec![Made { offsets: vec![u64::from(u32::MAX) - 1], ..track(0) }]);
    let moved = crate::mp4::faststart(&layout, &index, &[]).unwrap();
    let new = bytes_of(&[0; 24], &moved.slice(24..24 + moved.memory()));
    let offset = u64::from(u32::MAX) - 1 + moved.memory();
    let want = moov(&[Made { offsets: vec![offset], is_wide: true, ..track(0) }]);
    assert_eq!(new, want, "it is the movie that a muxer would have written");
}

#[test]
fn a_range_of_it_is_the_pieces_it_covers() {
    let file = film(b"SAMPLE");
    let moved = fast(&file).unwrap();
    let whole = bytes_of(&file, moved.segments());
    let len = moved.len();
    for (start, end) in
        [(0, len), (0, 1), (23, 25), (24, len), (len - 1, len), (5, 5), (len, len + 9), (9, 2)]
    {
        let got = bytes_of(&file, &moved.slice(start..end));
        let want = whole.get(place(start)..place(end.min(len))).unwrap_or_default();
        assert_eq!(got, want, "{start}..{end}");
    }
    assert!(moved.slice(0..u64::MAX).iter().all(|piece| !piece.is_empty()));
}
