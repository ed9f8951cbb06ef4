//! Tokens: one's own, and for administrators everybody's.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Entries;
use crate::access::Person;
use crate::admin::AdminError;
use crate::admin::tokens::TokenWish;
use crate::app::App;
use crate::clock::rfc3339;
use crate::db::tokens::Token as Row;
use crate::error::{Error, Kind};
use crate::reception::{Answer, Done, Json, Owner, Path, Query, Someone, admin};
use crate::types::{ItemId, Scope, TokenKind};

/// A token as its owner sees it. The token itself is not kept.
#[derive(Serialize, ToSchema)]
pub struct Token {
    id: String,
    #[schema(example = "ada")]
    user: String,
    /// `legacy`: a key that another application gave out.
    kind: TokenKind,
    /// What somebody calls it.
    name: Option<String>,
    /// `all`, `item ID`, `/`, `LIBRARY` or `LIBRARY/PREFIX`.
    #[schema(example = "videos/2024")]
    scope: String,
    /// The item that `scope` names; null when it names none.
    item: Option<TokenItem>,
    #[schema(format = DateTime)]
    created_at: String,
    /// Null: it lasts until it is revoked.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// The last use, a minute or so old.
    #[schema(format = DateTime)]
    used_at: Option<String>,
}

/// The one item that a token opens.
#[derive(Serialize, ToSchema)]
pub struct TokenItem {
    id: String,
    /// The name of its file; null when it is not, or no longer, for whoever asks.
    #[schema(example = "The lake.mp4")]
    name: Option<String>,
}

/// A new token. It is shown this once.
#[derive(Serialize, ToSchema)]
pub struct MadeToken {
    #[serde(flatten)]
    about: Token,
    token: String,
}

/// Whose tokens.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Whose {
    /// When it is left away: for administrators of all users, for others their own.
    #[param(example = "ada")]
    user: Option<String>,
}

/// What a token is to open. Not both of `item` and `path`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// Oneself when it is left away. Others are for administrators.
    #[schema(example = "ada")]
    user: Option<String>,
    kind: NewKind,
    /// What you call it.
    #[schema(max_length = 100, example = "the television")]
    name: Option<String>,
    /// Narrows it to one item, by its id.
    #[schema(example = json!(null))]
    item: Option<String>,
    /// Narrows it to `LIBRARY` or `LIBRARY/PREFIX`.
    #[schema(example = "videos/2024")]
    path: Option<String>,
    /// Until it is revoked when it is left away, and never longer than the token that it is made with.
    #[schema(example = "7d")]
    lasts: Option<String>,
}

/// What a token is for.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum NewKind {
    /// Watching only. May stand in a URL.
    Media,
    /// What its user may do. In the Authorization header only.
    Api,
}

impl TokenItem {
    /// Nobody learns a name by a token that outlives his right to see the video.
    fn of(scope: &Scope, at: Option<(&str, &str)>, person: &Person) -> Option<TokenItem> {
        let Scope::Item(id) = *scope else { return None };
        let seen = at.filter(|(library, path)| person.rights.cover(id, library, path));
        let name = seen.and_then(|(_, path)| path.rsplit('/').next()).map(str::to_owned);
        Some(TokenItem { id: id.to_string(), name })
    }
}

impl Token {
    fn of(row: Row, person: &Person) -> Token {
        let at = row.item.as_ref().map(|item| (item.library.as_str(), item.path.as_str()));
        Token {
            item: TokenItem::of(&row.scope, at, person),
            id: row.id,
            user: row.user,
            kind: row.kind,
            name: row.name,
            scope: row.scope.to_string(),
            created_at: rfc3339(row.created_at),
            expires_at: row.expires_at.map(rfc3339),
            used_at: row.used_at.map(rfc3339),
        }
    }
}

