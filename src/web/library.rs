//! `/`: the library of whoever is logged in. The list itself is the API's; a script fetches it part by part.

use askama::Template;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};

use super::frame::{self, Frame, page};
use crate::app::App;

#[derive(Template)]
#[template(path = "library.html")]
struct LibraryPage {
    frame: Frame,
}

pub async fn show(State(app): State<App>, request: Request) -> Result<Response, Response> {
    let (request, _) = request.into_parts();
    let person = frame::visitor(&app, &request).await?;
    page(&LibraryPage { frame: Frame::of(&person, "library") }).map_err(IntoResponse::into_response)
}
