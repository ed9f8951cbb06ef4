//! Every route in one table, in the order of who calls it, and the layers around them.

use axum::Router;
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use tower_http::catch_panic::CatchPanicLayer;

use crate::app::App;
use crate::error::Error;
use crate::{media, operations, web};

/// One line of the table.
pub struct Route {
    /// As axum writes it.
    pub pattern: &'static str,
    /// For logs and metrics: what people call it.
    pub template: &'static str,
    pub openness: Openness,
    /// Who reads its errors when it is not a browser's navigation.
    pub reader: Reader,
    methods: fn() -> MethodRouter<App>,
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

const fn route(
    pattern: &'static str,
    template: &'static str,
    openness: Openness,
    reader: Reader,
    methods: fn() -> MethodRouter<App>,
) -> Route {
    Route { pattern, template, openness, reader, methods }
}

/// All there are. Media patterns take the rest of the path whatever it is: what a malformed one answers is decided
/// after the credential, as for every other.
pub const ROUTES: &[Route] = {
    use Openness::{Guarded, Public};
    use Reader::{Player, Program};
    &[
        route("/m/{*rest}", "/m/{id}", Guarded, Player, || get(media::serve)),
        route("/t/{*rest}", "/t/{token}/m/{id}", Guarded, Player, || get(media::serve)),
        route("/files/{*rest}", "/files/{library}/{path}", Guarded, Player, || get(media::serve)),
        route("/private/files/download/", "/private/files/download/{path}", Guarded, Player, || {
            get(media::serve_legacy)
        }),
        route("/private/files/download/{*rest}", "/private/files/download/{path}", Guarded, Player, || {
            get(media::serve_legacy)
        }),
        route("/watch/{*rest}", "/watch/{id}", Guarded, Program, || get(web::watch)),
        route("/", "/", Public, Program, || get(web::home)),
        route("/assets/page.css", "/assets/page.css", Public, Program, || get(web::style)),
        route("/assets/icon.svg", "/assets/icon.svg", Public, Program, || get(web::icon)),
        route("/healthz", "/healthz", Public, Program, || get(operations::health)),
        route("/readyz", "/readyz", Public, Program, || get(operations::readiness)),
        route("/metrics", "/metrics", Guarded, Program, || get(operations::metrics)),
    ]
};

/// The table as a service.
pub fn router(app: App) -> Router {
    let table = ROUTES.iter().fold(Router::new(), |router, route| {
        let answered = Answered { template: route.template, reader: route.reader };
        let methods = (route.methods)().fallback(method_not_allowed);
        router.route(route.pattern, methods.layer(map_response(mark(answered))))
    });
    table.fallback(not_found).with_state(app).layer(CatchPanicLayer::custom(panicked))
}

fn mark(answered: Answered) -> impl Fn(Response) -> std::future::Ready<Response> + Clone {
    move |mut response: Response| {
        response.extensions_mut().insert(answered);
        std::future::ready(response)
    }
}

async fn not_found() -> Error {
    Error::NotFound
}

/// RFC 9110 §15.5.6: `Allow` says what would do. axum adds it to a fallback as well.
async fn method_not_allowed() -> Error {
    Error::MethodNotAllowed
}

#[expect(clippy::needless_pass_by_value, reason = "the layer hands over the box")]
fn panicked(panic: Box<dyn std::any::Any + Send>) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    let cause = std::io::Error::other(format!("panic: {}", text.unwrap_or("no message")));
    Error::Internal(std::sync::Arc::new(cause)).into_response()
}
