//! `scan` and `items`.

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::admin::items::Entry;
use crate::clock::{Chance, Clock};
use crate::config::{Config, ConfigArgs, ServeArgs};
use crate::db::Db;
use crate::db::media::Library;
use crate::doctor::kept;
use crate::library::{self, Progress, Report, sidecar};
use crate::probe::archive;

use super::Misuse;
use super::output::Output;
use super::store::{self, First, with_admin};

#[derive(Args, Debug)]
pub(super) struct ScanArgs {
    /// Folders to look through [default: those of the configuration, else those that were served before]
    #[arg(value_name = "DIR")]
    dirs: Vec<PathBuf>,
    /// Believe it when a library that had videos has none any more
    #[arg(long)]
    allow_empty: bool,
}

#[derive(Args, Debug)]
#[command(after_help = "\
VIDEO: LIBRARY/PATH, as other commands take it.
BROWSERS: plays; after repair, which reelgate does while it serves; flaws (late, silent, without a
duration), unknown, no seeking, not in ...; in none. Or why not: recording (somebody is still writing
to it), broken. Empty until a scan has looked into the file.
`reelgate doctor ID` says why, and what helps; `reelgate items --json` has size, codecs and more.")]
pub(super) struct ItemsArgs {
    /// Of this library only
    library: Option<String>,
}

pub(super) async fn scan(config: &ConfigArgs, args: ScanArgs, output: Output) -> anyhow::Result<()> {
    let serve = ServeArgs { dirs: args.dirs, ..ServeArgs::default() };
    let config = Config::load(config, &serve, std::env::vars_os())?;
    let folder = store::folder(&config.data, First::Makes)?;
    let db = Db::open(&folder).await?;
    let done = scan_all(&db, &config, args.allow_empty, output).await;
    db.close().await?;
    done
}

async fn scan_all(db: &Db, config: &Config, allow_empty: bool, output: Output) -> anyhow::Result<()> {
    let (clock, chance) = (Clock::system(), Chance::system());
    let libraries = match config.libraries.as_slice() {
        [] => db.libraries().await?,
        folders => library::register(db, &clock, &chance, folders).await?,
    };
    if libraries.is_empty() {
        return Err(Misuse("no folder to look through: reelgate scan DIR".to_owned()).into());
    }
    let mut reports = Vec::new();
    for known in &libraries {
        let bar = progress_bar(known, output);
        let report = scan_one(db, known, allow_empty, &|progress| show(&bar, progress)).await;
        bar.finish_and_clear();
        reports.push(report?);
    }
    output.list(
        &reports,
        ["library", "videos", "new", "moved", "changed", "gone", "back", "skipped", "broken"],
        "",
        row,
    )?;
    for report in reports.iter().filter(|report| report.unreadable > 0 && !output.is_json()) {
        let (library, count) = (&report.library, report.unreadable);
        eprintln!(
            "warning: {count} files or folders of {library} cannot be read; what was known of them stays."
        );
    }
    Ok(())
}

async fn scan_one(
    db: &Db,
    known: &Library,
    allow_empty: bool,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> anyhow::Result<Report> {
    let (clock, chance) = (Clock::system(), Chance::system());
    let report = library::scan(db, &clock, &chance, known, allow_empty, progress).await?;
    let examined = library::examine(db, &clock, known, progress).await?;
    let broken = usize::try_from(db.count_broken(&known.id).await?).unwrap_or(usize::MAX);
    Ok(Report { examined, broken, ..report })
}

fn row(report: &Report) -> [String; 9] {
    let Report { found, added, moved, changed, gone, back, broken, .. } = *report;
    let counts = [found, added, moved, changed, gone, back, skipped(report), broken];
    let mut cells = counts.iter().map(ToString::to_string);
    std::array::from_fn(|column| match column {
        0 => report.library.clone(),
        _ => cells.next().unwrap_or_default(),
    })
}

fn skipped(report: &Report) -> usize {
    let skipped = &report.skipped;
    skipped.hidden + skipped.links + skipped.special + skipped.names + skipped.others
}

/// On a terminal only; a log needs no bar.
fn progress_bar(library: &Library, output: Output) -> ProgressBar {
    if output.is_json() || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::no_length().with_message(library.name.clone());
    bar.enable_steady_tick(std::time::Duration::from_millis(100));
    bar
}

fn show(bar: &ProgressBar, progress: Progress) {
    let (template, position, length) = match progress {
        Progress::Looking { files } => ("{spinner} {msg}: {pos} files found", files, None),
        Progress::Writing { done, of } => {
            ("{spinner} {msg}: {wide_bar} {pos}/{len} written, {eta} left", done, Some(of))
        }
        Progress::Examining { done, of } => {
            ("{spinner} {msg}: {wide_bar} {pos}/{len} examined, {eta} left", done, Some(of))
        }
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    if let Some(length) = length {
        bar.set_length(u64::try_from(length).unwrap_or(u64::MAX));
    }
    bar.set_position(u64::try_from(position).unwrap_or(u64::MAX));
}

pub(super) async fn items(config: &ConfigArgs, args: &ItemsArgs, output: Output) -> anyhow::Result<()> {
    let unrepaired = Config::unrepaired(config, std::env::vars_os())?;
    let repairs = |library: &str| !unrepaired.iter().any(|(name, _)| name == library);
    with_admin(config, First::Needs, async |admin| {
        let items = admin.items(args.library.as_deref()).await?;
        let values: Vec<Value> =
            items.iter().map(|entry| value(entry, repairs(&entry.listed.item.library))).collect();
        let none = "No videos are known: serve a folder, or run `reelgate scan DIR`.";
        // What has any length comes last, so that the rest stays in its columns.
        let headings = ["id", "duration", "browsers", "video"];
        output.list(&values, headings, none, |value| {
            let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
            let duration = value["duration_ms"].as_u64().map(archive::clock).unwrap_or_default();
            let browsers = if value["state"] == "complete" { text("plays") } else { text("state") };
            [text("id"), duration, browsers, format!("{}/{}", text("library"), text("path"))]
        })?;
        let odd = values.iter().filter(|value| value["note"].is_string()).count();
        if odd > 0 && !output.is_json() {
            eprintln!("There is something to know of {odd} of them: see `note` in `reelgate items --json`.");
        }
        Ok(())
    })
    .await
}

fn value(entry: &Entry, repairs: bool) -> Value {
    let (item, found) = (&entry.listed.item, entry.listed.findings.as_ref());
    let browsers = entry.verdict.as_ref().map(|verdict| verdict.outcomes(repairs));
    let subtitles = entry
        .beside
        .subtitles
        .iter()
        .map(|text| json!({ "label": text.label, "url": sidecar::subtitles_url(item.id, &text.label) }));
    json!({
        "id": item.id.to_string(),
        "library": item.library,
        "path": item.path,
        "size": item.size,
        "state": entry.listed.state().word(),
        "plays": browsers.map(kept::summary),
        "browsers": browsers,
        "container": found.and_then(|found| found.container.as_deref()),
        "duration_ms": found.and_then(|found| found.duration_ms),
        "width": found.and_then(|found| found.width),
        "height": found.and_then(|found| found.height),
        "video_codec": found.and_then(|found| found.video_codec.as_deref()),
        "audio_codec": found.and_then(|found| found.audio_codec.as_deref()),
        "note": entry.note(),
        "url": format!("/m/{}", item.id),
        "poster": entry.beside.poster.as_ref().map(|path| sidecar::poster_url(item.id, path)),
        "subtitles": subtitles.collect::<Vec<_>>(),
    })
}
