//! The map.
pub mod clock;
pub mod config;
pub mod db;
pub mod range;
pub mod types;
