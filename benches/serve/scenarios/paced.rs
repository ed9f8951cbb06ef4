//! Many viewers who take what they play, and no more.

use std::pin::pin;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use futures_util::future::{Either, select, try_join_all};
use rustix::process::{Resource, getrlimit};

use super::{Column, LAG, P50, P99, Scenario, Stage, quantile};
use crate::client::{Ask, Pace, Watched, Wire};
use crate::dice::Dice;
use crate::material::LEN;
use crate::memory;
use crate::peers::Peer;
use crate::process::Meter;

const WATCHED: &[Column] = &[
    Column { title: "own memory a viewer", unit: "KiB" },
    Column { title: "kernel TCP memory a viewer", unit: "KiB" },
    Column { title: "both ends'", unit: "KiB" },
    Column { title: "viewers late by 1 s", unit: "" },
    LAG,
    Column { title: "CPU per GB", unit: "s" },
];

pub const WATCH: Scenario = Scenario {
    name: "paced",
    what: "2,000 viewers (quick: 300) at 2 Mbit/s",
    columns: WATCHED,
    rounds: (1, 1),
    run: |stage| watch(stage, &VIEWER, stage.pick(2_000, 300), stage.pick(20, 4)),
    ..Scenario::USUAL
};

pub const CROWD: Scenario = Scenario {
    name: "crowd",
    what: "10,000 viewers (quick: 2,000) at 0.2 Mbit/s",
    columns: WATCHED,
    rounds: (1, 1),
    // The others take two descriptors a viewer in one process, and many times the memory.
    who: |peer| peer.is_reelgate() || matches!(peer, Peer::Nginx | Peer::Floor),
    possible: |_| {
        let descriptors = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        ensure!(descriptors >= 20_000, "it takes 20,000 descriptors (ulimit -Hn), not {descriptors}");
        Ok(())
    },
    run: |stage| watch(stage, &SLOW_VIEWER, stage.pick(10_000, 2_000), stage.pick(30, 6)),
    ..Scenario::USUAL
};

pub const SEEK: Scenario = Scenario {
    name: "seek_paced",
    what: "a range of 256 KiB now and then, while 500 viewers (quick: 200) watch at 2 Mbit/s",
    columns: &[P50, P99],
    rounds: (2, 1),
    run: seek,
    ..Scenario::USUAL
};

/// What one viewer takes, and over how long a time they come.
struct Viewer {
    portion: u64,
    every: Duration,
    coming: Duration,
    /// Of the client's receive buffer, half of what the kernel makes of it. On a network this memory is somebody
    /// else's. Here it counts towards the machine's limit for TCP (`tcp_mem`), beyond which everybody is slow: with
    /// buffers that grow, 10,000 clients use it up alone.
    buffer: u32,
}

/// 2 Mbit/s.
const VIEWER: Viewer = Viewer {
    portion: 62_500,
    every: Duration::from_millis(250),
    coming: Duration::from_secs(1),
    buffer: 128 << 10,
};

/// 0.2 Mbit/s, in portions that a player would ask its socket for.
const SLOW_VIEWER: Viewer = Viewer {
    portion: 25_000,
    every: Duration::from_secs(1),
    coming: Duration::from_secs(5),
    buffer: 32 << 10,
};

const LATE: Duration = Duration::from_secs(1);

const SEEKERS: u64 = 4;
const PAUSE: Duration = Duration::from_millis(10);
const RANGE: u64 = 256 << 10;

fn watch(stage: &Stage<'_>, viewer: &Viewer, count: u32, seconds: u64) -> Result<Vec<f64>> {
    let portions = u32::try_from(Duration::from_secs(seconds).as_millis() / viewer.every.as_millis())?;
    stage.runtime.block_on(async {
        let both = memory::of_both_ends()?;
        let mut wires = stage.open_narrow(count, viewer.buffer).await?;
        let meter = Meter::start(&stage.server.process);
        let watched = audience(&mut wires, viewer, portions).await?;
        let (cpu, _) = meter.stop();
        // Before anything else: buffers fill up as soon as nobody takes anything.
        let kernel = memory::of_port(stage.server.film.address.port())?;
        let both = memory::of_both_ends()?.saturating_sub(both);
        let own = stage.server.process.memory().saturating_sub(stage.server.idle);
        let each =
            |bytes: u64| Ok::<_, anyhow::Error>(f64::from(u32::try_from(bytes / 1024)?) / f64::from(count));
        let late = watched.iter().filter(|watched| watched.late >= LATE).count();
        let lag = watched.iter().map(|watched| watched.lag).max().unwrap_or_default();
        let gigabytes = f64::from(count * portions) * f64::from(u32::try_from(viewer.portion)?) / 1e9;
        let late = f64::from(u32::try_from(late)?);
        Ok(vec![each(own)?, each(kernel)?, each(both)?, late, lag.as_secs_f64() * 1e3, cpu / gigabytes])
    })
}

/// Each begins at a place of its own, and not all at the same moment.
async fn audience(wires: &mut [Wire<'_>], viewer: &Viewer, portions: u32) -> Result<Vec<Watched>> {
    let mut dice = Dice::new(1);
    let coming = u64::try_from(viewer.coming.as_micros())?;
    let watching = wires.iter_mut().map(|wire| {
        let start = dice.below(LEN - viewer.portion * u64::from(portions) - (64 << 20));
        let delay = Duration::from_micros(dice.below(coming));
        let pace = Pace { portion: viewer.portion, every: viewer.every, portions, delay };
        async move { wire.watch(&Ask::From(start), pace).await }
    });
    try_join_all(watching).await
}

fn seek(stage: &Stage<'_>) -> Result<Vec<f64>> {
    let (viewers, portions, each) = (stage.pick(500, 200), 400, stage.pick(100, 40));
    stage.runtime.block_on(async {
        let mut wires = stage.open_narrow(viewers, VIEWER.buffer).await?;
        let watching = pin!(audience(&mut wires, &VIEWER, portions));
        let seeking = pin!(try_join_all((2..2 + SEEKERS).map(|seed| jump(stage, seed, each))));
        let mut took = match select(seeking, watching).await {
            Either::Left((took, _)) => took?.concat(),
            Either::Right((watched, _)) => bail!("the viewers ended first, with {:?}", watched.map(|_| ())),
        };
        Ok(vec![quantile(&mut took, 0.5)?, quantile(&mut took, 0.99)?])
    })
}

async fn jump(stage: &Stage<'_>, seed: u64, times: u32) -> Result<Vec<Duration>> {
    let (mut dice, mut took) = (Dice::new(seed), Vec::new());
    let mut wire = Wire::open(&stage.server.film, stage.material).await?;
    // The viewers have asked, and take their portions.
    tokio::time::sleep(VIEWER.coming + VIEWER.every).await;
    for _ in 0..times {
        tokio::time::sleep(PAUSE).await;
        let start = dice.below(LEN - RANGE);
        took.push(wire.fetch(&Ask::Part(start..start + RANGE)).await?.whole);
    }
    Ok(took)
}
