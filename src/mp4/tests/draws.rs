//! Films by chance: what a player reads from the virtual file is what it reads from the file.

use proptest::prelude::*;
use proptest::sample::Index;

use super::make::{Track as Made, avc1, boxed, boxed_large, ftyp, full, moov, movie, words};
use super::{bytes_of, fast, moov_of, place, walk};
use crate::mp4::boxes::{Atom, FourCc};
use crate::mp4::{Ending, Layout, LeftAlone, OffsetWidth, Segment, TopBox, Walk, faststart, probe, retag};

/// A chunk of a track: which of the data boxes it lies in, how far behind the chunk before it, its samples' sizes.
type DrawnChunk = (Index, usize, Vec<u8>);

#[derive(Clone, Debug)]
struct Drawn {
    /// Chunks of each track, and whether its offsets have 64 bits.
    tracks: Vec<(Vec<DrawnChunk>, bool)>,
    /// Which data boxes have 64-bit sizes; one more follows the movie for each of the second list.
    before: Vec<bool>,
    behind: Vec<bool>,
    has_type: bool,
    has_large_movie: bool,
    filler: [usize; 3],
    appended: usize,
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let chunk = (any::<Index>(), 0..4_usize, proptest::collection::vec(any::<u8>(), 0..5));
    let track = (proptest::collection::vec(chunk, 0..8), any::<bool>());
    let boxes = |least| proptest::collection::vec(any::<bool>(), least..4);
    let parts = (
        proptest::collection::vec(track, 0..5),
        boxes(1),
        boxes(0),
        any::<(bool, bool)>(),
        [0..20_usize, 0..20, 0..20],
        0..8_usize,
    );
    parts.prop_map(|(tracks, before, behind, (has_type, has_large_movie), filler, appended)| Drawn {
        tracks,
        before,
        behind,
        has_type,
        has_large_movie,
        filler,
        appended,
    })
}

/// A film, and the bytes of each chunk.
struct Film {
    bytes: Vec<u8>,
    chunks: Vec<Vec<Vec<u8>>>,
}

impl Drawn {
    fn film(&self) -> Film {
        let mut data = vec![vec![]; self.before.len() + self.behind.len()];
        let mut places = vec![];
        let mut chunks = vec![];
        for (at, (track, _)) in self.tracks.iter().enumerate() {
            let laid: Vec<_> =
                track.iter().enumerate().map(|(number, chunk)| lay(&mut data, chunk, at, number)).collect();
            let (of_track, bytes): (Vec<_>, Vec<_>) = laid.into_iter().unzip();
            places.push(of_track);
            chunks.push(bytes);
        }
        // Once to learn where everything is, once more with the offsets.
        let (_, starts) = self.assemble(&data, &vec![0; data.len()], &places);
        let (bytes, again) = self.assemble(&data, &starts, &places);
        assert_eq!(starts, again);
        Film { bytes, chunks }
    }

    /// The film, and where the contents of its data boxes begin.
    fn assemble(
        &self,
        data: &[Vec<u8>],
        starts: &[u64],
        places: &[Vec<(usize, u64)>],
    ) -> (Vec<u8>, Vec<u64>) {
        let made: Vec<_> =
            self.tracks.iter().zip(places).map(|(track, places)| made(track, places, starts)).collect();
        let (mut bytes, mut found) = (vec![], vec![]);
        let mut push = |bytes: &mut Vec<u8>, data: &Vec<u8>, is_large: bool| {
            let start = bytes.len() + if is_large { 16 } else { 8 };
            found.push(u64::try_from(start).unwrap());
            bytes.extend(if is_large { boxed_large(b"mdat", data) } else { boxed(b"mdat", data) });
        };
        if self.has_type {
            bytes.extend(ftyp());
        }
        let [first, second, third] = self.filler;
        bytes.extend(boxed(b"wide", &vec![0; first]));
        for (data, is_large) in data.iter().zip(&self.before) {
            push(&mut bytes, data, *is_large);
        }
        let inside = movie(&made, &boxed(b"udta", &boxed(b"name", &vec![b'n'; second])));
        bytes.extend(if self.has_large_movie {
            boxed_large(b"moov", &inside)
        } else {
            boxed(b"moov", &inside)
        });
        bytes.extend(boxed(b"free", &vec![0; third]));
        for (data, is_large) in data[self.before.len()..].iter().zip(&self.behind) {
            push(&mut bytes, data, *is_large);
        }
        bytes.extend(vec![0xfe; self.appended]);
        (bytes, found)
    }
}

/// Puts a chunk into its data box: where it lies there, and its bytes.
fn lay(data: &mut [Vec<u8>], chunk: &DrawnChunk, track: usize, number: usize) -> ((usize, u64), Vec<u8>) {
    let (index, gap, sizes) = chunk;
    let which = index.index(data.len());
    data[which].extend(vec![0xee; *gap]);
    let start = u64::try_from(data[which].len()).unwrap();
    let len: usize = sizes.iter().map(|size| usize::from(*size)).sum();
    let seed = u8::try_from(track * 31 + number * 7).unwrap();
    let bytes: Vec<u8> = (0..len).map(|at| seed.wrapping_add(u8::try_from(at % 251).unwrap())).collect();
    data[which].extend(&bytes);
    ((which, start), bytes)
}

