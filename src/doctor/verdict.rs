//! From facts to a verdict: which rules hold, and what each browser makes of them together.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::doctor::http::HttpFacts;
use crate::doctor::rules::path::PathFacts;
use crate::doctor::rules::{self, BROWSERS, Browser, Effect, Layer, Rule};
use crate::probe::examined::Examined;

/// A rule that holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub rule: &'static str,
    pub layer: Layer,
    pub seen: String,
    pub effect: Effects,
    pub reason: &'static str,
    pub cure: Option<String>,
    pub source: &'static str,
}

/// One effect for each browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Effects {
    pub safari: Effect,
    pub chrome: Effect,
    pub firefox: Effect,
}

impl Effects {
    #[must_use]
    pub fn of(self, browser: Browser) -> Effect {
        match browser {
            Browser::Safari => self.safari,
            Browser::Chrome => self.chrome,
            Browser::Firefox => self.firefox,
        }
    }

    #[must_use]
    pub fn worst(self) -> Effect {
        self.safari.max(self.chrome).max(self.firefox)
    }

    fn map(self, change: impl Fn(Effect) -> Effect) -> Self {
        Self { safari: change(self.safari), chrome: change(self.chrome), firefox: change(self.firefox) }
    }
}

/// What becomes of the video in one browser, and because of which rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    pub browser: Browser,
    pub effect: Effect,
    pub because: Vec<String>,
}

/// The whole judgement, worst findings first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    pub browsers: Vec<Outcome>,
    pub findings: Vec<Finding>,
}

impl Verdict {
    /// Of all findings together.
    #[must_use]
    pub fn of(mut findings: Vec<Finding>) -> Self {
        // Stable: within one effect the order of the table, which is from first to last cause.
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.effect.worst()));
        let browsers = BROWSERS.iter().map(|browser| outcome(*browser, &findings)).collect();
        Self { browsers, findings }
    }

    #[must_use]
    pub fn effect(&self, browser: Browser) -> Effect {
        let found = self.browsers.iter().find(|outcome| outcome.browser == browser);
        found.map_or(Effect::Unknown, |outcome| outcome.effect)
    }

    /// It plays and seeks wherever that is known.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.browsers.iter().all(|outcome| !outcome.effect.is_bad())
    }
}

fn outcome(browser: Browser, findings: &[Finding]) -> Outcome {
    let effect = findings.iter().map(|finding| finding.effect.of(browser)).max().unwrap_or(Effect::Plays);
    let guilty = findings.iter().filter(|finding| finding.effect.of(browser) == effect);
    let because = guilty.filter(|_| effect > Effect::Plays).map(|finding| finding.rule.to_owned()).collect();
    Outcome { browser, effect, because }
}

/// Who sends the file: reelgate repairs some of what is wrong with it on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServedBy {
    Reelgate,
    Anybody,
}

/// The file alone.
#[must_use]
pub fn of_file(file: &Examined, by: ServedBy) -> Vec<Finding> {
    rules::file().filter_map(|rule| finding(rule, Layer::File, file, by)).collect()
}

/// A server's answers.
#[must_use]
pub fn of_http(http: &HttpFacts, layer: Layer) -> Vec<Finding> {
    rules::http().filter_map(|rule| finding(rule, layer, http, ServedBy::Anybody)).collect()
}

/// Directly and by the public address: what is wrong in both, then what only the path does.
#[must_use]
pub fn of_path(path: &PathFacts) -> Vec<Finding> {
    let mut direct = of_http(&path.direct, Layer::Http);
    // The page loads the public address; that the direct one is not encrypted concerns nobody.
    direct.retain(|finding| finding.rule != "mixed-content");
    let known: BTreeSet<_> = direct.iter().map(|finding| finding.rule).collect();
    let on_the_way = of_http(&path.public, Layer::Path);
    let differences = rules::path::RULES.iter();
    let differences = differences.filter_map(|rule| finding(rule, Layer::Path, path, ServedBy::Anybody));
    let new: Vec<Finding> =
        on_the_way.into_iter().filter(|finding| !known.contains(finding.rule)).chain(differences).collect();
    direct.into_iter().chain(new).collect()
}

fn finding<F>(rule: &Rule<F>, layer: Layer, facts: &F, by: ServedBy) -> Option<Finding> {
    let seen = (rule.seen)(facts)?;
    let [safari, chrome, firefox] = rule.effect;
    let effect = Effects { safari, chrome, firefox };
    let is_repaired = by == ServedBy::Reelgate && (rule.is_repaired)(facts);
    let repaired = |effect| if effect == Effect::Plays { effect } else { Effect::Repaired };
    Some(Finding {
        rule: rule.id,
        layer,
        seen,
        effect: if is_repaired { effect.map(repaired) } else { effect },
        reason: rule.reason,
        cure: rule.cure.write(facts).filter(|_| !is_repaired),
        source: rule.source,
    })
}
