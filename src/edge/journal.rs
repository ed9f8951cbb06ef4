//! One line in the log for every request, written when its response has ended, and the metrics that go with it.
//!
//! The line names the route's template, never the address: addresses carry tokens.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{Method, Response};
use tracing::Level;

use crate::access::exchanges::{Answering, Asking, Ending};
use crate::access::streams::{Begun, Guard};
use crate::app::{App, RequestId};
use crate::body::{Ended, Outcome, Outgoing};
use crate::error::Problem;
use crate::metrics::{RequestLabels, Sent, method_label};
use crate::router::Answered;
use crate::server::Connection;
use crate::telemetry::{self, key};

/// By which `RUST_LOG` names these lines.
const TARGET: &str = "reelgate::access";

/// What is known when a request begins. Dropped before there is an answer, it says that the client has gone.
pub(super) struct Entry {
    app: App,
    connection: Connection,
    is_answered: bool,
    request_id: RequestId,
    method: &'static str,
    client: IpAddr,
    begun: Instant,
}

/// What a response is, for its line.
pub(super) struct Told {
    /// None: there is no such route.
    pub answered: Option<Answered>,
    pub problem: Option<Problem>,
    /// Of media only.
    pub sent: Option<Sent>,
    /// Of a viewing only.
    pub asking: Option<Asking>,
}

impl Told {
    /// As routes tell it, in the response's extensions.
    pub(super) fn of<B>(response: &mut Response<B>) -> Told {
        let extensions = response.extensions_mut();
        Told {
            answered: extensions.remove::<Answered>(),
            problem: extensions.remove::<Problem>(),
            sent: extensions.remove::<Sent>(),
            asking: extensions.remove::<Asking>(),
        }
    }
}

/// What is known when its response begins.
struct Line {
    entry: Entry,
    route: &'static str,
    status: u16,
    problem: Option<Problem>,
    sent: Option<Sent>,
    /// Of a viewing only.
    answering: Option<Arc<Answering>>,
}

impl Entry {
    pub(super) fn begin(
        app: &App,
        method: &Method,
        connection: Connection,
        client: IpAddr,
        begun: Instant,
    ) -> Entry {
        Entry {
            app: app.clone(),
            connection,
            is_answered: false,
            request_id: app.request_id(),
            method: method_label(method),
            client,
            begun,
        }
    }

    pub(super) fn request_id(&self) -> RequestId {
        self.request_id
    }

    /// Has the response write its line when it ends.
    pub(super) fn end_with(mut self, response: &mut Response<Outgoing>, told: Told) {
        self.is_answered = true;
        let Told { answered, problem, sent, asking } = told;
        let status = response.status().as_u16();
        let answering =
            asking.map(|asking| Arc::new(asking.answered(self.method, status, response.headers())));
        let route = answered.map_or("none", |answered| answered.template);
        let line = Line { entry: self, route, status, problem, sent, answering };
        if let Some(guard) = line.guard() {
            line.entry.app.metrics.streams.inc();
            let (progress, answering) = (response.body().progress(), line.answering.clone());
            guard.begin(Begun { request_id: line.entry.request_id, progress, answering });
        }
        response.body_mut().on_end(move |ended| line.end(&ended));
    }

    /// The beginning of the line, if it is wanted.
    fn line(&self) -> Option<telemetry::Line> {
        if !tracing::enabled!(target: TARGET, Level::INFO) {
            return None;
        }
        let line = telemetry::Line::begin(self.app.clock.machine(), TARGET, "request")?;
        let line = line.text(key!("request_id"), self.request_id.digits(&mut [0; 16]));
        Some(line.address(key!("client"), self.client).text(key!("method"), self.method))
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if self.is_answered {
            return;
        }
        if let Some(line) = self.line() {
            line.time(key!("duration_ms"), self.begun.elapsed())
                .text(key!("outcome"), "abandoned before an answer")
                .end();
        }
    }
}

impl Line {
    /// Of a stream only.
    fn guard(&self) -> Option<&Arc<Guard>> {
        self.sent.as_ref()?.guard.as_ref()
    }

    fn end(self, ended: &Ended) {
        let took = self.entry.begun.elapsed();
        let first_byte = ended.first_byte.map(|at| at.duration_since(self.entry.begun));
        self.count(ended, took, first_byte);
        self.write(ended, took, first_byte);
        if let Some(answering) = &self.answering {
            let ending = Ending { sent: ended.sent, outcome: outcome(ended).0, first_byte };
            self.entry.app.access.note(answering, ending);
        }
        if let Some(guard) = self.guard() {
            self.entry.connection.hold(Arc::clone(guard), ended.sent);
        }
    }

    fn count(&self, ended: &Ended, took: Duration, first_byte: Option<Duration>) {
        let metrics = &self.entry.app.metrics;
        let labels = RequestLabels { route: self.route, method: self.entry.method, status: self.status };
        metrics.requests.count(labels);
        metrics.duration.observe(took.as_secs_f64());
        if let Some(first_byte) = first_byte {
            metrics.first_byte.observe(first_byte.as_secs_f64());
        }
        if self.sent.is_some() {
            metrics.bytes_sent.inc_by(ended.sent);
        }
        if self.guard().is_some() {
            metrics.streams.dec();
        }
    }

    fn write(&self, ended: &Ended, took: Duration, first_byte: Option<Duration>) {
        let cause = self.problem.as_ref().and_then(|problem| problem.cause.as_ref());
        if let Some(cause) = cause {
            tracing::error!(request_id = %self.entry.request_id, cause = %Chain(cause), "request failed");
        }
        let Some(line) = self.entry.line() else { return };
        let (outcome, broken) = outcome(ended);
        line.text(key!("route"), self.route)
            .number(key!("status"), self.status)
            .some(self.problem.as_ref(), |line, problem| line.text(key!("code"), problem.code))
            .some(self.sent.as_ref(), |line, sent| {
                line.text(key!("item"), sent.item.text(&mut [0; 22])).text(key!("range"), sent.kind)
            })
            .number(key!("bytes_sent"), ended.sent)
            .some(first_byte, |line, time| line.time(key!("first_byte_ms"), time))
            .time(key!("duration_ms"), took)
            .text(key!("outcome"), outcome)
            .some(broken, |line, reason| line.text(key!("broken"), reason))
            .end();
    }
}

/// In a word, and if it broke, why.
fn outcome(ended: &Ended) -> (&'static str, Option<&'static str>) {
    match ended.outcome {
        Outcome::Complete => ("complete", None),
        // Nearly every long answer ends so: a player seeks by hanging up.
        Outcome::Abandoned => ("abandoned", None),
        Outcome::Broken(reason) => ("broken", Some(reason)),
    }
}

/// An error with what lies behind it.
struct Chain<'a>(&'a Arc<dyn std::error::Error + Send + Sync>);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
