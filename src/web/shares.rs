//! `/shares`: the links that somebody has given away.

use askama::Template;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};

use super::frame::{self, Frame, page};
use crate::app::App;

#[derive(Template)]
#[template(path = "shares.html")]
struct SharesPage {
    frame: Frame,
}

pub async fn show(State(app): State<App>, request: Request) -> Result<Response, Response> {
    let (request, _) = request.into_parts();
    let person = frame::visitor(&app, &request).await?;
    page(&SharesPage { frame: Frame::of(&person, "shares") }).map_err(IntoResponse::into_response)
}
