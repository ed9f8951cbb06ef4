//! The walk over the top level.

use super::make::{boxed, boxed_large, claimed, film, ftyp, moov};
use super::walk;
use crate::mp4::layout::MAX_BOXES;
use crate::mp4::{Ending, FourCc, Fragments, Layout, TopBox, Walk};

fn kinds(layout: &Layout) -> String {
    layout.boxes.iter().map(|found| found.kind.to_string()).collect::<Vec<_>>().join(" ")
}

fn cut_off(kind: &[u8; 4], offset: u64, missing: u64) -> Ending {
    Ending::CutOff { kind: FourCc(*kind), offset, missing }
}

struct Case {
    name: &'static str,
    file: Vec<u8>,
    boxes: &'static str,
    ending: Ending,
    why: &'static str,
}

#[track_caller]
fn check(cases: Vec<Case>) {
    for Case { name, file, boxes, ending, why } in cases {
        let layout = walk(&file);
        assert_eq!((kinds(&layout).as_str(), layout.ending), (boxes, ending), "{name}: {why}");
    }
}

fn behind_type(more: &[u8]) -> Vec<u8> {
    [&ftyp(), more].concat()
}

fn garbage(offset: u64, len: u64) -> Ending {
    Ending::Garbage { offset, len }
}

#[test]
fn every_form_of_a_size_is_walked() {
    check(vec![
        Case { name: "empty", file: vec![], boxes: "", ending: Ending::Clean, why: "nothing is missing" },
        Case {
            name: "32 bits",
            file: behind_type(&boxed(b"mdat", b"abc")),
            boxes: "ftyp mdat",
            ending: Ending::Clean,
            why: "§4.2.2",
        },
        Case {
            name: "64 bits",
            file: behind_type(&[boxed_large(b"mdat", b"abc"), boxed(b"free", b"")].concat()),
            boxes: "ftyp mdat free",
            ending: Ending::Clean,
            why: "§4.2.2: size 1",
        },
        Case {
            name: "to the end",
            file: behind_type(&claimed(0, b"mdat", b"abc")),
            boxes: "ftyp mdat",
            ending: Ending::Clean,
            why: "§4.2.2: size 0",
        },
        Case {
            name: "uuid",
            file: behind_type(&boxed(b"uuid", &[7; 16])),
            boxes: "ftyp uuid",
            ending: Ending::Clean,
            why: "§4.2.2: 16 bytes more",
        },
    ]);
}

#[test]
fn what_is_no_box_ends_the_walk() {
    check(vec![
        Case {
            name: "uuid without its 16 bytes",
            file: behind_type(&boxed(b"uuid", &[7; 15])),
            boxes: "ftyp",
            ending: garbage(24, 23),
            why: "shorter than its header",
        },
        Case {
            name: "cut off",
            file: behind_type(&claimed(100, b"mdat", b"abc")),
            boxes: "ftyp",
            ending: cut_off(b"mdat", 24, 89),
            why: "11 of 100",
        },
        Case {
            name: "the largest size",
            file: behind_type(&[&claimed(1, b"mdat", &[0xff; 8])[..], b"abc"].concat()),
            boxes: "ftyp",
            ending: cut_off(b"mdat", 24, u64::MAX - 19),
            why: "offset + size is more than 64 bits",
        },
        Case {
            name: "a size within the header",
            file: behind_type(&claimed(7, b"mdat", b"abc")),
            boxes: "ftyp",
            ending: garbage(24, 11),
            why: "it would not end",
        },
        Case {
            name: "a large size within the header",
            file: behind_type(&claimed(1, b"mdat", &15_u64.to_be_bytes())),
            boxes: "ftyp",
            ending: garbage(24, 16),
            why: "it would not end",
        },
        Case {
            name: "zeros behind",
            file: behind_type(&[0; 4096]),
            boxes: "ftyp",
            ending: garbage(24, 4096),
            why: "preallocated and never written",
        },
        Case {
            name: "what a phone appends",
            file: behind_type(b"SEFHx\0\0\0SEFT"),
            boxes: "ftyp",
            ending: garbage(24, 12),
            why: "not a box of 1.2 GiB that is cut off",
        },
        Case {
            name: "half a header behind",
            file: behind_type(&[0, 0, 1]),
            boxes: "ftyp",
            ending: garbage(24, 3),
            why: "a header takes 8 bytes",
        },
        Case {
            name: "a picture",
            file: b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(),
            boxes: "",
            ending: garbage(0, 16),
            why: "no type at the top level has control characters",
        },
    ]);
}

#[test]
fn a_file_of_four_gibibytes_costs_a_few_reads() {
    let len = 5 << 32;
    let mut walk = Walk::new(len);
    let mut reads = 0;
    while let Some(wanted) = walk.wants() {
        reads += 1;
        let header = match wanted.offset {
            0 => claimed(24, b"ftyp", b"isom\0\0\0\0"),
            24 => claimed(1, b"mdat", &(len - 24 - 4096).to_be_bytes()),
            _ => claimed(4096, b"moov", &[0; 8]),
        };
        walk.take(&header);
    }
    let layout = walk.finish();
    assert_eq!((reads, kinds(&layout).as_str(), layout.ending), (3, "ftyp mdat moov", Ending::Clean));
    assert!(!layout.is_moov_first());
}

