//! Films that are repaired while they are served: the index in front, HEVC under Apple's name, complete fragments.
//!
//! What is expected is put together here by other code (`support::boxes`) and by ffmpeg.

use std::fs::{self, File};
use std::io::{Seek, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::support::boxes::{self, as_hvc1, in_front};
use crate::support::ffmpeg::{self, film, samples};
use crate::support::http::Connection;
use crate::support::media::SOON;
use crate::support::{Response, Server, Setup, eventually, files, get, head, program};

const MOVED: &str = "moved";
const AS_IT_IS: &str = "as it is";

/// A film's name, its type, and what is made of it.
type Case = (&'static str, &'static str, fn(&[u8]) -> Vec<u8>, &'static str);

const CASES: [Case; 21] = [
    ("late.mp4", "video/mp4", in_front, MOVED),
    ("first.mp4", "video/mp4", <[u8]>::to_vec, AS_IT_IS),
    ("reordered.mp4", "video/mp4", in_front, MOVED),
    ("trimmed.mp4", "video/mp4", in_front, MOVED),
    ("late.mov", "video/mp4", in_front, MOVED),
    ("first.mov", "video/mp4", <[u8]>::to_vec, AS_IT_IS),
    // No browser plays A-law.
    ("alaw.mov", "video/quicktime", in_front, MOVED),
    ("hev1.mp4", "video/mp4", |file| in_front(&as_hvc1(file)), MOVED),
    ("hev1-first.mp4", "video/mp4", as_hvc1, "renamed"),
    ("hev1.mov", "video/mp4", |file| in_front(&as_hvc1(file)), MOVED),
    ("hvc1.mp4", "video/mp4", in_front, MOVED),
    ("av1.mp4", "video/mp4", in_front, MOVED),
    ("vp9.mp4", "video/mp4", in_front, MOVED),
    ("wide.mp4", "video/mp4", in_front, MOVED),
    ("split.mp4", "video/mp4", in_front, MOVED),
    ("sound.m4a", "audio/mp4", in_front, MOVED),
    ("fragments.mp4", "video/mp4", <[u8]>::to_vec, AS_IT_IS),
    ("segments.mp4", "video/mp4", <[u8]>::to_vec, AS_IT_IS),
    ("hev1-fragments.mp4", "video/mp4", as_hvc1, "renamed"),
    ("torn.mp4", "video/mp4", complete, "cut"),
    // Neither can be helped, and perhaps a player makes something of it.
    ("cut.mp4", "video/mp4", <[u8]>::to_vec, AS_IT_IS),
];

fn complete(torn: &[u8]) -> Vec<u8> {
    torn[..*ffmpeg::complete_ends(torn).last().unwrap()].to_vec()
}

/// A server of films, and who may see them.
struct Scene {
    server: Server,
    token: String,
}

impl Scene {
    fn start(setup: Setup) -> Scene {
        let server = setup.start();
        let token = server.user("ada", Some("videos")).token().to_owned();
        Scene { server, token }
    }

    fn with(names: impl IntoIterator<Item = &'static str>) -> Scene {
        Scene::start(names.into_iter().fold(Setup::new(), |setup, name| setup.file(name, film(name))))
    }

    fn target(&self, name: &str) -> String {
        format!("/files/videos/{name}?token={}", self.token)
    }

    fn raw(&self, name: &str) -> String {
        format!("{}&raw=1", self.target(name))
    }

    fn get(&self, name: &str) -> Response {
        self.server.send(&get(self.target(name)))
    }

    /// Waits until answers have a tag that lasts.
    fn settle(&self, name: &str) -> String {
        self.server.lasting_tag(&self.target(name))
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.server.library().join(name)
    }

    /// What the server has read so far, from wherever.
    fn read_so_far(&self) -> u64 {
        let io = self.server.process().read("io");
        io.lines().find_map(|line| line.strip_prefix("rchar: ")).unwrap().parse().unwrap()
    }
}

/// Numbers that are the same in each run (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(limit).unwrap()).unwrap()
    }

    /// Cuts `len` bytes into this many ranges that lie one after another.
    fn ranges(&mut self, len: usize, count: usize) -> Vec<Range<usize>> {
        let mut ends: Vec<_> = (1..count).map(|_| 1 + self.below(len - 1)).chain([0, len]).collect();
        ends.sort_unstable();
        ends.dedup();
        ends.windows(2).map(|pair| pair[0]..pair[1]).collect()
    }
}

