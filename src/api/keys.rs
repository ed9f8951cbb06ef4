//! Keys that sign URLs.

use std::time::Duration;

use axum::extract::State;
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Entries;
use crate::app::App;
use crate::clock::rfc3339;
use crate::db::keys::SigningKey;
use crate::error::Error;
use crate::reception::{Administrator, Answer, Json, admin};

/// How long signatures of the old keys stay good when nobody says it: as of `reelgate key rotate`.
const KEPT: Duration = Duration::from_hours(7 * 24);

/// A signing key, without its secret.
#[derive(Serialize, ToSchema)]
pub struct Key {
    /// `kid` of a signed URL.
    id: String,
    #[schema(format = DateTime)]
    created_at: String,
    /// From then on no signature of it is accepted. Null: it is in use.
    #[schema(format = DateTime)]
    retires_at: Option<String>,
}

/// A new signing key. Its secret is shown this once.
#[derive(Serialize, ToSchema)]
pub struct MadeKey {
    id: String,
    /// 32 bytes in base64url.
    token: String,
    #[schema(format = DateTime)]
    created_at: String,
}

/// What becomes of the old keys.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// How long their signatures stay good; `0s` ends them now, `7d` when it is left away.
    #[schema(example = "7d")]
    keep: Option<String>,
}

impl From<SigningKey> for MadeKey {
    fn from(key: SigningKey) -> MadeKey {
        let token = BASE64URL_NOPAD.encode(&key.secret);
        MadeKey { id: key.id, token, created_at: rfc3339(key.created_at) }
    }
}

/// Signing keys
#[utoipa::path(
    get, path = "/api/v1/keys", tag = "keys",
    responses((status = 200, description = "Newest first.", body = Entries<Key>), super::document::NotAdmin)
)]
pub async fn list(
    State(app): State<App>,
    Administrator(_): Administrator,
) -> Result<Answer<Entries<Key>>, Error> {
    let keys = admin(&app).keys().await?;
    let key = |key: SigningKey| Key {
        id: key.id,
        created_at: rfc3339(key.created_at),
        retires_at: key.retires_at.map(rfc3339),
    };
    Ok(Answer::ok(Entries { entries: keys.into_iter().map(key).collect() }))
}

/// Make a signing key beside the others
#[utoipa::path(
    post, path = "/api/v1/keys", tag = "keys",
    responses(
        (status = 201, description = "Made. Its secret is shown this once.", body = MadeKey),
        super::document::NotAdmin,
    )
)]
pub async fn create(
    State(app): State<App>,
    Administrator(_): Administrator,
) -> Result<Answer<MadeKey>, Error> {
    Ok(Answer::created(admin(&app).create_key().await?.into()))
}

/// Make a signing key in the place of all others
#[utoipa::path(
    post, path = "/api/v1/keys/rotate", tag = "keys", request_body = Rotation,
    responses(
        (status = 201, description = "Made. Its secret is shown this once.", body = MadeKey),
        (status = 422, description = "This is no duration."),
        super::document::NotAdmin,
    )
)]
pub async fn rotate(
    State(app): State<App>,
    Administrator(_): Administrator,
    Json(wish): Json<Rotation>,
) -> Result<Answer<MadeKey>, Error> {
    let keep = match wish.keep.as_deref() {
        None => KEPT,
        Some("0s") => Duration::ZERO,
        Some(text) => super::span("keep", text)?,
    };
    let (key, _) = admin(&app).rotate_keys(keep).await?;
    Ok(Answer::created(key.into()))
}
