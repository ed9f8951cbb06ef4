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
use crate::reception::{self, Browser, Form, Query, sentence};
use crate::types::check_user_name;

#[derive(Template)]
#[template(path = "setup.html")]
struct SetupPage<'a> {
    frame: Frame,
    name: &'a str,
    problem: Option<Wrong<'a>>,
}

/// What is to be put right, and in which field.
#[derive(Clone, Copy)]
struct Wrong<'a> {
    field: &'static str,
    said: &'a str,
}

impl SetupPage<'_> {
    fn wrong(&self, field: &str) -> bool {
        self.problem.is_some_and(|wrong| wrong.field == field)
    }

    /// Where somebody goes on typing.
    fn focused(&self, field: &str) -> bool {
        self.problem.map_or("name", |wrong| wrong.field) == field
    }
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
    // What can be put right in the form.
    if let Err(error) = check_user_name(&name) {
        let said = sentence(&error.to_string());
        return refused(&name, StatusCode::UNPROCESSABLE_ENTITY, Wrong { field: "name", said: &said });
    }
    if password != again {
        let wrong = Wrong { field: "again", said: "The two passwords are not equal." };
        return refused(&name, StatusCode::UNPROCESSABLE_ENTITY, wrong);
    }
    match set_up(&app, &browser, FirstAdmin { code, name: name.clone(), password }).await {
        Ok(secret) => Ok(entered(&browser, &secret, "/")),
        Err(Error::Refused(problem)) if problem.is_about_fields() => {
            // The name is spelt well: it is taken, or the password is no good.
            let field = if problem.status() == StatusCode::CONFLICT { "name" } else { "password" };
            refused(&name, problem.status(), Wrong { field, said: problem.detail() })
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

fn refused(name: &str, status: StatusCode, problem: Wrong<'_>) -> Result<Response, Error> {
    let mut response = page(&SetupPage { frame: Frame::nobody(), name, problem: Some(problem) })?;
    *response.status_mut() = status;
    Ok(response)
}
