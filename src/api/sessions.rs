//! The logins of whoever asks.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::Entries;
use crate::access::By;
use crate::app::App;
use crate::clock::rfc3339;
use crate::db::sessions::Session;
use crate::error::Error;
use crate::reception::{self, Answer, Done, Owner, Path};

/// A browser that somebody is logged in with.
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
pub struct Login {
    id: String,
    /// Browser and system, as it said itself.
    #[schema(example = "Firefox 153 on Linux")]
    client: String,
    /// Where it logged in from; not the whole address.
    #[schema(example = "198.51.100.0")]
    network: String,
    created_at: String,
    /// At most a minute old.
    used_at: String,
    /// Moves on while it is used.
    expires_at: String,
    /// The one that asks.
    current: bool,
}

impl Login {
    fn of(session: Session, current: Option<&str>) -> Login {
        Login {
            current: current == Some(&session.id),
            id: session.id,
            client: session.client,
            network: session.network,
            created_at: rfc3339(session.created_at),
            used_at: rfc3339(session.used_at),
            expires_at: rfc3339(session.expires_at),
        }
    }
}

/// The id of the login behind a request; none behind an api token.
pub(super) fn current(by: &By) -> Option<&str> {
    match by {
        By::Session(id) => Some(id),
        By::Token(_) => None,
    }
}

/// Where am I logged in
#[utoipa::path(
    get, path = "/api/v1/me/sessions", tag = "me", operation_id = "sessions",
    responses(
        (status = 200, description = "The last used first.", body = Entries<Login>),
        (status = 403, description = "The token is narrowed."),
    )
)]
pub async fn list(State(app): State<App>, Owner(person): Owner) -> Result<Answer<Entries<Login>>, Error> {
    let sessions = reception::admin(&app).sessions(&person.user_id).await?;
    let current = current(&person.by);
    Ok(Answer::ok(Entries {
        entries: sessions.into_iter().map(|session| Login::of(session, current)).collect(),
    }))
}

/// End one of my logins
#[utoipa::path(
    delete, path = "/api/v1/me/sessions/{id}", tag = "me", operation_id = "end_session", params(("id" = String, Path)),
    responses(
        (status = 204, description = "Ended."),
        (status = 403, description = "The token is narrowed, or the request is not from a page of this server."),
        (status = 404, description = "No such login of one's own."),
    )
)]
pub async fn end(
    State(app): State<App>,
    Owner(person): Owner,
    Path(id): Path<String>,
) -> Result<Done, Error> {
    reception::admin(&app).end_session(&person.user_id, &id).await?;
    Ok(Done)
}

/// End all my logins but the one that asks
#[utoipa::path(
    delete, path = "/api/v1/me/sessions", tag = "me", operation_id = "end_other_sessions",
    responses(
        (status = 204, description = "Ended."),
        (status = 403, description = "The token is narrowed, or the request is not from a page of this server."),
    )
)]
pub async fn end_others(State(app): State<App>, Owner(person): Owner) -> Result<Done, Error> {
    reception::admin(&app).end_other_sessions(&person.user_id, current(&person.by)).await?;
    Ok(Done)
}
