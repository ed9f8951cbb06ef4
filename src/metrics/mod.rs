//! What the server counts. Labels are words of a fixed set: no ids, no addresses, no names.

mod connections;
mod counted;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use crate::access::hashing::Hashing;
use crate::access::streams::Guard;
use crate::types::ItemId;

use connections::Connections;
pub use connections::Gauges;
use counted::Counted;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct RequestLabels {
    /// The route's template, such as `/m/{id}`.
    pub route: &'static str,
    pub method: &'static str,
    pub status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct DecisionLabels {
    pub result: &'static str,
    pub reason: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct RangeLabels {
    /// What was asked: `single`, `multiple`, ...
    pub kind: &'static str,
    pub result: u16,
}

/// What a response with media tells the access log; rides in its extensions. The guard keeps it in access's view
/// until the last byte was sent.
#[derive(Clone)]
pub struct Sent {
    pub item: ItemId,
    pub kind: &'static str,
    pub guard: Option<Arc<Guard>>,
}

/// All counters of a process.
pub struct Metrics {
    pub requests: Counted<RequestLabels>,
    pub duration: Histogram,
    pub bytes_sent: Counter,
    pub streams: Gauge,
    pub connections: Arc<Gauges>,
    pub decisions: Counted<DecisionLabels>,
    pub ranges: Counted<RangeLabels>,
    pub first_byte: Histogram,
    registry: Registry,
}

/// Seconds. From a probe out of memory to a film watched to its end.
const DURATIONS: [f64; 12] =
    [0.000_1, 0.000_5, 0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10.0, 60.0, 600.0, 3_600.0];

impl Metrics {
    /// `hashing` counts itself, and is shown here.
    pub fn new(hashing: &Hashing) -> Metrics {
        let mut metrics = Metrics {
            requests: Counted::default(),
            duration: Histogram::new(DURATIONS),
            bytes_sent: Counter::<u64, AtomicU64>::default(),
            streams: Gauge::<i64, AtomicI64>::default(),
            connections: Arc::default(),
            decisions: Counted::default(),
            ranges: Counted::default(),
            first_byte: Histogram::new(DURATIONS),
            registry: Registry::with_prefix("reelgate"),
        };
        metrics.register();
        let registry = &mut metrics.registry;
        registry.register("password_hashes", "Passwords hashed or compared", hashing.done().clone());
        registry.register(
            "password_hashes_in_flight",
            "Passwords that are being hashed or compared",
            hashing.running().clone(),
        );
        metrics
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        self.requests.register(registry, "http_requests", "Requests answered");
        registry.register(
            "http_request_duration_seconds",
            "From the request's head to the response's last byte",
            self.duration.clone(),
        );
        registry.register(
            "media_bytes_sent",
            "Bytes of media handed to the network",
            self.bytes_sent.clone(),
        );
        registry.register(
            "media_streams_in_flight",
            "Responses with media that are running",
            self.streams.clone(),
        );
        registry.register_collector(Box::new(Connections(self.connections.clone())));
        self.decisions.register(registry, "auth_decisions", "Decisions on access");
        self.ranges.register(registry, "range_requests", "Requests for bytes by kind and answer");
        registry.register(
            "time_to_first_byte_seconds",
            "From the request's head to the first byte of the body",
            self.first_byte.clone(),
        );
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The running program", build);
    }

    pub fn decided(&self, result: &'static str, reason: &'static str) {
        self.decisions.count(DecisionLabels { result, reason });
    }

    /// The text format that Prometheus reads (`OpenMetrics` 1.0).
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a String does not fail.
        let _ = prometheus_client::encoding::text::encode(&mut text, &self.registry);
        text
    }
}

impl Default for Metrics {
    fn default() -> Metrics {
        Metrics::new(&Hashing::new())
    }
}

/// Methods are a client's text: only known ones become a label.
pub fn method_label(method: &http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        "PATCH" => "PATCH",
        "TRACE" => "TRACE",
        "CONNECT" => "CONNECT",
        _ => "other",
    }
}
