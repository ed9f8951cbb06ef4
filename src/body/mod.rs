//! From a plan to the bytes on the wire.
//!
//! 1. A [`Representation`] is a list of segments, with what its head says of it.
//! 2. [`respond`] makes of it and of a plan a response with [`Pieces`]. [`packed`], it goes through axum: with an empty body
//!    and the pieces in its extensions, so that routing, layers and tests are plain axum.
//! 3. [`sending`], or [`outgoing`] for one that is packed, turns it into the one that sends, at the very edge of the server.
//! 4. What sends is chosen in one place, `Source::of`. `Windows` has the socket send spans of files by itself, through a
//!    [`Lane`]; `Copying` reads pieces into pooled buffers, one at a time, and is for everything else.
//! 5. [`Outgoing::on_end`] tells how it ended, once.
//!
//! A [`Film`] is a file in the form that plays soonest. [`Container`] and [`disposition`] describe a file for its representation, and a [`Shelf`] keeps those that were asked
//! for lately.

mod chunk;
pub mod container;
mod copying;
mod disposition;
mod film;
mod lane;
mod outgoing;
mod pool;
mod representation;
mod response;
mod shelf;
mod tally;
#[cfg(test)]
mod tests;
mod windows;

pub use chunk::Chunk;
pub use container::Container;
pub use disposition::disposition;
pub use film::{Film, Films};
pub use lane::{Lane, Outlet, Written};
pub use outgoing::{BodyError, Ended, Outcome, Outgoing, outgoing, sending};
pub use representation::{Piece, Pieces, Representation, Segment};
pub use response::{packed, respond};
pub use shelf::{Kept, Shelf};
pub use tally::Progress;

/// A count of bytes in memory, as offsets and lengths of files are counted.
fn length(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