fn made((chunks, is_wide): &(Vec<DrawnChunk>, bool), places: &[(usize, u64)], starts: &[u64]) -> Made {
    let sizes: Vec<u32> =
        chunks.iter().flat_map(|(_, _, sizes)| sizes).map(|size| u32::from(*size)).collect();
    Made {
        per_chunk: chunks.iter().map(|(_, _, sizes)| u32::try_from(sizes.len()).unwrap()).collect(),
        offsets: places.iter().map(|(which, start)| starts[*which] + start).collect(),
        is_wide: *is_wide,
        ..Made::video(avc1(), 0, &sizes)
    }
}

/// The chunk offsets of each track, read by other means than those under test: the tables' own bytes.
fn offsets(moov: &[u8]) -> Vec<Vec<u64>> {
    let root = Atom::root(moov, b"moov").unwrap();
    let traks = root.children().map(Result::unwrap).filter(|child| child.kind == b"trak");
    let of_track = |trak: Atom<'_>| {
        let stbl = trak.descend(&[b"mdia", b"minf", b"stbl"]).unwrap().unwrap();
        let wide = stbl.only(b"co64").unwrap();
        let body = wide.or(stbl.only(b"stco").unwrap()).unwrap().body;
        let entry = if wide.is_some() { 8 } else { 4 };
        body[8..]
            .chunks(entry)
            .map(|bytes| bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
            .collect()
    };
    traks.map(of_track).collect()
}

/// The boxes at the top level except for the movie, one after another.
fn without_movie(file: &[u8], layout: &Layout) -> Vec<u8> {
    let moov = layout.moov().unwrap();
    [&file[..place(moov.offset)], &file[place(moov.end())..]].concat()
}

