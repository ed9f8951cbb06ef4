//! From a representation to the answer about it: plan, respond, and keep it in access's view while it is sent.

use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use http::header::{CONTENT_DISPOSITION, DATE, USER_AGENT};
use http::request::Parts;
use http::{HeaderValue, Response};

use super::{file_name, now};
use crate::access::Permit;
use crate::access::client::Client;
use crate::access::streams::{Asked, Cut, Guard};
use crate::app::App;
use crate::body::{self, Pieces, Representation};
use crate::error::Error;
use crate::metrics::{RangeLabels, Sent};
use crate::range::{self, Boundary, ByteRange, HttpDate, Plan, Requested};
use crate::types::ItemId;
use crate::types::program::Agent;

/// Plans and responds.
pub(super) async fn of(
    app: &App,
    permit: Permit,
    request: &Parts,
    representation: &Representation,
) -> Result<axum::response::Response, Error> {
    with(app, permit, request, representation, Planned::of(app, request, representation)).await
}

/// Responds by a plan.
pub(super) async fn with(
    app: &App,
    permit: Permit,
    request: &Parts,
    representation: &Representation,
    planned: Planned,
) -> Result<axum::response::Response, Error> {
    let network = request.extensions.get::<Client>().map_or(Ipv4Addr::UNSPECIFIED.into(), Client::network);
    let (written, asked) = planned.written(app, &permit, network, request, representation);
    let guard = match request.extensions.get::<Cut>() {
        Some(cut) if written.sends_bytes() => Some(app.access.enter(permit, asked, cut.clone()).await?),
        _ => None,
    };
    let (response, sent) = written.told(app, guard);
    let mut response = body::packed(response);
    response.extensions_mut().insert(sent);
    Ok(response)
}

/// What a request gets of a representation.
pub(super) struct Planned {
    pub(super) plan: Plan,
    /// By which its conditions were judged.
    now: HttpDate,
    /// What was asked for, as a metric's label.
    kind: &'static str,
}

/// A response that is ready to be sent, when access has it in view.
pub(super) struct Written {
    response: Response<Pieces>,
    item: ItemId,
    kind: &'static str,
}

impl Planned {
    pub(super) fn of(app: &App, request: &Parts, representation: &Representation) -> Planned {
        let now = now(app);
        let requested = Requested::of(&request.headers);
        let plan = range::plan(&request.method, &request.headers, &requested, &representation.facts(now));
        Planned { plan, now, kind: requested.asked().label() }
    }

    /// The head and the pieces of the body, and what there is to see of them for who looks at running responses.
    pub(super) fn written(
        self,
        app: &App,
        permit: &Permit,
        network: IpAddr,
        request: &Parts,
        representation: &Representation,
    ) -> (Written, Asked) {
        let agent = request.headers.get(USER_AGENT).map(HeaderValue::as_bytes).unwrap_or_default();
        let (from, size) = (first_byte(&self.plan), representation.facts(self.now).len);
        let boundary = || Boundary::from_random(app.chance.bytes());
        let mut response = body::respond(representation, self.plan, boundary, &request.method);
        let headers = response.headers_mut();
        // By the clock that judged the conditions: Last-Modified is never later (RFC 9110 §8.8.2.1).
        headers.insert(DATE, date(self.now));
        // What is not for saving is shown, also what browsers would rather save.
        if !permit.may_download() && headers.contains_key(CONTENT_DISPOSITION) {
            headers.insert(CONTENT_DISPOSITION, body::disposition(file_name(&permit.item().path), true));
        }
        let written = Written { response, item: permit.item().id, kind: self.kind };
        (written, Asked { network, agent: Agent::of(agent), from, size })
    }
}

impl Written {
    /// Then it is kept in access's view.
    pub(super) fn sends_bytes(&self) -> bool {
        !self.response.body().is_empty()
    }

    /// With what log and metrics are told of it.
    pub(super) fn told(self, app: &App, guard: Option<Guard>) -> (Response<Pieces>, Sent) {
        let Written { response, item, kind } = self;
        app.metrics.ranges.count(RangeLabels { kind, result: response.status().as_u16() });
        (response, Sent { item, kind, guard: guard.map(Arc::new) })
    }
}

fn first_byte(plan: &Plan) -> u64 {
    match plan {
        Plan::Part(range) => range.start(),
        Plan::Parts(ranges) => ranges.first().map_or(0, ByteRange::start),
        _ => 0,
    }
}

/// Written once a second on each thread.
fn date(now: HttpDate) -> HeaderValue {
    thread_local! {
        static LAST: RefCell<Option<(HttpDate, HeaderValue)>> = const { RefCell::new(None) };
    }
    LAST.with_borrow_mut(|last| match last {
        Some((second, date)) if *second == now => date.clone(),
        _ => last.insert((now, now.header_value())).1.clone(),
    })
}
