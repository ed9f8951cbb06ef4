//! Connections that do not last: WebKitGTK opens one for each range, and every player hangs up on long answers.

use anyhow::Result;
use futures_util::future::try_join_all;

use super::{ANSWERS, Scenario, Stage, figures};
use crate::client::{Ask, Got, Wire};
use crate::dice::Dice;
use crate::material::LEN;
use crate::process::Meter;

pub const NEW: Scenario = Scenario {
    name: "newconn",
    what: "a new connection for each range of 64 KiB, 16 at a time",
    columns: ANSWERS,
    run: |stage| run(stage, |start| Ask::Part(start..start + RANGE), u64::MAX),
    ..Scenario::USUAL
};

pub const HANG_UP: Scenario = Scenario {
    name: "hangup",
    what: "a new connection for each `bytes=N-`, given up after 256 KiB, 16 at a time",
    columns: ANSWERS,
    run: |stage| run(stage, Ask::From, ENOUGH),
    ..Scenario::USUAL
};

const AT_A_TIME: u64 = 16;
const RANGE: u64 = 64 << 10;
const ENOUGH: u64 = 256 << 10;

fn run(stage: &Stage<'_>, ask: fn(u64) -> Ask, enough: u64) -> Result<Vec<f64>> {
    let each = stage.pick(150, 40);
    stage.runtime.block_on(async {
        let meter = Meter::start(&stage.server.process);
        let coming = (1..=AT_A_TIME).map(|seed| come_and_go(stage, seed, each, ask, enough));
        let got = try_join_all(coming).await?.concat();
        figures(&got, meter.stop())
    })
}

async fn come_and_go(
    stage: &Stage<'_>,
    seed: u64,
    times: u32,
    ask: fn(u64) -> Ask,
    enough: u64,
) -> Result<Vec<Got>> {
    let (mut dice, mut got) = (Dice::new(seed), Vec::new());
    for _ in 0..times {
        // Far enough from the end that there is something to give up.
        let ask = ask(dice.below(LEN / 2));
        let mut wire = Wire::open(&stage.server.film, stage.material).await?;
        got.push(wire.fetch_up_to(&ask, enough).await?);
    }
    Ok(got)
}
