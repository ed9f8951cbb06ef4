//! What the byte engine is meant to reach, and whether it does. A target that was not measured says so.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::peers::Peer;
use crate::table::{Figures, rounded};

struct Target {
    what: &'static str,
    scenario: &'static str,
    /// Of the scenario's columns.
    column: usize,
    measure: Measure,
    bound: Bound,
    /// What would be better still.
    stretch: Option<f64>,
}

enum Measure {
    /// The figure itself.
    Itself,
    /// By another's in the same run.
    By(Peer),
}

#[derive(Clone, Copy)]
enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Bound {
    fn holds(self, value: f64) -> bool {
        match self {
            Bound::AtMost(bound) => value <= bound,
            Bound::AtLeast(bound) => value >= bound,
        }
    }

    /// With the sign, and with a unit that is a factor or nothing.
    fn write(self, by: bool) -> String {
        let factor = if by { "×" } else { "" };
        match self {
            Bound::AtMost(bound) => format!("≤ {factor}{bound}"),
            Bound::AtLeast(bound) => format!("≥ {factor}{bound}"),
        }
    }
}

/// Columns of [`crate::scenarios`]: processor time comes first where there is nothing else to say.
const CPU: usize = 0;
const P99: usize = 3;
const OWN: usize = 0;
const KERNEL: usize = 1;
const LATE: usize = 3;
const WATCHED_CPU: usize = 5;
const KEPT: usize = 0;
const HOT: usize = 1;
const COLD: usize = 3;

const fn by(
    what: &'static str,
    scenario: &'static str,
    column: usize,
    peer: Peer,
    most: f64,
    stretch: Option<f64>,
) -> Target {
    Target { what, scenario, column, measure: Measure::By(peer), bound: Bound::AtMost(most), stretch }
}

const fn itself(what: &'static str, scenario: &'static str, column: usize, bound: Bound) -> Target {
    Target { what, scenario, column, measure: Measure::Itself, bound, stretch: None }
}

const TARGETS: &[Target] = &[
    by("bulk, 16 connections: CPU per GB, by nginx", "bulk16", CPU, Peer::Nginx, 1.05, Some(1.0)),
    by("bulk, 16 connections: CPU per GB, by ServeDir", "bulk16", CPU, Peer::ServeDir, 0.5, None),
    by("seek: CPU, by nginx", "seek", CPU, Peer::Nginx, 0.95, Some(0.82)),
    by("seek: p99, by nginx", "seek", P99, Peer::Nginx, 1.0, None),
    by("seek: CPU, by auth_request", "seek", CPU, Peer::NginxAuthRequest, 0.75, None),
    by("probe: CPU, by nginx", "probe", CPU, Peer::Nginx, 1.0, Some(0.55)),
    by("probe: CPU, by auth_request", "probe", CPU, Peer::NginxAuthRequest, 0.35, None),
    by("HEAD: CPU, by nginx", "head", CPU, Peer::Nginx, 1.0, Some(0.55)),
    by("HEAD: CPU, by auth_request", "head", CPU, Peer::NginxAuthRequest, 0.35, None),
    itself("2,000 viewers: late", "paced", LATE, Bound::AtMost(0.0)),
    itself("2,000 viewers: own memory each, KiB", "paced", OWN, Bound::AtMost(16.0)),
    by("2,000 viewers: kernel memory, by nginx", "paced", KERNEL, Peer::Nginx, 0.5, None),
    by("2,000 viewers: CPU per GB, by nginx", "paced", WATCHED_CPU, Peer::Nginx, 1.1, Some(0.95)),
    itself("10,000 viewers: late", "crowd", LATE, Bound::AtMost(0.0)),
    itself("10,000 viewers: own memory each, KiB", "crowd", OWN, Bound::AtMost(16.0)),
    by("10,000 viewers: kernel memory, by nginx", "crowd", KERNEL, Peer::Nginx, 0.5, None),
    by("10,000 viewers: CPU per GB, by nginx", "crowd", WATCHED_CPU, Peer::Nginx, 0.85, Some(0.75)),
    itself("slow disk: rate that hot viewers keep", "slowdisk", KEPT, Bound::AtLeast(0.95)),
    itself("slow disk: hot p99.9, ms", "slowdisk", HOT, Bound::AtMost(20.0)),
    Target {
        what: "slow disk: cold viewers' rate, by nginx",
        scenario: "slowdisk",
        column: COLD,
        measure: Measure::By(Peer::Nginx),
        bound: Bound::AtLeast(2.5),
        stretch: None,
    },
    by("a new connection for each range: CPU, by nginx", "newconn", CPU, Peer::Nginx, 1.0, Some(0.8)),
    by("clients that hang up: CPU, by nginx", "hangup", CPU, Peer::Nginx, 1.0, Some(0.8)),
    by("TLS: CPU per GB, by nginx with OpenSSL", "tls", CPU, Peer::Nginx, 0.7, None),
];

