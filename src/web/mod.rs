//! Pages. Their templates stand in `static/pages/`, what they load in `static/assets/`.

mod admin;
mod assets;
pub mod embed;
mod frame;
pub mod login;
mod player;
pub mod setup;

use askama::Template;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::error::Error;

pub use admin::admin;
pub use assets::serve as assets;
use frame::{Frame, page};
use player::Player;

#[derive(Template)]
#[template(path = "library.html")]
struct LibraryPage {
    frame: Frame,
}

#[derive(Template)]
#[template(path = "watch.html")]
struct WatchPage {
    player: Player,
}

/// `/`: the library of whoever is logged in.
pub async fn library(State(app): State<App>, request: Request) -> Result<Response, Response> {
    let (request, _) = request.into_parts();
    let person = frame::visitor(&app, &request).await?;
    page(&LibraryPage { frame: Frame::of(&person, "library") }).map_err(IntoResponse::into_response)
}

/// `/watch/{id}`: a page with the browser's own controls. The video gets the credential that the page was given.
pub async fn watch(State(app): State<App>, request: Request) -> Result<Response, Error> {
    let (request, _) = request.into_parts();
    page(&WatchPage { player: Player::of(&app, &request, "/watch/").await? })
}
