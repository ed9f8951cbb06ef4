//! `hev1` becomes `hvc1`.

use super::make::{Track as Made, avc1, boxed, ftyp, hvcc, moov, video_entry};
use super::{bytes_of, fast, moov_of, walk};
use crate::mp4::{Malformed, Patch, Served, VirtualFile, faststart, probe, retag};

const SETS: [u8; 3] = [0x20, 0x21, 0x22];

fn hev1(arrays: &[u8]) -> Vec<u8> {
    video_entry(b"hev1", &hvcc(arrays))
}

fn films() -> (Vec<u8>, Vec<u8>) {
    let index = |offset| moov(&[Made::video(hev1(&SETS), offset, &[5])]);
    let (head, data) = (ftyp(), boxed(b"mdat", b"hello"));
    let behind = u64::try_from(head.len() + index(0).len() + 8).unwrap();
    ([&head[..], &index(behind), &data].concat(), [&head[..], &data, &index(32)].concat())
}

fn patches(file: &[u8]) -> Vec<Patch> {
    let layout = walk(file);
    retag::hvc1(moov_of(file, &layout), layout.moov().unwrap().offset).unwrap()
}

/// The name of the coding in a file that is one from here on.
fn name(file: &[u8]) -> String {
    let track = probe(moov_of(file, &walk(file))).unwrap().tracks.remove(0);
    track.codec.unwrap().name
}

#[test]
fn a_plain_file_changes_by_four_bytes_and_three_bits() {
    let (first, _) = films();
    let patched = VirtualFile::patched(u64::try_from(first.len()).unwrap(), &patches(&first));
    let bytes = bytes_of(&first, patched.segments());
    assert_eq!((name(&first).as_str(), name(&bytes).as_str()), ("hev1.1.6.L93.90", "hvc1.1.6.L93.90"));
    assert_eq!(bytes.len(), first.len());
    let changed: Vec<_> = first.iter().zip(&bytes).filter(|(old, new)| old != new).collect();
    let want = [(&b'e', &b'v'), (&b'v', &b'c'), (&0x20, &0xa0), (&0x21, &0xa1), (&0x22, &0xa2)];
    assert_eq!(changed, want);
    assert_eq!(patched.memory(), 7);
}

#[test]
fn it_goes_together_with_faststart() {
    let (_, last) = films();
    let layout = walk(&last);
    let moved = faststart(&layout, moov_of(&last, &layout), &patches(&last)).unwrap();
    let bytes = bytes_of(&last, moved.segments());
    assert_eq!(name(&bytes), "hvc1.1.6.L93.90");
    let plain = bytes_of(&last, fast(&last).unwrap().segments());
    assert_eq!(plain.iter().zip(&bytes).filter(|(old, new)| old != new).count(), 5);
}

#[test]
fn a_patch_that_lies_elsewhere_is_not_half_done() {
    let (_, last) = films();
    let layout = walk(&last);
    let patch = Patch { offset: 33, bytes: "x".into() };
    let refused = faststart(&layout, moov_of(&last, &layout), &[patch]);
    assert_eq!(refused, Err(Malformed::Nowhere.into()));
}

#[test]
fn only_what_is_true_is_said() {
    let count = |entries: &[Vec<u8>]| {
        let made = Made::video(entries.concat(), 0, &[1]);
        retag::hvc1(&moov(&[made]), 0).unwrap().len()
    };
    assert_eq!(count(&[hev1(&SETS)]), 4);
    assert_eq!(count(&[hev1(&[0xa0, 0xa1, 0xa2])]), 1, "the arrays are said to be complete");
    assert_eq!(count(&[hev1(&[0x20, 0x21])]), 0, "a decoder could not start");
    assert_eq!(count(&[hev1(&SETS), hev1(&[0x20])]), 0, "half of a track");
    assert_eq!(count(&[hev1(&SETS), avc1()]), 0, "another coding on the way");
    assert_eq!(count(&[video_entry(b"hvc1", &hvcc(&SETS))]), 0, "nothing to do");
    let encrypted = [boxed(b"sinf", &boxed(b"frma", b"hev1")), hvcc(&SETS)].concat();
    assert_eq!(count(&[video_entry(b"encv", &encrypted)]), 0, "left to whoever has the key");
}

#[test]
fn patches_out_of_order_or_beyond_the_end_are_left_out() {
    let patch = |offset, bytes: &'static [u8]| Patch { offset, bytes: bytes.into() };
    let all = [
        patch(2, b"CD"),
        patch(3, b"x"),
        patch(1, b"x"),
        patch(5, b"F"),
        patch(7, b"zz"),
        patch(u64::MAX, b"z"),
    ];
    let file = b"abcdefgh";
    assert_eq!(bytes_of(file, VirtualFile::patched(8, &all).segments()), b"abCDeFgh");
}

/// Whoever asks what would be done and whoever does it hear the same.
#[test]
fn what_is_told_of_a_film_is_what_is_made_of_it() {
    let (first, last) = films();
    let fragment = [boxed(b"moof", &[1; 20]), boxed(b"mdat", &[2; 40])].concat();
    let head = &first[..first.len() - 13];
    let cut = [head, &fragment, &fragment[..50]].concat();
    let end = u64::try_from(head.len() + fragment.len()).unwrap();
    let cases = [
        (&last, true, true, None, "its index at the end"),
        (&first, false, true, None, "fast already"),
        (&cut, false, true, Some(end), "in fragments, whose index in front is one as well"),
        (&last[..45].to_vec(), false, false, None, "cut off"),
    ];
    for (file, is_moved, is_renamed, complete_end, why) in cases {
        let layout = walk(file);
        let moov = layout.moov().map(|_| moov_of(file, &layout));
        let movie = moov.and_then(|moov| probe(moov).ok());
        let served = Served::of(&layout, moov, movie.as_ref());
        let made = served.make();
        let told = (served.front().is_ok(), served.is_renamed(), served.complete_end());
        assert_eq!(told, (is_moved, is_renamed, complete_end), "{why}");
        assert_eq!(made.left_alone, served.front().err(), "{why}");
        let is_changed = is_moved || is_renamed || complete_end.is_some();
        assert_eq!((made.film.is_some(), !made.changes.is_empty()), (is_changed, is_changed), "{why}");
        if let Some(film) = made.film {
            let bytes = bytes_of(file, film.segments());
            assert_eq!(name(&bytes).starts_with("hvc1"), is_renamed, "{why}");
            let changed = file.iter().zip(&bytes).filter(|(before, after)| before != after).count();
            // The name differs by two letters, and each of three arrays by a bit.
            let is_cut = |end| walk(&bytes).len == end && changed == if is_renamed { 5 } else { 0 };
            assert!(complete_end.is_none_or(is_cut), "{why}: {changed} bytes are others");
        }
    }
}
