//! The OpenAPI description of the API. What every endpoint has in common is added here: credentials, errors, and names of
//! operations that differ (`users_list`, not twice `list`).

use std::sync::LazyLock;

use axum::response::IntoResponse;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use utoipa::openapi::header::Header;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::schema::{Object, Type};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{Content, Ref, RefOr, Response};
use utoipa::{IntoResponses, Modify, OpenApi};

use super::{
    grants, item, items, keys, libraries, links, me, password, positions, reports, session, sessions,
    settings, setup, shares, status, streams, tokens, users, verdict,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "reelgate",
        description = "Users, what they may watch, videos, links and streams of a reelgate server. Times are RFC 3339 in UTC, \
                       durations `30s`, `2h`, `7d`. Errors are RFC 9457.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    paths(
        me::show,
        password::change,
        session::create,
        session::end,
        sessions::list,
        sessions::end,
        sessions::end_others,
        setup::create,
        serve,
        users::list, users::add, users::show, users::change, users::delete, users::set_password,
        grants::list, grants::add, grants::withdraw,
        tokens::list, tokens::create, tokens::revoke,
        keys::list, keys::create, keys::rotate,
        libraries::list,
        libraries::scan,
        items::list,
        item::show,
        positions::put,
        verdict::show,
        links::create,
        shares::list, shares::create, shares::show, shares::change, shares::revoke,
        reports::create,
        reports::list,
        reports::show,
        reports::change,
        reports::delete,
        settings::show,
        status::show,
        streams::list,
        streams::cut,
    ),
    components(schemas(Problem)),
    tags(
        (name = "api", description = "This description."),
        (name = "me", description = "Who is asking."),
        (name = "users", description = "Who may watch what. For administrators."),
        (name = "tokens", description = "Credentials of programs and players."),
        (name = "libraries", description = "Folders that are served."),
        (name = "items", description = "Videos."),
        (name = "shares", description = "Links for people without an account."),
        (name = "reports", description = "What did not play."),
        (name = "status", description = "How the server is, is set, and what it sends. For administrators."),
        (name = "keys", description = "Keys that sign URLs. For administrators."),
    ),
    modifiers(&Credentials, &Common),
    security(("session" = []), ("api_token" = []))
)]
struct Document;

/// An error (RFC 9457).
#[derive(serde::Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// Always `about:blank`.
    r#type: String,
    title: String,
    status: u16,
    detail: String,
    /// For programs: stays the same when the words change.
    code: String,
    /// Names this request in the server's log.
    request_id: String,
    /// What to do about it.
    hint: String,
}

/// Of what only administrators may do.
#[derive(IntoResponses)]
#[response(status = 403, description = "This is for administrators.")]
pub struct NotAdmin;

struct Credentials;

impl Modify for Credentials {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let Some(components) = document.components.as_mut() else { return };
        let token =
            HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("An api token.")).build();
        components.add_security_scheme("api_token", SecurityScheme::Http(token));
        let cookie = ApiKeyValue::with_description(
            "__Host-reelgate",
            "A login, from a page of this server. On plain HTTP the cookie is called `reelgate`.",
        );
        let token = ApiKeyValue::with_description("token", "A media token that covers the item.");
        components.add_security_scheme("item", SecurityScheme::ApiKey(ApiKey::Query(token)));
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    }
}

/// When an error can happen at an endpoint without its doing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    Always,
    /// It asks who is there.
    Guarded,
    /// And changes something.
    GuardedChange,
    /// It takes a body.
    Body,
}

const COMMON: [(u16, When, &str); 10] = [
    (
        400,
        When::Always,
        "The request cannot be read: malformed, unknown fields, or more than one credential.",
    ),
    (401, When::Guarded, "A credential is needed, and there is none, or one that opens nothing."),
    (403, When::GuardedChange, "A login counts only from a page of this server."),
    (408, When::Body, "The body did not come in time."),
    (413, When::Body, "The body is too long."),
    (414, When::Always, "The address is too long."),
    (415, When::Body, "The body is not JSON."),
    (431, When::Always, "The head of the request is too large."),
    (500, When::Always, "A fault of the server."),
    (503, When::Always, "The database or the storage does not answer, or there is too much to do."),
];

struct Common;

impl Modify for Common {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        for path in document.paths.paths.values_mut() {
            for (is_safe, operation) in operations(path) {
                name(operation);
                add_common(operation, is_safe);
                for (status, response) in &mut operation.responses.responses {
                    if let RefOr::T(response) = response {
                        complete(status, response);
                    }
                }
            }
        }
    }
}

/// Each with whether its method is safe (RFC 9110 §9.2.1).
fn operations(path: &mut PathItem) -> impl Iterator<Item = (bool, &mut Operation)> {
    let PathItem { get, put, post, delete, patch, .. } = path;
    let methods = [(true, get), (false, put), (false, post), (false, delete), (false, patch)];
    methods.into_iter().filter_map(|(is_safe, operation)| Some((is_safe, operation.as_mut()?)))
}

fn name(operation: &mut Operation) {
    let tag = operation.tags.as_ref().and_then(|tags| tags.first());
    if let Some((tag, name)) = tag.zip(operation.operation_id.as_mut()) {
        *name = format!("{tag}_{name}");
    }
}

fn add_common(operation: &mut Operation, is_safe: bool) {
    // An endpoint that is open to everybody says `security(())`.
    let open = SecurityRequirement::default();
    let is_guarded = !operation.security.as_ref().is_some_and(|security| security.contains(&open));
    for (status, when, description) in COMMON {
        let applies = match when {
            When::Always => true,
            When::Guarded => is_guarded,
            When::GuardedChange => is_guarded && !is_safe,
            When::Body => operation.request_body.is_some(),
        };
        if applies {
            let common = || Response::builder().description(description).build().into();
            operation.responses.responses.entry(status.to_string()).or_insert_with(common);
        }
    }
}

/// What every answer of this status has.
fn complete(status: &str, response: &mut Response) {
    if response.description.is_empty() {
        let reason = status.parse().ok().and_then(|status: http::StatusCode| status.canonical_reason());
        reason.unwrap_or(status).clone_into(&mut response.description);
    }
    if !status.starts_with(['4', '5']) {
        return;
    }
    let problem = || Content::new(Some(Ref::from_schema_name("Problem")));
    response.content.entry("application/problem+json".to_owned()).or_insert_with(|| problem().into());
    let header = match status {
        "401" => ("WWW-Authenticate", Type::String),
        "429" | "503" => ("Retry-After", Type::Integer),
        _ => return,
    };
    let schema = Header::new(Object::builder().schema_type(header.1));
    response.headers.insert(header.0.to_owned(), schema.into());
}

static DOCUMENT: LazyLock<String> =
    LazyLock::new(|| Document::openapi().to_pretty_json().unwrap_or_default());

/// As pretty JSON.
pub fn document() -> &'static str {
    &DOCUMENT
}

/// This description
#[utoipa::path(
    get, path = "/api/v1/openapi.json", tag = "api", operation_id = "description", security(()),
    responses((status = 200, description = "OpenAPI 3.1.", body = Object, content_type = "application/json"))
)]
pub async fn serve() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-cache")], document())
}
