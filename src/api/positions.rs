//! Where somebody stopped.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::document::Problem;
use crate::app::App;
use crate::error::{Error, Kind};
use crate::reception::{Done, Json, OwnItem, admin};

/// Players round, and a track may be longer than the picture.
const SLACK_MS: u64 = 2_000;

/// A place in a film.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// Milliseconds from the beginning.
    at_ms: u64,
}

/// Remember where I stopped
///
/// A little behind the end counts as the end.
#[utoipa::path(
    put, path = "/api/v1/items/{id}/position", tag = "items", request_body = Position,
    params(("id" = String, Path, description = "The item's id")),
    responses(
        (status = 204),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json", description = "By a cookie, and not from a page of this server"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "Not there, or not for the caller"),
        (status = 415, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "Behind the film's end"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn put(
    State(app): State<App>,
    OwnItem { person, item }: OwnItem,
    Json(position): Json<Position>,
) -> Result<Done, Error> {
    let listed = app.db.listed_item(item.id).await.map_err(Error::unavailable)?.ok_or(Error::NotFound)?;
    let duration = listed.findings.and_then(|findings| findings.duration_ms);
    let at_ms = within(position.at_ms, duration)?;
    admin(&app).set_position(&person.user_id, item.id, at_ms).await?;
    Ok(Done)
}

fn within(at_ms: u64, duration: Option<u64>) -> Result<u64, Error> {
    match duration {
        Some(end) if at_ms > end.saturating_add(SLACK_MS) => {
            let problem = format!("The film is {end} ms long.");
            Err(Error::refused(Kind::Unfit, problem, "Send a place between its beginning and its end."))
        }
        Some(end) => Ok(at_ms.min(end)),
        None => Ok(at_ms),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_within_the_film() {
        let cases = [
            (0, Some(1_000), Some(0), "the beginning"),
            (1_000, Some(1_000), Some(1_000), "the end"),
            (2_500, Some(1_000), Some(1_000), "a little behind it"),
            (3_001, Some(1_000), None, "far behind it"),
            (u64::MAX, None, Some(u64::MAX), "the end is not known"),
        ];
        for (at, duration, want, why) in cases {
            assert_eq!(within(at, duration).ok(), want, "{why}");
        }
    }
}
