//! A response's head, and the pieces of its body.
//!
//! | plan | status | tells of |
//! |---|---|---|
//! | `NotModified` | 304 | the tag, for which the client has the bytes (RFC 9110 §15.4.5) |
//! | `PreconditionFailed` | 412 | the tag |
//! | `Unsatisfiable` | 416 | the length, in `Content-Range` (§15.5.17) |
//! | `Whole` | 200 | the representation |
//! | `Part` | 206 | the representation, and which part of it |
//! | `Parts` | 206 | the representation, and in each part which it is |

use axum::body::Body;
use bytes::Bytes;
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};

use super::representation::{Piece, Pieces, Representation};
use crate::range::header::unsatisfied;
use crate::range::{Boundary, ByteRange, ETag, HttpDate, Multipart, Plan};

const CDN_CACHE_CONTROL: HeaderName = HeaderName::from_static("cdn-cache-control");
const CORP: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Header lines, those here and what others add, for which the index of a response's map has room. Clones keep the index.
const ROOM: usize = 24;

/// On every answer about a representation, beside what the edge puts on all answers.
const ALWAYS: [(HeaderName, HeaderValue); 3] = [
    // Kept by the viewer's browser alone, and asked about each time: a revoked token must not go on playing.
    // A proxy that re-encodes would break ranges and the tag.
    (header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache, no-transform")),
    // RFC 9213: some shared caches are told to keep everything, and read this one first.
    (CDN_CACHE_CONTROL, HeaderValue::from_static("no-store")),
    // To be embedded by pages elsewhere, with a credential, is the purpose.
    (CORP, HeaderValue::from_static("cross-origin")),
];

/// On answers that describe a representation.
const MEDIA: [(HeaderName, HeaderValue); 3] = [
    (header::ACCEPT_RANGES, HeaderValue::from_static("bytes")),
    // nginx would read the whole film ahead of a viewer who pauses.
    (X_ACCEL_BUFFERING, HeaderValue::from_static("no")),
    // For whoever opens the URL itself: the browser then makes a page around the medium. A file that passes
    // for a medium and is a page as well gets no script, no form, no frame and no network: `default-src` sees
    // to that. The sandbox leaves two things open, which give nothing to a page without scripts. Without
    // `allow-same-origin` the page asks for the medium as a stranger, and Chromium and WebKit leave out the
    // session's cookie; without `allow-scripts` WebKit's controls are dead, and nothing starts by itself.
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; media-src 'self'; base-uri 'none'; form-action 'none'; \
             sandbox allow-same-origin allow-scripts",
        ),
    ),
];

/// Carries out a plan. [`super::sending`] makes a body of the pieces. For HEAD there are none, and the head is that of GET.
pub fn respond(
    representation: &Representation,
    plan: Plan,
    boundary: impl FnOnce() -> Boundary,
    method: &Method,
) -> Response<Pieces> {
    let wants_content = *method != Method::HEAD;
    let mut response = match plan {
        Plan::NotModified => without_content(representation, StatusCode::NOT_MODIFIED),
        Plan::PreconditionFailed => without_content(representation, StatusCode::PRECONDITION_FAILED),
        Plan::Unsatisfiable => unsatisfiable(representation),
        Plan::Whole => whole(representation, wants_content),
        Plan::Part(range) => part(representation, range),
        Plan::Parts(ranges) => parts(representation, &ranges, &boundary()),
    };
    if !wants_content {
        *response.body_mut() = Pieces::default();
    }
    response
}

/// The same where only bodies of axum go: the pieces travel in the extensions, where [`super::outgoing`] finds them.
pub fn packed(response: Response<Pieces>) -> Response<Body> {
    let (mut parts, pieces) = response.into_parts();
    if !pieces.is_empty() {
        parts.extensions.insert(pieces);
    }
    Response::from_parts(parts, Body::empty())
}

/// What does not depend on the request, made once for a representation: §15.4.5 wants the validators and what guides
/// caches for an answer without content, and one with content describes it as well.
#[derive(Clone, Debug)]
pub(super) struct Heads {
    without_content: HeaderMap,
    with_content: HeaderMap,
}

impl Heads {
    pub(super) fn new(
        etag: &ETag,
        modified: Option<HttpDate>,
        content_type: &'static str,
        disposition: HeaderValue,
    ) -> Heads {
        let mut without_content = HeaderMap::with_capacity(ROOM);
        without_content.extend(ALWAYS);
        without_content.insert(header::ETAG, etag.header_value());
        if let Some(modified) = modified {
            without_content.insert(header::LAST_MODIFIED, modified.header_value());
        }
        let mut with_content = without_content.clone();
        with_content.extend(MEDIA);
        with_content.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        with_content.insert(header::CONTENT_DISPOSITION, disposition);
        Heads { without_content, with_content }
    }
}

fn without_content(representation: &Representation, status: StatusCode) -> Response<Pieces> {
    let mut response = Response::new(Pieces::default());
    *response.status_mut() = status;
    *response.headers_mut() = representation.heads().without_content.clone();
    if status != StatusCode::NOT_MODIFIED {
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(0));
    }
    response
}

fn unsatisfiable(representation: &Representation) -> Response<Pieces> {
    let mut response = without_content(representation, StatusCode::RANGE_NOT_SATISFIABLE);
    let headers = response.headers_mut();
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CONTENT_RANGE, value(unsatisfied(representation.len())));
    response
}

/// What HEAD gets as well (§14.2 defines ranges for GET alone), without pieces that would be for nothing.
fn whole(representation: &Representation, wants_content: bool) -> Response<Pieces> {
    let pieces = if wants_content { representation.whole() } else { Pieces::default() };
    described(representation, StatusCode::OK, representation.len()).map(|()| pieces)
}

fn part(representation: &Representation, range: ByteRange) -> Response<Pieces> {
    let pieces = representation.slice(range).collect();
    let mut response = with_content(representation, StatusCode::PARTIAL_CONTENT, pieces);
    let content_range = value(range.content_range(representation.len()));
    response.headers_mut().insert(header::CONTENT_RANGE, content_range);
    response
}

fn parts(representation: &Representation, ranges: &[ByteRange], boundary: &Boundary) -> Response<Pieces> {
    let multipart = Multipart::new(boundary, representation.content_type(), ranges, representation.len());
    let mut pieces = Vec::new();
    for (head, range) in multipart.parts() {
        pieces.push(text(head));
        pieces.extend(representation.slice(range));
    }
    pieces.push(text(multipart.closing()));
    let pieces = pieces.into_iter().collect();
    let mut response = with_content(representation, StatusCode::PARTIAL_CONTENT, pieces);
    response.headers_mut().insert(header::CONTENT_TYPE, value(multipart.content_type()));
    response
}

fn text(text: &str) -> Piece {
    Piece::Memory(Bytes::copy_from_slice(text.as_bytes()))
}

fn with_content(representation: &Representation, status: StatusCode, pieces: Pieces) -> Response<Pieces> {
    described(representation, status, pieces.len()).map(|()| pieces)
}

/// The head of an answer with so many bytes.
fn described(representation: &Representation, status: StatusCode, len: u64) -> Response<()> {
    let mut response = Response::new(());
    *response.status_mut() = status;
    *response.headers_mut() = representation.heads().with_content.clone();
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(len));
    response
}

/// For text that this crate has made of numbers, dates and hexadecimal digits.
fn value(text: String) -> HeaderValue {
    HeaderValue::try_from(text).expect("visible ASCII and spaces are a legal value")
}
