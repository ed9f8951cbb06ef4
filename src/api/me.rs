//! Who somebody is.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::By;
use crate::app::App;
use crate::error::Error;
use crate::reception::{Answer, Someone};
use crate::types::Role;

/// The person behind a request.
#[derive(Serialize, ToSchema)]
pub struct Me {
    id: String,
    name: String,
    /// As far as this credential goes.
    role: Role,
    /// What may be watched: `/` for everything, else `LIBRARY` or `LIBRARY/PREFIX`.
    areas: Vec<String>,
    /// The login behind the request; null behind an api token.
    session: Option<String>,
}

impl Me {
    pub fn of(person: &crate::access::Person) -> Me {
        let session = match &person.by {
            By::Session(id) => Some(id.clone()),
            By::Token(_) => None,
        };
        Me {
            id: person.user_id.clone(),
            name: person.name.clone(),
            role: person.role,
            areas: person.rights.areas().iter().map(ToString::to_string).collect(),
            session,
        }
    }
}

/// Who am I, and what may I watch
#[utoipa::path(
    get, path = "/api/v1/me", tag = "me",
    responses((status = 200, description = "The person behind the request.", body = Me))
)]
pub async fn show(State(_): State<App>, Someone(person): Someone) -> Result<Answer<Me>, Error> {
    Ok(Answer::ok(Me::of(&person)))
}
