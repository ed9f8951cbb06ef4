//! Every route in one table, in the order of who calls it, and the layers around them.
//!
//! 1. The bytes of videos are asked for far more often than everything else. Their routes are found by the beginning of
//!    the path and answered at once: a general router's matching, extractors and boxes took a tenth of a probe.
//! 2. All others go through axum.

mod cors;

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};

use axum::Extension;
use axum::body::Body;
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, delete, get, post, put};
use futures_util::FutureExt as _;
use http::header::ALLOW;
use http::request::Parts;
use http::{HeaderValue, Method, Request};
use hyper::body::Incoming;
use tower::ServiceExt as _;

use crate::access::streams::Cut;
use crate::app::App;
use crate::error::Error;
use crate::{api, media, operations, web};

/// One line of the table.
pub struct Route {
    /// As axum writes it.
    pub pattern: &'static str,
    /// For logs and metrics: what people call it.
    pub template: &'static str,
    pub openness: Openness,
    /// Who reads its errors when it is not a browser's navigation.
    pub reader: Reader,
    way: Way,
}

/// Whether a route answers somebody without a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Openness {
    Public,
    Guarded,
}

/// Who asks a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    Player,
    Program,
}

/// What the edge needs to know of the route that answered; rides in the response's extensions.
#[derive(Debug, Clone, Copy)]
pub struct Answered {
    pub template: &'static str,
    pub reader: Reader,
}

