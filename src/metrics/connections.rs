//! What the accept loop counts.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// Counts of connections. All but the first only grow.
#[derive(Debug, Default)]
pub struct Gauges {
    pub open_connections: AtomicUsize,
    pub accepted: AtomicU64,
    /// Above the cap: answered 503 or closed without an answer.
    pub refused: AtomicU64,
    /// No full head in time, from the accept or from its first byte.
    pub slow_heads: AtomicU64,
    /// TLS was not agreed upon.
    pub unsecured: AtomicU64,
    /// Kept open between two requests for longer than allowed.
    pub idle: AtomicU64,
    /// The reader took nothing for too long. Over HTTP/2 a stream counts for itself.
    pub stalled: AtomicU64,
    /// The body of an answer failed in the middle. Over HTTP/2 that ends its stream only.
    pub broken: AtomicU64,
    /// Ended because a right was withdrawn, or by the end of the drain.
    pub cut: AtomicU64,
}

/// The counts as Prometheus reads them. They are read at each scrape, so that the loop pays for no label.
#[derive(Debug)]
pub(super) struct Connections(pub(super) Arc<Gauges>);

impl Collector for Connections {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let gauges = &self.0;
        let open = i64::try_from(gauges.open_connections.load(Relaxed)).unwrap_or(i64::MAX);
        let gauge = ConstGauge::new(open);
        let open =
            encoder.encode_descriptor("connections_open", "Open connections.", None, gauge.metric_type())?;
        gauge.encode(open)?;
        let counters = [
            ("connections_accepted", "Connections accepted.", &gauges.accepted),
            ("connections_refused", "Connections above the cap.", &gauges.refused),
            ("connections_slow_head", "Connections that sent no full head in time.", &gauges.slow_heads),
            ("connections_unsecured", "Connections whose TLS handshake failed.", &gauges.unsecured),
            ("connections_idle", "Connections that were idle for too long.", &gauges.idle),
            ("connections_stalled", "Readers who took nothing for too long.", &gauges.stalled),
            ("connections_broken", "Answers whose body failed in the middle.", &gauges.broken),
            (
                "connections_cut",
                "Connections cut by a withdrawn right or by the end of the drain.",
                &gauges.cut,
            ),
        ];
        for (name, help, count) in counters {
            let counter = ConstCounter::new(count.load(Relaxed));
            counter.encode(encoder.encode_descriptor(name, help, None, counter.metric_type())?)?;
        }
        Ok(())
    }
}
