//! `ffprobe`, where somebody has installed it, for what our own parsers leave open in containers other than MP4.
//!
//! It gets the open file as its standard input and is told which container it is: nothing in a file can make it open
//! another one. It has a process group, a time limit and a limit of memory, and whatever it does wrong is ignored.

use std::fs::File;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process_group, prlimit};
use serde_json::Value;

use super::examined::{Examined, Track};
use super::numbers;

const LIMIT: Duration = Duration::from_secs(10);
const MEMORY: u64 = 1 << 30;
/// What is read of its answer.
const ANSWER: u64 = 256 << 10;
const MAX_TRACKS: usize = 100;

/// The program, by its name on the `PATH`.
#[derive(Debug, Clone, Copy)]
pub struct Helper;

impl Helper {
    /// Adds what is not known yet. Without the program, or with one that fails, nothing changes.
    #[must_use]
    pub fn fill_in(self, examined: Examined, file: &File) -> Examined {
        let Some(format) = format(&examined) else { return examined };
        match ask(format, file) {
            Some(answer) => merge(examined, &answer),
            None => examined,
        }
    }
}

/// The name of the container there; none for MP4, for what is unknown, and where nothing is missing.
fn format(examined: &Examined) -> Option<&'static str> {
    let is_known = examined.duration_ms.is_some()
        && !examined.tracks.is_empty()
        && examined.tracks.iter().all(|track| track.kind == "other" || track.codec.is_some())
        && examined.first("video").is_none_or(|video| video.width.is_some());
    let format = match examined.container? {
        "webm" | "matroska" => "matroska",
        "ogg" => "ogg",
        "mpegts" => "mpegts",
        "mpegps" => "mpeg",
        "avi" => "avi",
        "flv" => "flv",
        "mp3" => "mp3",
        "aac" => "aac",
        "flac" => "flac",
        "wav" => "wav",
        _ => return None,
    };
    (!is_known).then_some(format)
}

fn ask(format: &str, file: &File) -> Option<Value> {
    let mut command = Command::new("ffprobe");
    command.args([
        "-v",
        "error",
        "-of",
        "json",
        "-show_format",
        "-show_streams",
        "-protocol_whitelist",
        "file",
    ]);
    command.args(["-f", format, "-i", "file:/proc/self/fd/0"]);
    // Its own settings may name libraries and reports.
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.stdin(file.try_clone().ok()?).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.process_group(0).spawn().ok()?;
    let answer = wait(&mut child);
    let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
    let _ = child.wait();
    serde_json::from_slice(&answer?).ok()
}

/// Its answer, unless that takes too long.
fn wait(child: &mut Child) -> Option<Vec<u8>> {
    let memory = Rlimit { current: Some(MEMORY), maximum: Some(MEMORY) };
    // A sandbox may forbid it; the other limits remain.
    let _ = prlimit(Some(Pid::from_child(child)), Resource::As, memory);
    let out = child.stdout.take()?;
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut answer = Vec::new();
        let read = out.take(ANSWER).read_to_end(&mut answer);
        // Nobody waits any more when it came too late.
        let _ = sender.send(read.ok().map(|_| answer));
    });
    receiver.recv_timeout(LIMIT).ok().flatten()
}

fn merge(examined: Examined, answer: &Value) -> Examined {
    let duration =
        answer["format"]["duration"].as_str().and_then(|text| numbers::seconds(text.parse().ok()?));
    let streams = answer["streams"].as_array().map(Vec::as_slice).unwrap_or_default();
    let theirs: Vec<Track> = streams.iter().take(MAX_TRACKS).map(track).collect();
    let duration = examined.duration_ms.or(duration);
    let mut tracks = examined.tracks.clone();
    if tracks.len() == theirs.len() {
        tracks.iter_mut().zip(theirs).for_each(|(own, theirs)| complete(own, theirs));
    } else if tracks.is_empty() {
        tracks = theirs;
    }
    Examined { tracks, ..examined }.with_duration(duration)
}

fn complete(own: &mut Track, theirs: Track) {
    if own.kind == "other" {
        own.kind = theirs.kind;
    }
    own.codec = own.codec.take().or(theirs.codec);
    own.width = own.width.or(theirs.width);
    own.height = own.height.or(theirs.height);
    own.channels = own.channels.or(theirs.channels);
    own.sample_rate = own.sample_rate.or(theirs.sample_rate);
    own.bit_rate = own.bit_rate.or(theirs.bit_rate);
    own.duration_ms = own.duration_ms.or(theirs.duration_ms);
}

fn track(stream: &Value) -> Track {
    let text = |key: &str| stream[key].as_str();
    let small = |key: &str| stream[key].as_u64().and_then(|number| u32::try_from(number).ok());
    let kind = match text("codec_type") {
        Some("video") => "video",
        Some("audio") => "audio",
        Some("subtitle") => "subtitle",
        _ => "other",
    };
    Track {
        kind,
        codec: text("codec_name").map(|name| codec(name).to_owned()),
        width: small("width").filter(|_| kind == "video"),
        height: small("height").filter(|_| kind == "video"),
        channels: small("channels"),
        sample_rate: text("sample_rate").and_then(|rate| rate.parse().ok()),
        bit_rate: text("bit_rate").and_then(|rate| rate.parse().ok()),
        duration_ms: text("duration").and_then(|text| numbers::seconds(text.parse().ok()?)),
        ..Track::default()
    }
}

/// Its names, where browsers have others.
fn codec(name: &str) -> &str {
    match name {
        "h264" => "avc1",
        "hevc" => "hvc1",
        "aac" => "mp4a.40.2",
        "ac3" => "ac-3",
        "eac3" => "ec-3",
        "mpeg2video" => "mp2v",
        "mpeg4" => "mp4v",
        name => name,
    }
}
