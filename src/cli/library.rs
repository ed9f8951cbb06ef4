//! `scan` and `items`.

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::clock::{Chance, Clock};
use crate::config::{Config, ConfigArgs, ServeArgs};
use crate::db::Db;
use crate::db::media::Library;
use crate::library::{self, Progress, Report};

use super::Misuse;
use super::output::{Output, size};
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
        let report =
            library::scan(db, &clock, &chance, known, allow_empty, &|progress| show(&bar, progress)).await;
        bar.finish_and_clear();
        reports.push(report?);
    }
    output.list(
        &reports,
        ["library", "videos", "new", "moved", "changed", "gone", "back", "skipped"],
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

fn row(report: &Report) -> [String; 8] {
    let counts =
        [report.found, report.added, report.moved, report.changed, report.gone, report.back, skipped(report)];
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
    with_admin(config, First::Needs, async |admin| {
        let items = admin.items(args.library.as_deref()).await?;
        let values: Vec<Value> = items
            .iter()
            .map(|item| {
                json!({
                    "id": item.id.to_string(),
                    "library": item.library,
                    "path": item.path,
                    "size": item.size,
                    "state": item.state.word(),
                    "url": format!("/m/{}", item.id),
                })
            })
            .collect();
        let none = "No videos are known: serve a folder, or run `reelgate scan DIR`.";
        output.list(&values, ["id", "library", "path", "size", "state"], none, |value| {
            let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
            let bytes = value["size"].as_u64().unwrap_or_default();
            [text("id"), text("library"), text("path"), size(bytes), text("state")]
        })
    })
    .await
}
