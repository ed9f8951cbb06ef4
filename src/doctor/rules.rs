//! The table of rules. One row is one thing that can be seen, what each browser makes of it, why, and the cure.
//!
//! It has three chapters, by what is looked at: files ([`mod@file`], [`coding`]), then HTTP ([`access`], [`ranges`], [`head`], [`embedding`]),
//! then the [`path`] between server and viewer. Where a row was measured or who has published it stands in its source: "measured" are runs with
//! Chromium 156, Firefox ESR 153 and `WebKitGTK` 2.50 on Debian 12; Apple's player was never on our table, so Safari's
//! column rests on published traces and on what follows from them, and says "unknown" where that is not enough.

pub mod access;
pub mod coding;
pub mod embedding;
pub mod file;
pub mod head;
pub mod path;
pub mod ranges;

use serde::{Deserialize, Serialize};

use crate::doctor::cures::Cure;

/// Goes up when a file gets another verdict than before: what was kept of the old one is then judged anew.
pub const RULES_VERSION: u32 = 1;

/// What becomes of playing, from good to bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    Plays,
    /// It would not, or badly, and reelgate changes that while it serves.
    Repaired,
    /// It plays and seeks, at a price: late, without sound, by sending everything again.
    Degraded,
    /// Nobody has measured it, or it depends on the machine.
    Unknown,
    /// It plays from the start, and not from where one wants.
    NoSeek,
    Fails,
}

impl Effect {
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Plays => "plays",
            Self::Repaired => "plays after repair",
            Self::Degraded => "plays, with a drawback",
            Self::Unknown => "not known",
            Self::NoSeek => "plays, cannot seek",
            Self::Fails => "does not play",
        }
    }

    /// Something is to be done: the exit status says so.
    #[must_use]
    pub fn is_bad(self) -> bool {
        self >= Self::NoSeek
    }
}

/// The columns of every effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Browser {
    Safari,
    Chrome,
    Firefox,
}

pub const BROWSERS: [Browser; 3] = [Browser::Safari, Browser::Chrome, Browser::Firefox];

impl Browser {
    /// For programs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Safari => "safari",
            Self::Chrome => "chrome",
            Self::Firefox => "firefox",
        }
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Safari => "Safari",
            Self::Chrome => "Chrome",
            Self::Firefox => "Firefox",
        }
    }
}

/// Which chapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    File,
    Http,
    Path,
}

/// A row about facts of a kind.
pub struct Rule<F> {
    /// People search for it: it never changes.
    pub id: &'static str,
    /// What was seen, in a few words; `None` where the rule does not apply.
    pub seen: fn(&F) -> Option<String>,
    /// Safari, Chrome, Firefox.
    pub effect: [Effect; 3],
    /// For people, in one sentence.
    pub reason: &'static str,
    pub cure: Cure<F>,
    /// Who says so.
    pub source: &'static str,
    /// Whether reelgate makes it good while it serves the file.
    pub is_repaired: fn(&F) -> bool,
}

/// For rules that nobody repairs.
fn never<F>(_: &F) -> bool {
    false
}

/// The chapter about files, in the order in which it is read.
pub fn file() -> impl Iterator<Item = &'static Rule<crate::probe::examined::Examined>> {
    [file::RULES, coding::RULES].into_iter().flatten()
}

/// The chapters about HTTP, in the order in which they are read.
pub fn http() -> impl Iterator<Item = &'static Rule<crate::doctor::http::HttpFacts>> {
    [access::RULES, ranges::RULES, head::RULES, embedding::RULES].into_iter().flatten()
}
