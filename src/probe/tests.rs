//! Files in memory, of every container, whole and broken.

use proptest::prelude::*;

use super::*;
use crate::mp4::tests::make;

impl Source for Vec<u8> {
    fn size(&self) -> io::Result<u64> {
        Ok(u64::try_from(self.len()).unwrap())
    }

    /// At most seven bytes at once: whoever reads must go on.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let rest = self.get(usize::try_from(offset).unwrap_or(usize::MAX)..).unwrap_or_default();
        let count = rest.len().min(buffer.len()).min(7);
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }
}

fn seen(file: &[u8]) -> Examined {
    examine(&file.to_vec()).unwrap()
}

fn film() -> Vec<u8> {
    make::film(&[7; 900])
}

/// The same with the index in front.
fn fast_film() -> Vec<u8> {
    let moov = make::moov(&[make::Track::video(make::avc1(), 0, &[900])]);
    let at = u64::try_from(make::ftyp().len() + moov.len() + 8).unwrap();
    let moov = make::moov(&[make::Track::video(make::avc1(), at, &[900])]);
    [make::ftyp(), moov, make::boxed(b"mdat", &[7; 900])].concat()
}

/// Two fragments of one track: the first from 0, the second from 25,600, each of 50 samples of 512 ticks.
fn fragments() -> Vec<u8> {
    let track =
        make::Track { offsets: vec![], per_chunk: vec![], ..make::Track::video(make::avc1(), 0, &[]) };
    let trex = make::full(b"trex", 0, 0, &make::words(&[1, 1, 512, 0, 0]));
    let moov = make::boxed(b"moov", &make::movie(&[track], &make::boxed(b"mvex", &trex)));
    let moof = |time: u32| {
        let traf = [
            make::full(b"tfhd", 0, 0x02_0000, &make::words(&[1])),
            make::full(b"tfdt", 0, 0, &make::words(&[time])),
            make::full(b"trun", 0, 1, &make::words(&[50, 0])),
        ];
        [make::boxed(b"moof", &make::boxed(b"traf", &traf.concat())), make::boxed(b"mdat", &[7; 300])]
            .concat()
    };
    [make::ftyp(), moov, moof(0), moof(25_600)].concat()
}

/// A file, its problem, the place of its index, words of its note, and why.
type Case = (Vec<u8>, Option<Problem>, Option<Place>, &'static str, &'static str);

#[test]
fn a_film_is_described_and_a_broken_one_says_where_and_what_helps() {
    let (film, fast, fragments) = (film(), fast_film(), fragments());
    let mut damaged = film.clone();
    let stsz = numbers::find(&damaged, b"stsz").unwrap();
    damaged[stsz + 12..stsz + 16].fill(0xff);
    let cut = |file: &[u8], end: usize| file[..file.len() - end].to_vec();
    let with = |file: &[u8], more: &[u8]| [file, more].concat();
    let first = Some(Place::First);
    let last = Some(Place::Last);
    let cases: [Case; 14] = [
        (film.clone(), None, last, "", "whole"),
        (fast.clone(), None, first, "", "whole, and fast"),
        (fragments.clone(), None, first, "", "in fragments"),
        (
            cut(&film, 1),
            Some(Problem::NoIndex),
            None,
            "1 bytes of the box moov at byte 932",
            "one byte short",
        ),
        (
            film[..500].to_vec(),
            Some(Problem::NoIndex),
            None,
            "inside of the box mdat that begins at byte 24; 432",
            "cut",
        ),
        (
            film[..932].to_vec(),
            Some(Problem::NoIndex),
            None,
            "stopped before it wrote one",
            "no index at all",
        ),
        (
            with(&film[..932], &[0; 100]),
            Some(Problem::NoIndex),
            None,
            "from byte 932 on",
            "zeros for an index",
        ),
        (
            cut(&fast, 1),
            Some(Problem::CutOff),
            first,
            "1 bytes of mdat are missing",
            "the last byte of media",
        ),
        (
            damaged,
            Some(Problem::Damaged),
            last,
            "index (moov) at byte 932 is damaged",
            "a count without entries",
        ),
        (
            cut(&fragments, 1),
            Some(Problem::CutOff),
            first,
            "1 fragments are complete",
            "in the last fragment",
        ),
        (with(&film, b"hello world, hello"), None, last, "The last 18 bytes", "something was appended"),
        (with(&fast, b"\0\0\x01\0free"), None, first, "free at byte", "a box that nobody plays is cut off"),
        (vec![], Some(Problem::Empty), None, "empty", "nothing"),
        (b"<!DOCTYPE html><p>no film".to_vec(), Some(Problem::Unknown), None, "no video", "a page"),
    ];
    cases.into_iter().for_each(assert_told);
}