/// Tokens
#[utoipa::path(
    get, path = "/api/v1/tokens", tag = "tokens", params(Whose),
    responses(
        (status = 200, description = "Those that are valid, newest first.", body = Entries<Token>),
        (status = 403, description = "The token is narrowed, or tokens of others are for administrators."),
        (status = 404, description = "No such user."),
    )
)]
pub async fn list(
    State(app): State<App>,
    Owner(person): Owner,
    Query(whose): Query<Whose>,
) -> Result<Answer<Entries<Token>>, Error> {
    let tokens = admin(&app).tokens_for(&person, whose.user.as_deref()).await?;
    Ok(Answer::ok(Entries { entries: tokens.into_iter().map(|row| Token::of(row, &person)).collect() }))
}

/// Make a token
///
/// Of those who are no administrators it opens no more than the credential that it is made with.
#[utoipa::path(
    post, path = "/api/v1/tokens", tag = "tokens", request_body = NewToken,
    responses(
        (status = 201, description = "Made. The token is shown this once.", body = MadeToken),
        (status = 404, description = "No such user, item or library."),
        (status = 409, description = "There are as many tokens as one may have."),
        (status = 422, description = "A name, an item, a path or a duration that cannot be."),
    )
)]
pub async fn create(
    State(app): State<App>,
    Someone(person): Someone,
    Json(wish): Json<NewToken>,
) -> Result<Answer<MadeToken>, Error> {
    let scope = scope(wish.item.as_deref(), wish.path.as_deref())?;
    let lasts = wish.lasts.as_deref().map(|text| super::span("lasts", text)).transpose()?;
    let kind = match wish.kind {
        NewKind::Media => TokenKind::Media,
        NewKind::Api => TokenKind::Api,
    };
    let user = wish.user.as_deref().unwrap_or(&person.name);
    let token_wish = TokenWish { user, kind, scope, lasts, name: wish.name.as_deref() };
    let (token, made) = admin(&app).create_token_for(&person, token_wish).await?;
    let at = made.item.as_ref().map(|item| (item.library.as_str(), item.path.as_str()));
    let about = Token {
        item: TokenItem::of(&made.scope, at, &person),
        id: made.id,
        user: made.user,
        kind,
        name: wish.name,
        scope: made.scope.to_string(),
        created_at: rfc3339(made.created_at),
        expires_at: made.expires_at.map(rfc3339),
        used_at: None,
    };
    Ok(Answer::created(MadeToken { about, token: token.expose().to_owned() }))
}

fn scope(item: Option<&str>, path: Option<&str>) -> Result<Scope, Error> {
    let unfit = |problem: &str, hint: &str| Error::refused(Kind::Unfit, problem, hint);
    match (item, path) {
        (Some(_), Some(_)) => {
            Err(unfit("A token is narrowed to an item or to a path.", "Leave one of both away."))
        }
        (Some(item), None) => ItemId::parse(item)
            .map(Scope::Item)
            .ok_or_else(|| unfit("The item is no id.", "An id has 22 characters of A-Z a-z 0-9 - _.")),
        (None, Some(path)) => Ok(Scope::Below(path.parse().map_err(AdminError::from)?)),
        (None, None) => Ok(Scope::All),
    }
}

/// Revoke a token
///
/// New requests with it are refused within a second, and what is being watched with it ends.
#[utoipa::path(
    delete, path = "/api/v1/tokens/{id}", tag = "tokens",
    params(("id" = String, Path, description = "Its id, not the token itself.", example = "k3ymr7qzvt2a")),
    responses(
        (status = 204, description = "Revoked."),
        (status = 403, description = "The token is narrowed, or the request is not from a page of this server."),
        (status = 404, description = "No such token, or it is somebody else's."),
    )
)]
pub async fn revoke(
    State(app): State<App>,
    Owner(person): Owner,
    Path(id): Path<String>,
) -> Result<Done, Error> {
    admin(&app).revoke_token_for(&person, &id).await?;
    Ok(Done)
}
