//! `/login` and `/logout`: plain forms, which work without scripts.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::HeaderValue;
use http::header::SET_COOKIE;
use http::request::Parts;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Deserialize;

use super::frame::{Frame, page, uncached};
use super::refusal::Refusal;
use crate::access::password::Typed;
use crate::access::session::SessionSecret;
use crate::admin::sessions::LoginError;
use crate::api;
use crate::app::App;
use crate::error::Error;
use crate::reception::{self, Browser, Form, Query};

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage<'a> {
    frame: Frame,
    name: &'a str,
    next: &'a str,
    problem: Option<String>,
    /// Name and password do not fit, and nobody is told which of them.
    is_wrong: bool,
    /// Nobody can log in yet.
    is_to_set_up: bool,
}

#[derive(Deserialize)]
pub struct Wanted {
    next: Option<String>,
}

#[derive(Deserialize)]
pub struct Login {
    name: String,
    password: String,
    next: Option<String>,
}

/// `GET /login?next=`
pub async fn show(
    State(app): State<App>,
    Query(wanted): Query<Wanted>,
    request: Parts,
) -> Result<Response, Error> {
    let next = local(wanted.next.as_deref());
    if reception::person_if_any(&app, &request).await?.is_some() {
        return Ok(see(next));
    }
    let is_to_set_up = app.setup.is_open(app.clock.seconds());
    page(&LoginPage { frame: Frame::nobody(), name: "", next, problem: None, is_wrong: false, is_to_set_up })
}

/// `POST /login`
pub async fn log_in(
    State(app): State<App>,
    browser: Browser,
    Form(login): Form<Login>,
) -> Result<Response, Error> {
    let next = local(login.next.as_deref());
    let admin = reception::admin(&app);
    let typed = Typed::new(login.password);
    let again = |refusal: Refusal| {
        let (name, is_wrong) = (login.name.as_str(), refusal == Refusal::Wrong);
        let problem = Some(refusal.said("Name and password do not belong together."));
        let frame = Frame::nobody();
        let mut response = page(&LoginPage { frame, name, next, problem, is_wrong, is_to_set_up: false })?;
        refusal.mark(&mut response);
        Ok(response)
    };
    match admin.log_in(&app.attempts, &login.name, typed, &browser.known()).await {
        Ok(secret) => Ok(entered(&browser, &secret, next)),
        Err(LoginError::Wrong) => again(Refusal::Wrong),
        Err(LoginError::TooMany(seconds)) => again(Refusal::Wait(seconds)),
        Err(error) => Err(error.into()),
    }
}

/// `POST /logout`
pub async fn log_out(State(app): State<App>, browser: Browser) -> Result<Response, Error> {
    let cookie = api::session::leave(&app, &browser).await?;
    Ok(with_cookie(see("/login"), &cookie))
}

/// The way on for who has just logged in.
pub(super) fn entered(browser: &Browser, secret: &SessionSecret, next: &str) -> Response {
    with_cookie(see(next), &secret.set_cookie(browser.sender.client.is_secure))
}

fn with_cookie(mut response: Response, cookie: &str) -> Response {
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// What a header cannot hold.
const UNFIT: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>');

fn see(place: &str) -> Response {
    uncached(Redirect::to(&utf8_percent_encode(place, UNFIT).to_string()).into_response())
}

/// A path of this server, or the home page: nobody is sent elsewhere by a link to our login. Browsers read `//host` and
/// `/\host` as another host, and leave out tabs and line breaks.
fn local(next: Option<&str>) -> &str {
    let is_local = |next: &&str| {
        let mut letters = next.chars();
        letters.next() == Some('/')
            && letters.next() != Some('/')
            && !next.contains(|letter: char| letter == '\\' || letter.is_control())
    };
    next.filter(is_local).unwrap_or("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_leads_to_a_page_of_this_server() {
        let cases = [
            ("/watch/abc?t=10#x", true, "a page"),
            ("/", true, "home"),
            ("/K\u{fc}che", true, "letters of other languages"),
            ("", false, "nothing"),
            ("//evil.example", false, "another host"),
            ("///evil.example", false, "another host"),
            ("/\\evil.example", false, "another host, as browsers read it"),
            ("\\\\evil.example", false, "another host, as browsers read it"),
            ("/\t/evil.example", false, "a tab that browsers leave out"),
            ("/\n/evil.example", false, "a line break"),
            ("https://evil.example", false, "an address"),
            ("javascript:alert(1)", false, "a script"),
            ("watch/abc", false, "relative"),
            (" /watch", false, "a space in front"),
        ];
        for (next, is_kept, why) in cases {
            assert_eq!(local(Some(next)), if is_kept { next } else { "/" }, "{why}: {next}");
        }
        assert_eq!(local(None), "/");
    }
}
