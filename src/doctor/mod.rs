//! Will it play, and if not, why: one verdict from the file, the server and the path to it.
//!
//! ```text
//! reader ── facts ────────┐
//! (bytes)  (FileFacts)    ├──► rules ──► verdict
//! prober ── http, path ───┘    (one table)
//! (wire)   (HttpFacts)
//! ```
//!
//! 1. [`reader`] reads a file's top level and index, from a disk or over HTTP. [`prober`] asks a server what browsers
//!    ask, by [`wire`], and keeps each answer to the byte.
//! 2. [`facts`], [`exchange`] and [`http`] are what was found, without judgement.
//! 3. [`rules`] is the table: what is seen, what each browser makes of it, why, the cure, the source.
//! 4. [`verdict`] is the worst that the table says for each browser, with the reasons.
//! 5. [`install`] looks at an installation of reelgate itself.
//!
//! It works on any server, reelgate or not. No credential is shown: [`address`].

pub mod address;
mod cures;
pub mod exchange;
pub mod facts;
pub mod http;
pub mod install;
pub mod prober;
pub mod reader;
pub mod rules;
#[cfg(test)]
mod tests;
#[cfg_attr(not(feature = "tls"), path = "no_tls.rs")]
mod tls;
pub mod verdict;
pub mod wire;

pub use facts::FileFacts;
pub use http::HttpFacts;
pub use rules::path::PathFacts;
pub use verdict::{ServedBy, Verdict};

/// What becomes of a file that reelgate serves: for the scan, which keeps it with the item as JSON.
#[must_use]
pub fn verdict_of_file(file: &FileFacts) -> Verdict {
    Verdict::of(verdict::of_file(file, ServedBy::Reelgate))
}
