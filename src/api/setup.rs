//! The first administrator.

use axum::extract::State;
use axum::response::IntoResponse;
use serde::Deserialize;
use utoipa::ToSchema;

use super::me::Me;
use super::session::logged_in;
use crate::access::password::Password;
use crate::access::session::SessionSecret;
use crate::admin::AdminError;
use crate::app::App;
use crate::error::{Error, Kind};
use crate::reception::{self, Browser, Json};

/// Who will administer this server.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FirstAdmin {
    /// What the server printed when it started.
    pub code: String,
    pub name: String,
    #[schema(format = Password)]
    pub password: String,
}

/// Make the first administrator, and log in
#[utoipa::path(
    post, path = "/api/v1/setup", tag = "me", operation_id = "set_up", security(()), request_body = FirstAdmin,
    responses(
        (status = 200, body = Me, headers(("Set-Cookie" = String, description = "The login"))),
        (status = 403, description = "Another code, or another site's page asks"),
        (status = 404, description = "There is an administrator with a password"),
        (status = 422, description = "Name or password do not keep the rules")
    )
)]
pub async fn create(
    State(app): State<App>,
    browser: Browser,
    Json(wanted): Json<FirstAdmin>,
) -> Result<impl IntoResponse, Error> {
    let secret = set_up(&app, &browser, wanted).await?;
    logged_in(&app, &browser, &secret).await
}

/// The first administrator's login.
pub async fn set_up(app: &App, browser: &Browser, wanted: FirstAdmin) -> Result<SessionSecret, Error> {
    expect_open(app, &wanted.code).await?;
    let password = Password::new(wanted.password).map_err(AdminError::from)?;
    let secret = reception::admin(app).set_up(&wanted.name, password, &browser.known()).await?;
    app.setup.close();
    Ok(secret)
}

/// 404 when there is nothing to set up (any more), 403 for another code.
pub async fn expect_open(app: &App, code: &str) -> Result<(), Error> {
    let now = app.clock.seconds();
    if !app.setup.is_open(now) {
        return Err(Error::NotFound);
    }
    if !reception::admin(app).needs_first_admin().await? {
        app.setup.close();
        return Err(Error::NotFound);
    }
    if app.setup.admits(code, now) {
        return Ok(());
    }
    let hint =
        "Open the whole address that the server printed when it started last; each start makes a new one.";
    Err(Error::refused(Kind::Forbidden, "This is not the code for setting the server up.", hint))
}
