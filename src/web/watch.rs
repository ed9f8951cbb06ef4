//! `/watch/{id}`: the browser's own player, with what a script adds to it.
//!
//! 1. A link with a credential in it: the credential moves into the item's cookie, and the address line loses it.
//! 2. Somebody without any credential is asked to log in.
//! 3. Somebody without an account sees the player, and nothing of what an account can do.

use askama::Template;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::header::{CACHE_CONTROL, SET_COOKIE};
use http::request::Parts;
use http::{HeaderValue, Method};

use super::frame::{self, Frame, page};
use super::player::Player;
use crate::access::{credential, visit};
use crate::app::App;
use crate::error::Error;
use crate::media;
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
    if let Some(moved) = moved(app, request).await? {
        return Ok(moved);
    }
    let player = Player::of(app, request, PREFIX).await?;
    let frame = match reception::person_if_any(app, request).await? {
        Some(person) => Frame::of(&person, "watch"),
        None => Frame::nobody(),
    };
    page(&WatchPage { frame, id: asked(request).to_owned(), player })
}

fn asked(request: &Parts) -> &str {
    request.uri.path().strip_prefix(PREFIX).unwrap_or_default()
}

/// Back to the same page without the credential in its address, once it is known to be good. A program keeps no cookie
/// and gets the page at once.
async fn moved(app: &App, request: &Parts) -> Result<Option<Response>, Error> {
    if request.method != Method::GET || !reception::navigates(&request.headers) {
        return Ok(None);
    }
    let explicit = credential::presented(&request.headers, request.uri.query(), None)
        .map_err(|_| Error::AmbiguousCredential)?;
    let (Some(explicit), Some(item)) = (explicit, ItemId::parse(asked(request))) else { return Ok(None) };
    let is_secure = reception::is_secure(request);
    let Some(lines) = visit::moved(&explicit, item, &request.headers, is_secure) else { return Ok(None) };
    media::shown(app, request, asked(request)).await?;
    let mut response = Redirect::to(request.uri.path()).into_response();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for line in lines.iter().filter_map(|line| HeaderValue::from_str(line).ok()) {
        headers.append(SET_COOKIE, line);
    }
    Ok(Some(response))
}

/// Who came by a link has no account to log in with, and is told that the link is over.
fn is_to_log_in(request: &Parts) -> bool {
    let explicit = credential::presented(&request.headers, request.uri.query(), None);
    let visit = ItemId::parse(asked(request))
        .is_some_and(|item| visit::is_there(&request.headers, item, reception::is_secure(request)));
    reception::navigates(&request.headers) && matches!(explicit, Ok(None)) && !visit
}
