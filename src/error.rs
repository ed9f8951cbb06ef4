//! Every answer that is not the thing asked for.
//!
//! A variant is an answer, not a cause: the caller learns the answer, the cause rides in the response's extensions
//! and is logged once. What the body looks like is decided at the edge, where the request is known ([`Audience`]).

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};

use crate::access::attempts::Wait;
use crate::access::{Denied, Withheld};

mod page;
mod problem;

pub use page::Visitor;
pub use problem::{Audience, Problem};

/// Of every page: our own scripts, style and pictures, media for the player, and nothing from elsewhere or within the
/// page's text. Scripts cannot turn text into markup (Trusted Types), so that a file's name stays text.
pub const PAGE_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'; \
     base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'",
);

/// Of a 401. Never Basic: a browser would ask its user for a password that does not exist.
pub const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer realm=\"reelgate\"");

/// An answer.
#[derive(Debug)]
pub enum Error {
    /// 400: two credentials, or one given twice.
    AmbiguousCredential,
    /// 400: the head of the request is not HTTP as RFC 9112 wants it.
    BadRequest(&'static str),
    /// 401: no credential, or one that opens nothing.
    Unauthorized(&'static str),
    /// 404: not there, or not for this caller.
    NotFound,
    /// 405: the route's methods stand in `Allow`.
    MethodNotAllowed,
    /// 410: a right signature, or a share, whose time is over.
    LinkOver,
    /// 410: a share whose plays are taken.
    LinkUsedUp,
    /// 401: a share's code without its password.
    Locked,
    /// 400 to 429: what a person or a program asked for cannot be.
    Refused(Box<Refused>),
    /// 414: longer than the limit.
    UriTooLong,
    /// 431: more header lines than the limit.
    HeadTooLarge,
    /// 500: a fault of ours.
    Internal(Cause),
    /// 503: the database or the storage does not answer.
    Unavailable(Cause),
}

/// What lies behind an answer, for the log.
pub type Cause = Arc<dyn std::error::Error + Send + Sync>;

/// An answer that says of this request what is wrong with it. It must not quote a credential.
#[derive(Debug)]
pub struct Refused {
    kind: Kind,
    detail: String,
    hint: String,
    retry_after: Option<u32>,
}

/// What is wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 400: it cannot be read.
    Malformed,
    /// 401: name and password do not belong together.
    WrongLogin,
    /// 403: a valid credential that may not do this.
    Forbidden,
    /// 403: the password that was asked for besides is another one.
    WrongPassword,
    /// 404: something it names is not there.
    Missing,
    /// 408: its body did not come in time.
    Slow,
    /// 409: it would be there twice, or something else is in the way.
    Conflict,
    /// 410: it was there, and its time is over.
    Over,
    /// 413: its body is longer than any of this kind.
    TooLarge,
    /// 415: its body is of another type.
    MediaType,
    /// 422: it can be read and makes no sense.
    Unfit,
    /// 429: too many tries.
    TooMany,
}

/// An answer in words.
struct Wording {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: &'static str,
    hint: &'static str,
}

const AMBIGUOUS_CREDENTIAL: Wording = Wording {
    status: StatusCode::BAD_REQUEST,
    code: "ambiguous_credential",
    title: "More than one credential",
    detail: "The request carries two credentials, or one of them twice.",
    hint: "Send exactly one: a Bearer header, ?token=, /t/TOKEN/ or a signed URL.",
};
const BAD_REQUEST: Wording = Wording {
    status: StatusCode::BAD_REQUEST,
    code: "bad_request",
    title: "The request cannot be read",
    detail: "The head of the request is malformed.",
    hint: "Correct the request's head (RFC 9112).",
};
const UNAUTHORIZED: Wording = Wording {
    status: StatusCode::UNAUTHORIZED,
    code: "unauthorized",
    title: "A valid credential is needed",
    detail: "There is no credential, or it is unknown, malformed, expired or revoked.",
    hint: "Ask whoever gave you the link for a new one.",
};
const NOT_FOUND: Wording = Wording {
    status: StatusCode::NOT_FOUND,
    code: "not_found",
    title: "Not found",
    detail: "There is nothing here that this credential may see.",
    hint: "Check the address; whoever gave you the link may not have granted this.",
};
const METHOD_NOT_ALLOWED: Wording = Wording {
    status: StatusCode::METHOD_NOT_ALLOWED,
    code: "method_not_allowed",
    title: "Method not allowed",
    detail: "This address does not know the request's method.",
    hint: "Use one of the methods in the Allow header.",
};
const LINK_OVER: Wording = Wording {
    status: StatusCode::GONE,
    code: "link_over",
    title: "This link is over",
    detail: "The link was right, and its time has passed.",
    hint: "Ask whoever gave you the link for a new one.",
};
const LINK_USED_UP: Wording = Wording {
    status: StatusCode::GONE,
    code: "link_used_up",
    title: "This link is used up",
    detail: "The link was right, and as often as it may be watched, it was.",
    hint: "Ask whoever gave you the link for a new one.",
};
const LOCKED: Wording = Wording {
    status: StatusCode::UNAUTHORIZED,
    code: "password_needed",
    title: "This link asks for a password",
    detail: "The link is right, and its password was not given.",
    hint: "Open the link's page in a browser and type the password there.",
};
const URI_TOO_LONG: Wording = Wording {
    status: StatusCode::URI_TOO_LONG,
    code: "uri_too_long",
    title: "The address is too long",
    detail: "The request's target is longer than this server reads.",
    hint: "Shorten it, or raise limits.uri_bytes.",
};
const HEAD_TOO_LARGE: Wording = Wording {
    status: StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
    code: "head_too_large",
    title: "Too many header lines",
    detail: "The head of the request has more lines than the limit.",
    hint: "Send fewer headers and cookies.",
};
const INTERNAL: Wording = Wording {
    status: StatusCode::INTERNAL_SERVER_ERROR,
    code: "internal",
    title: "A fault of this server",
    detail: "The request could not be answered.",
    hint: "Tell the administrator the request's id.",
};
const UNAVAILABLE: Wording = Wording {
    status: StatusCode::SERVICE_UNAVAILABLE,
    code: "unavailable",
    title: "Not available now",
    detail: "The database or the storage does not answer.",
    hint: "Try again in a few seconds.",
};

impl Kind {
    /// Status, code and title.
    fn words(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Kind::Malformed => (StatusCode::BAD_REQUEST, "malformed", "The request cannot be read"),
            Kind::WrongLogin => (StatusCode::UNAUTHORIZED, "wrong_login", "Name or password is wrong"),
            Kind::Forbidden => (StatusCode::FORBIDDEN, "forbidden", "Not allowed"),
            Kind::WrongPassword => (StatusCode::FORBIDDEN, "wrong_password", "The password is wrong"),
            Kind::Missing => (StatusCode::NOT_FOUND, "missing", "Not found"),
            Kind::Slow => (StatusCode::REQUEST_TIMEOUT, "slow_request", "The request took too long"),
            Kind::Conflict => (StatusCode::CONFLICT, "conflict", "Something is in the way"),
            Kind::Over => (StatusCode::GONE, "over", "This is over"),
            Kind::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too_large", "The request is too large"),
            Kind::MediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "media_type", "Another type is expected"),
            Kind::Unfit => (StatusCode::UNPROCESSABLE_ENTITY, "unfit", "This cannot be done"),
            Kind::TooMany => (StatusCode::TOO_MANY_REQUESTS, "too_many", "Too many tries"),
        }
    }
}