#[track_caller]
fn assert_told((file, problem, place, words, why): Case) {
    let found = seen(&file);
    let note = found.note().unwrap_or_default();
    assert_eq!(found.trouble.as_ref().map(|trouble| trouble.problem), problem, "{why}: {note}");
    assert_eq!(found.mp4.as_ref().and_then(|mp4| mp4.index).map(|index| index.place), place, "{why}");
    assert!(note.contains(words), "{why}: {note}");
    assert_eq!(found.state == State::Broken, problem.is_some(), "{why}");
    assert!(found.trouble.is_none_or(|trouble| !trouble.cure.is_empty()), "{why}");
}

#[test]
fn a_film_has_its_tracks_its_duration_and_its_places() {
    let found = seen(&film());
    let mp4 = found.mp4.as_ref().unwrap();
    assert_eq!((found.container, found.duration_ms), (Some("mp4"), Some(2_000)));
    assert_eq!((mp4.media_end, mp4.fragmented), (Some(932), false));
    assert!(mp4.faststart.as_ref().unwrap().done && mp4.hvc1.is_none());
    let video = found.first("video").unwrap();
    assert_eq!(
        (video.codec.as_deref(), video.width, video.height),
        (Some("avc1.64001F"), Some(1280), Some(720))
    );
    assert_eq!(video.frame_rate.map(FrameRate::number), Some(25.0));
    assert_eq!(seen(&fragments()).duration_ms, Some(4_000), "the last fragment begins at 2 s and lasts 2 s");
    assert!(!seen(&fast_film()).mp4.unwrap().faststart.unwrap().done);
}

#[test]
fn hevc_says_whether_it_can_have_apples_name() {
    let entry = |arrays: &[u8]| make::video_entry(b"hev1", &make::hvcc(arrays));
    let film = |entry| [make::ftyp(), make::moov(&[make::Track::video(entry, 0, &[])])].concat();
    let verdict = |arrays: &[u8]| seen(&film(entry(arrays))).mp4.unwrap().hvc1.unwrap();
    assert!(verdict(&[32, 33, 34]).done);
    let none = verdict(&[32]);
    assert!(!none.done && none.why.contains("-tag:v hvc1"), "{none:?}");
}

#[test]
fn a_turned_picture_is_seen_upright() {
    let turned =
        make::Track { matrix: [0, 0x1_0000, -0x1_0000, 0], ..make::Track::video(make::avc1(), 0, &[]) };
    let found = seen(&[make::ftyp(), make::moov(&[turned])].concat());
    assert_eq!((found.first("video").unwrap().rotation, found.shown_size()), (Some(90), Some((720, 1280))));
}

#[test]
fn what_still_grows_is_not_broken() {
    let found = seen(&film()[..500]).while_growing();
    assert_eq!((found.state, found.trouble), (State::Recording, None));
    assert!(found.advice[0].contains("still being written"));
}

/// An element of EBML.
fn element(id: u32, body: &[u8]) -> Vec<u8> {
    let id: Vec<u8> = id.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
    let len = u32::try_from(body.len()).unwrap() | 0x1000_0000;
    [&id[..], &len.to_be_bytes(), body].concat()
}

fn matroska(kind: &[u8], info: &[u8], tracks: &[Vec<u8>]) -> Vec<u8> {
    let tracks: Vec<u8> = tracks.iter().flat_map(|track| element(0xae, track)).collect();
    let cluster = element(0x1f43_b675, &element(0xe7, &[0x0b, 0xb8]));
    let parts =
        [element(0x114d_9b74, b""), element(0x1549_a966, info), element(0x1654_ae6b, &tracks), cluster];
    let kind = [&[0x42, 0x82, 0x80 | u8::try_from(kind.len()).unwrap()], kind].concat();
    [element(0x1a45_dfa3, &kind), element(0x1853_8067, &parts.concat())].concat()
}

fn sample_tracks() -> [Vec<u8>; 2] {
    let size = [element(0xb0, &[5, 0]), element(0xba, &[2, 0xd0])].concat();
    let private = [1, 1, 0, 2, 1, 31, 3, 1, 10];
    let video =
        [element(0x83, &[1]), element(0x86, b"V_VP9"), element(0x63a2, &private), element(0xe0, &size)];
    let sound = [element(0xb5, &48_000_f64.to_be_bytes()), element(0x9f, &[2])].concat();
    let audio =
        [element(0x83, &[2]), element(0x86, b"A_OPUS"), element(0x22_b59c, b"deu"), element(0xe1, &sound)];
    [video.concat(), audio.concat()]
}

