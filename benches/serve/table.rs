//! What was measured: medians, their ratio to nginx, and the machine.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use anyhow::Result;
use serde_json::{Value, json};

use crate::peers::{Peer, version};
use crate::scenarios::{LAG, Scenario};
use crate::targets;

/// Of the client's own lag, in milliseconds; half of what makes a viewer late.
const TOO_MUCH: f64 = 500.0;

/// Figures of each run, by scenario and server, and what there is to say about them.
#[derive(Default)]
pub struct Figures {
    runs: HashMap<(&'static str, Peer), Vec<Vec<f64>>>,
    /// By scenario: who failed or was left out, and why.
    notes: HashMap<&'static str, Vec<String>>,
    failures: u32,
    /// What to know before all else.
    caution: Option<&'static str>,
}

impl Figures {
    pub fn with_caution(caution: Option<&'static str>) -> Figures {
        Figures { caution, ..Figures::default() }
    }

    /// Takes in a run. Who fails has no figures in this scenario, not even of earlier rounds; tells whether it may go on.
    pub fn add(&mut self, scenario: &Scenario, peer: Peer, run: Result<Vec<f64>>) -> bool {
        match run {
            Ok(run) => {
                self.doubt(scenario, peer, &run);
                self.runs.entry((scenario.name, peer)).or_default().push(run);
            }
            Err(error) => {
                self.fail(scenario, peer, &error);
                return false;
            }
        }
        true
    }

    /// A client that comes too late itself says little about the server.
    fn doubt(&mut self, scenario: &Scenario, peer: Peer, run: &[f64]) {
        let figures = scenario.columns.iter().zip(run);
        let lag = figures.filter(|(column, _)| column.title == LAG.title).map(|(_, lag)| *lag).next();
        if let Some(lag) = lag.filter(|lag| *lag > TOO_MUCH) {
            let name = peer.name();
            self.note(scenario, &format!("{name}: doubtful, for the client itself was late by {lag:.0} ms"));
        }
    }

    pub fn fail(&mut self, scenario: &Scenario, peer: Peer, error: &anyhow::Error) {
        self.failures += 1;
        self.runs.remove(&(scenario.name, peer));
        self.note(scenario, &format!("{} FAILED: {error:#}", peer.name()));
    }

    pub fn note(&mut self, scenario: &Scenario, why: &str) {
        self.notes.entry(scenario.name).or_default().push(why.to_owned());
    }

    pub fn has_failures(&self) -> bool {
        self.failures > 0
    }

    pub fn has(&self, scenario: &str, peer: Peer) -> bool {
        self.runs.keys().any(|key| *key == (scenario, peer))
    }

    pub fn notes(&self) -> Vec<String> {
        let mut notes: Vec<_> = self.notes.iter().collect();
        notes.sort_unstable();
        let notes = notes.into_iter();
        let notes = notes.flat_map(|(name, notes)| notes.iter().map(move |note| format!("{name}: {note}")));
        self.caution.map(str::to_owned).into_iter().chain(notes).collect()
    }

    pub fn caution(&self) -> &'static str {
        self.caution.unwrap_or_default()
    }

    /// The median of a column.
    pub fn median(&self, scenario: &str, peer: Peer, column: usize) -> Option<f64> {
        let (_, runs) = self.runs.iter().find(|(key, _)| **key == (scenario, peer))?;
        let mut values: Vec<f64> = runs.iter().filter_map(|run| run.get(column)).copied().collect();
        values.sort_unstable_by(f64::total_cmp);
        let middle = values.get(values.len() / 2)?;
        let other = values.get((values.len() - 1) / 2)?;
        Some(f64::midpoint(*middle, *other))
    }

    /// A peer's median by another's.
    pub fn ratio(&self, scenario: &str, peer: Peer, to: Peer, column: usize) -> Option<f64> {
        let to = self.median(scenario, to, column).filter(|to| *to > 0.0)?;
        Some(self.median(scenario, peer, column)? / to)
    }

    /// Markdown: a line a server, in each cell the median and its ratio to nginx's.
    pub fn table(&self, scenario: &Scenario) -> String {
        let mut text = format!("\n**{}**: {}\n\n| server |", scenario.name, scenario.what);
        for column in scenario.columns {
            let unit = if column.unit.is_empty() { String::new() } else { format!(", {}", column.unit) };
            let _ = write!(text, " {}{unit} |", column.title);
        }
        text += "\n|---|";
        text += &"---|".repeat(scenario.columns.len());
        for peer in Peer::ALL.into_iter().filter(|peer| self.has(scenario.name, *peer)) {
            let _ = write!(text, "\n| {} |", peer.name());
            for column in 0..scenario.columns.len() {
                let value = self.median(scenario.name, peer, column).unwrap_or(f64::NAN);
                let ratio = self.ratio(scenario.name, peer, Peer::Nginx, column);
                let ratio = ratio.map(|ratio| format!(" (×{ratio:.2})")).unwrap_or_default();
                let _ = write!(text, " {}{ratio} |", rounded(value));
            }
        }
        text += "\n";
        for note in self.notes.get(scenario.name).into_iter().flatten() {
            let _ = writeln!(text, "\n{note}");
        }
        text
    }

    pub fn json(&self, scenarios: &[&Scenario]) -> Value {
        let of_peer = |scenario: &Scenario, peer: Peer| {
            let columns = scenario.columns.iter().enumerate();
            let medians = columns.map(|(place, column)| {
                let value = json!({
                    "unit": column.unit,
                    "median": self.median(scenario.name, peer, place),
                    "by_nginx": self.ratio(scenario.name, peer, Peer::Nginx, place),
                });
                (column.title.to_owned(), value)
            });
            let runs = self.runs.get(&(scenario.name, peer))?;
            Some(json!({ "columns": medians.collect::<serde_json::Map<_, _>>(), "runs": runs }))
        };
        let of_scenario = |scenario: &&Scenario| {
            let peers = Peer::ALL.into_iter();
            let peers = peers.filter_map(|peer| Some((peer.word().to_owned(), of_peer(scenario, peer)?)));
            (scenario.name.to_owned(), Value::Object(peers.collect()))
        };
        json!({
            "machine": machine(),
            "scenarios": scenarios.iter().map(of_scenario).collect::<serde_json::Map<_, _>>(),
            "targets": targets::json(self),
            "notes": self.notes(),
        })
    }
}

/// Three digits that count.
pub fn rounded(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        0.0 => "0".to_owned(),
        _ => format!("{value:.3}"),
    }
}

/// Where and with what it was measured.
pub fn machine() -> Vec<String> {
    let processors = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let memory = memory.lines().next().unwrap_or_default().trim_start_matches("MemTotal:").trim();
    let gigabytes =
        memory.trim_end_matches(" kB").parse().map_or(0, |kilobytes: u64| kilobytes.div_ceil(1 << 20));
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let date = Command::new("date").args(["-u", "+%F %R UTC"]).output().map(|output| output.stdout);
    let versions = ["nginx", "caddy"].into_iter().filter_map(version).collect::<Vec<_>>().join(", caddy ");
    vec![
        format!("{processors} × {}, {gigabytes} GiB", model.trim_start_matches([' ', '\t', ':'])),
        format!("Linux {}", kernel.trim()),
        format!("reelgate {}, {versions}", env!("CARGO_PKG_VERSION")),
        String::from_utf8_lossy(&date.unwrap_or_default()).trim().to_owned(),
    ]
}
