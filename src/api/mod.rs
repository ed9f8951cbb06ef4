//! The JSON API below `/api/v1`, over the use cases of [`crate::admin`]. One file a subject, one function an endpoint;
//! the routes stand in [`crate::router`] with all others.
//!
//! - Who asks: a login's cookie from a page of this server, or `Authorization: Bearer` with an api token.
//! - Times are RFC 3339 in UTC, durations `30s`, `2h`, `7d`. Lists are `{"entries": [...]}`, with `next` where there are
//!   pages.
//! - Errors are RFC 9457 with `code`, `hint` and `request_id`.
//!
//! [`document`] is the OpenAPI description, generated from these functions.

mod document;
pub mod me;
pub mod password;
pub mod session;
pub mod sessions;
pub mod setup;

pub use document::{document, serve};

use serde::Serialize;
use utoipa::ToSchema;

/// A list.
#[derive(Serialize, ToSchema)]
pub struct Entries<T> {
    pub entries: Vec<T>,
}
