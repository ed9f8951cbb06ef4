//! The JSON API below `/api/v1`, over the use cases of [`crate::admin`]. One file a subject, one function an endpoint;
//! the routes stand in [`crate::router`] with all others.
//!
//! - Who asks: a login's cookie from a page of this server, or `Authorization: Bearer` with an api token.
//! - Times are RFC 3339 in UTC, durations `30s`, `2h`, `7d`. Lists are `{"entries": [...]}`, with `next` where there are
//!   pages.
//! - Errors are RFC 9457 with `code`, `hint` and `request_id`.
//!
//! [`document`] is the OpenAPI description, generated from these functions.

mod cursor;
mod document;
pub mod grants;
pub mod item;
pub mod items;
pub mod keys;
pub mod libraries;
pub mod links;
pub mod me;
pub mod password;
pub mod positions;
pub mod reports;
pub mod session;
pub mod sessions;
pub mod settings;
pub mod setup;
pub mod shares;
pub mod status;
pub mod streams;
pub mod tokens;
pub mod users;
pub mod verdict;

pub use document::{document, serve};

use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{Error, Kind};

/// A list.
#[derive(Serialize, ToSchema)]
pub struct Entries<T> {
    pub entries: Vec<T>,
}

/// How long something lasts, from the field of this name.
fn span(field: &str, text: &str) -> Result<Duration, Error> {
    crate::clock::parse_span(text).map_err(|problem| {
        let detail = format!("The field {field:?} is no duration that fits: {problem}.");
        Error::refused(Kind::Unfit, detail, "Write it like 30s, 2h or 7d.")
    })
}
