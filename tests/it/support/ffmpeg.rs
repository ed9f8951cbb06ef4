//! Films as ffmpeg writes them, in every layout, made once a run; and what ffmpeg finds in a film.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use super::boxes::{self, Boxed};

const H264: &str = "-c:v libx264 -preset ultrafast -g 10 -pix_fmt yuv420p -c:a aac";
const HEVC: &str =
    "-c:v libx265 -preset ultrafast -x265-params log-level=none:pools=1 -pix_fmt yuv420p -c:a aac";

/// Name and options, which may name those above.
const RECIPES: [(&str, &str); 16] = [
    ("late.mp4", "H264"),
    ("first.mp4", "H264 -movflags +faststart"),
    ("reordered.mp4", "-c:v libx264 -preset veryfast -bf 3 -pix_fmt yuv420p -c:a aac"),
    ("late.mov", "H264"),
    ("first.mov", "H264 -movflags +faststart"),
    ("alaw.mov", "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a pcm_alaw -ar 8000"),
    ("hev1.mp4", "HEVC"),
    ("hev1-first.mp4", "HEVC -movflags +faststart"),
    ("hev1.mov", "HEVC -tag:v hev1"),
    ("hvc1.mp4", "HEVC -tag:v hvc1"),
    ("av1.mp4", "-c:v libaom-av1 -cpu-used 8 -usage realtime -c:a libopus"),
    ("vp9.mp4", "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -pix_fmt yuv420p -c:a libopus"),
    ("fragments.mp4", "H264 -movflags +frag_keyframe+empty_moov+default_base_moof"),
    ("segments.mp4", "H264 -movflags +frag_keyframe+empty_moov+default_base_moof+global_sidx"),
    ("hev1-fragments.mp4", "HEVC -g 10 -movflags +frag_keyframe+empty_moov+default_base_moof"),
    ("sound.m4a", "-vn -c:a aac"),
];

static FILMS: LazyLock<HashMap<&str, Vec<u8>>> = LazyLock::new(make);

/// A film of two seconds by its name in [`RECIPES`], or one of those that are made of them.
pub fn film(name: &str) -> &'static [u8] {
    FILMS.get(name).unwrap_or_else(|| panic!("no film {name}"))
}

fn make() -> HashMap<&'static str, Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let mut films = HashMap::new();
    for (name, options) in RECIPES {
        let options = options.replace("H264", H264).replace("HEVC", HEVC);
        let path = folder.path().join(name);
        let source = "-f lavfi -i testsrc2=s=192x144:r=25:d=2 -f lavfi -i sine=d=2";
        run(source.split(' ').chain(options.split(' ')).map(OsStr::new).chain([path.as_os_str()]));
        films.insert(name, fs::read(path).unwrap());
    }
    let trimmed = remuxed(&films["late.mp4"], "late.mp4", &["-ss", "0.7"], &[]);
    films.insert("trimmed.mp4", trimmed);
    let late = &films["late.mp4"];
    let (wide, split) = (wide_data(late), split_data(late));
    let (lost, cut) = (without_index(late), cut(&films["first.mp4"]));
    let fragments = &films["fragments.mp4"];
    let torn = fragments[..fragments.len() * 2 / 3].to_vec();
    films.extend([("wide.mp4", wide), ("split.mp4", split), ("lost.mp4", lost)]);
    films.extend([("cut.mp4", cut), ("torn.mp4", torn)]);
    films
}

/// The same film with an `mdat` whose size has 64 bits; `ffmpeg` leaves eight bytes for that.
fn wide_data(late: &[u8]) -> Vec<u8> {
    let top = boxes::top(late);
    let [free, mdat] = ["free", "mdat"].map(|kind| boxes::only(&top, kind).clone());
    assert_eq!((free.len(), free.end), (8, mdat.start), "room for a size of 64 bits");
    let size = u64::try_from(free.len() + mdat.len()).unwrap();
    let header = [&1_u32.to_be_bytes()[..], b"mdat", &size.to_be_bytes()].concat();
    [&late[..free.start], &header, &late[mdat.start + 8..]].concat()
}

