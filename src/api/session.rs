//! Logging in and out.

use axum::extract::State;
use axum::response::{AppendHeaders, IntoResponse};
use http::header::SET_COOKIE;
use serde::Deserialize;
use utoipa::ToSchema;

use super::me::Me;
use crate::access::credential::Credential;
use crate::access::password::Typed;
use crate::access::session::{self, SessionSecret};
use crate::app::App;
use crate::error::Error;
use crate::reception::{self, Answer, Browser, Done, Json};

/// A name and a password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Login {
    name: String,
    #[schema(format = Password)]
    password: String,
}

/// Log in. What the browser was logged in as before ends; the answer's cookie is the login
#[utoipa::path(
    post, path = "/api/v1/session", tag = "me", operation_id = "log_in", security(()), request_body = Login,
    responses(
        (status = 200, body = Me, headers(("Set-Cookie" = String, description = "The login"))),
        (status = 401, description = "`wrong_login`"),
        (status = 403, description = "Another site's page asks."),
        (status = 429, description = "Too many tries; see `Retry-After`")
    )
)]
pub async fn create(
    State(app): State<App>,
    browser: Browser,
    Json(login): Json<Login>,
) -> Result<impl IntoResponse, Error> {
    let admin = reception::admin(&app);
    let typed = Typed::new(login.password);
    let secret = admin.log_in(&app.attempts, &login.name, typed, &browser.known()).await?;
    logged_in(&app, &browser, &secret).await
}

/// The login's cookie, and who it is.
pub(super) async fn logged_in(
    app: &App,
    browser: &Browser,
    secret: &SessionSecret,
) -> Result<impl IntoResponse + use<>, Error> {
    let person = app.access.person(Some(Credential::Session(secret.hash()))).await?;
    let cookie = secret.set_cookie(browser.sender.client.is_secure);
    Ok((AppendHeaders([(SET_COOKIE, cookie)]), Answer::ok(Me::of(&person))))
}

/// Log out. Nothing happens when nobody is logged in
#[utoipa::path(
    delete, path = "/api/v1/session", tag = "me", operation_id = "log_out", security((), ("session" = [])),
    responses(
        (status = 204, description = "Ended, or there was none."),
        (status = 403, description = "Another site's page asks."),
    )
)]
pub async fn end(State(app): State<App>, browser: Browser) -> Result<impl IntoResponse, Error> {
    let cookie = leave(&app, &browser).await?;
    Ok((AppendHeaders([(SET_COOKIE, cookie)]), Done))
}

/// Ends the browser's login. The cookie that makes the browser forget it.
pub async fn leave(app: &App, browser: &Browser) -> Result<String, Error> {
    if let Some(login) = &browser.login {
        reception::admin(app).log_out(login).await?;
        app.access.forget_session(login);
    }
    Ok(session::clear_cookie(browser.sender.client.is_secure))
}
