//! The edge of the server: what happens to every request before a route sees it, and to every response after.
//!
//! 1. The head is checked where hyper leaves it to us.
//! 2. The router answers, with an empty body and pieces where there is media.
//! 3. Errors get the body that their reader understands.
//! 4. The response gets the body that sends.
//! 5. When that has ended, one line goes to the log, and the metrics count.
//!
//! A connection remembers what it was asked last about a film. When it is asked so again, in the same words, what 1 and most
//! of 2 would say is known.

mod journal;

use std::future::ready;
use std::sync::Arc;
use std::time::Instant;

use axum::response::{IntoResponse, Response};
use futures_util::future::Either;
use http::header::{CONNECTION, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use hyper::body::Incoming;

use crate::access::client::Client;
use crate::access::streams::Cut;
use crate::app::App;
use crate::body::{Lane, Outgoing, outgoing, sending};
use crate::config::ZeroCopy;
use crate::error::{Audience, Error, Visitor};
use crate::media::{Again, Over, Question};
use crate::reception;
use crate::router::{Answered, Reader, Router};
use crate::server::Connection;
use crate::server::head::{self, Refused};

use journal::{Entry, Told};

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

    /// A question that was asked before is answered at once. The future for others is boxed: it is large, and hyper moves it.
    pub fn answer(
        &self,
        request: Request<Incoming>,
        connection: Connection,
    ) -> impl Future<Output = http::Response<Outgoing>> + Send + use<> {
        let begun = Instant::now();
        let (request, body) = request.into_parts();
        match self.again(&request, &connection, begun) {
            Some(response) => Either::Left(ready(response)),
            None => Either::Right(Box::pin(self.clone().answer_anew(request, body, connection, begun))),
        }
    }

    async fn answer_anew(
        self,
        mut request: Parts,
        body: Incoming,
        connection: Connection,
        begun: Instant,
    ) -> http::Response<Outgoing> {
        let client = self.client(&connection, &request.headers);
        let entry = Entry::begin(&self.app, &request.method, connection.clone(), client.network(), begun);
        let asker = Asker::of(&request);
        request.extensions.insert(Cut::new(connection.carrier()));
        request.extensions.insert(client);
        request.extensions.insert(connection.clone());
        let mut response = match check(&self.app, &request) {
            Ok(()) => self.router.answer(Request::from_parts(request, body)).await,
            Err(error) => closing(error),
        };
        if let Some(question) = response.extensions_mut().remove::<Arc<Question>>() {
            connection.remember(question);
        }
        let told = Told::of(&mut response);
        if let Some(problem) = &told.problem {
            let audience = asker.audience(told.answered);
            problem.write(&mut response, audience, &asker.method, &entry.request_id().to_string());
        }
        finished(response, entry, told, |response| outgoing(response, || self.lane(&connection)))
    }

    /// The answer to what the connection remembers.
    fn again(
        &self,
        request: &Parts,
        connection: &Connection,
        begun: Instant,
    ) -> Option<http::Response<Outgoing>> {
        let question = connection.remembered()?.downcast::<Question>().ok()?;
        let again = self.router.again(&question, request, Cut::new(connection.carrier()));
        let (again, answered) = again.unwrap_or_else(|Over| {
            connection.forget();
            None
        })?;
        let Again { response, sent, asking } = again;
        let entry = Entry::begin(&self.app, &request.method, connection.clone(), question.network(), begun);
        let told = Told { answered: Some(answered), problem: None, sent: Some(sent), asking };
        Some(finished(response, entry, told, |response| sending(response, || self.lane(connection))))
    }

    /// Where windows of files may go.
    fn lane<'c>(&self, connection: &'c Connection) -> Option<&'c Lane> {
        let is_allowed = match self.app.zero_copy {
            ZeroCopy::Auto => !connection.is_from_here(),
            ZeroCopy::On => true,
            ZeroCopy::Off => false,
        };
        if is_allowed { connection.lane() } else { None }
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

fn check(app: &App, request: &Parts) -> Result<(), Error> {
    match head::check(request, &app.limits) {
        Ok(()) => Ok(()),
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
    fn of(request: &Parts) -> Asker {
        let visitor = reception::navigates(&request.headers).then(|| Visitor::of(request.uri.path()));
        Asker { method: request.method.clone(), visitor }
    }

    fn audience(&self, answered: Option<Answered>) -> Audience {
        match (self.visitor, answered.map(|answered| answered.reader)) {
            (Some(visitor), _) => Audience::Person(visitor),
            (None, Some(Reader::Player)) => Audience::Player,
            (None, _) => Audience::Program,
        }
    }
}

/// Puts on what all answers have, and has the answer write its line when it ends.
fn finished<B>(
    mut response: http::Response<B>,
    entry: Entry,
    told: Told,
    outgoing: impl FnOnce(http::Response<B>) -> http::Response<Outgoing>,
) -> http::Response<Outgoing> {
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(entry.request_id().digits(&mut [0; 16])) {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Addresses carry tokens; no other site may learn them. Pages with forms say `same-origin`.
    headers.entry(REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    let mut response = outgoing(response);
    entry.end_with(&mut response, told);
    response
}
