//! Will it play, and if not, why: one verdict from the file, the server and the path to it.
//!
//! ```text
//! a disk ─┬─► probe ──────┐
//! reader ─┘  (Examined)   ├──► rules ──► verdict ──► kept
//! prober ── http, path ───┘    (one table)
//! (wire)   (HttpFacts)
//! ```
//!
//! 1. [`crate::probe`] knows what is in a file, on a disk or, read by [`reader`], behind a URL. [`prober`] asks a server
//!    what browsers ask, by [`wire`], and keeps each answer to the byte.
//! 2. [`exchange`] and [`http`] are what was found, without judgement.
//! 3. [`rules`] is the table: what is seen, what each browser makes of it, why, the cure, the source.
//! 4. [`verdict`] is the worst that the table says for each browser, with the reasons.
//! 5. [`kept`] is what a scan keeps of it.
//! 6. [`install`] looks at an installation of reelgate itself.
//!
//! It works on any server, reelgate or not. No credential is shown: [`address`].

pub mod address;
mod cures;
pub mod exchange;
pub mod http;
pub mod install;
pub mod kept;
pub mod prober;
pub mod reader;
pub mod rules;
#[cfg(test)]
mod tests;
#[cfg_attr(not(feature = "tls"), path = "no_tls.rs")]
mod tls;
pub mod verdict;
pub mod wire;

pub use http::HttpFacts;
pub use kept::Kept;
pub use rules::RULES_VERSION;
pub use rules::path::PathFacts;
pub use verdict::{ServedBy, Verdict};
