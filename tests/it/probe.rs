//! What is in a file, whether it is whole, and what a scan keeps of that.
#![allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "a box is asked for as b\"moov\", which is a reference"
)]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::support::program::{bare, ran};
use crate::support::{Program, Ran, Server, Setup, eventually, files, films};

/// What people call soon: a look at the library, then one into the file.
const SOON: Duration = Duration::from_secs(15);

fn probe(path: &Path, flags: &[&str]) -> Ran {
    ran(bare().arg("probe").arg(path).args(flags).output().unwrap())
}

fn probed(path: &Path) -> Value {
    serde_json::from_str(&probe(path, &["--json"]).stdout).unwrap()
}

fn item(program: &Program, path: &str) -> Value {
    let items = program.json("items");
    let item = items.as_array().unwrap().iter().find(|item| item["path"] == path);
    item.cloned().unwrap_or_else(|| panic!("{path} is not known"))
}

#[test]
fn a_file_is_described_to_people_and_programs_without_a_data_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("film.mp4");
    files::write(&path, &films::slow_film(90));
    let said = probe(&path, &[]);
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{said:?}");
    for words in ["0:01:30", "complete", "last: ", "index first", "avc1.64001F", "640×360, 1 fps"] {
        assert!(said.stdout.contains(words), "no {words:?} in {}", said.stdout);
    }
    let found = probed(&path);
    assert_eq!((&found["state"], &found["container"]), (&"complete".into(), &"mp4".into()));
    assert_eq!((&found["duration_ms"], &found["mp4"]["index"]["place"]), (&90_000.into(), &"last".into()));
    assert_eq!(found["tracks"][0]["frame_rate"], 1.0);
    assert_eq!(found["mp4"]["faststart"]["done"], true);
    assert!(found["trouble"].is_null() && found["advice"].as_array().unwrap().is_empty(), "{found}");
    let names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["film.mp4"], "nothing is made");
}

#[test]
fn a_broken_file_says_where_it_breaks_and_what_helps() {
    let folder = tempfile::tempdir().unwrap();
    let (slow, fast) = (films::slow_film(60), films::film(60, 5_000));
    let cases = [
        (&slow[..1_000], "no_index", "box mdat that begins at byte 24; 1032 bytes", "untrunc"),
        (&slow[..2_032], "no_index", "no index (moov)", "frag_keyframe"),
        (&slow[..slow.len() - 4], "no_index", "4 bytes of the box moov at byte 2032", "copy it again"),
        (&fast[..4_000], "cut_off", "cut off at byte 4000", "ffmpeg -i"),
        (b"", "empty", "empty", "Copy it again"),
        (b"hello, I am no film", "unknown", "no video", "convert"),
    ];
    for (bytes, problem, what, cure) in cases {
        let path = folder.path().join("broken.mp4");
        files::write(&path, bytes);
        let said = probe(&path, &[]);
        assert_eq!(said.code, Some(1), "{problem}: {said:?}");
        assert!(said.stderr.contains(what) && said.stderr.contains(cure), "{problem}: {}", said.stderr);
        assert!(said.stdout.contains("broken"), "{problem}: {}", said.stdout);
        let found = probed(&path);
        assert_eq!((&found["state"], &found["trouble"]["problem"]), (&"broken".into(), &problem.into()));
        // Fresh, it may be a recording that goes on.
        fs::write(&path, bytes).unwrap();
        let fresh = probe(&path, &["--json"]);
        assert_eq!(fresh.code, Some(0), "{problem}: {fresh:?}");
        assert!(fresh.stdout.contains("\"recording\""), "{problem}: {fresh:?}");
    }
    let gone = probe(&folder.path().join("gone.mp4"), &[]);
    assert!(gone.code == Some(1) && gone.stderr.contains("gone.mp4 cannot be examined"), "{gone:?}");
    assert_eq!(probe(folder.path(), &[]).code, Some(1), "a folder");
}

