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
        json(&text).map(Json).map_err(unreadable)
    }
}

/// The whole text is the value; a parser in front of us may have read another part of it.
fn json<T: DeserializeOwned>(text: &[u8]) -> Result<T, String> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let value = serde_path_to_error::deserialize(&mut reader);
    let value = value.map_err(|error| match error.inner().classify() {
        serde_json::error::Category::Data => misfit(&error.path().to_string(), error.inner()),
        _ => no_json(error.inner()),
    })?;
    reader.end().map_err(|error| no_json(&error))?;
    Ok(value)
}

fn no_json(error: &serde_json::Error) -> String {
    format!("The body is no JSON (line {}, column {}).", error.line(), error.column())
}

/// Where it does not fit. What serde says of names is repeated, what it says of values is not.
fn misfit(path: &str, error: &serde_json::Error) -> String {
    let problem = error.to_string();
    let names = ["missing field", "unknown field", "duplicate field"];
    match names.iter().any(|name| problem.starts_with(name)) {
        true => super::sentence(problem.split(" at line ").next().unwrap_or_default()),
        false if path == "." => "The body does not fit: it has to be an object.".to_owned(),
        false => format!("The field {path:?} does not fit."),
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

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only whether it can be read matters")]
    struct Sample {
        name: String,
        count: Option<u8>,
        areas: Option<Vec<String>>,
    }

    #[test]
    fn an_error_names_the_field_and_not_its_value() {
        let deep = format!(r#"{{"name": {}"#, "[".repeat(1_000));
        let cases = [
            (r#"{"name": "ada"}"#, "", "as it should be"),
            (r#"{"count": 1}"#, "Missing field `name`.", "a field is missing"),
            (
                r#"{"name": "ada", "hunter2": "x"}"#,
                "Unknown field `hunter2`, expected one of `name`, `count`, `areas`.",
                "nobody knows it",
            ),
            (r#"{"name": "ada", "name": "bob"}"#, "Duplicate field `name`.", "which one counts?"),
            (r#"{"name": "ada", "count": "hunter2"}"#, r#"The field "count" does not fit."#, "another type"),
            (r#"{"name": "ada", "count": 256}"#, r#"The field "count" does not fit."#, "too large"),
            (r#"{"name": "ada", "areas": [1]}"#, r#"The field "areas[0]" does not fit."#, "in a list"),
            (r#""hunter2""#, "The body does not fit: it has to be an object.", "no object"),
            ("", "The body is no JSON (line 1, column 0).", "nothing"),
            (r#"{"name": "ada"} {}"#, "The body is no JSON (line 1, column 17).", "something behind it"),
            (&deep, r#"The field "name" does not fit."#, "deep, where a text is expected"),
        ];
        for (text, want, why) in cases {
            let said = json::<Sample>(text.as_bytes()).err().unwrap_or_default();
            assert_eq!(said, want, "{why}");
        }
        let nested = json::<serde_json::Value>("[".repeat(1_000).as_bytes()).unwrap_err();
        assert!(nested.starts_with("The body is no JSON"), "{nested}");
    }
}
