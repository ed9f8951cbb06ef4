//! Who stands before a page or the API, and what they brought: persons, their right to change something, bodies.
//!
//! Extractors for handlers:
//! - [`Someone`] a person with an account; [`Owner`] one whose token is not narrowed; [`Administrator`] one who may do
//!   everything
//! - [`ItemViewer`] who may see one item, with or without an account; [`OwnItem`] a person and an item that is seen
//! - [`Path`], [`Json`], [`Query`], [`Form`] what a request carries, bounded in size and time
//! - [`Base`] where this server is reached
//! - [`Sender`] what is known of the sender; [`Browser`] one who logs in or out

mod body;
mod viewer;

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::access::attempts::Wait;
use crate::access::client::Client;
use crate::access::credential::{self, Credential};
use crate::access::password::PasswordError;
use crate::access::token::TokenHash;
use crate::access::{Person, session};
use crate::admin::sessions::{self, LoginError};
use crate::admin::{Admin, AdminError};
use crate::app::App;
use crate::error::{Error, Kind};
use crate::types::Role;

pub use body::{Form, Json, Query};
pub use viewer::{ItemViewer, OwnItem};

/// Seconds after which those who wait now are through.
const SOON: u32 = 2;

/// A person with an account, by a login or an api token.
pub struct Someone(pub Person);

/// A person by a credential that is not narrowed, who may look after logins and tokens. Others get 403.
pub struct Owner(pub Person);

/// A person who may do everything. Others get 403.
pub struct Administrator(pub Person);

/// What the path names. What cannot be read (RFC 3986 §2.1, UTF-8) names nothing.
pub struct Path<T>(pub T);

/// What is known of the sender of a request, with or without an account.
pub struct Sender {
    pub client: Client,
    /// What its `User-Agent` says, for people: `Firefox 153 on Linux`.
    pub program: String,
}

/// A browser, or a program, whose login is about to change. A page elsewhere cannot have sent it.
pub struct Browser {
    pub sender: Sender,
    /// The login that it has, good or not.
    pub login: Option<TokenHash>,
}

impl Browser {
    /// As the use cases want it.
    pub fn known(&self) -> sessions::Browser<'_> {
        let Sender { client, program } = &self.sender;
        sessions::Browser { address: client.address, program, login: self.login }
    }
}

impl FromRequestParts<App> for Browser {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Browser, Error> {
        expect_no_strange_page(app, parts)?;
        let login = session::presented(&parts.headers, is_secure(parts));
        Ok(Browser { sender: Sender::from_request_parts(parts, app).await?, login })
    }
}

impl FromRequestParts<App> for Someone {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Someone, Error> {
        person(app, parts).await.map(Someone)
    }
}

impl FromRequestParts<App> for Owner {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Owner, Error> {
        let person = person(app, parts).await?;
        if person.rights.is_narrowed() {
            return Err(Error::refused(
                Kind::Forbidden,
                "A narrowed token looks after no logins and no other tokens.",
                "Use a login, or an api token that is not narrowed.",
            ));
        }
        Ok(Owner(person))
    }
}

impl FromRequestParts<App> for Administrator {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Administrator, Error> {
        let person = person(app, parts).await?;
        match person.role {
            Role::Admin => Ok(Administrator(person)),
            Role::Viewer => Err(Error::refused(
                Kind::Forbidden,
                "This is for administrators.",
                "Ask an administrator of this server, or use an api token of one that is not narrowed.",
            )),
        }
    }
}

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Path<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Path<T>, Error> {
        let path = axum::extract::Path::from_request_parts(parts, app).await;
        path.map(|axum::extract::Path(named)| Path(named)).map_err(|_| Error::NotFound)
    }
}

impl FromRequestParts<App> for Sender {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Sender, Error> {
        let client = parts.extensions.get::<Client>().cloned();
        let client = client.ok_or_else(|| Error::Unauthorized("no_connection"))?;
        let agent = parts.headers.get(http::header::USER_AGENT).and_then(|agent| agent.to_str().ok());
        Ok(Sender { client, program: crate::types::program::named(agent.unwrap_or_default()) })
    }
}

/// The person behind a request. Whoever changes something by a cookie must do so from a page of this server.
pub async fn person(app: &App, request: &Parts) -> Result<Person, Error> {
    let presented = credential::presented(&request.headers, request.uri.query(), None);
    let explicit = presented.map_err(|_| Error::AmbiguousCredential)?;
    let by_cookie = || session::presented(&request.headers, is_secure(request)).map(Credential::Session);
    let credential = explicit.or_else(by_cookie);
    let is_ambient = matches!(credential, Some(Credential::Session(_)));
    let person = app.access.person(credential).await?;
    if is_ambient && !request.method.is_safe() {
        expect_own_page(app, request)?;
    }
    Ok(person)
}