/// What people really have, made by ffmpeg. With `PATH` empty nobody can help.
#[test]
fn what_ffmpeg_writes_is_known_without_its_help() {
    let folder = tempfile::tempdir().unwrap();
    let make = |name: &str, flags: &str| {
        let mut ffmpeg = Command::new("ffmpeg");
        ffmpeg.args("-v error -y -f lavfi -i testsrc=s=160x120:r=25:d=2 -f lavfi -i sine=d=2".split(' '));
        let made = ffmpeg.args(flags.split(' ')).arg(folder.path().join(name)).status().unwrap();
        assert!(made.success(), "{name}");
        files::age(&folder.path().join(name));
    };
    let h264 = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac";
    let cases = [
        ("a.mp4", h264.to_owned(), "mp4", "avc1.42C0", "mp4a.40.2"),
        ("f.mp4", format!("{h264} -movflags +frag_keyframe+empty_moov"), "mp4", "avc1.42C0", "mp4a.40.2"),
        ("a.mov", h264.to_owned(), "mov", "avc1.42C0", "mp4a.40.2"),
        ("a.mkv", h264.to_owned(), "matroska", "avc1.42C0", "mp4a.40.2"),
        ("a.ts", h264.to_owned(), "mpegts", "avc1.42C0", "mp4a.40.2"),
        ("a.webm", "-c:v libvpx -deadline realtime -c:a libopus".to_owned(), "webm", "vp8", "opus"),
        ("a.flv", h264.to_owned(), "flv", "avc1", "mp4a.40.2"),
        ("a.ogg", "-vn -c:a libvorbis".to_owned(), "ogg", "", "vorbis"),
        ("a.wav", "-vn".to_owned(), "wav", "", "pcm"),
    ];
    for (name, flags, container, video, audio) in cases {
        make(name, &flags);
        let mut alone = bare();
        alone.env("PATH", "").arg("probe").arg(folder.path().join(name)).arg("--json");
        let said = ran(alone.output().unwrap());
        assert_eq!(said.code, Some(0), "{name}: {said:?}");
        let found: Value = serde_json::from_str(&said.stdout).unwrap();
        assert_eq!(found["container"], container, "{name}");
        let millis = found["duration_ms"].as_u64().unwrap_or_else(|| panic!("{name}: {found}"));
        assert!((1_900..2_150).contains(&millis), "{name}: {millis} ms");
        let codec = |kind: &str| {
            let tracks = found["tracks"].as_array().unwrap();
            let track = tracks.iter().find(|track| track["kind"] == kind);
            track.map(|track| track["codec"].as_str().unwrap().to_owned()).unwrap_or_default()
        };
        assert!(codec("video").starts_with(video) && codec("audio") == audio, "{name}: {found}");
    }
}

/// What is left open of containers other than MP4, `ffprobe` may know; whatever it does, nothing breaks.
#[test]
fn a_helper_is_asked_where_it_is_there_and_never_needed() {
    let folder = tempfile::tempdir().unwrap();
    let film = folder.path().join("a.mpg");
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args("-v error -y -f lavfi -i testsrc=s=160x120:r=25:d=2 -f mpeg".split(' ')).arg(&film);
    assert!(ffmpeg.status().unwrap().success());
    files::age(&film);
    let helpers = folder.path().join("bin");
    files::write(&helpers.join("ffprobe"), b"#!/bin/sh\necho '{\"streams\": 7, \"format\": []}'\nexit 3\n");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(helpers.join("ffprobe"), mode).unwrap();
    let own = std::env::var("PATH").unwrap();
    for (path, knows) in [(own.as_str(), true), ("", false), (helpers.to_str().unwrap(), false)] {
        let said = ran(bare().env("PATH", path).arg("probe").arg(&film).arg("--json").output().unwrap());
        assert_eq!(said.code, Some(0), "{path}: {said:?}");
        let found: Value = serde_json::from_str(&said.stdout).unwrap();
        assert_eq!(found["container"], "mpegps", "{path}");
        assert_eq!(found["duration_ms"].as_u64().is_some(), knows, "{path}: {found}");
        assert_eq!(found["tracks"][0]["width"] == 160, knows, "{path}: {found}");
    }
}

fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    claimed(u32::try_from(body.len() + 8).unwrap(), kind, body)
}

fn claimed(size: u32, kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&size.to_be_bytes()[..], kind, body].concat()
}

/// A film of which a word behind the name of a box was overwritten.
fn spoilt(kind: &[u8; 4], at: usize, word: u32) -> Vec<u8> {
    changed(kind, |name| name + at, word)
}

/// The same with the size of a box, which stands before its name.
fn resized(kind: &[u8; 4], size: u32) -> Vec<u8> {
    changed(kind, |name| name - 4, size)
}

fn changed(kind: &[u8; 4], place: impl Fn(usize) -> usize, word: u32) -> Vec<u8> {
    let mut film = films::film(60, 5_000);
    let place = place(film.windows(4).position(|name| name == kind).unwrap());
    film[place..place + 4].copy_from_slice(&word.to_be_bytes());
    film
}

