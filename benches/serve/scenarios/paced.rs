//! Many viewers who take what they play, and no more.

use std::fs;
use std::pin::pin;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures_util::future::{Either, select, try_join_all};

use super::{Column, P50, P99, Scenario, Stage, quantile};
use crate::client::{Ask, Pace, Wire};
use crate::dice::Dice;
use crate::material::LEN;
use crate::process::Meter;

pub const WATCH: Scenario = Scenario {
    name: "paced",
    what: "viewers at 2 Mbit/s (2,000; quick: 300); kernel memory holds both ends of the connections",
    columns: &[
        Column { title: "own memory a viewer", unit: "KiB" },
        Column { title: "kernel TCP memory a viewer", unit: "KiB" },
        Column { title: "viewers late by 1 s", unit: "" },
        Column { title: "CPU per GB", unit: "s" },
    ],
    rounds: (1, 1),
    run: watch,
};

pub const SEEK: Scenario = Scenario {
    name: "seek_paced",
    what: "a range of 256 KiB now and then, while 500 viewers (quick: 200) watch at 2 Mbit/s",
    columns: &[P50, P99],
    rounds: (2, 1),
    run: seek,
};

/// 2 Mbit/s.
const PORTION: u64 = 62_500;
const EVERY: Duration = Duration::from_millis(250);
const LATE: Duration = Duration::from_secs(1);

const SEEKERS: u64 = 4;
const PAUSE: Duration = Duration::from_millis(10);
const RANGE: u64 = 256 << 10;

fn watch(stage: &Stage<'_>) -> Result<Vec<f64>> {
    let count = stage.pick(2_000, 300);
    let portions = stage.pick(28, 12);
    stage.runtime.block_on(async {
        let (own, kernel) = (stage.server.process.memory(), kernel_memory()?);
        let mut wires = stage.open(count).await?;
        let meter = Meter::start(&stage.server.process);
        let latest = audience(&mut wires, portions).await?;
        let (cpu, _) = meter.stop();
        let late = latest.iter().filter(|late| **late >= LATE).count();
        let own = stage.server.process.memory().saturating_sub(own);
        let kernel = kernel_memory()?.saturating_sub(kernel);
        let each =
            |bytes: u64| Ok::<_, anyhow::Error>(f64::from(u32::try_from(bytes / 1024)?) / f64::from(count));
        let gigabytes = f64::from(count * portions) * 62_500e-9;
        Ok(vec![each(own)?, each(kernel)?, f64::from(u32::try_from(late)?), cpu / gigabytes])
    })
}

/// Each begins at a place of its own, and not all at the same moment. Tells how late each was at worst.
async fn audience(wires: &mut [Wire<'_>], portions: u32) -> Result<Vec<Duration>> {
    let mut dice = Dice::new(1);
    let watching = wires.iter_mut().map(|wire| {
        let start = dice.below(LEN - PORTION * u64::from(portions) - (64 << 20));
        let delay = Duration::from_micros(dice.below(250_000));
        let pace = Pace { portion: PORTION, every: EVERY, portions, delay };
        async move { wire.watch(&Ask::From(start), pace).await }
    });
    try_join_all(watching).await
}

fn seek(stage: &Stage<'_>) -> Result<Vec<f64>> {
    let (viewers, portions, each) = (stage.pick(500, 200), 400, stage.pick(100, 40));
    stage.runtime.block_on(async {
        let mut wires = stage.open(viewers).await?;
        let watching = pin!(audience(&mut wires, portions));
        let seeking = pin!(try_join_all((2..2 + SEEKERS).map(|seed| jump(stage, seed, each))));
        let mut took = match select(seeking, watching).await {
            Either::Left((took, _)) => took?.concat(),
            Either::Right((latest, _)) => bail!("the viewers ended first, with {:?}", latest.map(|_| ())),
        };
        Ok(vec![quantile(&mut took, 0.5)?, quantile(&mut took, 0.99)?])
    })
}

async fn jump(stage: &Stage<'_>, seed: u64, times: u32) -> Result<Vec<Duration>> {
    let (mut dice, mut took) = (Dice::new(seed), Vec::new());
    let mut wire = Wire::open(&stage.server.target, stage.material).await?;
    // The viewers have asked, and their first portions are due.
    tokio::time::sleep(EVERY * 2).await;
    for _ in 0..times {
        tokio::time::sleep(PAUSE).await;
        let start = dice.below(LEN - RANGE);
        took.push(wire.fetch(&Ask::Part(start..start + RANGE)).await?.whole);
    }
    Ok(took)
}

/// What all sockets of the machine hold, in bytes.
fn kernel_memory() -> Result<u64> {
    let text = fs::read_to_string("/proc/net/sockstat")?;
    let line = text.lines().find(|line| line.starts_with("TCP:")).context("no TCP in sockstat")?;
    let pages: u64 = line.rsplit(' ').next().context("no mem in sockstat")?.parse()?;
    Ok(pages * 4096)
}
