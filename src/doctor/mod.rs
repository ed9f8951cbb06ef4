//! Will it play, and if not, why: one verdict from the file, the server and the path to it.
//!
//! ```text
//! facts ───────────┐
//! (FileFacts)      ├──► rules ──► verdict
//! exchange, http ──┘    (one table)
//! (HttpFacts)
//! ```
//!
//! 1. [`facts`], [`exchange`] and [`http`] are what was found, without judgement.
//! 2. [`rules`] is the table: what is seen, what each browser makes of it, why, the cure, the source.
//! 3. [`verdict`] is the worst that the table says for each browser, with the reasons.
//!
//! It works on any server, reelgate or not. No credential is shown: [`address`].

pub mod address;
mod cures;
pub mod exchange;
pub mod facts;
pub mod http;
pub mod rules;
#[cfg(test)]
mod tests;
pub mod verdict;

pub use facts::FileFacts;
pub use http::HttpFacts;
pub use rules::path::PathFacts;
pub use verdict::{ServedBy, Verdict};

/// What becomes of a file that reelgate serves: for the scan, which keeps it with the item as JSON.
#[must_use]
pub fn verdict_of_file(file: &FileFacts) -> Verdict {
    Verdict::of(verdict::of_file(file, ServedBy::Reelgate))
}
