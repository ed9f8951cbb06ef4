//! The table of the README: made here, so that nobody types figures.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::peers::Peer;
use crate::table::{Figures, machine, rounded};

/// The table stands between these, where a file has them.
const BEGIN: &str = "<!-- made by cargo bench --bench serve -- --markdown README.md -->";
const END: &str = "<!-- end of what is made -->";

struct Row {
    what: &'static str,
    scenario: &'static str,
    column: usize,
    unit: &'static str,
    /// Whether nginx's figure comes as it is and the others' by it, or all as they are.
    by_nginx: bool,
}

const fn by_nginx(what: &'static str, scenario: &'static str, column: usize, unit: &'static str) -> Row {
    Row { what, scenario, column, unit, by_nginx: true }
}

const fn absolute(what: &'static str, scenario: &'static str, column: usize, unit: &'static str) -> Row {
    Row { what, scenario, column, unit, by_nginx: false }
}

const ROWS: &[Row] = &[
    by_nginx("one connection: CPU per GB", "bulk1", 0, "s"),
    by_nginx("16 connections: CPU per GB", "bulk16", 0, "s"),
    by_nginx("16 connections over TLS: CPU per GB", "tls", 0, "s"),
    by_nginx("ranges of 64 KiB to 1 MiB: CPU per 10,000", "seek", 0, "s"),
    by_nginx("… requests/s (more is better)", "seek", 1, ""),
    by_nginx("… p99", "seek", 3, "ms"),
    by_nginx("`bytes=0-1`: CPU per 10,000", "probe", 0, "s"),
    by_nginx("… requests/s (more is better)", "probe", 1, ""),
    by_nginx("HEAD: CPU per 10,000", "head", 0, "s"),
    by_nginx("a new connection for each range: CPU per 10,000", "newconn", 0, "s"),
    by_nginx("viewers who hang up: CPU per 10,000", "hangup", 0, "s"),
    by_nginx("first byte from the disk, p50", "ttfb", 0, "ms"),
    by_nginx("first byte from memory, p50", "ttfb", 2, "ms"),
    by_nginx("a seek while 500 watch, p50", "seek_paced", 0, "ms"),
    by_nginx("… p99", "seek_paced", 1, "ms"),
    by_nginx("2,000 viewers at 2 Mbit/s: own memory each", "paced", 0, "KiB"),
    by_nginx("… kernel memory each", "paced", 1, "KiB"),
    by_nginx("… CPU per GB", "paced", 5, "s"),
    absolute("… late by 1 s, viewers", "paced", 3, ""),
    by_nginx("10,000 viewers at 0.2 Mbit/s: own memory each", "crowd", 0, "KiB"),
    by_nginx("… kernel memory each", "crowd", 1, "KiB"),
    by_nginx("… CPU per GB", "crowd", 5, "s"),
    absolute("… late by 1 s, viewers", "crowd", 3, ""),
    absolute("slow disk: rate that viewers of other files keep", "slowdisk", 0, ""),
    absolute("… their p99.9", "slowdisk", 1, "ms"),
    absolute("… what the disk's viewers get (more is better)", "slowdisk", 3, "MB/s"),
];

/// Who has a column. Another build is nobody's business, and the floor is no server.
fn columns(figures: &Figures) -> Vec<Peer> {
    let shown = |peer: &Peer| {
        !matches!(peer, Peer::Rival | Peer::Floor) && ROWS.iter().any(|row| figures.has(row.scenario, *peer))
    };
    Peer::ALL.into_iter().filter(shown).collect()
}

impl Row {
    fn cell(&self, figures: &Figures, peer: Peer) -> String {
        let value = if self.by_nginx && peer != Peer::Nginx {
            figures.ratio(self.scenario, peer, Peer::Nginx, self.column).map(|ratio| format!("×{ratio:.2}"))
        } else {
            let value = figures.median(self.scenario, peer, self.column);
            value.map(|value| format!("{} {}", rounded(value), self.unit).trim().to_owned())
        };
        value.unwrap_or_default()
    }
}

fn table(figures: &Figures, command: &str) -> String {
    let columns = columns(figures);
    let names: Vec<_> = columns.iter().map(|peer| peer.name()).collect();
    let mut text = format!("| | {} |\n|---|{}", names.join(" | "), "---|".repeat(columns.len()));
    for row in ROWS.iter().filter(|row| columns.iter().any(|peer| figures.has(row.scenario, *peer))) {
        let cells: Vec<_> = columns.iter().map(|peer| row.cell(figures, *peer)).collect();
        let _ = write!(text, "\n| {} | {} |", row.what, cells.join(" | "));
    }
    let _ = write!(text, "\n\nMeasured on {}, by\n`{command}`.\n", machine().join(" · "));
    for note in figures.notes() {
        let _ = write!(text, "\n{note}\n");
    }
    text
}

/// Into the file's marks, or as a file of its own.
pub fn write(path: &Path, figures: &Figures, command: &str) -> Result<()> {
    let table = table(figures, command);
    let old = fs::read_to_string(path).unwrap_or_default();
    let marked = old.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let text = match marked {
        Some((before, after)) => format!("{before}{BEGIN}\n\n{table}\n{END}{after}"),
        None => table,
    };
    fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))
}
