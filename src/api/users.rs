//! Users.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Entries;
use crate::access::By;
use crate::access::password::Password;
use crate::admin::AdminError;
use crate::admin::accounts::Account;
use crate::admin::users::UserChange;
use crate::app::App;
use crate::clock::rfc3339;
use crate::error::Error;
use crate::reception::{Administrator, Answer, Done, Json, Path, admin};
use crate::types::{Area, Role, UserState};

/// Somebody with an account, or a machine.
#[derive(Serialize, ToSchema)]
pub struct User {
    id: String,
    #[schema(example = "ada")]
    name: String,
    role: Role,
    state: UserState,
    /// A machine's account: it may administer, and opens nothing that a viewer can use.
    system: bool,
    /// Whether there is a password, so that somebody can log in.
    password: bool,
    #[schema(format = DateTime)]
    created_at: String,
    /// What may be watched: `/` for everything, else `LIBRARY` or `LIBRARY/PREFIX`.
    areas: Vec<String>,
    /// Valid tokens.
    tokens: usize,
}

/// Who is to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// Up to 64 letters, digits and `. _ - @ +`; capitals make no difference.
    #[schema(min_length = 1, max_length = 64, pattern = r"^[\p{L}\p{N}._@+-]+$", example = "ada")]
    name: String,
    /// A viewer when it is left away.
    role: Option<Role>,
    system: Option<bool>,
    /// What may be watched; nothing when it is left away.
    #[schema(example = json!(["videos/2024"]))]
    areas: Option<Vec<String>>,
    /// 8 to 1,024 bytes in UTF-8, which two characters can have. Without one nobody can log in; tokens need none.
    #[schema(min_length = 2, max_length = 1024, format = Password, example = "correct horse battery")]
    password: Option<String>,
}

/// What to change; what is left away stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangedUser {
    role: Option<Role>,
    state: Option<Standing>,
    system: Option<bool>,
}

/// Whether a user opens anything.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    Active,
    /// Every door is closed, running videos included.
    Disabled,
}

/// A password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetPassword {
    /// 8 to 1,024 bytes in UTF-8, which two characters can have.
    #[schema(min_length = 2, max_length = 1024, format = Password, example = "correct horse battery")]
    password: String,
}

impl From<Account> for User {
    fn from(Account { user, areas, tokens }: Account) -> User {
        User {
            id: user.id,
            name: user.name,
            role: user.role,
            state: user.state,
            system: user.system,
            password: user.has_password,
            created_at: rfc3339(user.created_at),
            areas: areas.iter().map(Area::to_string).collect(),
            tokens,
        }
    }
}

/// All users
#[utoipa::path(
    get, path = "/api/v1/users", tag = "users",
    responses((status = 200, description = "By name.", body = Entries<User>), super::document::NotAdmin)
)]
pub async fn list(
    State(app): State<App>,
    Administrator(_): Administrator,
) -> Result<Answer<Entries<User>>, Error> {
    let accounts = admin(&app).accounts().await?;
    Ok(Answer::ok(Entries { entries: accounts.into_iter().map(User::from).collect() }))
}

/// Add a user
///
/// With all areas, or not at all.
#[utoipa::path(
    post, path = "/api/v1/users", tag = "users", request_body = NewUser,
    responses(
        (status = 201, description = "Added.", body = User),
        (status = 404, description = "No such library."),
        (status = 409, description = "The name is taken."),
        (status = 422, description = "A name, an area or a password that cannot be."),
        (status = 429, description = "Too many passwords wait to be hashed."),
        super::document::NotAdmin,
    )
)]
pub async fn add(
    State(app): State<App>,
    Administrator(_): Administrator,
    Json(wish): Json<NewUser>,
) -> Result<Answer<User>, Error> {
    let areas = wish.areas.unwrap_or_default();
    let areas: Result<Vec<Area>, _> = areas.iter().map(|area| area.parse()).collect();
    let areas = areas.map_err(AdminError::from)?;
    let password = wish.password.map(Password::new).transpose().map_err(AdminError::from)?;
    let role = wish.role.unwrap_or(Role::Viewer);
    let admin = admin(&app);
    admin.add_user(&wish.name, role, wish.system.unwrap_or(false), &areas, password).await?;
    Ok(Answer::created(admin.account(&wish.name).await?.into()))
}

/// One user
#[utoipa::path(
    get, path = "/api/v1/users/{name}", tag = "users",
    params(("name" = String, Path, description = "Capitals make no difference.", example = "ada")),
    responses(
        (status = 200, description = "Found.", body = User),
        (status = 404, description = "No such user."),
        super::document::NotAdmin,
    )
)]
pub async fn show(
    State(app): State<App>,
    Administrator(_): Administrator,
    Path(name): Path<String>,
) -> Result<Answer<User>, Error> {
    Ok(Answer::ok(admin(&app).account(&name).await?.into()))
}

/// Change a user
///
/// The last active administrator stays one.
#[utoipa::path(
    patch, path = "/api/v1/users/{name}", tag = "users", request_body = ChangedUser,
    params(("name" = String, Path, description = "Capitals make no difference.", example = "ada")),
    responses(
        (status = 200, description = "Changed.", body = User),
        (status = 404, description = "No such user."),
        (status = 409, description = "The user is the last active administrator."),
        super::document::NotAdmin,
    )
)]
pub async fn change(
    State(app): State<App>,
    Administrator(_): Administrator,
    Path(name): Path<String>,
    Json(wish): Json<ChangedUser>,
) -> Result<Answer<User>, Error> {
    let state = wish.state.map(|state| match state {
        Standing::Active => UserState::Active,
        Standing::Disabled => UserState::Disabled,
    });
    let admin = admin(&app);
    admin.change_user(&name, UserChange { role: wish.role, state, system: wish.system }).await?;
    Ok(Answer::ok(admin.account(&name).await?.into()))
}

/// Delete a user
///
/// With all tokens, grants and logins; what is being watched with them ends.
#[utoipa::path(
    delete, path = "/api/v1/users/{name}", tag = "users",
    params(("name" = String, Path, description = "Capitals make no difference.", example = "ada")),
    responses(
        (status = 204, description = "Deleted."),
        (status = 404, description = "No such user."),
        (status = 409, description = "The user is the last active administrator."),
        super::document::NotAdmin,
    )
)]
pub async fn delete(
    State(app): State<App>,
    Administrator(_): Administrator,
    Path(name): Path<String>,
) -> Result<Done, Error> {
    let wanted = UserChange { state: Some(UserState::Deleted), ..UserChange::default() };
    admin(&app).change_user(&name, wanted).await?;
    Ok(Done)
}

/// Set a user's password
///
/// Ends the user's logins, but for the one that the request comes by.
#[utoipa::path(
    put, path = "/api/v1/users/{name}/password", tag = "users", request_body = SetPassword,
    params(("name" = String, Path, description = "Capitals make no difference.", example = "ada")),
    responses(
        (status = 204, description = "Set."),
        (status = 404, description = "No such user."),
        (status = 422, description = "Too short, too long, or the user's name."),
        (status = 429, description = "Too many passwords wait to be hashed."),
        super::document::NotAdmin,
    )
)]
pub async fn set_password(
    State(app): State<App>,
    Administrator(person): Administrator,
    Path(name): Path<String>,
    Json(wish): Json<SetPassword>,
) -> Result<Done, Error> {
    let password = Password::new(wish.password).map_err(AdminError::from)?;
    let own = match &person.by {
        By::Session(id) => Some(id.as_str()),
        By::Token(_) => None,
    };
    admin(&app).set_password(&name, password, own).await?;
    Ok(Done)
}
