//! The program from outside: each test starts its own server on a port of its own and talks to it over a socket.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first thing that is not as it should be")]

mod access;
mod architecture;
mod commands;
mod conditions;
mod doctor;
mod drain;
mod durability;
mod faststart;
mod faults;
mod headers;
mod hidden;
mod hostile;
mod library;
mod limits;
mod methods;
mod pages;
mod probe;
mod proxies;
mod ranges;
mod readme;
mod revocation;
mod secrets;
mod sessions;
mod setup;
mod shelf;
mod sidecars;
mod story;
mod support;
#[cfg(feature = "tls")]
mod tls;
mod traversal;
mod vectors;
mod verdicts;
