//! `/`: the library of whoever is logged in. The list itself is the API's; a script fetches it part by part.
//!
//! Where there is no list, because nothing is there or the address names no library, the page says so itself, and what
//! to do about it.

use askama::Template;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::request::Parts;

use super::frame::{self, Frame, page};
use crate::access::Person;
use crate::admin::catalogue::SeenLibrary;
use crate::app::App;
use crate::error::Error;
use crate::reception::admin;
use crate::types::Role;

#[derive(Template)]
#[template(path = "library.html")]
struct LibraryPage {
    frame: Frame,
}

/// Nothing is in any library that somebody sees.
#[derive(Template)]
#[template(path = "library_empty.html")]
struct EmptyPage {
    frame: Frame,
    libraries: Vec<Place>,
}

/// No library has this name, as far as somebody sees.
#[derive(Template)]
#[template(path = "library_unknown.html")]
struct UnknownPage {
    frame: Frame,
    wanted: String,
}

/// A library without videos.
struct Place {
    name: String,
    /// For administrators: where to put some.
    path: Option<String>,
    /// Its folder can be opened.
    is_there: bool,
    is_scanned: bool,
}

pub async fn show(State(app): State<App>, request: Request) -> Result<Response, Response> {
    let (request, _) = request.into_parts();
    let person = frame::visitor(&app, &request).await?;
    shown(&app, &request, &person).await.map_err(IntoResponse::into_response)
}

async fn shown(app: &App, request: &Parts, person: &Person) -> Result<Response, Error> {
    let frame = Frame::of(person, "library");
    let is_admin = person.role == Role::Admin;
    let (admin, rights) = (admin(app), &person.rights);
    let wanted = wanted(request);
    if !wanted.is_empty() && !admin.sees_library(rights, &wanted, is_admin).await? {
        let mut response = page(&UnknownPage { frame, wanted })?;
        *response.status_mut() = StatusCode::NOT_FOUND;
        return Ok(response);
    }
    if admin.sees_any(rights).await? {
        return page(&LibraryPage { frame });
    }
    let seen = admin.seen_libraries(rights, is_admin).await?;
    let libraries = seen.into_iter().map(|seen| place(app, seen, is_admin)).collect();
    page(&EmptyPage { frame, libraries })
}

/// The library that the address names; empty: none.
fn wanted(request: &Parts) -> String {
    let query = request.uri.query().unwrap_or_default();
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.find(|(name, _)| name == "library").map(|(_, wanted)| wanted.into_owned()).unwrap_or_default()
}

fn place(app: &App, seen: SeenLibrary, is_admin: bool) -> Place {
    Place {
        is_there: app.folder(&seen.library.id).is_some(),
        is_scanned: seen.library.scanned_at.is_some(),
        path: is_admin.then_some(seen.library.path),
        name: seen.library.name,
    }
}
