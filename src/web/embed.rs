//! `/embed/{id}`: the player alone, for a frame of a page elsewhere.
//!
//! The credential stays in the addresses: a frame of another site gets no cookies, and none is set.

use askama::Template;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use http::{HeaderName, HeaderValue};

use super::frame::page;
use super::player::Player;
use crate::app::App;
use crate::config::Origin;
use crate::error::{Error, PAGE_POLICY};

const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
/// What a player needs, as far as the page around gives it (`allow=` of its frame), and nothing of the machine's.
const PERMISSIONS: HeaderValue = HeaderValue::from_static(
    "autoplay=(self), fullscreen=(self), picture-in-picture=(self), camera=(), display-capture=(), \
     geolocation=(), microphone=(), payment=(), usb=()",
);

#[derive(Template)]
#[template(path = "embed.html")]
struct EmbedPage {
    player: Player,
}

/// A refusal has the same policy: whoever shows the frame sees why it does not play.
pub async fn show(State(app): State<App>, request: Request) -> Response {
    let mut response = framed(&app, request).await.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, policy(&app.embed_origins));
    headers.insert(PERMISSIONS_POLICY, PERMISSIONS);
    // Its address holds the credential, and it has no form that would have to show where it comes from.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

async fn framed(app: &App, request: Request) -> Result<Response, Error> {
    let (request, _) = request.into_parts();
    page(&EmbedPage { player: Player::of(app, &request, "/embed/").await? })
}

/// That of every page, but for who may show it in a frame. Whatever goes wrong, nobody may.
fn policy(origins: &[Origin]) -> HeaderValue {
    let ancestors = origins.iter().map(Origin::as_str).collect::<Vec<_>>().join(" ");
    let others = PAGE_POLICY;
    let framed = others.to_str().ok().filter(|_| !ancestors.is_empty()).and_then(|policy| {
        policy.replace("frame-ancestors 'none'", &format!("frame-ancestors {ancestors}")).parse().ok()
    });
    framed.unwrap_or(PAGE_POLICY)
}