#[test]
fn matroska_says_codings_sizes_and_duration() {
    let whole = matroska(b"webm", &element(0x4489, &5_000_f64.to_be_bytes()), &sample_tracks());
    let found = seen(&whole);
    assert_eq!(
        (found.container, found.duration_ms, found.state),
        (Some("webm"), Some(5_000), State::Complete)
    );
    let (video, audio) = (found.first("video").unwrap(), found.first("audio").unwrap());
    assert_eq!((video.codec.as_deref(), video.bit_depth), (Some("vp09.00.31.10"), Some(10)));
    assert_eq!(found.shown_size(), Some((1280, 720)));
    assert_eq!(
        (audio.codec.as_deref(), audio.channels, audio.sample_rate),
        (Some("opus"), Some(2), Some(48_000))
    );
    assert_eq!(audio.language.as_deref(), Some("deu"));
    let cut = seen(&whole[..whole.len() - 1]);
    assert_eq!(
        cut.trouble.map(|trouble| (trouble.problem, trouble.missing)),
        Some((Problem::CutOff, Some(1)))
    );
    let live = seen(&matroska(b"matroska", b"", &[]));
    assert_eq!((live.container, live.duration_ms), (Some("matroska"), Some(3_000)), "by its last cluster");
}

/// A packet of a transport stream: its payload begins something, and may have a clock before it.
fn packet(pid: u16, clock: Option<u64>, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x47];
    bytes.extend((0x4000 | pid).to_be_bytes());
    let room = 184 - payload.len();
    bytes.push(0x30);
    bytes.push(u8::try_from(room - 1).unwrap());
    let mut field = vec![0xff; room - 1];
    if let Some(clock) = clock {
        field[0] = 0x10;
        field[1..6].copy_from_slice(&(clock << 7).to_be_bytes()[3..]);
    } else if let Some(flags) = field.first_mut() {
        *flags = 0;
    }
    [bytes, field, payload.to_vec()].concat()
}

fn transport(first: u64, last: u64) -> Vec<u8> {
    let section = |body: &[u8]| {
        let len = u8::try_from(body.len() + 4).unwrap();
        [&[0, 0, 0xb0, len][..], body, &[0; 4]].concat()
    };
    let association = section(&[0, 1, 0xc1, 0, 0, 0, 1, 0xe1, 0]);
    let map = section(&[
        0, 1, 0xc1, 0, 0, 0xe1, 1, 0xf0, 0, 0x1b, 0xe1, 1, 0xf0, 0, 0x0f, 0xe1, 2, 0xf0, 6, 10, 4, b'd',
        b'e', b'u', 0,
    ]);
    let parameters = b"\0\0\x01\xe0\0\0\x80\0\0\0\0\x01\x67\x64\x00\x28";
    let clock = |clock| packet(0x101, Some(clock), parameters);
    [packet(0, None, &association), packet(0x100, None, &map), clock(first), clock(last)].concat()
}

#[test]
fn a_transport_stream_says_codings_and_duration() {
    let wrapped = (1_u64 << 33) - 45_000;
    for (first, last, why) in [(90_000, 360_000, "three seconds"), (wrapped, 225_000, "over the clock's end")]
    {
        let stream = transport(first, last);
        let found = seen(&stream);
        assert_eq!((found.container, found.duration_ms), (Some("mpegts"), Some(3_000)), "{why}");
        assert_eq!(found.first("video").unwrap().codec.as_deref(), Some("avc1.640028"));
        let audio = found.first("audio").unwrap();
        assert_eq!((audio.codec.as_deref(), audio.language.as_deref()), (Some("mp4a.40.2"), Some("deu")));
        // Cameras put four bytes before each packet.
        let camera: Vec<u8> = stream.chunks(188).flat_map(|packet| [&[0; 4][..], packet].concat()).collect();
        assert_eq!(seen(&camera), Examined { size: 768, bit_rate: Some(2_048), ..found }, "{why}");
    }
}

fn ogg(granule: u64) -> Vec<u8> {
    let page = |flags: u8, granule: u64, body: &[u8]| {
        let sizes = [1, u8::try_from(body.len()).unwrap()];
        [b"OggS\0", &[flags][..], &granule.to_le_bytes(), &7_u32.to_le_bytes(), &[0; 8], &sizes, body]
            .concat()
    };
    let head = [b"OpusHead\x01\x02", &312_u16.to_le_bytes()[..], &[0; 7]].concat();
    [page(2, 0, &head), page(0, granule, b"x"), page(4, u64::MAX, b"y")].concat()
}

