//! Pages, and the few files that they need, embedded.

use askama::Template;
use axum::extract::{Request, State};
use axum::response::{Html, IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderName, HeaderValue};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::app::App;
use crate::error::{Error, PAGE_POLICY};
use crate::library::sidecar;
use crate::media;

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage;

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

/// `/`
pub async fn home() -> Result<Response, Error> {
    page(&HomePage)
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

fn page(template: &impl Template) -> Result<Response, Error> {
    let text = template.render().map_err(|error| Error::Internal(std::sync::Arc::new(error)))?;
    let mut response = Html(text).into_response();
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, PAGE_POLICY);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// `/assets/page.css`
pub async fn style() -> impl IntoResponse {
    asset("text/css; charset=utf-8", include_str!("../../static/assets/page.css"))
}

/// `/assets/icon.svg`
pub async fn icon() -> impl IntoResponse {
    asset("image/svg+xml", include_str!("../../static/assets/icon.svg"))
}

fn asset(content_type: &'static str, text: &'static str) -> ([(HeaderName, &'static str); 2], &'static str) {
    ([(CONTENT_TYPE, content_type), (CACHE_CONTROL, "public, max-age=3600")], text)
}
