//! `/setup`: the first administrator, by a plain form.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;

use super::frame::{Frame, page};
use super::login::entered;
use crate::api::setup::{FirstAdmin, expect_open, set_up};
use crate::app::App;
use crate::error::Error;
use crate::reception::{self, Browser, Form, Query};

#[derive(Template)]
#[template(path = "setup.html")]
struct SetupPage<'a> {
    frame: Frame,
    name: &'a str,
    problem: Option<&'a str>,
}

/// For who comes too late.
#[derive(Template)]
#[template(path = "setup_over.html")]
struct OverPage {
    frame: Frame,
    is_done: bool,
}

#[derive(Deserialize)]
pub struct Opened {
    #[serde(default)]
    code: String,
}

#[derive(Deserialize)]
pub struct Wanted {
    name: String,
    password: String,
    again: String,
}

/// `GET /setup?code=`
pub async fn show(
    State(app): State<App>,
    Query(opened): Query<Opened>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    if let Err(error) = expect_open(&app, &opened.code).await {
        return over(&app, &headers, error).await;
    }
    page(&SetupPage { frame: Frame::nobody(), name: "", problem: None })
}

/// `POST /setup?code=`: the form goes to its page's own address, so that no page holds the code.
pub async fn create(
    State(app): State<App>,
    Query(Opened { code }): Query<Opened>,
    browser: Browser,
    headers: HeaderMap,
    Form(wanted): Form<Wanted>,
) -> Result<Response, Error> {
    if let Err(error) = expect_open(&app, &code).await {
        return over(&app, &headers, error).await;
    }
    let Wanted { name, password, again } = wanted;
    let made = if password == again {
        set_up(&app, &browser, FirstAdmin { code, name: name.clone(), password }).await
    } else {
        return refused(&name, StatusCode::UNPROCESSABLE_ENTITY, "The two passwords are not equal.");
    };
    match made {
        Ok(secret) => Ok(entered(&browser, &secret, "/")),
        // What can be put right in the form.
        Err(Error::Refused(problem)) if problem.is_about_fields() => {
            refused(&name, problem.status(), problem.detail())
        }
        Err(error) => Err(error),
    }
}

/// Who opens the address again, often from the browser's memory, is told where to go instead.
async fn over(app: &App, headers: &HeaderMap, error: Error) -> Result<Response, Error> {
    if !matches!(error, Error::NotFound) || !reception::navigates(headers) {
        return Err(error);
    }
    let is_done = !reception::admin(app).needs_first_admin().await?;
    let mut response = page(&OverPage { frame: Frame::nobody(), is_done })?;
    *response.status_mut() = StatusCode::NOT_FOUND;
    Ok(response)
}

fn refused(name: &str, status: StatusCode, problem: &str) -> Result<Response, Error> {
    let mut response = page(&SetupPage { frame: Frame::nobody(), name, problem: Some(problem) })?;
    *response.status_mut() = status;
    Ok(response)
}