proptest! {
    #[test]
    fn every_chunk_is_found_where_the_virtual_file_says(drawn in drawn()) {
        let film = drawn.film();
        let moved = fast(&film.bytes).unwrap();
        let bytes = bytes_of(&film.bytes, moved.segments());
        prop_assert_eq!(u64::try_from(bytes.len()).unwrap(), moved.len());
        let (old, new) = (walk(&film.bytes), walk(&bytes));
        prop_assert!(new.is_moov_first());
        prop_assert_eq!(std::mem::discriminant(&old.ending), std::mem::discriminant(&new.ending));
        prop_assert_eq!(without_movie(&film.bytes, &old), without_movie(&bytes, &new));
        let found = offsets(moov_of(&bytes, &new));
        prop_assert_eq!(found.len(), film.chunks.len());
        for (offsets, chunks) in found.iter().zip(&film.chunks) {
            prop_assert_eq!(offsets.len(), chunks.len());
            for (offset, chunk) in offsets.iter().zip(chunks) {
                prop_assert_eq!(&bytes[place(*offset)..place(*offset) + chunk.len()], &chunk[..]);
            }
        }
        // Nothing but offsets has changed, and a second time there is nothing to do.
        let (before, after) = (probe(moov_of(&film.bytes, &old)), probe(moov_of(&bytes, &new)));
        let same = |movie: &mut crate::mp4::Movie| movie.tracks.iter_mut().for_each(|track| track.samples.end = 0);
        let (mut before, mut after) = (before.unwrap(), after.unwrap());
        same(&mut before);
        same(&mut after);
        prop_assert_eq!(before, after);
        prop_assert_eq!(fast(&bytes), Err(LeftAlone::AlreadyFast));
    }

    #[test]
    fn any_range_is_the_same_range_of_the_whole(drawn in drawn(), ends in any::<(Index, Index)>()) {
        let film = drawn.film();
        let moved = fast(&film.bytes).unwrap();
        let whole = bytes_of(&film.bytes, moved.segments());
        let (a, b) = (ends.0.index(whole.len() + 1), ends.1.index(whole.len() + 1));
        let (start, end) = (a.min(b), a.max(b));
        let pieces = moved.slice(u64::try_from(start).unwrap()..u64::try_from(end).unwrap());
        prop_assert_eq!(bytes_of(&film.bytes, &pieces), &whole[start..end]);
    }

    /// A layout without bytes, with chunks on both sides of 4 GiB and of the movie.
    #[test]
    fn chunks_near_four_gibibytes_are_found(
        chunks in proptest::collection::vec(proptest::collection::vec((0..3_000_u64, 1..50_u32), 1..30), 1..5),
        behind in 0..2_000_u64,
        split in 0..2_000_u64,
    ) {
        let base = u64::from(u32::MAX) - 3_100;
        let (data_end, mut tracks) = (base + split + 50, vec![]);
        let build = |moov_len: u64| -> Vec<Made> {
            let track = |chunks: &Vec<(u64, u32)>| {
                let place = |(at, _): &(u64, u32)| if *at < split { base + at } else { base + at + moov_len + 50 };
                let sizes: Vec<u32> = chunks.iter().map(|(_, size)| *size).collect();
                let offsets: Vec<u64> = chunks.iter().map(place).collect();
                let is_wide = chunks.iter().map(place).max() > Some(u64::from(u32::MAX));
                Made { offsets, is_wide, per_chunk: vec![1; chunks.len()], ..Made::video(avc1(), 0, &sizes) }
            };
            chunks.iter().map(track).collect()
        };
        // The width of a table depends on the length of the movie, and that on the widths.
        for _ in 0..4 {
            tracks = build(u64::try_from(moov(&tracks).len()).unwrap());
        }
        let index = moov(&tracks);
        let moov_len = u64::try_from(index.len()).unwrap();
        let settled = moov(&build(moov_len)) == index;
        prop_assume!(settled);
        let top = |kind, offset, header_len, size| TopBox { kind: FourCc(kind), offset, header_len, size };
        let moov_at = data_end;
        let len = moov_at + moov_len + 6_000 + behind;
        let boxes = vec![
            top(*b"mdat", 0, 16, data_end),
            top(*b"moov", moov_at, 8, moov_len),
            top(*b"mdat", moov_at + moov_len, 8, 6_000 + behind),
        ];
        let layout = Layout { len, boxes, fragments: None, ending: Ending::Clean };
        let moved = faststart(&layout, &index, &[]).unwrap();
        let Segment::Memory(new) = &moved.segments()[0] else { panic!("the movie is not in front") };
        prop_assert_eq!(moved.len(), len + moved.memory() - moov_len);
        for ((old, new), made) in offsets(&index).iter().zip(offsets(new)).zip(&tracks) {
            for ((old, new), size) in old.iter().zip(new).zip(&made.sizes) {
                let want = [Segment::Span { start: *old, end: old + u64::from(*size) }];
                prop_assert_eq!(moved.slice(new..new + u64::from(*size)), want);
            }
        }
        // 64 bits only for who needs them, or nearly does.
        for (track, made) in probe(new).unwrap().tracks.iter().zip(&tracks) {
            let narrow = track.samples.offsets == Some(OffsetWidth::Bits32);
            let slack = 4 * u64::try_from(chunks.iter().map(Vec::len).sum::<usize>()).unwrap();
            prop_assert!(!narrow || track.samples.end <= u64::from(u32::MAX) + 50);
            prop_assert!(narrow || made.is_wide || track.samples.end + slack > u64::from(u32::MAX));
        }
    }

    #[test]
    fn any_bytes_are_walked_to_an_end(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        look(&bytes);
        look(&boxed(b"moov", &bytes));
        look(&boxed(b"moov", &movie(&[], &boxed(b"trak", &bytes))));
        look(&moov(&[Made::video(boxed(b"hev1", &bytes), 0, &[1])]));
        look(&moov(&[Made::audio(boxed(b"mp4a", &bytes), 0, &[1])]));
        let more_in_trak = boxed(b"meta", &full(b"iloc", 1, 0, &bytes));
        look(&moov(&[Made { more_in_trak, ..Made::video(avc1(), 0, &[1]) }]));
    }

    #[test]
    fn damaged_films_are_walked_to_an_end(
        drawn in drawn(),
        damage in proptest::collection::vec((any::<Index>(), any::<u8>()), 1..12),
        word in proptest::option::of((any::<Index>(), nasty_word())),
        cut in proptest::option::of(any::<Index>()),
    ) {
        let mut bytes = drawn.film().bytes;
        for (at, value) in damage {
            *at.get_mut(&mut bytes) = value;
        }
        if let Some((at, value)) = word {
            let at = at.index(bytes.len() - 4);
            bytes[at..at + 4].copy_from_slice(&words(&[value]));
        }
        bytes.truncate(cut.map_or(bytes.len(), |cut| cut.index(bytes.len())));
        look(&bytes);
    }
}

fn nasty_word() -> impl Strategy<Value = u32> {
    prop_oneof![Just(0), Just(1), Just(7), Just(u32::MAX), any::<u32>()]
}

/// Reads a file in every way there is. What comes out hangs together, whatever went in.
fn look(file: &[u8]) {
    let len = u64::try_from(file.len()).unwrap();
    let mut walk = Walk::new(len);
    let mut reads = 0;
    while let Some(wanted) = walk.wants() {
        assert!(wanted.len > 0 && wanted.offset + wanted.len <= len);
        walk.take(&file[place(wanted.offset)..place(wanted.offset + wanted.len)]);
        reads += 1;
        assert!(reads <= file.len() / 8 + 1, "a box has 8 bytes at least");
    }
    let layout = walk.finish();
    let mut at = 0;
    for found in &layout.boxes {
        assert!(found.offset >= at && found.size >= found.header_len && found.end() <= len);
        at = found.end();
    }
    let moov = moov_of(file, &layout);
    let _ = (probe(moov), probe(file), retag::hvc1(moov, u64::MAX), retag::hvc1(file, 0));
    if let Ok(moved) = faststart(&layout, moov, &[]) {
        let bytes = bytes_of(file, moved.segments());
        assert!(super::walk(&bytes).is_moov_first() && bytes.len() >= file.len());
    }
}
