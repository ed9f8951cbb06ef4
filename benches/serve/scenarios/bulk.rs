//! Long answers, taken as fast as they come.

use anyhow::Result;
use futures_util::future::try_join_all;

use super::{Column, Scenario, Stage};
use crate::client::{Ask, Wire};
use crate::material::LEN;
use crate::peers::Peer;
use crate::process::Meter;

const COLUMNS: &[Column] = &[Column { title: "CPU per GB", unit: "s" }, Column { title: "GB/s", unit: "" }];

pub const ONE: Scenario = Scenario {
    name: "bulk1",
    what: "the whole file on one connection",
    columns: COLUMNS,
    run: |stage| run(stage, 1, 1),
    ..Scenario::USUAL
};

pub const SIXTEEN: Scenario = Scenario {
    name: "bulk16",
    what: "long ranges on 16 connections at once",
    columns: COLUMNS,
    run: |stage| run(stage, 16, stage.pick(2, 1)),
    ..Scenario::USUAL
};

pub const TLS: Scenario = Scenario {
    name: "tls",
    what: "long ranges on 16 connections at once over TLS 1.3 with AES-128-GCM",
    columns: COLUMNS,
    who: |peer| matches!(peer, Peer::Nginx | Peer::Reelgate | Peer::Rival | Peer::Caddy),
    tls: true,
    run: |stage| run(stage, 16, 1),
    ..Scenario::USUAL
};

fn run(stage: &Stage<'_>, connections: u32, times: u64) -> Result<Vec<f64>> {
    let share = LEN / u64::from(connections);
    stage.runtime.block_on(async {
        let mut wires = stage.open(connections).await?;
        let meter = Meter::start(&stage.server.process);
        let starts = (0..).map(|number| number * share);
        let fetching = wires.iter_mut().zip(starts).map(|(wire, start)| fetch(wire, start, share, times));
        let bytes: u64 = try_join_all(fetching).await?.iter().sum();
        let (cpu, seconds) = meter.stop();
        let gigabytes = f64::from(u32::try_from(bytes / 1_000_000)?) / 1e3;
        Ok(vec![cpu / gigabytes, gigabytes / seconds])
    })
}

async fn fetch(wire: &mut Wire<'_>, start: u64, share: u64, times: u64) -> Result<u64> {
    let ask = if share == LEN { Ask::Whole } else { Ask::Part(start..start + share) };
    let mut bytes = 0;
    for _ in 0..times {
        bytes += wire.fetch(&ask).await?.bytes;
    }
    Ok(bytes)
}