#[test]
fn every_layout_is_served_byte_for_byte_as_it_should_be() {
    let scene = Scene::with(CASES.map(|(name, ..)| name));
    for (name, content_type, expected, what) in CASES {
        let (original, want) = (film(name), expected(film(name)));
        assert_eq!(what == AS_IT_IS, original == want, "{name}: the test itself");
        // Whether the file is fresh or settled, seen for the first time or known.
        let fresh = scene.get(name);
        fresh.assert_whole(&want, name);
        assert_eq!(fresh.header("content-type"), Some(content_type), "{name}");
        let tag = scene.settle(name);
        let settled = scene.get(name);
        settled.assert_whole(&want, name);
        assert_eq!((settled.tag(), scene.get(name).tag()), (tag.clone(), tag.clone()), "{name}");

        let headed = scene.server.send(&head(scene.target(name)));
        assert_eq!(without_ids(&headed), without_ids(&settled), "{name}: HEAD is GET without a body");

        let raw = scene.server.send(&get(scene.raw(name)));
        raw.assert_whole(original, name);
        assert_eq!(raw.tag() == tag, what == AS_IT_IS, "{name}: other bytes need another tag");
        let saved = scene.server.send(&get(format!("{}&download=1", scene.target(name))));
        saved.assert_whole(original, name);
        assert_eq!(saved.tag(), raw.tag(), "{name}");
        assert!(saved.header("content-disposition").unwrap().starts_with("attachment"), "{name}");
        assert!(settled.header("content-disposition").unwrap().starts_with("inline"), "{name}");
        assert_eq!(fs::read(scene.path(name)).unwrap(), original, "{name}: nothing is written");

        let part = |tag: &str| get(scene.target(name)).range("bytes=5-9").header("If-Range", tag);
        scene.server.send(&part(&tag)).assert_part(&want, 5..10, name);
        if what != AS_IT_IS {
            scene.server.send(&part(&raw.tag())).assert_whole(&want, "If-Range with the tag of other bytes");
            let unless = get(scene.target(name)).header("If-None-Match", raw.tag());
            scene.server.send(&unless).assert_whole(&want, name);
        }
        let unless = get(scene.target(name)).header("If-None-Match", tag);
        assert_eq!(scene.server.send(&unless).status, 304, "{name}");
    }
}

fn without_ids(answer: &Response) -> (u16, Vec<(String, String)>) {
    let (status, headers, _) = answer.face();
    (status, headers)
}

#[test]
fn random_ranges_joined_are_the_whole() {
    let scene = Scene::with(CASES.map(|(name, ..)| name));
    let mut dice = Dice(0x5eed_0001);
    for (name, _, expected, _) in CASES {
        let want = expected(film(name));
        let tag = scene.settle(name);
        let mut connection = Connection::open(scene.server.address);
        let mut joined = Vec::new();
        for range in dice.ranges(want.len(), 60) {
            let asked = get(scene.target(name)).range(&format!("bytes={}-{}", range.start, range.end - 1));
            connection.write(&asked.header("If-Range", &tag));
            let part = connection.response("GET");
            part.assert_part(&want, range, name);
            assert_eq!(part.tag(), tag, "{name}");
            joined.extend(part.body);
        }
        assert!(joined == want, "{name}");
        for length in [1, 8, 700, want.len() / 2, want.len(), want.len() + 1] {
            let suffix = scene.server.send(&get(scene.target(name)).range(&format!("bytes=-{length}")));
            suffix.assert_part(&want, want.len().saturating_sub(length)..want.len(), name);
        }
        let behind = scene.server.send(&get(scene.target(name)).range(&format!("bytes={}-", want.len())));
        behind.assert_unsatisfiable(want.len(), name);
        several_at_once(&scene, name, &want, &mut dice);
    }
}

