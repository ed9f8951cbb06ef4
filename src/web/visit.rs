//! A person followed a link with a credential in it: the address line and the history shall not keep it.

use axum::response::{IntoResponse, Redirect, Response};
use http::HeaderValue;
use http::header::{CACHE_CONTROL, SET_COOKIE};
use http::request::Parts;

use crate::access::{credential, visit};
use crate::reception;
use crate::types::ItemId;

/// The way to the clean address, if this is a navigation by a credential in the query. Programs and players keep theirs.
/// To be called when the credential has opened the item.
pub(super) fn moved(request: &Parts) -> Option<Response> {
    if !reception::navigates(&request.headers) {
        return None;
    }
    let item = request.uri.path().strip_prefix("/watch/").and_then(ItemId::parse)?;
    let presented = credential::presented(&request.headers, request.uri.query(), None).ok()??;
    let lines = visit::moved(&presented, item, &request.headers, reception::is_secure(request))?;
    Some(redirected(&format!("/watch/{item}"), &lines))
}

/// 303 to a page, with these lines of `Set-Cookie`.
pub(super) fn redirected(place: &str, cookies: &[String]) -> Response {
    with_cookies(Redirect::to(place).into_response(), cookies)
}

pub(super) fn with_cookies(mut response: Response, cookies: &[String]) -> Response {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for cookie in cookies.iter().filter_map(|line| HeaderValue::try_from(line.as_str()).ok()) {
        headers.append(SET_COOKIE, cookie);
    }
    response
}
