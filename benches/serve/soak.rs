//! reelgate alone, under everything at once and for long: it must not grow.
//!
//! 1. Viewers who seek, probe, hang up and watch, each of them again and again.
//! 2. Every half minute a look at the server's memory, descriptors and threads.
//! 3. The last third of the looks is compared with the first; and when all have gone, so must their descriptors have.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use futures_util::future::{FutureExt as _, try_join, try_join_all};
use tokio::time::{interval_at, sleep};

use crate::client::{Ask, Pace, Wire};
use crate::dice::Dice;
use crate::material::{LEN, Material};
use crate::peers::{Peer, Place, Running};
use crate::process::Holds;
use crate::table::rounded;

const LOOK: Duration = Duration::from_secs(30);
/// So many at least, however short it is.
const LOOKS: u32 = 6;

/// More than the usual back and forth, and far less than a leak makes of ten minutes.
const MORE_MEMORY: f64 = 1.1;
const MORE_KIBIBYTES: f64 = 8.0 * 1024.0;
/// Connections come and go; the number of those that are open at a look differs a little.
const MORE_DESCRIPTORS: f64 = 40.0;
/// Files that are kept open, one a film, and what the database's readers opened when they were needed: ten.
const REST: u64 = 16;
const GOING: Duration = Duration::from_secs(10);

const SEEKERS: u64 = 8;
const PROBERS: u64 = 4;
const LEAVERS: u64 = 8;
const WATCHERS: u64 = 300;

/// 2 Mbit/s for ten seconds.
const PACE: Pace =
    Pace { portion: 62_500, every: Duration::from_millis(250), portions: 40, delay: Duration::ZERO };

/// What a viewer needs, and when to stop.
#[derive(Clone, Copy)]
struct Stage<'a> {
    server: &'a Running,
    material: &'a Material,
    end: Instant,
}

pub fn run(place: &Place, material: &Material, time: Duration) -> Result<()> {
    material.warm()?;
    let server = Peer::Reelgate.start(place)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let before = server.process.holds();
        print("before", before);
        let stage = Stage { server: &server, material, end: Instant::now() + time };
        let viewing = everybody(stage);
        let looking = look(stage, time);
        let (answers, looks) = try_join(viewing, looking).await?;
        println!("{answers} answers, every byte as it should be");
        judge(&looks)?;
        after(&server, before).await
    })
}

/// Until the end; the number of answers.
async fn everybody(stage: Stage<'_>) -> Result<u64> {
    let seekers = (0..SEEKERS).map(|seed| seek(stage, Dice::new(seed)).boxed_local());
    let probers = (0..PROBERS).map(|_| probe(stage).boxed_local());
    let leavers = (100..100 + LEAVERS).map(|seed| leave(stage, Dice::new(seed)).boxed_local());
    let watchers = (1000..1000 + WATCHERS).map(|seed| watch(stage, Dice::new(seed)).boxed_local());
    let all = seekers.chain(probers).chain(leavers).chain(watchers);
    Ok(try_join_all(all).await?.into_iter().sum())
}

async fn seek(stage: Stage<'_>, mut dice: Dice) -> Result<u64> {
    let (mut answers, mut wire) = (0, Wire::open(&stage.server.film, stage.material).await?);
    while Instant::now() < stage.end {
        let len = dice.between(64 << 10, 1 << 20);
        let start = dice.below(LEN - len);
        wire.fetch(&Ask::Part(start..start + len)).await?;
        answers += 1;
        sleep(Duration::from_millis(2)).await;
    }
    Ok(answers)
}

async fn probe(stage: Stage<'_>) -> Result<u64> {
    let (mut answers, mut wire) = (0, Wire::open(&stage.server.film, stage.material).await?);
    while Instant::now() < stage.end {
        wire.fetch(&Ask::Part(0..2)).await?;
        wire.fetch(&Ask::Head).await?;
        answers += 2;
        sleep(Duration::from_millis(1)).await;
    }
    Ok(answers)
}

async fn leave(stage: Stage<'_>, mut dice: Dice) -> Result<u64> {
    let mut answers = 0;
    while Instant::now() < stage.end {
        let mut wire = Wire::open(&stage.server.film, stage.material).await?;
        wire.fetch_up_to(&Ask::From(dice.below(LEN / 2)), 256 << 10).await?;
        answers += 1;
        sleep(Duration::from_millis(5)).await;
    }
    Ok(answers)
}

async fn watch(stage: Stage<'_>, mut dice: Dice) -> Result<u64> {
    let mut answers = 0;
    while Instant::now() + PACE.every * PACE.portions < stage.end {
        let mut wire = Wire::open(&stage.server.film, stage.material).await?;
        let delay = Duration::from_micros(dice.below(1_000_000));
        wire.watch(&Ask::From(dice.below(LEN / 2)), Pace { delay, ..PACE }).await?;
        answers += 1;
    }
    Ok(answers)
}

/// Not before all have come, and not while they go.
async fn look(stage: Stage<'_>, time: Duration) -> Result<Vec<Holds>> {
    let every = LOOK.min(time / (LOOKS + 1));
    let mut looks = Vec::new();
    let mut ticks = interval_at((Instant::now() + every).into(), every);
    let begun = Instant::now();
    let last = begun + time.saturating_sub(PACE.every * PACE.portions);
    while ticks.tick().await.into_std() < last {
        let holds = stage.server.process.holds();
        print(&format!("{:4} s", begun.elapsed().as_secs()), holds);
        looks.push(holds);
    }
    Ok(looks)
}

fn print(when: &str, holds: Holds) {
    let megabytes = rounded(float(kibibytes(&holds)) / 1024.0);
    println!("{when}: {megabytes} MiB, {} descriptors, {} threads", holds.descriptors, holds.threads);
}

fn judge(looks: &[Holds]) -> Result<()> {
    let third = looks.len() / 3;
    ensure!(third > 0, "too short to tell");
    let (first, last) = (&looks[..third], &looks[looks.len() - third..]);
    let (before, after) = (mean(first, kibibytes), mean(last, kibibytes));
    println!("memory, last third by first: ×{:.2}", after / before);
    ensure!(
        after <= before * MORE_MEMORY || after <= before + MORE_KIBIBYTES,
        "memory grows: {before:.0} KiB in the first third, {after:.0} in the last"
    );
    let (before, after) = (mean(first, |holds| holds.descriptors), mean(last, |holds| holds.descriptors));
    ensure!(after <= before + MORE_DESCRIPTORS, "descriptors grow: {before:.0}, then {after:.0}");
    Ok(())
}

/// All have hung up: so does the server, soon.
async fn after(server: &Running, before: Holds) -> Result<()> {
    let end = Instant::now() + GOING;
    let mut holds = server.process.holds();
    while holds.descriptors > before.descriptors + REST && Instant::now() < end {
        sleep(Duration::from_millis(200)).await;
        holds = server.process.holds();
    }
    print("after", holds);
    ensure!(holds.descriptors <= before.descriptors + REST, "connections stay when everybody has gone");
    println!("flat");
    Ok(())
}

fn mean(looks: &[Holds], of: impl Fn(&Holds) -> u64) -> f64 {
    looks.iter().map(|holds| float(of(holds))).sum::<f64>() / float(u64::try_from(looks.len()).unwrap_or(1))
}

fn kibibytes(holds: &Holds) -> u64 {
    holds.memory / 1024
}

/// Exact below four thousand million, and kibibytes of memory are not more.
fn float(number: u64) -> f64 {
    u32::try_from(number).map_or(f64::INFINITY, f64::from)
}