fn wav() -> Vec<u8> {
    let format =
        [&[1, 0, 2, 0][..], &48_000_u32.to_le_bytes(), &192_000_u32.to_le_bytes(), &[4, 0, 16, 0]].concat();
    let data = [b"data", &576_000_u32.to_le_bytes()[..]].concat();
    [b"RIFF\0\0\0\0WAVEfmt ", &16_u32.to_le_bytes()[..], &format, &data, &vec![0; 576_000]].concat()
}

fn avi() -> Vec<u8> {
    let number = |number: u32| number.to_le_bytes();
    let mut header = vec![0; 56];
    for (at, value) in [(0, 40_000), (16, 75), (32, 640), (36, 480)] {
        header[at..at + 4].copy_from_slice(&number(value));
    }
    let stream = |kind: &[u8]| [b"strh", &number(56)[..], kind, &[0; 48]].concat();
    let parts = [stream(b"vidsXVID"), stream(b"auds\0\0\0\0")].concat();
    [b"RIFF\0\0\0\0AVI LIST\0\0\0\0hdrlavih", &number(56)[..], &header, &parts].concat()
}

fn flac() -> Vec<u8> {
    let packed = (48_000_u64 << 44) + (1 << 41) + (23 << 36) + 144_000;
    [&b"fLaC\x80\0\0\x22"[..], &[0; 10], &packed.to_be_bytes(), &[0; 16]].concat()
}

fn flv() -> Vec<u8> {
    let entry = |name: &str, value: f64| {
        let len = u8::try_from(name.len()).unwrap();
        [&[0, len][..], name.as_bytes(), &[0], &value.to_be_bytes()].concat()
    };
    let entries = [
        ("duration", 3.0),
        ("width", 640.0),
        ("height", 480.0),
        ("videocodecid", 7.0),
        ("audiocodecid", 10.0),
    ];
    let list: Vec<u8> = entries.iter().flat_map(|(name, value)| entry(name, *value)).collect();
    [b"FLV\x01\x05\0\0\0\x09\0\0\0\0\x12", &list[..]].concat()
}

#[test]
fn other_containers_say_what_is_easy_to_read() {
    let cases: [(Vec<u8>, &str, Option<u64>, &str); 7] = [
        (ogg(144_312), "ogg", Some(3_000), "opus"),
        (wav(), "wav", Some(3_000), "pcm"),
        (avi(), "avi", Some(3_000), "xvid"),
        (flac(), "flac", Some(3_000), "flac"),
        (flv(), "flv", Some(3_000), "avc1"),
        (b"ID3\x04\0\0\0\0\0\0".to_vec(), "mp3", None, "mp3"),
        (b"\0\0\x01\xba\x44".to_vec(), "mpegps", None, ""),
    ];
    for (file, container, duration, codec) in cases {
        let found = seen(&file);
        assert_eq!((found.container, found.duration_ms), (Some(container), duration), "{container}");
        let first = found.tracks.first().and_then(|track| track.codec.clone());
        assert_eq!(first.unwrap_or_default(), codec, "{container}");
        assert_eq!(found.state, State::Complete, "{container}");
    }
}

/// Whole files of every container.
fn wholes() -> Vec<Vec<u8>> {
    let tracks = sample_tracks();
    let matroska = matroska(b"webm", &element(0x4489, &5_000_f64.to_be_bytes()), &tracks);
    vec![film(), fast_film(), fragments(), matroska, transport(0, 90_000), ogg(9), avi(), flac(), flv()]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_file_gets_an_answer(
        which in 0..9_usize,
        end in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
    ) {
        let mut file = wholes().swap_remove(which);
        for (place, byte) in changes {
            let place = place.index(file.len());
            file[place] = byte;
        }
        file.truncate(end.index(file.len() + 1));
        let found = seen(&file);
        prop_assert_eq!(found.state == State::Broken, found.trouble.is_some());
        prop_assert!(serde_json::to_string(&found).is_ok());
    }

    #[test]
    fn any_bytes_behind_any_mark_get_an_answer(
        which in 0..9_usize,
        mark in 4..40_usize,
        rest in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        let whole = wholes().swap_remove(which);
        seen(&[&whole[..mark], &rest].concat());
    }
}
