//! What is asked of every server.
//!
//! A run asks for a fixed amount, so that processor time compares by itself, and checks every byte that comes.

mod bulk;
mod connect;
mod first;
mod paced;
mod probe;
mod seek;
mod slow_disk;

use std::time::Duration;

use anyhow::{Context, Result};
use futures_util::future::try_join_all;
use tokio::runtime::Runtime;

use crate::client::{Got, Wire};
use crate::material::Material;
use crate::peers::{Peer, Place, Running};

pub struct Scenario {
    pub name: &'static str,
    pub what: &'static str,
    pub columns: &'static [Column],
    /// How often, usually and in a quick run.
    pub rounds: (u32, u32),
    /// Who takes part, if it is not left out anyway.
    pub who: fn(Peer) -> bool,
    /// Whether the connections are encrypted.
    pub tls: bool,
    /// Fails, with the reason, where this machine cannot do it.
    pub possible: fn(&Place) -> Result<()>,
    /// One run; a figure for each column.
    pub run: fn(&Stage<'_>) -> Result<Vec<f64>>,
}

impl Scenario {
    /// What most of them are.
    const USUAL: Scenario = Scenario {
        name: "",
        what: "",
        columns: &[],
        rounds: (3, 2),
        who: Peer::is_usual,
        tls: false,
        possible: |_| Ok(()),
        run: |_| Ok(Vec::new()),
    };
}

/// A figure that is measured.
pub struct Column {
    pub title: &'static str,
    pub unit: &'static str,
}

/// What a run has at hand.
pub struct Stage<'a> {
    pub runtime: &'a Runtime,
    pub material: &'a Material,
    pub cold: &'a Material,
    pub server: &'a Running,
    pub quick: bool,
}

pub const ALL: &[Scenario] = &[
    bulk::ONE,
    bulk::SIXTEEN,
    seek::SEEK,
    probe::PROBE,
    probe::HEAD,
    connect::NEW,
    connect::HANG_UP,
    bulk::TLS,
    first::BYTE,
    paced::SEEK,
    paced::WATCH,
    paced::CROWD,
    slow_disk::SLOW,
];

const ANSWERS: &[Column] = &[CPU, RATE, P50, P99];
const CPU: Column = Column { title: "CPU per 10,000", unit: "s" };
const RATE: Column = Column { title: "requests/s", unit: "" };
const P50: Column = Column { title: "p50", unit: "ms" };
const P99: Column = Column { title: "p99", unit: "ms" };
/// Not the server's.
pub const LAG: Column = Column { title: "the client's own lag", unit: "ms" };

impl Stage<'_> {
    pub fn pick<T>(&self, usual: T, quick: T) -> T {
        if self.quick { quick } else { usual }
    }

    async fn open(&self, count: u32) -> Result<Vec<Wire<'_>>> {
        in_turn(count, || Wire::open(&self.server.film, self.material)).await
    }

    /// With receive buffers of a fixed size.
    async fn open_narrow(&self, count: u32, buffer: u32) -> Result<Vec<Wire<'_>>> {
        in_turn(count, || Wire::narrow(&self.server.film, self.material, buffer)).await
    }
}

/// A hundred at a time: nobody's queue of connections overflows, which would cost a second for each.
async fn in_turn<T, F: Future<Output = Result<T>>>(count: u32, open: impl Fn() -> F) -> Result<Vec<T>> {
    let (mut all, mut left) = (Vec::new(), count);
    while left > 0 {
        let now = left.min(100);
        all.extend(try_join_all((0..now).map(|_| open())).await?);
        left -= now;
    }
    Ok(all)
}

/// The columns [`CPU`] to [`P99`] of as many answers.
fn figures(got: &[Got], (cpu, seconds): (f64, f64)) -> Result<Vec<f64>> {
    let count = f64::from(u32::try_from(got.len())?);
    let mut took: Vec<_> = got.iter().map(|got| got.whole).collect();
    Ok(vec![cpu / count * 1e4, count / seconds, quantile(&mut took, 0.5)?, quantile(&mut took, 0.99)?])
}

/// The quantile of some durations, in milliseconds.
fn quantile(durations: &mut [Duration], part: f64) -> Result<f64> {
    durations.sort_unstable();
    let last = u32::try_from(durations.len().saturating_sub(1))?;
    let place = Duration::from_secs(last.into()).mul_f64(part).as_secs();
    let found = durations.get(usize::try_from(place)?).context("nothing was measured")?;
    Ok(found.as_secs_f64() * 1e3)
}
