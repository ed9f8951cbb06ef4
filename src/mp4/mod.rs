//! MP4 and QuickTime files (ISO/IEC 14496-12): what is in them, and how they start at once.
//!
//! 1. [`layout`]: the boxes at the top level, by a walk that asks for bytes and is given them. From it: whether the
//!    file is cut off, whether its index comes first, whether it is fragmented.
//! 2. [`movie::probe`]: what the index says. Tracks, codings as a browser is asked about them, where the samples end.
//! 3. [`retag::hvc1`]: the few bytes that make HEVC play on Apple's devices.
//! 4. [`faststart::faststart`]: the file with its index in front, as a [`VirtualFile`], or the reason why it is
//!    [`LeftAlone`].
//! 5. [`Served`]: which of all this is done with a file, decided once.
//!
//! ```text
//!                        served
//! layout ─────────────┬──► faststart ──► rewrite ──► moves
//! movie ──► track ──┬─┘        │           │
//!                   ├ header   ├ absolute  └──────► tables
//!                   ├ entry ── codec ── hevc, descriptors
//!                   ├ sound, edits, tables
//! boxes ── fields   under all of them
//! ```
//!
//! Nothing here reads a file. Bytes come in as slices that the caller has read, every offset is a `u64`, and a file of
//! a stranger costs time and memory by its bytes and not by its claims. The worst movies of 64 MiB that we could
//! build (millions of boxes, of offsets, of samples of four bits) take 0.35 s in an optimised build: too long for a thread that
//! others wait for. The moved copy is at most twice as long as the movie, when every offset is widened.

#![allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "a box is asked for as b\"moov\", which is a reference"
)]

mod absolute;
pub mod boxes;
mod codec;
mod descriptors;
pub mod edits;
mod entry;
pub mod faststart;
mod fields;
mod header;
mod hevc;
pub mod layout;
mod left_alone;
mod moves;
pub mod movie;
pub mod retag;
mod rewrite;
pub mod served;
mod sound;
mod tables;
#[cfg(test)]
pub(crate) mod tests;
pub mod time;
pub mod track;
pub mod virtual_file;

pub use boxes::{FourCc, MAX_MOOV, Malformed};
pub use codec::{Codec, by_configuration};
pub use edits::{Edit, Edits};
pub use faststart::{FORMAT_VERSION, faststart};
pub use header::Rotation;
pub use layout::{Ending, Fragments, Layout, TopBox, Walk, Wanted, walk};
pub use left_alone::LeftAlone;
pub use movie::{Movie, probe};
pub use retag::Patch;
pub use served::{Made, Served};
pub use sound::Sound;
pub use tables::OffsetWidth;
pub use time::{Ratio, Span};
pub use track::{Kind, Picture, Samples, Track};
pub use virtual_file::{Segment, VirtualFile};
