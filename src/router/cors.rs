//! Pages elsewhere whose scripts may read media: the CORS protocol (Fetch Standard §3.2).
//!
//! 1. Showing needs none of this: a plain `<video>` plays from anywhere. A canvas, `<track>` and `fetch` read.
//! 2. Only origins that the settings name. Without such a list nothing is looked at, and nothing added.
//! 3. A preflight is answered before any credential, so it cannot tell what there is.
//! 4. `Access-Control-Allow-Credentials` is never sent: the credential stands in the address or in a header that the
//!    page sets. With it, a page could read whatever the viewer's login opens, by guessing ids.

use axum::response::Response;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use super::{Answered, Reader};
use crate::config::Origin;

/// What players in script read beside the status: the size, the place, the version, and the id to ask about.
const SHOWN: HeaderValue = HeaderValue::from_static(
    "Accept-Ranges, Content-Range, Content-Length, ETag, Last-Modified, X-Request-Id",
);
/// What they send beside what needs no asking.
const TAKEN: HeaderValue = HeaderValue::from_static("Range, If-Range, If-None-Match, Authorization");
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD");
/// Seconds that a browser remembers the answer; Chromium cuts what is longer.
const REMEMBERED: HeaderValue = HeaderValue::from_static("7200");

/// The page that asks, on a server that lets some pages read.
pub(super) struct Page {
    /// As it came, if it is one of them.
    origin: Option<HeaderValue>,
    is_preflight: bool,
}

impl Page {
    /// None: nobody reads here.
    pub(super) fn of(allowed: &[Origin], method: &Method, headers: &HeaderMap) -> Option<Page> {
        if allowed.is_empty() {
            return None;
        }
        let mut origins = headers.get_all(ORIGIN).iter();
        let only = origins.next().filter(|_| origins.next().is_none());
        // Browsers write an origin in one way only, so bytes are compared (RFC 6454 §6.2).
        let is_named = |origin: &&HeaderValue| allowed.iter().any(|known| *origin == known.as_str());
        let origin = only.filter(is_named).cloned();
        let is_preflight = origin.is_some()
            && *method == Method::OPTIONS
            && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        Some(Page { origin, is_preflight })
    }

    /// The answer of a media route as this page may read it, an error too. Other routes are not read from elsewhere.
    pub(super) fn told(self, response: Response) -> Response {
        let Some(answered) = response.extensions().get::<Answered>().copied() else { return response };
        if answered.reader != Reader::Player {
            return response;
        }
        // Media routes know no OPTIONS and say so to everybody, whatever they name.
        let is_preflight = self.is_preflight && response.status() == StatusCode::METHOD_NOT_ALLOWED;
        let mut response = if is_preflight { permission(answered) } else { response };
        self.tell(response.headers_mut());
        response
    }

    /// Whether this page may read what these are the headers of.
    pub(super) fn tell(self, headers: &mut HeaderMap) {
        // Also to those who are not named: a cache must not give their answer to the others.
        headers.append(VARY, HeaderValue::from_static("Origin"));
        if let Some(origin) = self.origin {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, SHOWN);
        }
    }
}

fn permission(answered: Answered) -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.extensions_mut().insert(answered);
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, TAKEN);
    headers.insert(ACCESS_CONTROL_MAX_AGE, REMEMBERED);
    response
}
