//! Links for people without an account.

use axum::extract::State;
use http::request::Parts;
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};
use utoipa::{IntoParams, ToSchema};

use super::Entries;
use crate::access::Person;
use crate::access::password::Password;
use crate::access::share::ShareCode;
use crate::admin::AdminError;
use crate::admin::shares::{ShareWish, ShareWishes};
use crate::app::App;
use crate::clock::{Seconds, rfc3339};
use crate::db::shares;
use crate::error::{Error, Kind};
use crate::reception::{Answer, Done, Json, Path, Query, Someone, admin, is_secure};
use crate::server::head::authority;
use crate::types::{ItemId, Patch, Role};

/// A link that plays one video for somebody without an account.
#[derive(Serialize, ToSchema)]
pub struct Share {
    id: String,
    item: SharedItem,
    /// On whose word it stands: what this user may no longer see, it no longer shows.
    owner: String,
    /// For whom.
    name: Option<String>,
    /// It asks for a password.
    password: bool,
    /// The file may be saved as well.
    download: bool,
    /// Viewings that have begun.
    plays: i64,
    /// Viewings that may begin; null: as many as they like.
    plays_limit: Option<i64>,
    expires_at: Option<String>,
    created_at: String,
    /// When the last viewing began.
    used_at: Option<String>,
    revoked_at: Option<String>,
    /// `open`, `over`, `used_up` or `revoked`.
    #[schema(example = "open")]
    state: &'static str,
    /// Shown once, when it is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

/// What a share shows.
#[derive(Serialize, ToSchema)]
pub struct SharedItem {
    id: String,
    /// Null when it is not, or no longer, for whoever asks.
    name: Option<String>,
}

/// What the new links shall be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewShares {
    item: String,
    /// A link for each; without, one for nobody in particular.
    #[serde(default)]
    names: Vec<String>,
    /// From now on; without, until it is revoked. Never longer than the token that it is made with.
    #[schema(example = "7d")]
    lasts: Option<String>,
    /// Viewings that may begin, at least 1; without, as many as they like.
    #[schema(minimum = 1)]
    plays: Option<i64>,
    #[schema(min_length = 8)]
    password: Option<String>,
    /// The file may be saved as well.
    #[serde(default)]
    download: bool,
}

/// What of a link shall be otherwise. What is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShareChanges {
    /// Null: for nobody in particular.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    name: Patch<String>,
    /// From now on.
    #[schema(example = "7d")]
    lasts: Option<String>,
    /// Null, the only value that it takes: no end.
    #[serde(default)]
    #[schema(schema_with = nothing)]
    expires_at: Patch<Never>,
    /// Null: as many as they like.
    #[serde(default)]
    #[schema(value_type = Option<i64>, minimum = 1)]
    plays: Patch<i64>,
    /// Null: none. A new one ends what was opened with the old one.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    password: Patch<String>,
    download: Option<bool>,
}

/// No value at all.
#[derive(Deserialize)]
enum Never {}

fn nothing() -> Object {
    ObjectBuilder::new().schema_type(Type::Null).description(Some("No end.")).build()
}

/// Which links.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// Of this video only.
    item: Option<String>,
}

impl Share {
    fn of(share: shares::Share, person: &Person, now: Seconds) -> Share {
        let is_seen = person.rights.cover(share.item, &share.library, &share.path);
        Share {
            state: share.state(now).word(),
            item: SharedItem {
                id: share.item.to_string(),
                name: is_seen.then(|| share.item_name().to_owned()),
            },
            id: share.id,
            owner: share.owner,
            name: share.name,
            password: share.has_password,
            download: share.download,
            plays: share.plays,
            plays_limit: share.plays_limit,
            expires_at: share.expires_at.map(rfc3339),
            created_at: rfc3339(share.created_at),
            used_at: share.used_at.map(rfc3339),
            revoked_at: share.revoked_at.map(rfc3339),
            url: None,
        }
    }
}

/// Lists links: one's own; an administrator's are all
#[utoipa::path(
    get, path = "/api/v1/shares", tag = "shares", operation_id = "shares", params(Wanted),
    responses(
        (status = 200, description = "Newest first.", body = Entries<Share>),
        (status = 403, description = "The token is narrowed, or the request is not from a page of this server."),
        (status = 404, description = "No such video."),
    )
)]
pub async fn list(
    State(app): State<App>,
    Someone(person): Someone,
    Query(wanted): Query<Wanted>,
) -> Result<Answer<Entries<Share>>, Error> {
    let owner = owner(&person)?;
    let item = wanted.item.as_deref().map(|text| ItemId::parse(text).ok_or_else(no_item)).transpose()?;
    let now = app.clock.seconds();
    let shares = admin(&app).shares(owner, item).await?;
    let entries = shares.into_iter().map(|share| Share::of(share, &person, now)).collect();
    Ok(Answer::ok(Entries { entries }))
}

