//! What users may watch.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Entries;
use crate::admin::AdminError;
use crate::app::App;
use crate::clock::rfc3339;
use crate::error::Error;
use crate::reception::{Administrator, Answer, Json, Query, admin};
use crate::types::Area;

/// A part of what is served, for a user.
#[derive(Serialize, ToSchema)]
pub struct Grant {
    #[schema(example = "ada")]
    user: String,
    /// `/` for everything, else `LIBRARY` or `LIBRARY/PREFIX`.
    #[schema(example = "videos/2024")]
    area: String,
    #[schema(format = DateTime)]
    created_at: String,
}

/// Whose grants.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Whose {
    /// Of all users when it is left away.
    #[param(example = "ada")]
    user: Option<String>,
}

/// Who may watch what.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGrant {
    #[schema(example = "ada")]
    user: String,
    /// `/` for everything, else `LIBRARY` or `LIBRARY/PREFIX`.
    #[schema(example = "videos/2024")]
    area: String,
}

/// Who may no longer watch what.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Withdrawal {
    #[param(example = "ada")]
    user: String,
    /// As it was granted.
    #[param(example = "videos/2024")]
    area: String,
}

/// What was granted.
#[derive(Serialize, ToSchema)]
pub struct Granted {
    user: String,
    area: String,
    /// False: it was granted before.
    added: bool,
}

/// What was withdrawn.
#[derive(Serialize, ToSchema)]
pub struct Withdrawn {
    user: String,
    area: String,
    removed: bool,
    /// What still lets the user watch something of that area.
    still: Vec<String>,
}

/// What is granted
#[utoipa::path(
    get, path = "/api/v1/grants", tag = "users", operation_id = "grants", params(Whose),
    responses(
        (status = 200, description = "By user and area.", body = Entries<Grant>),
        (status = 404, description = "No such user."),
        super::document::NotAdmin,
    )
)]
pub async fn list(
    State(app): State<App>,
    Administrator(_): Administrator,
    Query(whose): Query<Whose>,
) -> Result<Answer<Entries<Grant>>, Error> {
    let grants = admin(&app).grants(whose.user.as_deref()).await?;
    let grant = |grant: crate::db::accounts::Grant| Grant {
        user: grant.user,
        area: grant.area.to_string(),
        created_at: rfc3339(grant.created_at),
    };
    Ok(Answer::ok(Entries { entries: grants.into_iter().map(grant).collect() }))
}

/// Let a user watch a library, or a part of it
#[utoipa::path(
    post, path = "/api/v1/grants", tag = "users", operation_id = "grant", request_body = NewGrant,
    responses(
        (status = 200, description = "It was granted before.", body = Granted),
        (status = 201, description = "Granted.", body = Granted),
        (status = 404, description = "No such user or library."),
        (status = 422, description = "This is no area."),
        super::document::NotAdmin,
    )
)]
pub async fn add(
    State(app): State<App>,
    Administrator(_): Administrator,
    Json(wish): Json<NewGrant>,
) -> Result<Answer<Granted>, Error> {
    let area: Area = wish.area.parse().map_err(AdminError::from)?;
    let admin = admin(&app);
    let user = admin.user(&wish.user).await?.name;
    let added = admin.grant(&user, &area).await?;
    let granted = Granted { user, area: area.to_string(), added };
    Ok(if added { Answer::created(granted) } else { Answer::ok(granted) })
}

/// Withdraw a grant
///
/// What is being watched by it ends.
#[utoipa::path(
    delete, path = "/api/v1/grants", tag = "users", operation_id = "withdraw", params(Withdrawal),
    responses(
        (status = 200, description = "Withdrawn.", body = Withdrawn),
        (status = 404, description = "No such user or library, or it was not granted."),
        (status = 422, description = "This is no area."),
        super::document::NotAdmin,
    )
)]
pub async fn withdraw(
    State(app): State<App>,
    Administrator(_): Administrator,
    Query(wish): Query<Withdrawal>,
) -> Result<Answer<Withdrawn>, Error> {
    let area: Area = wish.area.parse().map_err(AdminError::from)?;
    let admin = admin(&app);
    let user = admin.user(&wish.user).await?.name;
    admin.withdraw(&user, &area).await?;
    let still = admin.still_granted(&user, &area).await?;
    let still = still.iter().map(Area::to_string).collect();
    Ok(Answer::ok(Withdrawn { user, area: area.to_string(), removed: true, still }))
}
