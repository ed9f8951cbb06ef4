//! Viewers of a film that is in memory, beside some of one that comes from a slow disk.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use futures_util::future::{try_join, try_join_all};

use super::{Column, Scenario, Stage, quantile};
use crate::client::{Ask, Wire};
use crate::dice::Dice;
use crate::disk::Held;
use crate::material::LEN;
use crate::peers::{COLD, Peer};

pub const SLOW: Scenario = Scenario {
    name: "slowdisk",
    what: "32 hot viewers (256 KiB every 50 ms, from memory) beside 8 cold ones (one range of 1 MiB \
           after the other, from a disk that is held to 20 MB/s)",
    columns: &[
        Column { title: "rate that hot viewers keep", unit: "" },
        Column { title: "hot p99.9", unit: "ms" },
        Column { title: "hot p99.9 alone", unit: "ms" },
        Column { title: "cold", unit: "MB/s" },
    ],
    rounds: (3, 1),
    // A check makes no difference to the disk.
    who: |peer| !matches!(peer, Peer::NginxSecureLink | Peer::NginxAuthRequest),
    possible: |place| Held::new(&place.films.join(COLD), RATE).map(drop),
    run,
    ..Scenario::USUAL
};

/// The disk's, bytes a second.
const RATE: u64 = 20_000_000;

const HOT: u64 = 32;
const PORTION: u64 = 256 << 10;
const EVERY: Duration = Duration::from_millis(50);

const READERS: u64 = 8;
/// Nobody reads what another has brought into memory.
const REGION: u64 = LEN / READERS;

const RANGE: u64 = 1 << 20;
const RANGES: u64 = REGION / RANGE;
/// Has no factor in common with [`RANGES`], so that each is read once.
const JUMP: u64 = 37;

/// Of one hot viewer: how long each portion took.
type Took = Vec<Duration>;

fn run(stage: &Stage<'_>) -> Result<Vec<f64>> {
    let alone = Duration::from_secs(stage.pick(6, 2));
    let beside = Duration::from_secs(stage.pick(12, 4));
    let held = Held::new(&stage.cold.path, RATE)?;
    held.take(&stage.server.process.tree())?;
    stage.runtime.block_on(async {
        let mut wires = stage.open(32).await?;
        let before = audience(&mut wires, alone).await?;
        stage.cold.evict()?;
        let end = Instant::now() + beside;
        let reading = try_join_all((0..READERS).map(|number| read(stage, number, end)));
        let (during, bytes) = try_join(audience(&mut wires, beside), reading).await?;
        let cold = f64::from(u32::try_from(bytes.iter().sum::<u64>() / 1000)?) / 1e3 / beside.as_secs_f64();
        // A throttle lets a little through in advance; far more means that the bytes did not come from there.
        ensure!(cold < 40.0, "the disk was not held: {cold} MB/s");
        let mut kept = Vec::new();
        for (before, during) in before.iter().zip(&during) {
            kept.push(rate(during, beside)? / rate(before, alone)?);
        }
        kept.sort_unstable_by(f64::total_cmp);
        let middle = kept[kept.len() / 2];
        let (mut before, mut during) = (before.concat(), during.concat());
        Ok(vec![middle, quantile(&mut during, 0.999)?, quantile(&mut before, 0.999)?, cold])
    })
}

/// Portions a second.
fn rate(took: &Took, of: Duration) -> Result<f64> {
    Ok(f64::from(u32::try_from(took.len())?) / of.as_secs_f64())
}

async fn audience(wires: &mut [Wire<'_>], time: Duration) -> Result<Vec<Took>> {
    let end = Instant::now() + time;
    try_join_all(wires.iter_mut().zip(1..=HOT).map(|(wire, seed)| watch(wire, seed, end))).await
}

/// A portion every [`EVERY`], or as soon as the last one is there; time that was lost is not caught up.
async fn watch(wire: &mut Wire<'_>, seed: u64, end: Instant) -> Result<Took> {
    let (mut dice, mut took) = (Dice::new(seed), Vec::new());
    let mut due = Instant::now() + Duration::from_micros(dice.below(50_000));
    while due < end {
        tokio::time::sleep_until(due.into()).await;
        let start = dice.below(LEN - PORTION);
        took.push(wire.fetch(&Ask::Part(start..start + PORTION)).await?.whole);
        due = (due + EVERY).max(Instant::now());
    }
    Ok(took)
}

/// Jumps from one range of its region to the next.
async fn read(stage: &Stage<'_>, number: u64, end: Instant) -> Result<u64> {
    let mut wire = Wire::open(&stage.server.cold, stage.cold).await?;
    let mut bytes = 0;
    for jump in 0..RANGES {
        let start = number * REGION + jump * JUMP % RANGES * RANGE;
        bytes += wire.fetch_until(&Ask::Part(start..start + RANGE), end).await?.bytes;
        if Instant::now() >= end {
            break;
        }
    }
    Ok(bytes)
}
