//! From a plan to the bytes on the wire.
//!
//! 1. A [`Representation`] is a list of segments, with what its head says of it.
//! 2. [`respond`] makes of it and of a plan a response with an empty body and [`Pieces`] in its extensions, so
//!    that routing, layers and tests are plain axum.
//! 3. [`outgoing`] turns that response into the one that sends, at the very edge of the server.
//! 4. `Copying` is what sends: pieces are read into pooled buffers, one at a time.
//! 5. [`Outgoing::on_end`] tells how it ended, once.
//!
//! [`Container`] and [`disposition`] describe a file for its representation.

mod chunk;
mod container;
mod copying;
mod disposition;
mod lane;
mod outgoing;
mod pool;
mod representation;
mod response;
mod tally;
#[cfg(test)]
mod tests;
mod windows;

pub use chunk::Chunk;
pub use container::Container;
pub use disposition::disposition;
pub use lane::Lane;
pub use outgoing::{BodyError, Ended, Outcome, Outgoing, outgoing};
pub use representation::{Piece, Pieces, Representation, Segment};
pub use response::respond;
