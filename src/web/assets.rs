//! The files of `static/assets/`, embedded: styles, scripts, pictures. They are the same for everybody and hold no secret.

use axum::extract::Request;
use axum::response::{IntoResponse, Redirect, Response};
use data_encoding::BASE64URL_NOPAD;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, StatusCode};
use rust_embed::{Embed, EmbeddedFile};

use crate::error::Error;

#[derive(Embed)]
#[folder = "static/assets/"]
struct Files;

const PREFIX: &str = "/assets/";

/// `/assets/{path}`. Browsers ask each time whether it is still the same, so that an update shows at once.
pub async fn serve(request: Request) -> Result<Response, Error> {
    let name = request.uri().path().strip_prefix(PREFIX).unwrap_or_default();
    let content_type = content_type(name).ok_or(Error::NotFound)?;
    let file = Files::get(name).ok_or(Error::NotFound)?;
    let tag = tag(&file);
    let headers = [(ETAG, tag.clone()), (CACHE_CONTROL, HeaderValue::from_static("public, no-cache"))];
    if is_known(request.headers(), &tag) {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    Ok((headers, [(CONTENT_TYPE, content_type)], file.data).into_response())
}

/// `/favicon.ico`: where browsers look when what they show names no icon, as a video or an answer of the API.
pub async fn icon() -> Redirect {
    Redirect::permanent("/assets/icon.svg")
}

fn tag(file: &EmbeddedFile) -> HeaderValue {
    let hash = BASE64URL_NOPAD.encode(&file.metadata.sha256_hash()[..12]);
    HeaderValue::try_from(format!("\"{hash}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

fn is_known(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    let known = headers.get(IF_NONE_MATCH).and_then(|known| known.to_str().ok()).unwrap_or_default();
    // Weak comparison (RFC 9110 §13.1.2): a proxy that compresses makes the tag weak.
    known.split(',').any(|known| known.trim().trim_start_matches("W/").as_bytes() == tag.as_bytes())
}

/// What else lies there is not served: sources of pictures, licences.
fn content_type(name: &str) -> Option<&'static str> {
    match name.rsplit_once('.')?.1 {
        "css" => Some("text/css; charset=utf-8"),
        "js" => Some("text/javascript; charset=utf-8"),
        "svg" => Some("image/svg+xml"),
        _ => None,
    }
}
