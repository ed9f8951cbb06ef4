//! Pages. Their templates stand in `static/pages/`, what they load in `static/assets/`.

mod admin;
mod assets;
pub mod embed;
mod frame;
pub mod library;
pub mod login;
mod player;
pub mod profile;
mod refusal;
pub mod setup;
pub mod share;
pub mod shares;
mod visit;
pub mod watch;

pub use admin::admin;
pub use assets::{icon, serve as assets};