impl Refused {
    /// Whoever filled a form can put it right there.
    pub fn is_about_fields(&self) -> bool {
        matches!(self.kind, Kind::Unfit | Kind::Conflict | Kind::TooMany)
    }

    pub fn status(&self) -> StatusCode {
        self.kind.words().0
    }

    pub fn detail(&self) -> &str {
        &self.detail
    }

    fn problem(self) -> Problem {
        let (status, code, title) = self.kind.words();
        let (detail, hint) = (self.detail.into(), self.hint.into());
        Problem { status, code, title, detail, hint, retry_after: self.retry_after, cause: None }
    }
}

impl Error {
    /// What is wrong, and what to do about it.
    pub fn refused(kind: Kind, detail: impl Into<String>, hint: impl Into<String>) -> Error {
        Error::Refused(Box::new(Refused {
            kind,
            detail: detail.into(),
            hint: hint.into(),
            retry_after: None,
        }))
    }

    /// 429; `wait` is in seconds.
    pub fn too_many(detail: impl Into<String>, wait: u32) -> Error {
        let hint = format!("Try again in {wait} seconds.");
        let refused = Refused { kind: Kind::TooMany, detail: detail.into(), hint, retry_after: Some(wait) };
        Error::Refused(Box::new(refused))
    }

    fn problem(self) -> Problem {
        match self {
            Error::AmbiguousCredential => AMBIGUOUS_CREDENTIAL.problem(None),
            Error::BadRequest(detail) => Wording { detail, ..BAD_REQUEST }.problem(None),
            Error::Unauthorized(_) => UNAUTHORIZED.problem(None),
            Error::NotFound => NOT_FOUND.problem(None),
            Error::MethodNotAllowed => METHOD_NOT_ALLOWED.problem(None),
            Error::LinkOver => LINK_OVER.problem(None),
            Error::LinkUsedUp => LINK_USED_UP.problem(None),
            Error::Locked => LOCKED.problem(None),
            Error::Refused(refused) => refused.problem(),
            Error::UriTooLong => URI_TOO_LONG.problem(None),
            Error::HeadTooLarge => HEAD_TOO_LARGE.problem(None),
            Error::Internal(cause) => INTERNAL.problem(Some(cause)),
            Error::Unavailable(cause) => UNAVAILABLE.problem(Some(cause)),
        }
    }