#[test]
fn the_movie_comes_first_or_not() {
    let (data, index) = (boxed(b"mdat", b"abc"), moov(&[]));
    let cases: [(&str, Vec<u8>, bool); 6] = [
        ("behind", [&data[..], &index].concat(), false),
        ("before", [&index[..], &data].concat(), true),
        ("between", [&data[..], &index, &data].concat(), false),
        ("no data", index.clone(), true),
        ("no movie", data.clone(), false),
        ("before data that is cut off", [&index[..], &claimed(99, b"mdat", b"")].concat(), true),
    ];
    for (name, file, want) in cases {
        assert_eq!(walk(&file).is_moov_first(), want, "{name}");
    }
}

struct Cut {
    name: &'static str,
    missing: usize,
    want: Option<Fragments>,
}

#[test]
fn the_last_complete_fragment_is_known() {
    let fragment = || [boxed(b"moof", &[1; 20]), boxed(b"mdat", &[2; 40])].concat();
    let head = [ftyp(), moov(&[])].concat();
    let start = u64::try_from(head.len()).unwrap();
    let fragments = |begun, complete: u64| {
        let moof = |offset| TopBox { kind: FourCc(*b"moof"), offset, header_len: 8, size: 28 };
        let last = (complete > 0).then(|| moof(start + (complete - 1) * 76));
        Fragments { start, begun, complete, complete_end: start + complete * 76, last }
    };
    let whole = [head.clone(), fragment(), fragment()].concat();
    let cases = [
        Cut { name: "whole", missing: 0, want: Some(fragments(2, 2)) },
        Cut { name: "in the second's data", missing: 1, want: Some(fragments(2, 1)) },
        Cut { name: "behind the second's index", missing: 48, want: Some(fragments(2, 1)) },
        Cut { name: "in the second's index", missing: 50, want: Some(fragments(2, 1)) },
        Cut { name: "between them", missing: 76, want: Some(fragments(1, 1)) },
        Cut { name: "in the first's data", missing: 77, want: Some(fragments(1, 0)) },
        Cut { name: "before the first", missing: 152, want: None },
    ];
    for Cut { name, missing, want } in cases {
        assert_eq!(walk(&whole[..whole.len() - missing]).fragments, want, "{name}");
    }
}

#[test]
fn a_long_recording_is_counted_and_not_listed() {
    let fragment = [boxed(b"styp", b""), boxed(b"moof", b""), boxed(b"mdat", b"")].concat();
    let file = [ftyp(), moov(&[]), fragment.repeat(100_000), boxed(b"mfra", b"")].concat();
    let layout = walk(&file);
    assert_eq!(layout.fragments.map(|fragments| fragments.complete), Some(100_000));
    assert_eq!((kinds(&layout).as_str(), layout.ending), ("ftyp moov styp mfra", Ending::Clean));
}

#[test]
fn a_file_of_the_family_is_told_from_others() {
    let cases: [(&str, Vec<u8>, bool); 8] = [
        ("a film", film(b"abc"), true),
        ("QuickTime without a type", boxed(b"wide", b""), true),
        ("cut off in its first box", claimed(99, b"mdat", b""), true),
        ("fragments alone", boxed(b"moof", b""), true),
        ("a picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(), false),
        ("a text", b"Hello, world, and all who live in it".to_vec(), false),
        ("Matroska", b"\x1a\x45\xdf\xa3\x93\x42\x86\x81\x01\x42\xf7\x81".to_vec(), false),
        ("nothing", vec![], false),
    ];
    for (name, file, want) in cases {
        assert_eq!(walk(&file).is_iso_media(), want, "{name}");
    }
}

#[test]
fn a_caller_may_stop_and_a_file_may_shrink() {
    let file = film(b"abc");
    let len = u64::try_from(file.len()).unwrap();
    let mut walk = Walk::new(len);
    walk.take(&file[..16]);
    assert_eq!(walk.clone().finish().ending, Ending::Unread { offset: 24 });
    walk.take(&file[24..30]);
    assert_eq!(walk.wants(), None);
    walk.take(&file[24..40]);
    let layout = walk.finish();
    assert_eq!((kinds(&layout).as_str(), layout.ending), ("ftyp", Ending::Unread { offset: 24 }));
}

#[test]
fn boxes_without_end_are_not_listed_without_end() {
    let layout = walk(&boxed(b"free", b"").repeat(MAX_BOXES + 5));
    assert_eq!(layout.boxes.len(), MAX_BOXES);
    assert!(matches!(layout.ending, Ending::Unread { .. }));
}
