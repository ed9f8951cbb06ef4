//! One's own password.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::sessions::current;
use crate::access::password::{Password, Typed};
use crate::admin::AdminError;
use crate::admin::sessions::{LoginError, OwnPassword};
use crate::app::App;
use crate::error::{Error, Kind};
use crate::reception::{self, Done, Json, Owner, Sender};

/// The password that is, and the one that shall be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    #[schema(format = Password)]
    current: String,
    /// 8 to 1,024 bytes, not the name, not one of the commonest.
    #[schema(format = Password)]
    new: String,
}

/// Change my password. All my other logins end
#[utoipa::path(
    put, path = "/api/v1/me/password", tag = "me", operation_id = "change_password", request_body = NewPassword,
    responses(
        (status = 204, description = "Changed."),
        (status = 403, description = "`wrong_password`: the current one is another. `forbidden`: the token is narrowed"),
        (status = 422, description = "The new one does not keep the rules"),
        (status = 429, description = "Too many tries; see `Retry-After`")
    )
)]
pub async fn change(
    State(app): State<App>,
    Owner(person): Owner,
    sender: Sender,
    Json(wanted): Json<NewPassword>,
) -> Result<Done, Error> {
    let change = OwnPassword {
        name: &person.name,
        address: sender.client.address,
        current: Typed::new(wanted.current),
        new: Password::new(wanted.new).map_err(AdminError::from)?,
        kept: current(&person.by),
    };
    match reception::admin(&app).change_own_password(&app.attempts, change).await {
        Ok(()) => Ok(Done),
        Err(LoginError::Wrong) => {
            Err(Error::refused(Kind::WrongPassword, "The current password is another one.", "Type it again."))
        }
        Err(error) => Err(error.into()),
    }
}
