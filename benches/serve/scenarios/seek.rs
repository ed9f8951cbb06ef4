//! Viewers who jump: random ranges on connections that stay.

use anyhow::Result;
use futures_util::future::try_join_all;

use super::{ANSWERS, Scenario, Stage, figures};
use crate::client::{Ask, Got, Wire};
use crate::dice::Dice;
use crate::material::LEN;
use crate::process::Meter;

pub const SEEK: Scenario = Scenario {
    name: "seek",
    what: "random ranges of 64 KiB to 1 MiB, 64 connections",
    columns: ANSWERS,
    run,
    ..Scenario::USUAL
};

const CONNECTIONS: u32 = 64;

fn run(stage: &Stage<'_>) -> Result<Vec<f64>> {
    let each = stage.pick(60, 20);
    stage.runtime.block_on(async {
        let mut wires = stage.open(CONNECTIONS).await?;
        try_join_all(wires.iter_mut().map(|wire| wire.fetch(&Ask::Head))).await?;
        let meter = Meter::start(&stage.server.process);
        let dice = (1..).map(Dice::new);
        let jumping = wires.iter_mut().zip(dice).map(|(wire, dice)| jump(wire, dice, each));
        let got = try_join_all(jumping).await?.concat();
        figures(&got, meter.stop())
    })
}

async fn jump(wire: &mut Wire<'_>, mut dice: Dice, times: u32) -> Result<Vec<Got>> {
    let mut got = Vec::new();
    for _ in 0..times {
        let len = dice.between(64 << 10, 1 << 20);
        let start = dice.below(LEN - len);
        got.push(wire.fetch(&Ask::Part(start..start + len)).await?);
    }
    Ok(got)
}