/// Thirty of them, and more. Each is an error, soon and in little memory.
fn hostile() -> Vec<(&'static str, Vec<u8>)> {
    const MANY: u32 = u32::MAX;
    let ftyp = claimed(24, b"ftyp", b"isom\0\0\x02\0isommp41");
    let with = |more: &[u8]| [&ftyp[..], more].concat();
    let nested = |depth: usize| (0..depth).fold(Vec::new(), |inner, _| boxed(b"trak", &inner));
    let large = |size: u64, kind: &[u8; 4]| [&1_u32.to_be_bytes()[..], kind, &size.to_be_bytes()].concat();
    let tiny = |kind: &[u8; 4], count: usize| boxed(kind, b"").repeat(count);
    let traks = boxed(b"moov", &tiny(b"trak", 100_000));
    vec![
        ("one byte", vec![0]),
        ("zeros", vec![0; 5_000]),
        ("ones", vec![0xff; 5_000]),
        ("a brand alone", ftyp.clone()),
        ("a brand that claims the file", claimed(MANY, b"ftyp", b"isom\0\0\x02\0")),
        ("media data to the end", with(&claimed(0, b"mdat", &[7; 900]))),
        ("an index to the end, of nothing", with(&claimed(0, b"moov", b""))),
        ("an index of 2^64 bytes", with(&large(u64::MAX, b"moov"))),
        ("an index of 2^63 bytes", with(&large(1 << 63, b"moov"))),
        ("an index of 3 bytes", with(&claimed(3, b"moov", &[0; 100]))),
        ("a size of 15 in 64 bits", with(&large(15, b"moov"))),
        ("an index of 32 MiB of zeros", with(&boxed(b"moov", &vec![0; (32 << 20) - 8]))),
        ("an index of half a million boxes", with(&boxed(b"moov", &tiny(b"free", 500_000)))),
        ("a hundred thousand tracks", with(&traks)),
        ("boxes in boxes, 1,000 deep", with(&boxed(b"moov", &nested(1_000)))),
        ("a million boxes at the top", with(&tiny(b"free", 1_000_000))),
        ("a million fragments without a film", with(&tiny(b"moof", 1_000_000))),
        ("a child longer than its parent", resized(b"trak", MANY)),
        ("a child of 7 bytes", resized(b"mdia", 7)),
        ("a child to the end", resized(b"minf", 0)),
        ("sizes that are not there", spoilt(b"stsz", 8, 0)),
        ("2^32 times", spoilt(b"stts", 8, MANY)),
        ("2^32 runs", spoilt(b"stsc", 8, MANY)),
        ("2^32 places", spoilt(b"stco", 8, MANY)),
        ("samples of 4 GiB", spoilt(b"stsz", 8, MANY)),
        ("a place behind the end", spoilt(b"stco", 12, MANY)),
        ("no media header", spoilt(b"mdhd", 0, 0x6672_6565)),
        ("no handler", spoilt(b"hdlr", 0, 0x6672_6565)),
        ("a movie header of nothing", resized(b"mvhd", 8)),
        ("noise", with(&files::bytes(200_000)[24..])),
        ("a page", b"<!DOCTYPE html><script>alert(1)</script>".to_vec()),
    ]
}

/// Runs the program on each file and prints exit status, processor time in ms and memory in KiB.
const MEASURE: &str = "
import os, sys
for path in sys.argv[2:]:
    pid = os.posix_spawn(sys.argv[1], [sys.argv[1], 'probe', path, '--json'], os.environ,
        file_actions=[(os.POSIX_SPAWN_OPEN, n, '/dev/null', os.O_RDWR, 0) for n in (1, 2)])
    _, status, used = os.wait4(pid, 0)
    print(os.waitstatus_to_exitcode(status), int((used.ru_utime + used.ru_stime) * 1000), used.ru_maxrss)
";

#[test]
fn hostile_files_are_errors_within_a_second_and_64_mb() {
    let folder = tempfile::tempdir().unwrap();
    let mut python = Command::new("python3");
    python.arg("-c").arg(MEASURE).arg(env!("CARGO_BIN_EXE_reelgate"));
    let all = hostile();
    assert!(all.len() >= 30);
    for (number, (_, bytes)) in all.iter().enumerate() {
        let path = folder.path().join(format!("{number}.mp4"));
        files::write(&path, bytes);
        python.arg(path);
    }
    let output = python.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let lines = String::from_utf8(output.stdout).unwrap();
    assert_eq!(lines.lines().count(), all.len());
    for (line, (name, _)) in lines.lines().zip(&all) {
        println!("{name}: {line}");
        let numbers: Vec<i64> = line.split(' ').map(|number| number.parse().unwrap()).collect();
        let [code, millis, kib] = numbers[..] else { panic!("{line}") };
        assert_eq!(code, 1, "{name}");
        // Of the processor: others may be at work on this machine.
        assert!(millis < 1_000, "{name}: {millis} ms");
        assert!(kib * 1_024 < 64_000_000, "{name}: {kib} KiB");
    }
}

