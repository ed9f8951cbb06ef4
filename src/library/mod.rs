//! Folders served as they are: what is known against what is there.
//!
//! - [`register`] gives each configured folder its row
//! - [`walk`] what lies in a folder, without opening a file
//! - [`diff`] rows against files: which id is which file's now (pure)
//! - [`batch`] in which order that can be written (pure)
//! - [`scan`] one look: [`look`] gathers files and rows; compare, write, [`report`]
//! - [`sidecar`] which pictures and subtitles belong to a video (pure)
//! - [`examine`] what is in the files, and which of them are odd among their siblings
//! - [`watch`] a [`keeper`] for each library looks whenever something happens: [`eyes`] see it, a [`mailbox`] gathers it

mod batch;
mod diff;
mod examine;
#[cfg_attr(not(feature = "watch"), path = "no_eyes.rs")]
mod eyes;
mod keeper;
mod look;
mod mailbox;
mod register;
mod report;
mod scan;
pub mod sidecar;
mod walk;
mod watch;

pub use examine::{US, examine};
pub use register::{LibraryError, register};
pub use report::{Progress, Report};
pub use scan::{ScanError, scan};
pub use walk::Skipped;
pub use watch::Watcher;

#[cfg(test)]
mod tests;
