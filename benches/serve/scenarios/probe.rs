//! Questions without an answer worth the name: how Apple's player begins, and HEAD.

use anyhow::Result;
use futures_util::future::try_join_all;

use super::{ANSWERS, Scenario, Stage, figures};
use crate::client::{Ask, Got, Wire};
use crate::process::Meter;

pub const PROBE: Scenario = Scenario {
    name: "probe",
    what: "`bytes=0-1`, 16 connections",
    columns: ANSWERS,
    run: |stage| run(stage, &Ask::Part(0..2)),
    ..Scenario::USUAL
};

pub const HEAD: Scenario = Scenario {
    name: "head",
    what: "HEAD, 16 connections",
    columns: ANSWERS,
    run: |stage| run(stage, &Ask::Head),
    ..Scenario::USUAL
};

const CONNECTIONS: u32 = 16;

fn run(stage: &Stage<'_>, ask: &Ask) -> Result<Vec<f64>> {
    let each = stage.pick(2_000, 500);
    stage.runtime.block_on(async {
        let mut wires = stage.open(CONNECTIONS).await?;
        try_join_all(wires.iter_mut().map(|wire| repeat(wire, ask, 50))).await?;
        let meter = Meter::start(&stage.server.process);
        let got = try_join_all(wires.iter_mut().map(|wire| repeat(wire, ask, each))).await?.concat();
        figures(&got, meter.stop())
    })
}

async fn repeat(wire: &mut Wire<'_>, ask: &Ask, times: u32) -> Result<Vec<Got>> {
    let mut got = Vec::new();
    for _ in 0..times {
        got.push(wire.fetch(ask).await?);
    }
    Ok(got)
}
