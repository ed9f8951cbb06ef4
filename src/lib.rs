//! The map.
pub mod config;
pub mod range;
