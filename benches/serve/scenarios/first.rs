//! The first byte of an answer, from the disk and from memory.

use std::time::Duration;

use anyhow::Result;

use super::{Column, Scenario, Stage, quantile};
use crate::client::{Ask, Wire};
use crate::dice::Dice;
use crate::material::LEN;

pub const BYTE: Scenario = Scenario {
    name: "ttfb",
    what: "the first byte of a range of 1 MiB, one viewer",
    columns: &[
        Column { title: "cold p50", unit: "ms" },
        Column { title: "cold p99", unit: "ms" },
        Column { title: "warm p50", unit: "ms" },
        Column { title: "warm p99", unit: "ms" },
    ],
    rounds: (2, 1),
    run,
    ..Scenario::USUAL
};

const RANGE: u64 = 1 << 20;

fn run(stage: &Stage<'_>) -> Result<Vec<f64>> {
    let times = stage.pick(100, 30);
    stage.runtime.block_on(async {
        let mut wires = stage.open(1).await?;
        wires[0].fetch(&Ask::Head).await?;
        let mut warm = ask(&mut wires[0], times, || Ok(())).await?;
        let mut cold = ask(&mut wires[0], times, || stage.material.evict()).await?;
        let both = [&mut cold, &mut warm];
        let figures = both.map(|took| Ok([quantile(took, 0.5)?, quantile(took, 0.99)?]));
        Ok(figures.into_iter().collect::<Result<Vec<_>>>()?.concat())
    })
}

async fn ask(wire: &mut Wire<'_>, times: u32, before: impl Fn() -> Result<()>) -> Result<Vec<Duration>> {
    let (mut dice, mut took) = (Dice::new(1), Vec::new());
    for _ in 0..times {
        before()?;
        let start = dice.below(LEN - RANGE);
        took.push(wire.fetch(&Ask::Part(start..start + RANGE)).await?.first);
    }
    Ok(took)
}