#[test]
fn a_scan_fills_in_what_is_in_the_files() {
    let slow = films::slow_film(90);
    let setup =
        Setup::new().file("whole.mp4", &slow).file("cut.mp4", &slow[..1_500]).file("page.mp4", b"<p>hi");
    let program = setup.program();
    let report = &program.json("scan videos")[0];
    assert_eq!((&report["examined"], &report["broken"]), (&3.into(), &2.into()), "{report}");
    let whole = item(&program, "whole.mp4");
    let texts = ["state", "container", "video_codec"].map(|key| whole[key].as_str().unwrap());
    assert_eq!(texts, ["complete", "mp4", "avc1.64001F"]);
    let numbers = ["duration_ms", "width", "height"].map(|key| whole[key].as_u64().unwrap());
    assert_eq!(numbers, [90_000, 640, 360]);
    assert!(whole["note"].is_null() && whole["audio_codec"].is_null(), "{whole}");
    let cut = item(&program, "cut.mp4");
    assert_eq!(cut["state"], "broken");
    assert!(cut["note"].as_str().unwrap().contains("box mdat that begins at byte 24"), "{cut}");
    let table = program.run(["items"]);
    assert!(table.stdout.contains("0:01:30") && table.stdout.contains("broken"), "{table:?}");
    assert!(table.stderr.contains("know of 2 of them"), "{table:?}");
    // Once is enough, until the file is another one.
    assert_eq!(program.json("scan videos")[0]["examined"], 0);
    files::write(&setup.library().join("cut.mp4"), &films::film(60, 1_500));
    assert_eq!(program.json("scan videos")[0]["examined"], 1);
    assert_eq!(item(&program, "cut.mp4")["state"], "complete");
}

#[test]
fn a_server_examines_what_comes_and_waits_for_what_grows() {
    let server = Server::with(&[]);
    let film = films::film(120, 60_000);
    let path = server.library().join("live.mp4");
    let mut file = fs::File::create(&path).unwrap();
    file.write_all(&film[..20_000]).unwrap();
    files::write(&server.library().join("done.mp4"), &films::slow_film(30));
    let state = |path: &str| {
        let items = server.program.json("items");
        let item = items.as_array().unwrap().iter().find(|item| item["path"] == path).cloned()?;
        Some((item["state"].as_str().unwrap().to_owned(), item["duration_ms"].as_u64()))
    };
    let mut written = 20_000;
    eventually("the finished film", SOON, || {
        // However long it takes on a busy machine, the other one has not been quiet.
        file.write_all(&film[written..=written]).unwrap();
        written += 1;
        (state("done.mp4") == Some(("complete".to_owned(), Some(30_000)))).then_some(())
    });
    assert_eq!(state("live.mp4"), Some(("recording".to_owned(), None)), "as it is, it would be broken");
    file.write_all(&film[written..]).unwrap();
    drop(file);
    files::age(&path);
    eventually("the end of the recording", Duration::from_secs(30), || {
        (state("live.mp4") == Some(("complete".to_owned(), Some(120_000)))).then_some(())
    });
    let log = server.log();
    assert!(!log.contains("live.mp4") && !log.contains("done.mp4"), "no name of a file is logged: {log}");
}

/// The camera archive: one recording ended after 22 minutes at 15,360 bytes below 1 GiB.
#[test]
fn a_recording_that_met_a_limit_of_size_is_told_so() {
    let setup = Setup::new();
    let at = |hash: &str| setup.library().join(format!("2026-03-14/{hash}/1.mp4"));
    for hash in ["a41f", "b52e", "c63d"] {
        films::hollow(&at(hash), 7_200, 3_616_966_656);
    }
    films::hollow(&at("d74c"), 22 * 60, 1_073_726_464);
    let program = setup.program();
    program.ok("scan videos");
    let odd = item(&program, "2026-03-14/d74c/1.mp4");
    let note = odd["note"].as_str().unwrap_or_else(|| panic!("{odd}"));
    for words in ["0:22:00", "2:00:00", "15360 below 1 GiB", "limit of size, not time stamps", "-fs"] {
        assert!(note.contains(words), "no {words:?} in {note}");
    }
    assert_eq!(odd["state"], "complete", "it plays");
    assert!(item(&program, "2026-03-14/a41f/1.mp4")["note"].is_null());
    // It becomes a usual one: what was said is taken back.
    films::hollow(&at("d74c"), 7_200, 3_616_966_656);
    program.ok("scan videos");
    assert!(item(&program, "2026-03-14/d74c/1.mp4")["note"].is_null());
}
