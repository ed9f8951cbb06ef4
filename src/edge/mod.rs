//! The edge of the server: what happens to every request before a route sees it, and to every response after.
//!
//! 1. The head is checked where hyper leaves it to us.
//! 2. The router answers, with an empty body and pieces where there is media.
//! 3. Errors get the body that their reader understands.
//! 4. The response gets the body that sends.
//! 5. When that has ended, one line goes to the log, and the metrics count.

mod journal;

use std::time::Instant;

use axum::response::{IntoResponse, Response};
use http::header::{CONNECTION, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use hyper::body::Incoming;

use crate::access::client::Client;
use crate::access::streams::Cut;
use crate::app::{App, RequestId};
use crate::body::{Lane, Outgoing, outgoing};
use crate::config::ZeroCopy;
use crate::error::{Audience, Error, Problem, Visitor};
use crate::reception;
use crate::router::{Answered, Reader, Router};
use crate::server::Connection;
use crate::server::head::{self, Refused};

use journal::Entry;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Answers requests of the accept loop.
#[derive(Clone)]
pub struct Edge {
    app: App,
    router: Router,
}

impl Edge {
    pub fn new(app: App, router: Router) -> Edge {
        Edge { app, router }
    }

    pub async fn answer(self, mut request: Request<Incoming>) -> http::Response<Outgoing> {
        let begun = Instant::now();
        let connection = request.extensions().get::<Connection>().cloned();
        let client = connection.as_ref().map(|connection| self.client(connection, request.headers()));
        let entry = Entry::begin(&self.app, request.method(), connection.clone(), client.as_ref(), begun);
        let asker = Asker::of(&request);
        if let Some((connection, client)) = connection.as_ref().zip(client) {
            request.extensions_mut().insert(Cut::new(connection.carrier()));
            request.extensions_mut().insert(client);
        }
        let response = match check(&self.app, request) {
            Ok(request) => self.router.answer(request).await,
            Err(error) => closing(error),
        };
        let mut response = outgoing(finished(response, &asker, entry.request_id()), || {
            lane(self.app.zero_copy, connection.as_ref()?)
        });
        entry.end_with(&mut response);
        response
    }

    fn client(&self, connection: &Connection, headers: &HeaderMap) -> Client {
        let is_secure = connection.is_encrypted() || self.app.is_reached_by_https();
        Client::of(
            connection.peer().ip(),
            is_secure,
            headers,
            &self.app.trusted_proxies,
            &self.app.fingerprints,
        )
    }
}

/// Where windows of files may go.
fn lane(zero_copy: ZeroCopy, connection: &Connection) -> Option<&Lane> {
    let is_allowed = match zero_copy {
        ZeroCopy::Auto => !connection.is_from_here(),
        ZeroCopy::On => true,
        ZeroCopy::Off => false,
    };
    if is_allowed { connection.lane() } else { None }
}

fn check(app: &App, request: Request<Incoming>) -> Result<Request<Incoming>, Error> {
    let (parts, body) = request.into_parts();
    match head::check(&parts, &app.limits) {
        Ok(()) => Ok(Request::from_parts(parts, body)),
        Err(Refused::Host(problem)) => Err(Error::BadRequest(problem)),
        Err(Refused::TransferEncoding) => Err(Error::BadRequest("The request has a Transfer-Encoding.")),
        Err(Refused::UriTooLong) => Err(Error::UriTooLong),
        Err(Refused::Headers) => Err(Error::HeadTooLarge),
    }
}

/// After a head that was not understood, nobody knows where the next one begins (RFC 9112 §6.3).
fn closing(error: Error) -> Response {
    let mut response = error.into_response();
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// What a response depends on of its request when the request is gone.
struct Asker {
    method: Method,
    /// None: no person navigates.
    visitor: Option<Visitor>,
}

impl Asker {
    fn of<B>(request: &Request<B>) -> Asker {
        let visitor = reception::navigates(request.headers()).then(|| Visitor::of(request.uri().path()));
        Asker { method: request.method().clone(), visitor }
    }

    fn audience(&self, answered: Option<&Answered>) -> Audience {
        match (self.visitor, answered.map(|answered| answered.reader)) {
            (Some(visitor), _) => Audience::Person(visitor),
            (None, Some(Reader::Player)) => Audience::Player,
            (None, _) => Audience::Program,
        }
    }
}

fn finished(mut response: Response, asker: &Asker, request_id: RequestId) -> Response {
    if let Some(problem) = response.extensions().get::<Problem>().cloned() {
        let audience = asker.audience(response.extensions().get::<Answered>());
        problem.write(&mut response, audience, &asker.method, &request_id.to_string());
    }
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::try_from(request_id.to_string()) {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Addresses carry tokens; no other site may learn them. Pages with forms say `same-origin`.
    headers.entry(REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    response
}
