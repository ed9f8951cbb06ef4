//! `/watch/{id}`: the browser's own player, with what a script adds to it.
//!
//! 1. A link with a credential in it: the credential moves into the item's cookie, and the address line loses it.
//! 2. Somebody without any credential is asked to log in.
//! 3. Somebody without an account sees the player, and nothing of what an account can do.

use askama::Template;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::request::Parts;

use super::frame::{self, Frame, page};
use super::player::Player;
use super::visit;
use crate::access::credential;
use crate::access::visit::is_there;
use crate::app::App;
use crate::error::Error;
use crate::reception;
use crate::types::ItemId;

const PREFIX: &str = "/watch/";

#[derive(Template)]
#[template(path = "watch.html")]
struct WatchPage {
    frame: Frame,
    id: String,
    player: Player,
}

pub async fn show(State(app): State<App>, request: Request) -> Result<Response, Response> {
    let (request, _) = request.into_parts();
    match shown(&app, &request).await {
        Err(Error::Unauthorized(_)) if is_to_log_in(&request) => Err(frame::to_login(&request)),
        decided => decided.map_err(IntoResponse::into_response),
    }
}

async fn shown(app: &App, request: &Parts) -> Result<Response, Error> {
    let player = Player::of(app, request, PREFIX).await?;
    if let Some(moved) = visit::moved(request) {
        return Ok(moved);
    }
    let frame = match reception::person_if_any(app, request).await? {
        Some(person) => Frame::of(&person, "watch"),
        None => Frame::nobody(),
    };
    page(&WatchPage { frame, id: asked(request).to_owned(), player })
}

fn asked(request: &Parts) -> &str {
    request.uri.path().strip_prefix(PREFIX).unwrap_or_default()
}

/// Who came by a link has no account to log in with, and is told that the link is over.
fn is_to_log_in(request: &Parts) -> bool {
    let explicit = credential::presented(&request.headers, request.uri.query(), None);
    let visit = ItemId::parse(asked(request))
        .is_some_and(|item| is_there(&request.headers, item, reception::is_secure(request)));
    reception::navigates(&request.headers) && matches!(explicit, Ok(None)) && !visit
}
