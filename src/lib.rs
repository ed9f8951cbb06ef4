//! reelgate: a media server for private video. This page is the map; read the rooms in this order.
//!
//! ```text
//! server ──► edge ──► router ──► access ──► media ──► range ──► body
//! a socket   errors,  one table  Permit     locate    plan()    respond()
//!            the log  of routes  who, may   describe  (pure)    the bytes
//! ```
//!
//! A request runs along this line from left to right. Bytes cannot be served without a decision: a file is opened
//! for a [`access::Permit`], and only [`access`] makes one.
//!
//! Imports go down these layers and never up; `tests/it/architecture.rs` holds that.
//!
//! 4. From the command line and the socket inwards:
//!    - [`cli`] what people type, one file a command family
//!    - [`server`] the accept loop: limits, timeouts, draining; HTTPS and HTTP/2
//!    - [`edge`] around every request: checks of the head, bodies of errors, the access log
//!    - [`router`] every route in one table
//!    - [`api`] JSON over the use cases; [`reception`] who stands before a page or the API, and what they brought
//!    - [`web`] pages and the files of `static/`; [`operations`] health, readiness, metrics
//!    - [`upkeep`] hears of changes, and cuts who lost a right; [`telemetry`] the log of the process
//! 3. What it is for:
//!    - [`media`] the bytes of a video: locate, describe, plan, respond
//!    - [`admin`] users, grants, logins, tokens, keys: the use cases behind commands, pages and the API
//!    - [`doctor`] will it play, and if not, why: rules over what is in a file and what servers answer
//!    - [`library`] folders: what is there against what is known, what is in it, and whether it plays
//! 2. What that rests on:
//!    - [`access`] who asks, and may they
//!    - [`body`] from a plan to bytes on the wire
//!    - [`probe`] what is in a file, and whether it is whole
//!    - [`app`] what a running server holds; [`error`] every answer that is not the thing asked for; [`metrics`]
//! 1. The world outside:
//!    - [`db`] all SQL
//!    - [`storage`] files, opened beneath a folder and examined by their descriptor
//!    - [`config`] what was typed becomes what is true
//!    - [`kernel`] system calls that no crate has; the one file with unsafe code
//! 0. Pure, no file, no socket:
//!    - [`range`] `plan()`: ranges and conditions of RFC 9110. The parser is ours; the crate `http-range-header` is the
//!      oracle of its tests
//!    - [`mp4`] what is in a video file, and in which form it is served: boxes, tracks, an index moved to the front
//!    - [`types`] words that rooms share; [`clock`] the one place that reads time and chance

pub mod access;
pub mod admin;
pub mod api;
pub mod app;
pub mod body;
pub mod cli;
pub mod clock;
pub mod config;
pub mod db;
pub mod doctor;
pub mod edge;
pub mod error;
pub mod kernel;
pub mod library;
pub mod media;
pub mod metrics;
pub mod mp4;
pub mod operations;
pub mod probe;
pub mod range;
pub mod reception;
pub mod router;
pub mod server;
pub mod storage;
pub mod telemetry;
pub mod types;
pub mod upkeep;
pub mod web;
