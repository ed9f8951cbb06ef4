//! The program from outside: each test starts its own server on a port of its own and talks to it over a socket.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first thing that is not as it should be")]

mod access;
mod again;
mod api;
mod architecture;
mod catalogue;
mod commands;
mod conditions;
mod doctor;
mod drain;
mod durability;
mod embedding;
mod faststart;
mod faults;
mod headers;
mod hidden;
mod hostile;
mod library;
mod limits;
mod methods;
mod openapi;
mod pages;
mod probe;
mod proxies;
mod ranges;
mod readme;
mod reports;
mod revocation;
mod secrets;
mod sessions;
mod settings;
mod setup;
mod shares;
mod shelf;
mod sidecars;
mod snippets;
mod story;
mod streams;
mod support;
#[cfg(feature = "tls")]
mod tls;
mod traversal;
mod vectors;
mod verdicts;
mod viewings;
mod visits;
