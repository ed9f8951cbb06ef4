//! What was measured: medians, their ratio to nginx, and the machine.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::peers::{Peer, version};
use crate::scenarios::Scenario;

/// Figures of each run, by scenario and server.
#[derive(Default)]
pub struct Figures(HashMap<(&'static str, Peer), Vec<Vec<f64>>>);

impl Figures {
    pub fn add(&mut self, scenario: &Scenario, peer: Peer, run: Vec<f64>) {
        self.0.entry((scenario.name, peer)).or_default().push(run);
    }

    /// The median of a column.
    pub fn median(&self, scenario: &Scenario, peer: Peer, column: usize) -> Option<f64> {
        let runs = self.0.get(&(scenario.name, peer))?;
        let mut values: Vec<f64> = runs.iter().filter_map(|run| run.get(column)).copied().collect();
        values.sort_unstable_by(f64::total_cmp);
        let middle = values.get(values.len() / 2)?;
        let other = values.get((values.len() - 1) / 2)?;
        Some(f64::midpoint(*middle, *other))
    }

    fn ratio(&self, scenario: &Scenario, peer: Peer, column: usize) -> Option<f64> {
        let nginx = self.median(scenario, Peer::Nginx, column).filter(|nginx| *nginx > 0.0)?;
        Some(self.median(scenario, peer, column)? / nginx)
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
        for peer in Peer::ALL.into_iter().filter(|peer| self.0.contains_key(&(scenario.name, *peer))) {
            let _ = write!(text, "\n| {} |", peer.name());
            for column in 0..scenario.columns.len() {
                let value = self.median(scenario, peer, column).unwrap_or(f64::NAN);
                let ratio = self.ratio(scenario, peer, column);
                let ratio = ratio.map(|ratio| format!(" (×{ratio:.2})")).unwrap_or_default();
                let _ = write!(text, " {}{ratio} |", rounded(value));
            }
        }
        text + "\n"
    }

    pub fn json(&self, scenarios: &[&Scenario]) -> Value {
        let of_peer = |scenario: &Scenario, peer: Peer| {
            let columns = scenario.columns.iter().enumerate();
            let medians = columns.map(|(place, column)| {
                let value = json!({
                    "unit": column.unit,
                    "median": self.median(scenario, peer, place),
                    "by_nginx": self.ratio(scenario, peer, place),
                });
                (column.title.to_owned(), value)
            });
            let runs = self.0.get(&(scenario.name, peer))?;
            Some(json!({ "columns": medians.collect::<serde_json::Map<_, _>>(), "runs": runs }))
        };
        let of_scenario = |scenario: &&Scenario| {
            let peers = Peer::ALL.into_iter();
            let peers = peers.filter_map(|peer| Some((peer.word().to_owned(), of_peer(scenario, peer)?)));
            (scenario.name.to_owned(), Value::Object(peers.collect()))
        };
        json!({ "machine": machine(), "scenarios": scenarios.iter().map(of_scenario).collect::<serde_json::Map<_, _>>() })
    }
}

/// Three digits that count.
fn rounded(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// Where and with what it was measured, a line each.
pub fn machine() -> Vec<String> {
    let processors = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let memory = memory.lines().next().unwrap_or_default().trim_start_matches("MemTotal:").trim().to_owned();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let date = Command::new("date").args(["-u", "+%F %R UTC"]).output().map(|output| output.stdout);
    let versions = ["nginx", "caddy"].into_iter().filter_map(version).collect::<Vec<_>>().join(", caddy ");
    vec![
        format!("{processors} × {}, {memory}", model.trim_start_matches([' ', '\t', ':'])),
        format!("Linux {}", kernel.trim()),
        format!("reelgate {}, {versions}", env!("CARGO_PKG_VERSION")),
        String::from_utf8_lossy(&date.unwrap_or_default()).trim().to_owned(),
    ]
}