/// Whom the targets are for.
const OURS: [Peer; 4] = [Peer::Reelgate, Peer::ZeroCopy, Peer::Copying, Peer::Rival];

impl Target {
    fn measured(&self, figures: &Figures, peer: Peer) -> Option<f64> {
        match self.measure {
            Measure::Itself => figures.median(self.scenario, peer, self.column),
            Measure::By(other) => figures.ratio(self.scenario, peer, other, self.column),
        }
    }

    fn verdict(&self, value: Option<f64>) -> &'static str {
        match value {
            None => "not measured",
            Some(value) if !self.bound.holds(value) => "MISSED",
            Some(value) if self.stretch.is_some_and(|stretch| value <= stretch) => "met, and the stretch",
            Some(_) => "met",
        }
    }

    fn bound(&self) -> String {
        let by = matches!(self.measure, Measure::By(_));
        let stretch = self.stretch.map(|stretch| format!(" (stretch ×{stretch})")).unwrap_or_default();
        self.bound.write(by) + &stretch
    }
}

fn ours(figures: &Figures) -> Vec<Peer> {
    let measured = |peer: &Peer| TARGETS.iter().any(|target| figures.has(target.scenario, *peer));
    OURS.into_iter().filter(measured).collect()
}

/// Markdown: a line a target, a column for each reelgate, and a count.
pub fn table(figures: &Figures) -> String {
    let ours = ours(figures);
    let names: Vec<_> = ours.iter().map(|peer| peer.name()).collect();
    let caution = figures.caution();
    let mut text =
        format!("\n**targets** {caution}\n\n| target | bound | {} |\n|---|---|", names.join(" | "));
    text += &"---|".repeat(ours.len());
    for target in TARGETS {
        let _ = write!(text, "\n| {} | {} |", target.what, target.bound());
        for peer in &ours {
            let value = target.measured(figures, *peer);
            let shown = value.map(|value| rounded(value) + ": ").unwrap_or_default();
            let _ = write!(text, " {shown}{} |", target.verdict(value));
        }
    }
    text += "\n";
    for peer in ours {
        let verdicts = TARGETS.iter().map(|target| target.verdict(target.measured(figures, peer)));
        let (met, rest): (Vec<_>, Vec<_>) = verdicts.partition(|verdict| verdict.starts_with("met"));
        let missed = rest.iter().filter(|verdict| **verdict == "MISSED").count();
        let _ = write!(
            text,
            "\n{}: {} of {} targets met, {missed} missed, {} not measured\n",
            peer.name(),
            met.len(),
            TARGETS.len(),
            rest.len() - missed
        );
    }
    text
}

pub fn json(figures: &Figures) -> Value {
    let ours = ours(figures);
    let of_target = |target: &Target| {
        let verdicts = ours.iter().map(|peer| {
            let value = target.measured(figures, *peer);
            (peer.word().to_owned(), json!({ "measured": value, "verdict": target.verdict(value) }))
        });
        let verdicts: serde_json::Map<_, _> = verdicts.collect();
        json!({ "target": target.what, "bound": target.bound(), "verdicts": verdicts })
    };
    TARGETS.iter().map(of_target).collect()
}