/// Multipart answers, whose parts cross from memory into the file and back.
fn several_at_once(scene: &Scene, name: &str, want: &[u8], dice: &mut Dice) {
    for _ in 0..4 {
        // Every other one, so that they do not touch.
        let ranges: Vec<_> = dice.ranges(want.len(), 14).into_iter().step_by(2).collect();
        let asked: Vec<_> = ranges.iter().map(|range| format!("{}-{}", range.start, range.end - 1)).collect();
        let answer = scene.server.send(&get(scene.target(name)).range(&format!("bytes={}", asked.join(","))));
        assert_eq!((answer.status, answer.content_length()), (206, answer.body.len()), "{name}");
        let mut rest = answer.body.as_slice();
        for range in ranges {
            let head_end = rest.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
            let head = std::str::from_utf8(&rest[..head_end]).unwrap();
            let line = format!("Content-Range: bytes {}-{}/{}", range.start, range.end - 1, want.len());
            assert!(head.contains(&line), "{name}: no {line} in {head:?}");
            let body = &rest[head_end..][..range.len()];
            assert!(body == &want[range.clone()], "{name}: other bytes in {range:?}");
            rest = &rest[head_end + range.len()..];
        }
        assert!(rest.ends_with(b"--\r\n"), "{name}");
    }
}

/// What ffmpeg finds in what is served, in the original, and in what ffmpeg makes of the original itself.
#[test]
fn sample_for_sample_it_is_the_original_and_what_ffmpeg_would_have_written() {
    let names: Vec<_> = CASES.map(|(name, ..)| name).into_iter().filter(|name| *name != "cut.mp4").collect();
    let scene = Scene::with(names.iter().copied());
    for name in names {
        let served = scene.get(name).body;
        let found = samples(&served, name);
        if name != "torn.mp4" {
            assert_eq!(found, samples(film(name), name), "{name}: the original");
        }
        let boxes = boxes::top(&served);
        let place = |kind: &str| boxes.iter().position(|found| found.kind == kind).unwrap();
        assert!(place("moov") < place("mdat"), "{name}");
        // A copy of fragments is a film with other times.
        if !["torn.mp4", "fragments.mp4", "segments.mp4", "hev1-fragments.mp4"].contains(&name) {
            let tag: &[&str] = if name.starts_with("hev1") { &["-tag:v", "hvc1"] } else { &[] };
            let options = [&["-movflags", "+faststart"], tag].concat();
            let copy = ffmpeg::remuxed(film(name), name, &[], &options);
            assert_eq!(found, samples(&copy, name), "{name}: ffmpeg -movflags +faststart");
        }
    }
}

#[test]
fn what_has_no_index_is_left_alone_and_said_so() {
    let scene = Scene::with(["lost.mp4", "cut.mp4", "late.mp4", "first.mp4", "torn.mp4"]);
    scene.get("lost.mp4").assert_whole(film("lost.mp4"), "there is nothing to move");
    for (name, is_done, why) in [
        ("late.mp4", true, "null"),
        ("lost.mp4", false, "no_index"),
        ("cut.mp4", false, "cut_off"),
        ("first.mp4", false, "its index stands before its media data"),
        ("torn.mp4", false, "it is fragmented"),
    ] {
        let output = program::bare().arg("probe").arg(scene.path(name)).arg("--json").output();
        let found: serde_json::Value = serde_json::from_slice(&output.unwrap().stdout).unwrap();
        let (faststart, trouble) = (&found["mp4"]["faststart"], &found["trouble"]["problem"]);
        assert_eq!(faststart["done"].as_bool().unwrap_or(false), is_done, "{name}: {found}");
        assert!(format!("{} {trouble}", faststart["why"]).contains(why), "{name}: {found}");
    }
}

#[test]
fn a_library_may_be_served_as_it_is() {
    let settings = "[library.videos]\npath = \"videos\"\nrepair = false\n";
    let names = ["late.mp4", "late.mov", "hev1-first.mp4", "torn.mp4"];
    let setup = names.into_iter().fold(Setup::new(), |setup, name| setup.file(name, film(name)));
    let scene = Scene::start(setup.settings(settings));
    for name in names {
        let answer = scene.get(name);
        answer.assert_whole(film(name), name);
        let is_mov = Path::new(name).extension().is_some_and(|extension| extension == "mov");
        let content_type = if is_mov { "video/quicktime" } else { "video/mp4" };
        assert_eq!(answer.header("content-type"), Some(content_type), "{name}");
        let (tag, raw) = (scene.settle(name), scene.server.send(&get(scene.raw(name))).tag());
        assert_eq!(tag, raw, "{name}: the same bytes");
    }
}

