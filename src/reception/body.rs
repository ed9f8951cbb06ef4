//! What a request carries beside its head: JSON, a query, a form. Each is bounded, and an error says which field is
//! wrong without quoting its value, which may be a password.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Request};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http_body_util::{BodyExt as _, Limited};
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::error::{Error, Kind};

/// The largest body that any request of the API or a form needs; a problem report is the longest.
const LARGEST: usize = 64 * 1024;
/// From the end of the head to the end of the body.
const SLOWEST: Duration = Duration::from_secs(10);

/// A JSON body.
pub struct Json<T>(pub T);

/// The parameters behind the `?`.
pub struct Query<T>(pub T);

/// The fields of an HTML form.
pub struct Form<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Json<T> {
    type Rejection = Error;

    async fn from_request(request: Request, _: &App) -> Result<Json<T>, Error> {
        let (head, body) = request.into_parts();
        expect_type(&head, "application/json")?;
        let text = read(body).await?;
        let value = serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_slice(&text));
        value.map(Json).map_err(|error| {
            let place = match error.inner().classify() {
                serde_json::error::Category::Data => {
                    format!("The field {:?} does not fit.", error.path().to_string())
                }
                _ => format!(
                    "The body is no JSON (line {}, column {}).",
                    error.inner().line(),
                    error.inner().column()
                ),
            };
            unreadable(place)
        })
    }
}

impl<T: DeserializeOwned> FromRequest<App> for Form<T> {
    type Rejection = Error;

    async fn from_request(request: Request, _: &App) -> Result<Form<T>, Error> {
        let (head, body) = request.into_parts();
        expect_type(&head, "application/x-www-form-urlencoded")?;
        let text = read(body).await?;
        fields(&text, "field").map(Form)
    }
}

impl<T: DeserializeOwned> FromRequestParts<App> for Query<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Query<T>, Error> {
        fields(parts.uri.query().unwrap_or_default().as_bytes(), "parameter").map(Query)
    }
}

fn fields<T: DeserializeOwned>(text: &[u8], what: &str) -> Result<T, Error> {
    let fields = serde_urlencoded::Deserializer::new(url::form_urlencoded::parse(text));
    serde_path_to_error::deserialize(fields).map_err(|error| {
        let path = error.path().to_string();
        // At the top, serde names what is missing or unknown and quotes no value.
        let problem =
            if path == "." { error.inner().to_string() } else { format!("the {what} {path:?} does not fit") };
        unreadable(super::sentence(&problem))
    })
}

fn unreadable(problem: String) -> Error {
    Error::refused(Kind::Malformed, problem, "See /api/v1/openapi.json for what is expected.")
}

fn expect_type(head: &Parts, wanted: &str) -> Result<(), Error> {
    let given = head.headers.get(CONTENT_TYPE).and_then(|given| given.to_str().ok()).unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case(wanted) {
        return Ok(());
    }
    let hint = format!("Send it as Content-Type: {wanted}.");
    Err(Error::refused(Kind::MediaType, format!("The body has to be {wanted}."), hint))
}

async fn read(body: Body) -> Result<Bytes, Error> {
    let whole = tokio::time::timeout(SLOWEST, Limited::new(body, LARGEST).collect()).await;
    match whole {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => Err(Error::refused(
            Kind::TooLarge,
            format!("The body is longer than {LARGEST} bytes."),
            "Send less.",
        )),
        Ok(Err(_)) => Err(Error::refused(Kind::Malformed, "The body was cut off.", "Send it again.")),
        Err(_) => Err(Error::refused(Kind::Slow, "The body did not come in time.", "Send it again.")),
    }
}
