//! Libraries, and looking through them now.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::Entries;
use super::document::Problem;
use crate::admin::catalogue::SeenLibrary;
use crate::app::App;
use crate::clock::rfc3339;
use crate::error::{Error, Kind};
use crate::reception::{Administrator, Answer, Someone, admin};
use crate::types::Role;

/// A folder that is served, as far as somebody sees it.
#[derive(Serialize, ToSchema)]
pub struct Library {
    name: String,
    /// Videos that the caller sees.
    items: u64,
    /// Those of them that are not whole.
    broken: u64,
    /// The end of the last look at everything (RFC 3339); null before the first.
    scanned_at: Option<String>,
    /// Whether its folder can be opened now. If not, its videos are listed and do not play.
    available: bool,
    /// Where it lies on the server. For administrators only.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
}

/// A scan that was asked for.
#[derive(Serialize, ToSchema)]
pub struct Asked {
    library: String,
    /// The end of the last scan (RFC 3339). A later time says that the one that was asked for is done.
    scanned_at: Option<String>,
}

/// The libraries in which I see something, or that I may see as a whole
///
/// Administrators also see those of which they may watch nothing.
#[utoipa::path(
    get, path = "/api/v1/libraries", tag = "libraries",
    responses(
        (status = 200, body = Entries<Library>),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn list(
    State(app): State<App>,
    Someone(person): Someone,
) -> Result<Answer<Entries<Library>>, Error> {
    let is_admin = person.role == Role::Admin;
    // Machines administer and watch nothing: of what is in a library they learn nothing.
    let all = admin(&app).seen_libraries(&person.rights, is_admin).await?;
    let entries = all.into_iter().map(|seen| shown(&app, seen, is_admin)).collect();
    Ok(Answer::ok(Entries { entries }))
}

fn shown(app: &App, seen: SeenLibrary, is_admin: bool) -> Library {
    Library {
        available: app.folder(&seen.library.id).is_some(),
        name: seen.library.name,
        items: seen.items,
        broken: seen.broken,
        scanned_at: seen.library.scanned_at.map(rfc3339),
        path: is_admin.then_some(seen.library.path),
    }
}

/// Look through a library now
///
/// It happens soon, and never twice at once: asking again while one is under way asks for one more behind it.
#[utoipa::path(
    post, path = "/api/v1/libraries/{name}/scan", tag = "libraries",
    params(("name" = String, Path, description = "The library's name")),
    responses(
        (status = 202, body = Asked),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json", description = "Not an administrator"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "Its folder cannot be opened"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn scan(
    State(app): State<App>,
    Administrator(_): Administrator,
    name: Result<Path<String>, PathRejection>,
) -> Result<Answer<Asked>, Error> {
    let Path(name) = name.map_err(|_| Error::NotFound)?;
    let library = admin(&app).library(&name).await?;
    if app.folder(&library.id).is_none() {
        let problem = format!("The folder of {name:?} cannot be opened, or is not served.");
        let cure = "Mount its disk, or add the folder to the configuration and restart.";
        return Err(Error::refused(Kind::Conflict, problem, cure));
    }
    app.scan_wishes.ask(&library.id);
    Ok(Answer(
        StatusCode::ACCEPTED,
        Asked { library: library.name, scanned_at: library.scanned_at.map(rfc3339) },
    ))
}