/// The person behind a request, if there is one: a page may look different without being another page.
pub async fn person_if_any(app: &App, request: &Parts) -> Result<Option<Person>, Error> {
    match person(app, request).await {
        Ok(person) => Ok(Some(person)),
        Err(Error::Unauthorized(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// 403 unless a page of this server made the request.
pub fn expect_own_page(app: &App, request: &Parts) -> Result<(), Error> {
    let public = app.public_url.as_ref().map(url::Url::authority);
    let own = crate::server::head::authority(request).into_iter().chain(public);
    if session::is_from_own_page(&request.headers, own) {
        return Ok(());
    }
    Err(Error::refused(
        Kind::Forbidden,
        "The request does not come from a page of this server.",
        "Use this server's pages, or an api token in the Authorization header.",
    ))
}

/// The same for requests that carry no cookie yet: a page elsewhere must not log its visitors in. Who is no browser
/// says nothing of pages and may.
pub fn expect_no_strange_page(app: &App, request: &Parts) -> Result<(), Error> {
    let says = |name| request.headers.contains_key(name);
    if says("sec-fetch-site") || says("origin") { expect_own_page(app, request) } else { Ok(()) }
}

/// Where people reach this server: scheme and host, without a slash at the end. The public address, or what the request
/// names.
pub struct Base(pub String);

impl FromRequestParts<App> for Base {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Base, Error> {
        if let Some(url) = &app.public_url {
            return Ok(Base(url.as_str().trim_end_matches('/').to_owned()));
        }
        let authority = crate::server::head::authority(parts);
        let authority =
            authority.ok_or(Error::BadRequest("The request does not say which host it means."))?;
        let scheme = if is_secure(parts) { "https" } else { "http" };
        Ok(Base(format!("{scheme}://{authority}")))
    }
}

/// Whether cookies may be `Secure`.
pub fn is_secure(request: &Parts) -> bool {
    request.extensions.get::<Client>().is_some_and(|client| client.is_secure)
}

const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// A person typed the address or followed a link. Browsers say so (Fetch Metadata); older ones by what they accept.
pub fn navigates(headers: &HeaderMap) -> bool {
    match headers.get(SEC_FETCH_MODE) {
        Some(mode) => mode == "navigate",
        None => headers.get(ACCEPT).is_some_and(|accept| accept.as_bytes().starts_with(b"text/html")),
    }
}

/// The use cases, as handlers call them.
pub fn admin(app: &App) -> Admin {
    let (db, clock, chance) = (app.db.clone(), app.clock.clone(), app.chance.clone());
    Admin { db, clock, chance, hashing: app.hashing.clone() }
}

impl From<AdminError> for Error {
    fn from(error: AdminError) -> Error {
        match error {
            AdminError::Database(cause) => Error::unavailable(cause),
            AdminError::Missing { problem, cure } => Error::refused(Kind::Missing, problem, cure),
            AdminError::Password(PasswordError::Busy) => {
                Error::too_many("Too many passwords wait to be looked at.", SOON)
            }
            AdminError::Taken { problem, cure } | AdminError::InTheWay { problem, cure } => {
                Error::refused(Kind::Conflict, problem, cure)
            }
            AdminError::NotYours { problem, cure } => Error::refused(Kind::Forbidden, problem, cure),
            AdminError::Refused(problem) => Error::refused(Kind::Unfit, problem, "Change the request."),
            error @ (AdminError::Misspelt(_) | AdminError::Password(_)) => {
                Error::refused(Kind::Unfit, sentence(&error.to_string()), "Correct it and try again.")
            }
        }
    }
}

impl From<LoginError> for Error {
    fn from(error: LoginError) -> Error {
        match error {
            LoginError::Wrong => Error::refused(
                Kind::WrongLogin,
                "Name and password do not belong together.",
                "Type both again, or ask whoever runs this server for a new password.",
            ),
            LoginError::TooMany(seconds) => Wait(seconds).into(),
            LoginError::Failed(error) => error.into(),
        }
    }
}

/// With a capital and a full stop.
/// An error's words as a page says them.
pub fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}

/// A JSON answer of the API. It is about persons, so nobody keeps it.
pub struct Answer<T>(pub StatusCode, pub T);

impl<T> Answer<T> {
    pub fn ok(value: T) -> Answer<T> {
        Answer(StatusCode::OK, value)
    }

    pub fn created(value: T) -> Answer<T> {
        Answer(StatusCode::CREATED, value)
    }
}

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        let text = match serde_json::to_vec(&self.1) {
            Ok(text) => text,
            Err(error) => return Error::Internal(std::sync::Arc::new(error)).into_response(),
        };
        (self.0, [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")], text).into_response()
    }
}

/// 204: done, and nothing to say.
pub struct Done;

impl IntoResponse for Done {
    fn into_response(self) -> Response {
        (StatusCode::NO_CONTENT, [(CACHE_CONTROL, HeaderValue::from_static("no-store"))]).into_response()
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderName;

    use super::*;

    type Lines = &'static [(&'static str, &'static str)];

    #[test]
    fn a_navigation_is_told_from_a_player_and_a_program() {
        let cases: [(Lines, bool, &str); 6] = [
            (&[("sec-fetch-mode", "navigate"), ("accept", "*/*")], true, "a browser's address line"),
            (&[("sec-fetch-mode", "no-cors"), ("accept", "text/html")], false, "a <video> element"),
            (&[("accept", "text/html,application/xhtml+xml")], true, "an older browser"),
            (&[("accept", "*/*")], false, "curl"),
            (&[("accept", "application/json, text/html")], false, "a program"),
            (&[], false, "a player"),
        ];
        for (lines, want, why) in cases {
            let headers = lines
                .iter()
                .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), HeaderValue::from_static(value)))
                .collect();
            assert_eq!(navigates(&headers), want, "{why}");
        }
    }
}
