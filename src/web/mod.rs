//! Pages. Their templates stand in `static/pages/`, what they load in `static/assets/`.

mod assets;
mod frame;

use askama::Template;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::app::App;
use crate::error::Error;
use crate::library::sidecar;
use crate::media;

pub use assets::serve as assets;
use frame::{Frame, page};

#[derive(Template)]
#[template(path = "library.html")]
struct LibraryPage {
    frame: Frame,
}

#[derive(Template)]
#[template(path = "watch.html")]
struct WatchPage<'a> {
    name: &'a str,
    source: &'a str,
    poster: Option<String>,
    subtitles: Vec<Subtitles>,
}

/// A `<track>` of the page.
struct Subtitles {
    label: String,
    source: String,
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
    let id = request.uri.path().strip_prefix("/watch/").unwrap_or_default();
    let shown = media::shown(&app, &request, id).await?;
    let name = utf8_percent_encode(&shown.name, NON_ALPHANUMERIC);
    let query = request.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let source = format!("/m/{}/{name}{query}", shown.id);
    let poster = shown.beside.poster.map(|path| format!("{}{query}", sidecar::poster_url(shown.id, &path)));
    let subtitles = shown.beside.subtitles.into_iter().map(|text| {
        let source = format!("{}{query}", sidecar::subtitles_url(shown.id, &text.label));
        Subtitles { label: text.label, source }
    });
    page(&WatchPage { name: &shown.name, source: &source, poster, subtitles: subtitles.collect() })
}
