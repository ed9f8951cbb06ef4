//! What all pages share: who looks at them, and the way out when nobody is logged in.

use std::sync::Arc;

use askama::Template;
use axum::response::{Html, IntoResponse, Redirect, Response};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::access::Person;
use crate::app::App;
use crate::error::{Error, PAGE_POLICY};
use crate::reception;
use crate::types::Role;

/// The frame around a page, for its template.
pub struct Frame {
    /// Who is logged in; nobody sees no navigation.
    pub name: Option<String>,
    pub is_admin: bool,
    /// The navigation's entry that is open.
    pub here: &'static str,
}

impl Frame {
    /// For pages that come before a login.
    pub fn nobody() -> Frame {
        Frame { name: None, is_admin: false, here: "" }
    }

    pub fn of(person: &Person, here: &'static str) -> Frame {
        Frame { name: Some(person.name.clone()), is_admin: person.role == Role::Admin, here }
    }

    /// For the attribute `aria-current`.
    pub fn current(&self, entry: &str) -> &'static str {
        if self.here == entry { "page" } else { "false" }
    }
}

/// Who may see a page; a person who is not logged in is asked to.
pub async fn visitor(app: &App, request: &Parts) -> Result<Person, Response> {
    match reception::person(app, request).await {
        Err(Error::Unauthorized(_)) if reception::navigates(&request.headers) => Err(to_login(request)),
        decided => decided.map_err(IntoResponse::into_response),
    }
}

/// The same, for administrators. To others the page is not there.
pub async fn administrator(app: &App, request: &Parts) -> Result<Person, Response> {
    let person = visitor(app, request).await?;
    if person.role == Role::Admin { Ok(person) } else { Err(Error::NotFound.into_response()) }
}

/// And back again afterwards.
pub fn to_login(request: &Parts) -> Response {
    let wanted = request.uri.path();
    let next = utf8_percent_encode(wanted, NON_ALPHANUMERIC);
    let place = if wanted == "/" { "/login".to_owned() } else { format!("/login?next={next}") };
    uncached(Redirect::to(&place).into_response())
}

/// A page. It is about a person, so nobody keeps it.
pub fn page(template: &impl Template) -> Result<Response, Error> {
    let text = template.render().map_err(|error| Error::Internal(Arc::new(error)))?;
    let mut response = uncached(Html(text).into_response());
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, PAGE_POLICY);
    // With no-referrer, browsers send a form with `Origin: null`; on plain HTTP nothing else would show that it is ours.
    response.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    Ok(response)
}

pub(super) fn uncached(mut response: Response) -> Response {
    let headers: &mut HeaderMap = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