type Change = fn(&Path);

#[test]
fn a_file_that_changes_is_examined_anew() {
    let scene = Scene::with(["late.mp4"]);
    let before = scene.settle("late.mp4");
    let changes: [(&str, Change); 3] = [
        ("hev1.mp4", |path| {
            let aside = path.with_extension("new");
            files::write(&aside, film("hev1.mp4"));
            fs::rename(aside, path).unwrap();
        }),
        ("vp9.mp4", |path| fs::write(path, film("vp9.mp4")).unwrap()),
        ("first.mp4", |path| files::write(path, film("first.mp4"))),
    ];
    let mut tags = vec![before];
    for (name, change) in changes {
        change(&scene.path("late.mp4"));
        let (_, _, expected, _) = CASES.into_iter().find(|(found, ..)| *found == name).unwrap();
        let old = get(scene.target("late.mp4")).range("bytes=0-99").header("If-Range", tags.last().unwrap());
        scene.server.send(&old).assert_whole(&expected(film(name)), name);
        let tag = scene.settle("late.mp4");
        assert!(!tags.contains(&tag), "{name}");
        tags.push(tag);
    }
}

/// A film with so many zeros more in its index.
fn padded(zeros: usize) -> Vec<u8> {
    let late = film("late.mp4");
    let moov = boxes::only(&boxes::top(late), "moov").clone();
    let index = [&late[moov.start + 8..moov.end], &boxes::boxed(b"free", &vec![0; zeros])].concat();
    [&late[..moov.start], &boxes::boxed(b"moov", &index)].concat()
}

/// The index is read once for all who ask at the same time, and not again by those who ask later.
#[test]
fn an_index_is_read_once() {
    const PADDING: usize = 8 << 20;
    const ASKERS: u64 = 12;
    let (late, padded) = (film("late.mp4"), padded(PADDING));
    let scene = Scene::start(Setup::new().file("late.mp4", late).file("padded.mp4", &padded));
    scene.settle("late.mp4");
    let before = scene.read_so_far();
    std::thread::scope(|scope| {
        for _ in 0..ASKERS {
            scope.spawn(|| scene.server.send(&head(scene.target("padded.mp4"))));
        }
    });
    let first = scene.read_so_far() - before;
    let moov = u64::try_from(PADDING).unwrap();
    assert!((moov..moov + moov / 4).contains(&first), "{first} bytes for an index of {moov}");
    let before = scene.read_so_far();
    let want = in_front(&padded);
    let answer = scene.server.send(&get(scene.target("padded.mp4")).range("bytes=1000-8300000"));
    answer.assert_part(&want, 1_000..8_300_001, "from memory");
    let later = scene.read_so_far() - before;
    assert!(later < moov / 4, "{later} bytes for what is in memory");
}

/// A film whose data begins at the front and goes on behind a hole, up to `data_end`, where its index stands. It takes a few
/// KiB on the disk. Around the places where 31 and 32 bits end there is noise.
fn hollow(path: &Path, data_end: u64, is_wide: bool) {
    let late = film("late.mp4");
    let top = boxes::top(late);
    let [ftyp, mdat, moov] = ["ftyp", "mdat", "moov"].map(|kind| boxes::only(&top, kind).clone());
    let (front, data) = (ftyp.end + 16, mdat.start + 8);
    let offsets = boxes::chunk_offsets(&late[moov.clone()]);
    let middle = offset(data + (mdat.end - data) / 2);
    let split = *offsets.iter().filter(|offset| **offset > middle).min().unwrap();
    let behind = |old: u64| data_end - (offset(mdat.end) - old);
    let place = |old: u64| if old < split { old - offset(data) + offset(front) } else { behind(old) };
    let index = boxes::rewritten(&late[moov], is_wide, &place);
    let size = data_end - offset(ftyp.end);
    let header = [&late[ftyp], &1_u32.to_be_bytes(), b"mdat", &size.to_be_bytes()].concat();
    let split = usize::try_from(split).unwrap();

    let file = File::create(path).unwrap();
    let put = |bytes: &[u8], at: u64| file.write_all_at(bytes, at).unwrap();
    let noise = files::bytes(64 * 1024);
    for mark in MARKS.into_iter().filter(|mark| mark + (1 << 20) < data_end) {
        put(&noise, mark - 32 * 1024);
    }
    put(&header, 0);
    put(&late[data..split], offset(front));
    put(&late[split..mdat.end], behind(offset(split)));
    put(&index, data_end);
    drop(file);
    files::age(path);
}