/// Makes links to a video, one for each name; each is shown once
#[utoipa::path(
    post, path = "/api/v1/shares", tag = "shares", operation_id = "share", request_body = NewShares,
    responses(
        (status = 201, description = "Made; each address is shown now and never again.", body = Entries<Share>),
        (status = 403, description = "The token is narrowed, or the request is not from a page of this server."),
        (status = 404, description = "No such video."),
        (status = 409, description = "There are as many links as one may have."),
        (status = 422, description = "A field makes no sense."),
    )
)]
pub async fn create(
    State(app): State<App>,
    Someone(person): Someone,
    request: Parts,
    Json(wish): Json<NewShares>,
) -> Result<Answer<Entries<Share>>, Error> {
    owner(&person)?;
    let id = ItemId::parse(&wish.item).ok_or_else(no_item)?;
    let item = app.db.item(id).await.map_err(Error::unavailable)?;
    let item = item.filter(|item| person.rights.cover(item.id, &item.library, &item.path));
    let item = item.ok_or_else(no_item)?;
    let lasts = wish.lasts.as_deref().map(|text| super::span("lasts", text)).transpose()?;
    let wish = ShareWish {
        owner_id: &person.user_id,
        by_admin: person.role == Role::Admin,
        item: item.id,
        names: &wish.names,
        lasts: person.may_last(lasts, app.clock.seconds()),
        plays: wish.plays,
        password: wish.password.map(password).transpose()?,
        download: wish.download,
    };
    let made = admin(&app).create_shares(wish).await?;
    let (base, now) = (base(&app, &request), app.clock.seconds());
    let shown = |(code, share): (ShareCode, shares::Share)| {
        let url = Some(format!("{base}/s/{}", code.expose()));
        Share { url, ..Share::of(share, &person, now) }
    };
    Ok(Answer::created(Entries { entries: made.into_iter().map(shown).collect() }))
}

/// Shows a link, without its address
#[utoipa::path(
    get, path = "/api/v1/shares/{id}", tag = "shares", operation_id = "share_details", params(("id" = String, Path)),
    responses(
        (status = 200, description = "The link.", body = Share),
        (status = 403, description = "The token is narrowed, or the request is not from a page of this server."),
        (status = 404, description = "No such link."),
    )
)]
pub async fn show(
    State(app): State<App>,
    Someone(person): Someone,
    Path(id): Path<String>,
) -> Result<Answer<Share>, Error> {
    let share = own(&app, &person, &id).await?;
    Ok(Answer::ok(Share::of(share, &person, app.clock.seconds())))
}

/// Changes a link; what is running ends when its password changes
#[utoipa::path(
    patch, path = "/api/v1/shares/{id}", tag = "shares", operation_id = "change_share", params(("id" = String, Path)), request_body = ShareChanges,
    responses(
        (status = 200, description = "As it is now.", body = Share),
        (status = 403, description = "The token is narrowed, or the request is not from a page of this server."),
        (status = 404, description = "No such link, or it was revoked."),
        (status = 422, description = "A field makes no sense."),
    )
)]
pub async fn change(
    State(app): State<App>,
    Someone(person): Someone,
    Path(id): Path<String>,
    Json(wanted): Json<ShareChanges>,
) -> Result<Answer<Share>, Error> {
    let share = own(&app, &person, &id).await?;
    let at_most = |lasts| Patch::Set(person.may_last(lasts, app.clock.seconds()));
    let lasts = match (wanted.lasts, wanted.expires_at) {
        (Some(lasts), Patch::Keep) => at_most(Some(super::span("lasts", &lasts)?)),
        (None, Patch::Set(_)) => at_most(None),
        (None, Patch::Keep) => Patch::Keep,
        (Some(_), Patch::Set(_)) => return Err(unfit("A link has an end or it has none, not both.")),
    };
    let password = wanted.password.try_map(password)?;
    let (name, plays, download) = (wanted.name, wanted.plays, wanted.download);
    let wishes = ShareWishes { name, lasts, plays, password, download };
    let share = admin(&app).change_share(&share.id, wishes).await?;
    Ok(Answer::ok(Share::of(share, &person, app.clock.seconds())))
}

/// Ends a link, running videos included
#[utoipa::path(
    delete, path = "/api/v1/shares/{id}", tag = "shares", operation_id = "revoke_share", params(("id" = String, Path)),
    responses(
        (status = 204, description = "Revoked."),
        (status = 403, description = "The token is narrowed, or the request is not from a page of this server."),
        (status = 404, description = "No such link, or it was revoked before."),
    )
)]
pub async fn revoke(
    State(app): State<App>,
    Someone(person): Someone,
    Path(id): Path<String>,
) -> Result<Done, Error> {
    let share = own(&app, &person, &id).await?;
    admin(&app).revoke_share(&share.id).await?;
    Ok(Done)
}

/// Whose links a person looks after; none: everybody's. A token that is narrowed looks after none.
fn owner(person: &Person) -> Result<Option<&str>, Error> {
    match (person.role, person.rights.is_narrowed()) {
        (_, true) => Err(Error::refused(
            Kind::Forbidden,
            "A narrowed token makes no links and sees none.",
            "Use a login, or an api token that is not narrowed.",
        )),
        (Role::Admin, false) => Ok(None),
        (Role::Viewer, false) => Ok(Some(&person.user_id)),
    }
}

/// Somebody else's link is not there.
async fn own(app: &App, person: &Person, id: &str) -> Result<shares::Share, Error> {
    let owner = owner(person)?;
    let found = app.db.share(id).await.map_err(Error::unavailable)?;
    let found = found.filter(|share| share.id == id && owner.is_none_or(|owner| owner == share.owner_id));
    found.ok_or_else(|| {
        Error::refused(Kind::Missing, "No share has that id.", "GET /api/v1/shares lists yours.")
    })
}

fn no_item() -> Error {
    let hint = "GET /api/v1/items lists those that you may share.";
    Error::refused(Kind::Missing, "No video that you may watch has that id.", hint)
}

fn password(text: String) -> Result<Password, Error> {
    Ok(Password::new(text).map_err(AdminError::from)?)
}

fn unfit(problem: &str) -> Error {
    Error::refused(Kind::Unfit, problem, "Correct it and try again.")
}

/// Where people reach this server: its public address, or the one that this request came to.
fn base(app: &App, request: &Parts) -> String {
    if let Some(url) = &app.public_url {
        return url.as_str().trim_end_matches('/').to_owned();
    }
    let scheme = if is_secure(request) { "https" } else { "http" };
    authority(request).map(|host| format!("{scheme}://{host}")).unwrap_or_default()
}
