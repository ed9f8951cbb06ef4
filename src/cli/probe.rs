//! `probe`: what is in one file, wherever it lies.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use serde::Serialize;

use crate::clock::Clock;
use crate::probe::{self, Examined, Place, Track, archive};

use super::output::{Output, size, table};

/// Say what is in a file, whether it is whole, and if not, at which byte it breaks and what helps.
#[derive(Args, Debug)]
#[command(after_help = "\
Needs no data folder. Exit status: 0 complete or still being written, 1 broken or unreadable.

With --json one object; what is not known or does not apply is null:
  file, container, content_type, size, state (complete, recording, broken), duration_ms, bit_rate
  tracks    kind, codec, format, encrypted, bit_depth, width, height, rotation, mirrored,
            frame_rate, bit_rate, channels, sample_rate, language, duration_ms, edits,
            complex_edits, several_codings
  mp4       index {place, offset, size}, compressed, fragmented, fragments, media_end,
            external_data, appended, unseen_from; and what is done while it is served, each as
            {done, why}: faststart, hvc1, complete_fragments
  trouble   problem (empty, unknown, cut_off, no_index, damaged), what, box, offset, missing, cure
  advice    sentences")]
pub(super) struct ProbeArgs {
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// As it stands in JSON.
#[derive(Serialize)]
struct Report<'a> {
    file: String,
    #[serde(flatten)]
    examined: &'a Examined,
}

pub(super) fn run(args: &ProbeArgs, clock: &Clock, output: Output) -> anyhow::Result<()> {
    let path = args.file.as_path();
    let examined = probe::on_disk(path, clock.machine())
        .with_context(|| format!("{} cannot be examined", path.display()))?;
    let report = Report { file: path.display().to_string(), examined: &examined };
    output.show(&report, || text(&report.file, &examined))?;
    match &examined.trouble {
        Some(trouble) => {
            bail!("{} is broken. {}\n{}", path.display(), trouble.what, of_this(&report.file, &trouble.cure))
        }
        None => Ok(()),
    }
}

/// Commands that can be typed: with the file's name for `THIS`.
fn of_this(file: &str, text: &str) -> String {
    let mut parts = text.split("THIS");
    let mut said = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = [".mp4", ".mov", ".mkv"].iter().find_map(|ending| part.strip_prefix(ending));
        said.push_str(&quoted(file));
        said.push_str(rest.unwrap_or(part));
    }
    said
}

/// For a shell, where it needs that.
pub(super) fn quoted(name: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./+".contains(c);
    let name = if name.starts_with('-') { format!("./{name}") } else { name.to_owned() };
    if name.chars().all(is_plain) { name } else { format!("'{}'", name.replace('\'', r"'\''")) }
}

fn text(file: &str, examined: &Examined) -> String {
    let mut lines = vec![file.to_owned()];
    let mut say = |name: &str, value: String| lines.push(format!("  {name:<10} {value}"));
    say("container", format!("{}, {}", examined.container.unwrap_or("unknown"), bytes(examined.size)));
    if let Some(duration) = examined.duration_ms {
        let rate = examined.bit_rate.map(|rate| format!(", {}", bit_rate(rate))).unwrap_or_default();
        say("duration", format!("{}{rate}", archive::clock(duration)));
    }
    for (name, value) in of_mp4(examined) {
        say(name, of_this(file, &value));
    }
    say("state", examined.state.word().to_owned());
    for advice in &examined.advice {
        say("note", of_this(file, advice));
    }
    if !examined.tracks.is_empty() {
        let headings = ["track", "codec", "picture", "sound", "bitrate", "language"];
        let rows: Vec<_> = examined.tracks.iter().map(row).collect();
        lines.push(String::new());
        lines.extend(table(headings, &rows).lines().map(|line| format!("  {line}")));
    }
    lines.join("\n")
}

fn of_mp4(examined: &Examined) -> Vec<(&'static str, String)> {
    let Some(mp4) = &examined.mp4 else { return Vec::new() };
    let mut lines = Vec::new();
    lines.push(match mp4.index {
        Some(index) => {
            let place = if index.place == Place::First { "first" } else { "last" };
            ("index", format!("{place}: {} at byte {}", size(index.size), index.offset))
        }
        None => ("index", "none".to_owned()),
    });
    if mp4.fragmented {
        lines.push(("fragments", mp4.fragments.to_string()));
    }
    lines.extend(mp4.repairs().map(|repair| ("repair", repair.why.clone())));
    lines
}

fn row(track: &Track) -> [String; 6] {
    let or_nothing = |text: Option<String>| text.unwrap_or_default();
    let lock = if track.encrypted { " (encrypted)" } else { "" };
    [
        track.kind.to_owned(),
        format!("{}{lock}", track.codec.as_deref().unwrap_or("unknown")),
        picture(track),
        sound(track),
        or_nothing(track.bit_rate.map(bit_rate)),
        or_nothing(track.language.clone()),
    ]
}

pub(super) fn picture(track: &Track) -> String {
    let size = track.width.zip(track.height).map(|(width, height)| format!("{width}×{height}"));
    let rate = track.frame_rate.map(|rate| format!("{} fps", rate.number()));
    let turned = track.rotation.filter(|degrees| *degrees > 0).map(|degrees| format!("turned {degrees}°"));
    let depth = track.bit_depth.filter(|depth| *depth > 8).map(|depth| format!("{depth} bit"));
    [size, rate, turned, depth].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

pub(super) fn sound(track: &Track) -> String {
    let channels = track.channels.map(|channels| format!("{channels} ch"));
    let rate = track.sample_rate.map(|rate| format!("{rate} Hz"));
    [channels, rate].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn bit_rate(rate: u64) -> String {
    if rate < 10_000_000 {
        format!("{} kbit/s", rate / 1_000)
    } else {
        format!("{} Mbit/s", rate / 1_000_000)
    }
}

/// `597.28 KiB (611610 bytes)`
fn bytes(count: u64) -> String {
    format!("{} ({count} bytes)", size(count))
}