const MARKS: [u64; 2] = [1 << 31, 1 << 32];

fn offset(place: usize) -> u64 {
    u64::try_from(place).unwrap()
}

#[test]
fn films_of_gigabytes_are_exact_and_only_their_index_is_read() {
    let cases = [
        ("3.6-gb.mp4", 3_600_000_000, false, false),
        // Its last chunks lie below 4 GiB before the index stands in front of them, and above it afterwards.
        ("4-gib.mp4", (1 << 32) - 100, false, true),
        ("5-gib.mp4", 5 << 30, true, false),
    ];
    let setup = Setup::new();
    for (name, data_end, is_wide, _) in cases {
        hollow(&setup.library().join(name), data_end, is_wide);
    }
    let scene = Scene::start(setup.file("late.mp4", film("late.mp4")));
    scene.settle("late.mp4");
    let want = samples(film("late.mp4"), "late.mp4");
    for (name, data_end, _, grows) in cases {
        let file = File::open(scene.path(name)).unwrap();
        let old_len = file.metadata().unwrap().len();
        let moov = old_len - data_end;
        let before = scene.read_so_far();
        let headed = scene.server.send(&head(scene.target(name)));
        let took = scene.read_so_far() - before;
        assert!(took < moov + 64 * 1024, "{name}: {took} bytes for an index of {moov}");
        println!("{name}: {took} bytes read for an index of {moov}, file of {old_len}");
        let len: u64 = headed.header("content-length").unwrap().parse().unwrap();
        let growth = len - old_len;
        assert_eq!(growth > 0, grows, "{name}: it has {growth} bytes more");

        let span = |from: u64, to: u64| {
            let answer =
                scene.server.send(&get(scene.target(name)).range(&format!("bytes={from}-{}", to - 1)));
            let content_range = format!("bytes {from}-{}/{len}", to - 1);
            assert_eq!(answer.header("content-range"), Some(content_range.as_str()), "{name}");
            answer.body
        };
        let front = span(0, 64 * 1024);
        let index = boxes::only(&boxes::top(&front), "moov").clone();
        assert_eq!(offset(index.len()), moov + growth, "{name}");
        // Everything between the index's new place and its old one.
        let same = |from: u64, to: u64| {
            let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
            file.read_exact_at(&mut bytes, from - offset(index.len())).unwrap();
            assert!(span(from, to) == bytes, "{name}: {from} to {to}");
            bytes
        };
        for mark in MARKS.into_iter().filter(|mark| mark + (1 << 20) < data_end) {
            for (from, to) in
                [(mark - 9, mark), (mark - 5, mark + 5), (mark, mark + 9), (mark - 9_000, mark + 9_000)]
            {
                assert!(same(from, to).iter().any(|byte| *byte != 0), "{name}: noise");
            }
        }
        let end = same(len - 99, len);
        let suffix = scene.server.send(&get(scene.target(name)).range("bytes=-99"));
        assert!(suffix.body == end, "{name}");
        let url = format!("http://{}{}", scene.server.address, scene.target(name));
        assert_eq!(
            ffmpeg::samples_at(url.as_ref()).as_ref(),
            Some(&want),
            "{name}: all samples, over the wire"
        );
    }
}

