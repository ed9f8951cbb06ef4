//! MP4 files that are what they claim, as small as they can be; and long ones that take no room on the disk.
#![allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "a box is asked for as b\"moov\", which is a reference"
)]

use std::fs::{self, File};
use std::path::Path;

use super::files;

fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len() + 8).unwrap();
    [&size.to_be_bytes()[..], kind, body].concat()
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

fn ftyp() -> Vec<u8> {
    boxed(b"ftyp", b"isom\0\0\x02\0isommp41")
}

/// An index of one H.264 track, 640 by 360, with a picture a second. They begin at `offset` and share `len` bytes.
fn moov(seconds: u32, offset: u32, len: u32) -> Vec<u8> {
    let each = len / seconds;
    let size = [640_u16.to_be_bytes(), 360_u16.to_be_bytes()].concat();
    let avcc = boxed(b"avcC", &[1, 0x64, 0, 0x1f, 0xff, 0xe0, 0]);
    let avc1 = boxed(b"avc1", &[&[0; 7][..], &[1], &[0; 16], &size, &[0; 50], &avcc].concat());
    let stbl = [
        boxed(b"stsd", &[words(&[0, 1]), avc1].concat()),
        boxed(b"stts", &words(&[0, 1, seconds, 1_000])),
        boxed(b"stsc", &words(&[0, 1, 1, seconds, 1])),
        boxed(b"stsz", &words(&[0, each, seconds])),
        boxed(b"stco", &words(&[0, 1, offset])),
    ];
    let minf = boxed(b"minf", &boxed(b"stbl", &stbl.concat()));
    let mdhd = boxed(b"mdhd", &words(&[0, 0, 0, 1_000, seconds * 1_000, 0x55c4_0000]));
    let hdlr = boxed(b"hdlr", &[&[0; 8][..], b"vide", &[0; 13]].concat());
    let one = 0x1_0000;
    let matrix = words(&[one, 0, 0, 0, one, 0, 0, 0, 0x4000_0000, 640 << 16, 360 << 16]);
    let tkhd = boxed(b"tkhd", &[words(&[1, 0, 0, 1, 0, seconds * 1_000, 0, 0, 0, 0]), matrix].concat());
    let trak = boxed(b"trak", &[tkhd, boxed(b"mdia", &[mdhd, hdlr, minf].concat())].concat());
    let mvhd = boxed(b"mvhd", &[words(&[0, 0, 0, 1_000, seconds * 1_000]), vec![0; 80]].concat());
    boxed(b"moov", &[mvhd, trak].concat())
}

/// The index stands first; in a file of `len` bytes, all up to the front of the media data.
fn front(seconds: u32, len: u32) -> Vec<u8> {
    let head = u32::try_from(ftyp().len() + moov(seconds, 0, seconds).len()).unwrap();
    let data = len - head;
    let mdat = [&data.to_be_bytes()[..], b"mdat"].concat();
    [ftyp(), moov(seconds, head + 8, data - 8), mdat].concat()
}

/// A film of this length in seconds and in bytes.
pub fn film(seconds: u32, len: u32) -> Vec<u8> {
    let mut film = front(seconds, len);
    let rest = files::bytes(usize::try_from(len).unwrap());
    film.extend(&rest[film.len()..]);
    film
}

/// The same with its index at the end.
pub fn slow_film(seconds: u32) -> Vec<u8> {
    let (head, data) = (ftyp(), boxed(b"mdat", &files::bytes(2_000)));
    let offset = u32::try_from(head.len() + 8).unwrap();
    [head, data, moov(seconds, offset, 2_000)].concat()
}

/// A film whose media data is a hole.
pub fn hollow(path: &Path, seconds: u32, len: u32) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, front(seconds, len)).unwrap();
    File::options().write(true).open(path).unwrap().set_len(len.into()).unwrap();
    files::age(path);
}
