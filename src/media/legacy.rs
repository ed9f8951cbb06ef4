//! The drop-in route for an application's old endpoint, with the answers that the application expects of it.
//!
//! 403 `Access Denied` for a wrong token comes first, so that a stranger learns nothing of paths; then 404
//! `Invalid Path` for what is not base64, then 404 `File Not Found`.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::CACHE_CONTROL;
use http::{Method, StatusCode};

use crate::access::Named;
use crate::access::policy::Entrance;
use crate::app::App;
use crate::error::Error;

use super::path::{self, MediaPath, Part};
use super::{admit, send};

pub const ROUTE: &str = "/private/files/download/";

/// `/private/files/download/{base64}?token=`; 404 as any unknown path unless a library stands behind it.
pub async fn serve(State(app): State<App>, request: Request) -> Result<Response, Error> {
    let (request, _) = request.into_parts();
    let library = app.legacy_library.clone().ok_or(Error::NotFound)?;
    let raw = request.uri.path().strip_prefix(ROUTE).unwrap_or_default();
    let path = path::legacy(raw);
    let undecodable = path.is_none();
    let named = path.map_or(Named::Nothing, |path| Named::File { library, path });
    let asked = MediaPath { token: None, named, part: Part::Film };
    let sent = match admit(&app, &request, &asked, Entrance::Legacy).await {
        Ok(permit) => send(&app, permit, &request).await,
        Err(Error::NotFound) if undecodable => {
            Ok(text(StatusCode::NOT_FOUND, "Invalid Path", &request.method))
        }
        Err(error) => Err(error),
    };
    sent.or_else(|error| expected(error, &request.method))
}

fn expected(error: Error, method: &Method) -> Result<Response, Error> {
    match error {
        Error::AmbiguousCredential | Error::Unauthorized(_) | Error::LinkOver => {
            Ok(text(StatusCode::FORBIDDEN, "Access Denied", method))
        }
        Error::NotFound => Ok(text(StatusCode::NOT_FOUND, "File Not Found", method)),
        error => Err(error),
    }
}

fn text(status: StatusCode, text: &'static str, method: &Method) -> Response {
    let mut response = (status, [(CACHE_CONTROL, "no-store")], text).into_response();
    if method == Method::HEAD {
        // The length stays: HEAD has the head of GET (RFC 9110 §9.3.2).
        *response.body_mut() = axum::body::Body::empty();
        response.headers_mut().insert(http::header::CONTENT_LENGTH, text.len().into());
    }
    response
}
