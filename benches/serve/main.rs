//! reelgate beside other servers, on the same file, in one run.
//!
//! 1. A network namespace of its own, if that is possible ([`namespace`]).
//! 2. One file, of which every byte is known ([`material`]).
//! 3. For each scenario all [`peers`] are started and take turns, round by round; each run counts the
//!    processor time of the server's whole [`process`] tree and compares every byte ([`client`]).
//! 4. Medians, and their ratios to nginx in the same run ([`table`]).

mod client;
mod dice;
mod material;
mod namespace;
mod peers;
mod process;
mod scenarios;
mod table;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;
use std::{env, fs};

use anyhow::{Context, Result, bail};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::runtime::Runtime;

use material::Material;
use peers::{Peer, Place, Running, serve_dir};
use scenarios::{Scenario, Stage};
use table::Figures;

const USAGE: &str = "usage: cargo bench --bench serve [-- OPTION... SCENARIO...]

  --quick        fewer and shorter runs (2 minutes)
  --rounds N     runs of each server in each scenario
  --peer NAME    only these (nginx is always there): reelgate, zero_copy, secure_link, auth_request, caddy, serve_dir
  --rival FILE   another build of reelgate, measured beside
  --unlogged     nobody writes an access log
  --json FILE    all figures, for machines";

/// A little more than `is_at_rest` of reelgate's storage wants. A link counts as a touch.
const AT_REST: Duration = Duration::from_secs(32);

#[derive(Default)]
struct Wish {
    quick: bool,
    rounds: Option<u32>,
    peers: Vec<String>,
    rival: Option<PathBuf>,
    unlogged: bool,
    json: Option<PathBuf>,
    scenarios: Vec<String>,
}

impl Wish {
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Wish> {
        let mut wish = Wish::default();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                // cargo says it to every bench.
                "--bench" => {}
                "--quick" => wish.quick = true,
                "--unlogged" => wish.unlogged = true,
                "--rounds" => wish.rounds = Some(arguments.next().context(USAGE)?.parse().context(USAGE)?),
                "--peer" => wish.peers.push(arguments.next().context(USAGE)?),
                "--rival" => wish.rival = Some(fs::canonicalize(arguments.next().context(USAGE)?)?),
                "--json" => wish.json = Some(std::path::absolute(arguments.next().context(USAGE)?)?),
                name if scenarios::ALL.iter().any(|scenario| scenario.name == name) => {
                    wish.scenarios.push(argument);
                }
                _ => bail!("{argument}?\n{USAGE}"),
            }
        }
        Ok(wish)
    }

    fn wants_scenario(&self, scenario: &Scenario) -> bool {
        self.scenarios.is_empty() || self.scenarios.iter().any(|name| name == scenario.name)
    }

    fn wants_peer(&self, peer: Peer) -> bool {
        let always = [Peer::Nginx, Peer::Rival].contains(&peer);
        always || self.peers.is_empty() || self.peers.iter().any(|name| name == peer.word())
    }
}

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let done = if env::args().nth(1).as_deref() == Some(serve_dir::MODE) {
        be_serve_dir(arguments.nth(1), arguments.next())
    } else {
        Wish::read(arguments).and_then(|wish| measure(&wish))
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn be_serve_dir(folder: Option<String>, address: Option<String>) -> Result<()> {
    serve_dir::run(Path::new(&folder.context(USAGE)?), address.context(USAGE)?.parse()?)
}

fn measure(wish: &Wish) -> Result<()> {
    namespace::enter()?;
    raise_descriptors()?;
    let folder = tempfile::Builder::new().prefix("serve-").tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let films = folder.path().join("films");
    fs::create_dir(&films)?;
    let place = Place {
        folder: folder.path().to_owned(),
        film: "film.mp4".to_owned(),
        program: env!("CARGO_BIN_EXE_reelgate").into(),
        rival: wish.rival.clone(),
        logs: !wish.unlogged,
        films,
    };
    let material = Material::write(&place.films.join(&place.film))?;
    let peers = present(wish, &place);
    peers.iter().try_for_each(|peer| peer.link(&place))?;
    eprintln!("waiting {AT_REST:?}: reelgate copies what was touched lately");
    sleep(AT_REST);
    println!("{}", table::machine().join(" · "));
    let mut figures = Figures::default();
    let scenarios: Vec<_> = scenarios::ALL.iter().filter(|scenario| wish.wants_scenario(scenario)).collect();
    for scenario in &scenarios {
        play(wish, scenario, &peers, &place, &material, &mut figures)?;
        println!("{}", figures.table(scenario));
    }
    if let Some(path) = &wish.json {
        fs::write(path, format!("{:#}\n", figures.json(&scenarios)))?;
    }
    Ok(())
}

/// Thousands of viewers are thousands of descriptors, here and in the servers that inherit the limit.
fn raise_descriptors() -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    Ok(setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })?)
}

fn present(wish: &Wish, place: &Place) -> Vec<Peer> {
    let wanted = Peer::ALL.into_iter().filter(|peer| wish.wants_peer(*peer));
    wanted
        .filter(|peer| match peer.missing(place) {
            Some(why) if *peer != Peer::Rival => {
                eprintln!("left out: {}: {why}", peer.name());
                false
            }
            missing => missing.is_none(),
        })
        .collect()
}

/// All rounds of a scenario.
fn play(
    wish: &Wish,
    scenario: &Scenario,
    peers: &[Peer],
    place: &Place,
    material: &Material,
    figures: &mut Figures,
) -> Result<()> {
    let (usual, quick) = scenario.rounds;
    let rounds = wish.rounds.unwrap_or(if wish.quick { quick } else { usual });
    let mut servers: Vec<Running> = peers.iter().map(|peer| peer.start(place)).collect::<Result<_>>()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for _ in 0..rounds {
        for server in &servers {
            let run = run(scenario, &runtime, material, server, wish.quick);
            let run = run.with_context(|| format!("{}, {}", scenario.name, server.peer.name()))?;
            figures.add(scenario, server.peer, run);
        }
        // Whoever comes first, or after a heavy one, shall not always be the same.
        servers.rotate_left(1);
    }
    Ok(())
}

fn run(
    scenario: &Scenario,
    runtime: &Runtime,
    material: &Material,
    server: &Running,
    quick: bool,
) -> Result<Vec<f64>> {
    material.warm()?;
    (scenario.run)(&Stage { runtime, material, server, quick })
}
