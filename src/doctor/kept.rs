//! What is kept of a verdict with the item, so that a list can show it without reading the file again.

use serde::{Deserialize, Serialize};

use crate::doctor::rules::Effect;
use crate::doctor::verdict::{self, Outcome, ServedBy, Verdict};
use crate::probe::examined::Examined;

/// What becomes of a file in each browser, with the rules that say so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// As reelgate serves it.
    repaired: Vec<Outcome>,
    /// From a library with `repair = false`.
    as_it_is: Vec<Outcome>,
}

impl Kept {
    #[must_use]
    pub fn of(file: &Examined) -> Self {
        let outcomes = |by| Verdict::of(verdict::of_file(file, by)).browsers;
        Self { repaired: outcomes(ServedBy::Reelgate), as_it_is: outcomes(ServedBy::Anybody) }
    }

    /// For a library that repairs, or one that does not.
    #[must_use]
    pub fn outcomes(&self, repairs: bool) -> &[Outcome] {
        if repairs { &self.repaired } else { &self.as_it_is }
    }
}

/// The worst of it in a few words, and where.
#[must_use]
pub fn summary(outcomes: &[Outcome]) -> String {
    let worst = outcomes.iter().map(|outcome| outcome.effect).max().unwrap_or(Effect::Unknown);
    let there = outcomes.iter().filter(|outcome| outcome.effect == worst);
    let names: Vec<_> = there.map(|outcome| outcome.browser.name()).collect();
    let is_everywhere = names.len() == outcomes.len();
    let where_that_is = |words: &str| {
        if is_everywhere { words.to_owned() } else { format!("{words} in {}", names.join(", ")) }
    };
    match worst {
        Effect::Plays => "plays".to_owned(),
        Effect::Repaired => "after repair".to_owned(),
        Effect::Degraded => where_that_is("flaws"),
        Effect::Unknown => where_that_is("unknown"),
        Effect::NoSeek => where_that_is("no seeking"),
        Effect::Fails if is_everywhere => "in none".to_owned(),
        Effect::Fails => where_that_is("not"),
    }
}