/// A camera writes, viewers watch: each answer is the complete fragments of its moment, and as long as it said.
#[test]
fn a_growing_recording_is_a_snapshot_of_complete_fragments() {
    let whole = film("fragments.mp4");
    let ends = ffmpeg::complete_ends(whole);
    assert!(ends.len() > 4, "{ends:?}");
    let scene = Scene::start(Setup::new().file("live.mp4", &whole[..ends[0]]));
    let mut file = File::options().append(true).open(scene.path("live.mp4")).unwrap();
    let mut dice = Dice(0x5eed_0002);
    let mut written = ends[0];
    while written < whole.len() {
        // First only the beginning of a box's header.
        let step = if written == ends[0] { 5 } else { 1 + dice.below(1_500) }.min(whole.len() - written);
        file.write_all(&whole[written..written + step]).unwrap();
        written += step;
        // Behind the last fragment ffmpeg writes a table of them, which is shown when it is complete.
        let complete = ends.iter().rfind(|end| **end <= written).unwrap();
        let wanted = if written == whole.len() { written } else { *complete };
        scene.get("live.mp4").assert_whole(&whole[..wanted], &format!("{written} bytes are written"));
    }
    assert_eq!(samples(&scene.get("live.mp4").body, "live.mp4"), samples(whole, "fragments.mp4"));
}

#[test]
fn viewers_of_a_recording_never_get_half_a_fragment() {
    let whole = film("fragments.mp4");
    let mut ends = ffmpeg::complete_ends(whole);
    ends.push(whole.len());
    let scene = Scene::start(Setup::new().file("live.mp4", &whole[..ends[0]]));
    let is_written = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for viewer in 0..3_usize {
            let (scene, ends, is_written) = (&scene, &ends, &is_written);
            scope.spawn(move || {
                let mut last = 0;
                loop {
                    let is_last = is_written.load(Ordering::Acquire);
                    let answer = scene.get("live.mp4");
                    assert_eq!(answer.status, 200, "{:?}", answer.headers);
                    assert!(ends.contains(&answer.body.len()), "{} of {ends:?}", answer.body.len());
                    assert!(answer.body == whole[..answer.body.len()] && last <= answer.body.len());
                    last = answer.body.len();
                    let from = 100 * (viewer + 1);
                    let part =
                        scene.server.send(&get(scene.target("live.mp4")).range(&format!("bytes={from}-")));
                    let end = from + part.body.len();
                    assert_eq!(
                        part.header("content-range"),
                        Some(format!("bytes {from}-{}/{end}", end - 1).as_str())
                    );
                    assert!(ends.contains(&end) && part.body == whole[from..end], "{end}");
                    if is_last {
                        assert_eq!(last, whole.len());
                        return;
                    }
                }
            });
        }
        let mut file = File::options().append(true).open(scene.path("live.mp4")).unwrap();
        for piece in whole[ends[0]..].chunks(700) {
            file.write_all(piece).unwrap();
            // As fast as somebody can watch.
            scene.get("live.mp4");
        }
        is_written.store(true, Ordering::Release);
    });
}

/// What is kept of films has a limit, however many of them there are and however large their indices.
#[test]
fn indices_in_memory_have_a_limit() {
    const FILMS: usize = 60;
    const PADDING: u64 = 6 << 20;
    let late = film("late.mp4");
    let moov = boxes::only(&boxes::top(late), "moov").clone();
    let setup = Setup::new();
    let names: Vec<_> = (0..FILMS).map(|number| format!("{number}.mp4")).collect();
    for name in &names {
        // The padding is a hole.
        let path = setup.library().join(name);
        let mut file = File::create(&path).unwrap();
        let size = u32::try_from(offset(moov.len()) + PADDING).unwrap();
        file.write_all(&[&late[..moov.start], &size.to_be_bytes(), &late[moov.start + 4..]].concat())
            .unwrap();
        file.write_all(&[&u32::try_from(PADDING).unwrap().to_be_bytes()[..], b"free"].concat()).unwrap();
        let end = file.stream_position().unwrap() + PADDING - 8;
        file.set_len(end).unwrap();
        drop(file);
        files::age(&path);
    }
    let scene = Scene::start(setup.file("late.mp4", late));
    scene.settle("late.mp4");
    let base = scene.server.process().peak_memory();
    for name in names.iter().chain(&names) {
        let answer = scene.server.send(&head(scene.target(name)));
        assert_eq!(answer.content_length(), late.len() + usize::try_from(PADDING).unwrap(), "{name}");
    }
    let grown = (scene.server.process().peak_memory() - base) >> 20;
    println!("{FILMS} films with indices of {} MiB: {grown} MiB more", PADDING >> 20);
    // Twice 64 MiB, which mostly are the same, and the one that is being made.
    assert!(grown < 64 + 64 + 32, "{grown} MiB");
}