/// The same film with its data in two boxes, another one between them, and one behind the index.
fn split_data(late: &[u8]) -> Vec<u8> {
    let top = boxes::top(late);
    let [mdat, moov] = ["mdat", "moov"].map(|kind| boxes::only(&top, kind).clone());
    let offsets = boxes::chunk_offsets(&late[moov.clone()]);
    let middle = u64::try_from(mdat.start + mdat.len() / 2).unwrap();
    let at = usize::try_from(*offsets.iter().filter(|offset| **offset > middle).min().unwrap()).unwrap();
    let between = boxes::boxed(b"free", b"between");
    let first = boxes::boxed(b"mdat", &late[mdat.start + 8..at]);
    let second = boxes::boxed(b"mdat", &late[at..mdat.end]);
    let shift = u64::try_from(between.len() + 8).unwrap();
    let place = |offset: u64| if offset >= u64::try_from(at).unwrap() { offset + shift } else { offset };
    let moov = boxes::rewritten(&late[moov], false, &place);
    let behind = boxes::boxed(b"mdat", b"of no track");
    [&late[..mdat.start], &first, &between, &second, &moov, &behind].concat()
}

fn without_index(late: &[u8]) -> Vec<u8> {
    late[..boxes::only(&boxes::top(late), "moov").start].to_vec()
}

fn cut(first: &[u8]) -> Vec<u8> {
    first[..first.len() * 3 / 4].to_vec()
}

/// ffmpeg's own copy of a film.
pub fn remuxed(film: &[u8], name: &str, before: &[&str], options: &[&str]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join(name), folder.path().join(format!("copy-{name}")));
    fs::write(&from, film).unwrap();
    let before = before.iter().map(OsStr::new).chain([OsStr::new("-i"), from.as_os_str()]);
    let options = ["-map", "0", "-c", "copy"].iter().chain(options).map(OsStr::new);
    run(before.chain(options).chain([to.as_os_str()]));
    fs::read(to).unwrap()
}

/// What a film holds: a line for each sample with its time, its length and its digest, as it lies in the file and as it
/// is decoded.
#[derive(Debug, PartialEq, Eq)]
pub struct Samples {
    pub packets: String,
    pub frames: String,
}

pub fn samples(film: &[u8], name: &str) -> Samples {
    try_samples(film, name).unwrap_or_else(|| panic!("ffmpeg cannot read {name}"))
}

/// Nothing, where ffmpeg makes nothing of it.
pub fn try_samples(film: &[u8], name: &str) -> Option<Samples> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, film).unwrap();
    samples_at(path.as_os_str())
}

/// The same of whatever ffmpeg can open.
pub fn samples_at(input: &OsStr) -> Option<Samples> {
    let folder = tempfile::tempdir().unwrap();
    let [packets, frames] = ["packets", "frames"].map(|name| folder.path().join(name));
    // No pictures of a cover, no tracks of data: `framemd5` takes what can be decoded.
    let wanted = ["-map", "0:V?", "-map", "0:a?"];
    let copied = wanted.iter().chain(&["-c", "copy", "-f", "framemd5"]).map(OsStr::new);
    let decoded = wanted.iter().chain(&["-f", "framemd5"]).map(OsStr::new);
    let arguments = [OsStr::new("-i"), input].into_iter().chain(copied).chain([packets.as_os_str()]);
    if !ffmpeg(arguments.chain(decoded).chain([frames.as_os_str()])).output().unwrap().status.success() {
        return None;
    }
    let read = |path: &Path| {
        let text = fs::read_to_string(path).unwrap();
        // What stands above names the configuration, of which a byte may differ; the frames show that it is the same.
        let lines: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
        lines.join("\n")
    };
    let samples = Samples { packets: read(&packets), frames: read(&frames) };
    Some(samples).filter(|samples| !samples.frames.is_empty())
}

fn ffmpeg<'a>(arguments: impl Iterator<Item = &'a OsStr>) -> Command {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-nostdin", "-v", "error", "-y"]).args(arguments);
    ffmpeg
}

fn run<'a>(arguments: impl Iterator<Item = &'a OsStr>) {
    let output = ffmpeg(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Where a file of fragments may end: behind its index, and behind each fragment.
pub fn complete_ends(fragments: &[u8]) -> Vec<usize> {
    let top = boxes::top(fragments);
    let behind = |kind: &'static str| top.iter().filter(move |found| found.kind == kind);
    let index = boxes::only(&top, "moov").end;
    [index].into_iter().chain(behind("mdat").map(|Boxed { place, .. }| place.end)).collect()
}
