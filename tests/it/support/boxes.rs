//! Boxes as the tests read and write them, without a line of what they test.
#![allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "a box is asked for as b\"moov\", which is a reference"
)]

use std::ops::Range;

/// What holds other boxes and nothing else, on the way to the chunk offsets.
const CONTAINERS: [&str; 5] = ["moov", "trak", "mdia", "minf", "stbl"];

#[derive(Debug, Clone)]
pub struct Boxed {
    pub kind: String,
    pub place: Range<usize>,
}

pub fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len() + 8).unwrap();
    [&size.to_be_bytes()[..], kind, body].concat()
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
}

/// The boxes that lie one after another in `bytes`, as far as they are complete.
pub fn top(bytes: &[u8]) -> Vec<Boxed> {
    let (mut boxes, mut at) = (Vec::new(), 0);
    while at + 8 <= bytes.len() {
        let kind = bytes[at + 4..at + 8].iter().map(|byte| char::from(*byte)).collect();
        let (size, least) = match u32_at(bytes, at) {
            0 => (bytes.len() - at, 8),
            1 => (
                usize::try_from(u64::from_be_bytes(bytes[at + 8..at + 16].try_into().unwrap())).unwrap(),
                at + 16,
            ),
            size => (usize::try_from(size).unwrap(), 8),
        };
        if size < least || size > bytes.len() - at {
            break;
        }
        boxes.push(Boxed { kind, place: at..at + size });
        at += size;
    }
    boxes
}

/// The place of a box that stands once.
pub fn only<'b>(boxes: &'b [Boxed], kind: &str) -> &'b Range<usize> {
    let mut found = boxes.iter().filter(|found| found.kind == kind);
    let only = found.next().unwrap_or_else(|| panic!("no {kind} in {boxes:?}"));
    assert!(found.next().is_none(), "two {kind} in {boxes:?}");
    &only.place
}

/// A box with its chunk offsets put elsewhere, and all of them in 64 bits if wished.
pub fn rewritten(atom: &[u8], is_wide: bool, place: &dyn Fn(u64) -> u64) -> Vec<u8> {
    let kind: [u8; 4] = atom[4..8].try_into().unwrap();
    match std::str::from_utf8(&kind).unwrap_or_default() {
        kind_ if CONTAINERS.contains(&kind_) => {
            let body = &atom[8..];
            let children = top(body);
            let body: Vec<_> =
                children.iter().map(|child| rewritten(&body[child.place.clone()], is_wide, place)).collect();
            boxed(&kind, &body.concat())
        }
        "stco" | "co64" => {
            let offsets = offsets_of(atom);
            let is_wide = is_wide || &kind == b"co64";
            let entries: Vec<u8> =
                offsets.into_iter().map(place).flat_map(|new| written(new, is_wide)).collect();
            boxed(if is_wide { b"co64" } else { b"stco" }, &[&atom[8..16], &entries].concat())
        }
        _ => atom.to_vec(),
    }
}

fn written(offset: u64, is_wide: bool) -> Vec<u8> {
    if is_wide {
        offset.to_be_bytes().to_vec()
    } else {
        u32::try_from(offset).unwrap().to_be_bytes().to_vec()
    }
}

fn offsets_of(table: &[u8]) -> Vec<u64> {
    let entries = &table[16..];
    if &table[4..8] == b"co64" {
        entries.as_chunks::<8>().0.iter().map(|entry| u64::from_be_bytes(*entry)).collect()
    } else {
        entries.as_chunks::<4>().0.iter().map(|entry| u32::from_be_bytes(*entry).into()).collect()
    }
}

/// All chunk offsets below a box.
pub fn chunk_offsets(atom: &[u8]) -> Vec<u64> {
    let seen = std::cell::RefCell::new(Vec::new());
    rewritten(atom, true, &|offset| {
        seen.borrow_mut().push(offset);
        offset
    });
    seen.into_inner()
}

/// The file with its index behind `ftyp`: what ffmpeg, or anybody, would write by hand.
pub fn in_front(file: &[u8]) -> Vec<u8> {
    let boxes = top(file);
    let (ftyp, moov) = (only(&boxes, "ftyp").clone(), only(&boxes, "moov").clone());
    let len = u64::try_from(moov.len()).unwrap();
    let old = u64::try_from(moov.start).unwrap();
    let index =
        rewritten(&file[moov.clone()], false, &|offset| if offset < old { offset + len } else { offset });
    [&file[..ftyp.end], &index, &file[ftyp.end..moov.start], &file[moov.end..]].concat()
}

/// The file with HEVC under the name `hvc1`, and its parameter sets marked as complete.
pub fn as_hvc1(file: &[u8]) -> Vec<u8> {
    let mut file = file.to_vec();
    let find = |file: &[u8], kind: &[u8; 4]| file.windows(4).position(|window| window == kind).unwrap();
    let entry = find(&file, b"hev1");
    file[entry..entry + 4].copy_from_slice(b"hvc1");
    let configuration = find(&file, b"hvcC") + 4;
    let mut at = configuration + 23;
    for _ in 0..file[configuration + 22] {
        if matches!(file[at] & 0x3f, 32..=34) {
            file[at] |= 0x80;
        }
        let units = u16::from_be_bytes([file[at + 1], file[at + 2]]);
        at += 3;
        for _ in 0..units {
            at += 2 + usize::from(u16::from_be_bytes([file[at], file[at + 1]]));
        }
    }
    file
}
