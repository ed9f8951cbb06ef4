//! Pages. Their templates stand in `static/pages/`, what they load in `static/assets/`.

mod assets;
mod frame;
pub mod library;
mod player;
pub mod profile;
pub mod shares;
pub mod watch;

pub use assets::serve as assets;