/// The clock of a camera may run ahead.
#[test]
fn a_film_of_the_future_is_examined_once() {
    const PADDING: usize = 4 << 20;
    let late = film("late.mp4");
    let padded = padded(PADDING);
    let scene = Scene::start(Setup::new().file("late.mp4", late).file("padded.mp4", &padded));
    let file = File::options().write(true).open(scene.path("padded.mp4")).unwrap();
    let tomorrow = file.metadata().unwrap().modified().unwrap() + Duration::from_hours(25);
    file.set_modified(tomorrow).unwrap();
    scene.settle("padded.mp4");
    let _ = scene.server.send(&head(scene.target("padded.mp4")));
    let before = scene.read_so_far();
    for _ in 0..5 {
        assert_eq!(scene.server.send(&head(scene.target("padded.mp4"))).content_length(), padded.len());
    }
    let read = scene.read_so_far() - before;
    assert!(read < offset(PADDING), "{read} bytes");
}

/// What is paid for the repair while a film is sent, beside a film that needs none. `--release -- --ignored --nocapture`
#[test]
#[ignore = "a measurement"]
fn a_repaired_film_beside_one_that_needs_no_repair() {
    const LEN: u32 = 1 << 30;
    const LONG: u32 = 8 << 20;
    let setup = Setup::new().file("late.mp4", film("late.mp4"));
    crate::support::films::hollow(&setup.library().join("plain.mp4"), 600, LEN);
    hollow(&setup.library().join("repaired.mp4"), LEN.into(), false);
    let scene = Scene::start(setup);
    scene.settle("late.mp4");
    let cost = |name: &str, count: u32, len: u32| {
        let mut connection = Connection::open(scene.server.address);
        let before = (scene.server.process().cpu_time(), std::time::Instant::now());
        for number in 0..count {
            let from = number * (LEN / count);
            connection.write(&get(scene.target(name)).range(&format!("bytes={from}-{}", from + len - 1)));
            assert_eq!(connection.response("GET").status, 206);
        }
        (scene.server.process().cpu_time().saturating_sub(before.0), before.1.elapsed())
    };
    for (what, count, len) in [("8 MiB", LEN / LONG, LONG), ("2 bytes", 20_000, 2)] {
        // In turns, after a first one that warms up.
        let mut sums = [(Duration::ZERO, Duration::ZERO); 2];
        for round in 0..4 {
            for (sum, name) in sums.iter_mut().zip(["plain.mp4", "repaired.mp4"]) {
                let (cpu, time) = cost(name, count, len);
                *sum = if round == 0 { *sum } else { (sum.0 + cpu, sum.1 + time) };
            }
        }
        let [plain, repaired] = sums;
        let ratio = |repaired: Duration, plain: Duration| repaired.as_secs_f64() / plain.as_secs_f64();
        let (cpu, time) = (ratio(repaired.0, plain.0), ratio(repaired.1, plain.1));
        println!("ranges of {what}: CPU x{cpu:.2} ({repaired:?} to {plain:?}), time x{time:.2}");
    }
}

#[test]
fn a_film_is_settled_soon_after_it_is_written() {
    let scene = Scene::with(["late.mp4"]);
    fs::write(scene.path("late.mp4"), film("hev1.mp4")).unwrap();
    let want = in_front(&as_hvc1(film("hev1.mp4")));
    let fresh: Vec<_> = (0..2).map(|_| scene.get("late.mp4")).collect();
    for answer in &fresh {
        answer.assert_whole(&want, "fresh");
    }
    assert_ne!(fresh[0].tag(), fresh[1].tag(), "it may be written to again within the same tick");
    eventually("a lasting tag", SOON, || {
        (scene.get("late.mp4").tag() == scene.get("late.mp4").tag()).then_some(())
    });
    assert!(SOON > Duration::from_secs(2));
}
