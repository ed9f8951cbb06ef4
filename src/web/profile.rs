//! `/profile`: what somebody may watch, the password, tokens, and where they are logged in.

use askama::Template;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};

use super::frame::{self, Frame, page};
use crate::app::App;

#[derive(Template)]
#[template(path = "profile.html")]
struct ProfilePage {
    frame: Frame,
}

pub async fn show(State(app): State<App>, request: Request) -> Result<Response, Response> {
    let (request, _) = request.into_parts();
    let person = frame::visitor(&app, &request).await?;
    page(&ProfilePage { frame: Frame::of(&person, "profile") }).map_err(IntoResponse::into_response)
}
