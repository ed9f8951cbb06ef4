//! The OpenAPI description of the API.

use axum::response::IntoResponse;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::{me, password, session, sessions, setup};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "reelgate",
        description = "Users, what they may watch, videos, links and streams of a reelgate server.",
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
        setup::create
    ),
    components(schemas(Problem)),
    modifiers(&Credentials),
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

struct Credentials;

impl Modify for Credentials {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let Some(components) = document.components.as_mut() else { return };
        let token =
            HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("An api token.")).build();
        components.add_security_scheme("api_token", SecurityScheme::Http(token));
        let cookie = ApiKeyValue::with_description("__Host-reelgate", "A login, from a page of this server.");
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    }
}

/// As pretty JSON.
pub fn document() -> String {
    Document::openapi().to_pretty_json().unwrap_or_default()
}

/// `/api/v1/openapi.json`
pub async fn serve() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-cache")], document())
}