    /// Why nobody was let in, as the metric's label.
    pub fn reason(&self) -> &'static str {
        match self {
            Error::Unauthorized(reason) => reason,
            Error::AmbiguousCredential => "ambiguous",
            Error::LinkOver => "link_over",
            Error::LinkUsedUp => "used_up",
            Error::Locked => "locked",
            Error::NotFound => "not_granted_or_missing",
            _ => "unavailable",
        }
    }

    /// An answer whose cause is an error of ours.
    pub fn unavailable(cause: impl std::error::Error + Send + Sync + 'static) -> Error {
        Error::Unavailable(Arc::new(cause))
    }
}

impl Wording {
    fn problem(self, cause: Option<Cause>) -> Problem {
        let Wording { status, code, title, detail, hint } = self;
        let retry_after = (status == StatusCode::SERVICE_UNAVAILABLE).then_some(5);
        Problem { status, code, title, detail: detail.into(), hint: hint.into(), retry_after, cause }
    }
}

impl From<Denied> for Error {
    fn from(denied: Denied) -> Error {
        match denied {
            Denied::Unauthorized(reason) => Error::Unauthorized(reason),
            Denied::Locked => Error::Locked,
            Denied::Unavailable(cause) => Error::unavailable(cause),
        }
    }
}

impl From<Wait> for Error {
    fn from(Wait(seconds): Wait) -> Error {
        Error::too_many("There were too many tries.", seconds)
    }
}

impl From<Withheld> for Error {
    fn from(withheld: Withheld) -> Error {
        match withheld {
            Withheld::Hidden => Error::NotFound,
            Withheld::Unauthorized(reason) => Error::Unauthorized(reason),
            Withheld::LinkOver => Error::LinkOver,
            Withheld::UsedUp => Error::LinkUsedUp,
            Withheld::Locked => Error::Locked,
            Withheld::Unavailable(cause) => Error::unavailable(cause),
        }
    }
}

impl IntoResponse for Error {
    /// Status and headers; the edge writes the body.
    fn into_response(self) -> Response {
        let problem = self.problem();
        let mut response = problem.status.into_response();
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if problem.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, CHALLENGE);
        }
        if let Some(wait) = problem.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(wait));
        }
        response.extensions_mut().insert(problem);
        response
    }
}
