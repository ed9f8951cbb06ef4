//! `/s/{code}`: a page that plays for somebody without an account, and the form that asks for its password.
//!
//! - The page counts no play, the first bytes do: programs that preview links take none.
//! - To those programs it is "A shared video" whatever it shows, and behind a password it says nothing else.
//! - Its visitor gets a cookie that tells him apart, so that his requests are one viewing, also after a restart.

use askama::Template;
use axum::extract::{FromRequest as _, Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::header::{CACHE_CONTROL, SET_COOKIE};
use http::request::Parts;
use http::{HeaderName, HeaderValue};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::frame::{Frame, page};
use super::player::Subtitles;
use super::refusal::Refusal;
use crate::access::attempts::Wait;
use crate::access::credential::Credential;
use crate::access::password::{Typed, Verdict};
use crate::access::share::{ShareCode, ShareVisit};
use crate::access::{Named, visit};
use crate::admin::AdminError;
use crate::app::App;
use crate::clock::{Seconds, rfc3339};
use crate::error::Error;
use crate::media::{self, Shown};
use crate::reception::{self, Form, Sender};
use crate::types::ItemId;
use crate::types::extension::title;

const ROBOTS: HeaderName = HeaderName::from_static("x-robots-tag");

#[derive(Template)]
#[template(path = "share.html")]
struct SharePage {
    frame: Frame,
    id: String,
    title: String,
    source: String,
    poster: Option<String>,
    subtitles: Vec<Subtitles>,
    for_whom: Option<String>,
    until: Option<Until>,
    download: bool,
}

#[derive(Template)]
#[template(path = "share_password.html")]
struct PasswordPage {
    frame: Frame,
    problem: Option<String>,
    is_wrong: bool,
}

/// A time for programs and for people.
struct Until {
    exact: String,
    words: String,
}

/// What the form sends. Other fields are a browser's additions.
#[derive(Deserialize)]
struct Entered {
    password: String,
}

/// GET `/s/{code}`
pub async fn show(State(app): State<App>, request: Request) -> Result<Response, Error> {
    let (request, _) = request.into_parts();
    let visit = visit_of(&request)?;
    match media::shown_as(&app, &request, Named::Shared(visit.code.clone())).await {
        Ok(shown) => player(&app, &request, visit, shown).await,
        Err(Error::Locked) => {
            expect_open(&app, &visit).await?;
            password_page(None)
        }
        Err(error) => Err(error),
    }
}

/// POST `/s/{code}`: the password, from the form, which is not read before the code is known to be one.
pub async fn unlock(State(app): State<App>, sender: Sender, request: Request) -> Result<Response, Error> {
    let (request, body) = request.into_parts();
    // It would spend the tries of its visitors' address, and have them watch by what it chose.
    reception::expect_no_strange_page(&app, &request)?;
    let visit = visit_of(&request)?;
    let (id, item, stored) = expect_open(&app, &visit).await?;
    let form = Request::from_parts(request.clone(), body);
    let Form(entered) = Form::<Entered>::from_request(form, &app).await?;
    let place = format!("/s/{}", visit.code.expose());
    let Some(stored) = stored else { return Ok(redirected(&place, &[])) };
    match app.attempts.share(sender.client.address, &id) {
        Err(Wait(seconds)) if reception::navigates(&request.headers) => {
            return password_page(Some(Refusal::Wait(seconds)));
        }
        tried => tried?,
    }
    let typed = Typed::new(entered.password);
    let verified = app.hashing.verify(typed, Some(stored.clone())).await;
    let (verdict, _) = verified.map_err(AdminError::from)?;
    if verdict == Verdict::Wrong {
        return password_page(Some(Refusal::Wrong));
    }
    let visit = ShareVisit { proof: Some(app.access.prove(&id, &stored)), ..known(&app, visit) };
    Ok(redirected(&place, &cookies(&request, visit, item)))
}

fn visit_of(request: &Parts) -> Result<ShareVisit, Error> {
    let code = request.uri.path().strip_prefix("/s/").and_then(ShareCode::parse);
    let code = code.ok_or(Error::Unauthorized("malformed"))?;
    Ok(visit::of_share(&request.headers, &code, reception::is_secure(request)))
}

/// The visitor by a name that the browser will keep.
fn known(app: &App, visit: ShareVisit) -> ShareVisit {
    ShareVisit { visitor: Some(visit.visitor.unwrap_or_else(|| app.chance.bytes())), ..visit }
}

fn cookies(request: &Parts, visit: ShareVisit, item: ItemId) -> Vec<String> {
    let credential = Credential::Share(visit);
    visit::moved(&credential, item, &request.headers, reception::is_secure(request)).unwrap_or_default()
}

/// A share whose password may be asked for: its id, item and password. One that is over asks for none.
async fn expect_open(app: &App, visit: &ShareVisit) -> Result<(String, ItemId, Option<String>), Error> {
    let share = app.access.locked_share(visit).await?;
    let is_over = share.owner.expires_at.is_some_and(|end| end <= app.clock.seconds());
    match (is_over, share.is_used_up) {
        (true, _) => Err(Error::LinkOver),
        (false, true) => Err(Error::LinkUsedUp),
        (false, false) => Ok((share.owner.token_id.clone(), share.item, share.password.clone())),
    }
}

async fn player(app: &App, request: &Parts, visit: ShareVisit, shown: Shown) -> Result<Response, Error> {
    let row = app.db.share(&visit.code.hash().stored()).await.map_err(Error::unavailable)?;
    let row = row.ok_or(Error::Unauthorized("unknown"))?;
    let below = format!("/s/{}", visit.code.expose());
    let subtitles = shown.beside.subtitles.into_iter().map(|text| {
        let source = format!("{below}/subtitles/{}.vtt", text.label);
        Subtitles { label: text.label, source }
    });
    let response = page(&SharePage {
        frame: Frame::nobody(),
        id: shown.id.to_string(),
        source: format!("{below}/m/{}", utf8_percent_encode(&shown.name, NON_ALPHANUMERIC)),
        poster: shown.beside.poster.map(|_| format!("{below}/poster/poster")),
        subtitles: subtitles.collect(),
        title: title(&shown.name).to_owned(),
        for_whom: row.name,
        until: row.expires_at.map(until),
        download: shown.download,
    })?;
    let cookies = match visit.visitor {
        Some(_) => Vec::new(),
        None => cookies(request, known(app, visit), shown.id),
    };
    Ok(unlisted(with_cookies(response, &cookies)))
}

fn redirected(place: &str, cookies: &[String]) -> Response {
    with_cookies(Redirect::to(place).into_response(), cookies)
}

fn with_cookies(mut response: Response, cookies: &[String]) -> Response {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for cookie in cookies.iter().filter_map(|line| HeaderValue::try_from(line.as_str()).ok()) {
        headers.append(SET_COOKIE, cookie);
    }
    response
}

/// The form goes to the page's own address, so that the code stands nowhere else.
fn password_page(refusal: Option<Refusal>) -> Result<Response, Error> {
    let problem = refusal.map(|refusal| refusal.said("That is not the password."));
    let is_wrong = refusal == Some(Refusal::Wrong);
    let mut response = page(&PasswordPage { frame: Frame::nobody(), problem, is_wrong })?;
    if let Some(refusal) = refusal {
        refusal.mark(&mut response);
    }
    Ok(unlisted(response))
}

fn unlisted(mut response: Response) -> Response {
    response.headers_mut().insert(ROBOTS, HeaderValue::from_static("noindex, nofollow, noarchive"));
    response
}

/// `2026-11-25 04:53 UTC`, as far as the calendar goes.
fn until(end: Seconds) -> Until {
    let exact = rfc3339(end);
    let words = exact.get(..16).map_or(exact.clone(), |minute| format!("{} UTC", minute.replace('T', " ")));
    Until { exact, words }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_times_without_seconds() {
        assert_eq!(until(1_795_582_382).words, "2026-11-25 04:53 UTC");
        assert_eq!(until(Seconds::MAX).words, "for ever");
    }
}