/// How a request comes to its handler.
enum Way {
    /// All paths that go on behind these characters: [`media::serve`].
    Media(&'static str),
    /// The same, if there are more parts than one: the first alone is a page.
    MediaBelow(&'static str),
    Axum(fn() -> MethodRouter<App>),
}

const fn media(prefix: &'static str, pattern: &'static str, template: &'static str) -> Route {
    let (openness, reader) = (Openness::Guarded, Reader::Player);
    Route { pattern, template, openness, reader, way: Way::Media(prefix) }
}

/// `/s/{code}` alone is the page.
const SHARED_MEDIA: Route =
    Route { way: Way::MediaBelow("/s/"), ..media("/s/", "/s/{code}/{*rest}", "/s/{code}/m") };

const fn route(
    pattern: &'static str,
    template: &'static str,
    openness: Openness,
    reader: Reader,
    methods: fn() -> MethodRouter<App>,
) -> Route {
    Route { pattern, template, openness, reader, way: Way::Axum(methods) }
}

/// All there are. Media patterns take the rest of the path whatever it is: what a malformed one answers is decided
/// after the credential, as for every other.
pub const ROUTES: &[Route] = {
    use Openness::{Guarded, Public};
    use Reader::{Player, Program};
    &[
        media("/m/", "/m/{*rest}", "/m/{id}"),
        media("/t/", "/t/{*rest}", "/t/{token}/m/{id}"),
        media("/files/", "/files/{*rest}", "/files/{library}/{path}"),
        SHARED_MEDIA,
        route("/private/files/download/", "/private/files/download/{path}", Guarded, Player, || {
            get(media::serve_legacy)
        }),
        route("/private/files/download/{*rest}", "/private/files/download/{path}", Guarded, Player, || {
            get(media::serve_legacy)
        }),
        route("/s/{code}", "/s/{code}", Guarded, Program, || get(web::share::show).post(web::share::unlock)),
        route("/watch/{*rest}", "/watch/{id}", Guarded, Program, || get(web::watch::show)),
        route("/embed/{*rest}", "/embed/{id}", Guarded, Program, || get(web::embed::show)),
        route("/", "/", Guarded, Program, || get(web::library::show)),
        route("/shares", "/shares", Guarded, Program, || get(web::shares::show)),
        route("/profile", "/profile", Guarded, Program, || get(web::profile::show)),
        route("/login", "/login", Public, Program, || get(web::login::show).post(web::login::log_in)),
        route("/logout", "/logout", Public, Program, || post(web::login::log_out)),
        route("/setup", "/setup", Public, Program, || get(web::setup::show).post(web::setup::create)),
        route("/admin", "/admin", Guarded, Program, || get(web::admin)),
        route("/admin/{area}", "/admin/{area}", Guarded, Program, || get(web::admin)),
        route("/admin/{area}/{name}", "/admin/{area}/{name}", Guarded, Program, || get(web::admin)),
        route("/favicon.ico", "/favicon.ico", Public, Program, || get(web::icon)),
        route("/assets/{*path}", "/assets/{path}", Public, Program, || get(web::assets)),
        route("/api/v1/session", "/api/v1/session", Public, Program, || {
            post(api::session::create).delete(api::session::end)
        }),
        route("/api/v1/setup", "/api/v1/setup", Public, Program, || post(api::setup::create)),
        route("/api/v1/me", "/api/v1/me", Guarded, Program, || get(api::me::show)),
        route("/api/v1/shares", "/api/v1/shares", Guarded, Program, || {
            get(api::shares::list).post(api::shares::create)
        }),
        route("/api/v1/shares/{id}", "/api/v1/shares/{id}", Guarded, Program, || {
            get(api::shares::show).patch(api::shares::change).delete(api::shares::revoke)
        }),
        route("/api/v1/me/password", "/api/v1/me/password", Guarded, Program, || put(api::password::change)),
        route("/api/v1/me/sessions", "/api/v1/me/sessions", Guarded, Program, || {
            get(api::sessions::list).delete(api::sessions::end_others)
        }),
        route("/api/v1/me/sessions/{id}", "/api/v1/me/sessions/{id}", Guarded, Program, || {
            delete(api::sessions::end)
        }),
        route("/api/v1/users", "/api/v1/users", Guarded, Program, || {
            get(api::users::list).post(api::users::add)
        }),
        route("/api/v1/users/{name}", "/api/v1/users/{name}", Guarded, Program, || {
            get(api::users::show).patch(api::users::change).delete(api::users::delete)
        }),
        route("/api/v1/users/{name}/password", "/api/v1/users/{name}/password", Guarded, Program, || {
            put(api::users::set_password)
        }),
        route("/api/v1/grants", "/api/v1/grants", Guarded, Program, || {
            get(api::grants::list).post(api::grants::add).delete(api::grants::withdraw)
        }),
        route("/api/v1/tokens", "/api/v1/tokens", Guarded, Program, || {
            get(api::tokens::list).post(api::tokens::create)
        }),
        route("/api/v1/tokens/{id}", "/api/v1/tokens/{id}", Guarded, Program, || delete(api::tokens::revoke)),
        route("/api/v1/keys", "/api/v1/keys", Guarded, Program, || {
            get(api::keys::list).post(api::keys::create)
        }),
        route("/api/v1/keys/rotate", "/api/v1/keys/rotate", Guarded, Program, || post(api::keys::rotate)),
        route("/api/v1/libraries", "/api/v1/libraries", Guarded, Program, || get(api::libraries::list)),
        route("/api/v1/libraries/{name}/scan", "/api/v1/libraries/{name}/scan", Guarded, Program, || {
            post(api::libraries::scan)
        }),
        route("/api/v1/items", "/api/v1/items", Guarded, Program, || get(api::items::list)),
        route("/api/v1/items/{id}", "/api/v1/items/{id}", Guarded, Program, || get(api::item::show)),
        route("/api/v1/items/{id}/position", "/api/v1/items/{id}/position", Guarded, Program, || {
            put(api::positions::put)
        }),
        route("/api/v1/items/{id}/verdict", "/api/v1/items/{id}/verdict", Guarded, Program, || {
            get(api::verdict::show)
        }),
        route("/api/v1/items/{id}/links", "/api/v1/items/{id}/links", Guarded, Program, || {
            post(api::links::create)
        }),
        route("/api/v1/reports", "/api/v1/reports", Guarded, Program, || {
            get(api::reports::list).post(api::reports::create)
        }),
        route("/api/v1/reports/{id}", "/api/v1/reports/{id}", Guarded, Program, || {
            get(api::reports::show).patch(api::reports::change).delete(api::reports::delete)
        }),
        route("/api/v1/settings", "/api/v1/settings", Guarded, Program, || get(api::settings::show)),
        route("/api/v1/status", "/api/v1/status", Guarded, Program, || get(api::status::show)),
        route("/api/v1/streams", "/api/v1/streams", Guarded, Program, || get(api::streams::list)),
        route("/api/v1/streams/{id}", "/api/v1/streams/{id}", Guarded, Program, || delete(api::streams::cut)),
        route("/api/v1/openapi.json", "/api/v1/openapi.json", Public, Program, || get(api::serve)),
        route("/healthz", "/healthz", Public, Program, || get(operations::health)),
        route("/readyz", "/readyz", Public, Program, || get(operations::readiness)),
        route("/metrics", "/metrics", Guarded, Program, || get(operations::metrics)),
    ]
};

/// The table at work. Clones share it.
#[derive(Clone)]
pub struct Router {
    app: App,
    axum: axum::Router,
}

impl Router {
    pub fn new(app: App) -> Router {
        let axum = ROUTES.iter().fold(axum::Router::new(), |router, route| match &route.way {
            Way::Media(_) | Way::MediaBelow(_) => router,
            Way::Axum(methods) => {
                let answered = Answered::by(route);
                let mark = move |response| std::future::ready(marked(response, answered));
                router.route(route.pattern, methods().fallback(method_not_allowed).layer(map_response(mark)))
            }
        });
        let axum = axum.fallback(not_found).layer(Extension(api::status::Checks::default()));
        Router { axum: axum.with_state(app.clone()), app }
    }

    pub async fn answer(&self, request: Request<Incoming>) -> Response {
        let page = cors::Page::of(&self.app.cors_origins, request.method(), request.headers());
        let response = match media_route(request.uri().path()) {
            Some(route) => {
                let (request, _) = request.into_parts();
                marked(unpanicked(self.send_media(request)).await, Answered::by(route))
            }
            None => unpanicked(self.ask_axum(request)).await,
        };
        match page {
            Some(page) => page.told(response),
            None => response,
        }
    }

    /// The answer to a question that its connection has asked before. None: it goes the whole way, also where something went
    /// wrong.
    pub fn again(
        &self,
        question: &media::Question,
        request: &Parts,
        cut: Cut,
    ) -> Result<Option<(media::Again, Answered)>, media::Over> {
        let Some(route) = media_route(request.uri.path()) else { return Ok(None) };
        let ask = || media::again(&self.app, question, request, cut);
        let Some(mut again) = catch_unwind(AssertUnwindSafe(ask)).unwrap_or(Ok(None))? else {
            return Ok(None);
        };
        if let Some(page) = cors::Page::of(&self.app.cors_origins, &request.method, &request.headers) {
            page.tell(again.response.headers_mut());
        }
        Ok(Some((again, Answered::by(route))))
    }

    async fn send_media(&self, request: Parts) -> Response {
        if request.method == Method::GET || request.method == Method::HEAD {
            return media::serve(&self.app, &request).await.into_response();
        }
        let mut response = Error::MethodNotAllowed.into_response();
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET,HEAD"));
        response
    }

    async fn ask_axum(&self, request: Request<Incoming>) -> Response {
        match self.axum.clone().oneshot(request.map(Body::new)).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

impl Answered {
    fn by(route: &Route) -> Answered {
        Answered { template: route.template, reader: route.reader }
    }
}

/// The beginning alone is no such route, as in axum's patterns.
fn media_route(path: &str) -> Option<&'static Route> {
    let rest = |prefix| path.strip_prefix(prefix).unwrap_or_default();
    ROUTES.iter().find(|route| match route.way {
        Way::Media(prefix) => !rest(prefix).is_empty(),
        Way::MediaBelow(prefix) => rest(prefix).contains('/'),
        Way::Axum(_) => false,
    })
}

fn marked(mut response: Response, answered: Answered) -> Response {
    response.extensions_mut().insert(answered);
    response
}

async fn not_found() -> Error {
    Error::NotFound
}

/// RFC 9110 §15.5.6: `Allow` says what would do. axum adds it to a fallback as well.
async fn method_not_allowed() -> Error {
    Error::MethodNotAllowed
}

/// A fault in one answer must not end the connection of others behind a proxy.
///
/// Not an `async fn`: it would have room for the answer's future twice, where it is given and where it is awaited.
fn unpanicked(answer: impl Future<Output = Response>) -> impl Future<Output = Response> {
    AssertUnwindSafe(answer).catch_unwind().map(|answer| answer.unwrap_or_else(|_| panicked()))
}

/// Its message may quote the request, and is not looked at; the log has its place in the program.
fn panicked() -> Response {
    Error::Internal(std::sync::Arc::new(std::io::Error::other("a fault of the program"))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_routes_are_found_by_their_beginning() {
        let cases = [
            ("/m/abc", Some("/m/{id}"), "an item"),
            ("/m//", Some("/m/{id}"), "whatever follows"),
            ("/m/", None, "nothing follows"),
            ("/m", None, "no slash"),
            ("/t/abc/m/def", Some("/t/{token}/m/{id}"), "with a token"),
            ("/files/videos/a.mp4", Some("/files/{library}/{path}"), "by path"),
            ("/M/abc", None, "paths have case"),
            ("/s/abc/m", Some("/s/{code}/m"), "a share's bytes"),
            ("/s/abc/", Some("/s/{code}/m"), "nothing of a share's"),
            ("/s/abc", None, "a share's page"),
            ("/watch/abc", None, "a page"),
        ];
        for (path, want, why) in cases {
            assert_eq!(media_route(path).map(|route| route.template), want, "{why}: {path}");
        }
    }

    #[tokio::test]
    async fn a_fault_is_an_answer() {
        let response = unpanicked(async { panic!("oh") }).await;
        assert_eq!(response.status(), http::StatusCode::INTERNAL_SERVER_ERROR);
    }
}
