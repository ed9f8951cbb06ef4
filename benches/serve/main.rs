//! reelgate beside other servers, on the same file, in one run.
//!
//! 1. What is missing is [`install`]ed, and a network namespace of its own entered, if that is possible
//!    ([`namespace`]).
//! 2. Two files, of which every byte is known ([`material`]).
//! 3. For each scenario all [`peers`] are started and take turns, round by round; each run counts the
//!    processor time of the server's whole [`process`] tree and compares every byte ([`client`]).
//! 4. Medians, their ratios to nginx in the same run ([`table`]), and what they are worth beside what they should be
//!    ([`targets`]).
//!
//! [`soak`] is another thing: reelgate alone, for long.

mod client;
mod clock;
mod dice;
mod disk;
mod install;
mod material;
mod memory;
mod namespace;
mod peers;
mod process;
mod readme;
mod scenarios;
mod soak;
mod table;
mod targets;
mod tls;
mod wish;

use std::path::Path;
use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;
use std::{env, fs};

use anyhow::{Context, Result, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::runtime::Runtime;

use material::Material;
use peers::{COLD, FILM, Peer, Place, Running, floor, serve_dir};
use scenarios::{Scenario, Stage};
use table::Figures;
use tls::Tls;
use wish::{USAGE, Wish};

/// A little more than `is_at_rest` of reelgate's storage wants. A link counts as a touch.
const AT_REST: Duration = Duration::from_secs(32);

/// What the largest crowd takes, in a server that holds two a viewer and on this end.
const DESCRIPTORS: u64 = 32_768;

const QUICK: &str = "(a quick run: one or two rounds, 300 viewers instead of 2,000, 2,000 instead of 10,000)";

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let done = match env::args().nth(1).as_deref() {
        Some(serve_dir::MODE) => be_server(serve_dir::run, arguments.nth(1), arguments.next()),
        Some(floor::MODE) => be_server(floor::run, arguments.nth(1), arguments.next()),
        _ => Wish::read(arguments).and_then(|wish| measure(&wish)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn be_server(
    run: fn(&Path, std::net::SocketAddr) -> Result<()>,
    folder: Option<String>,
    address: Option<String>,
) -> Result<()> {
    run(Path::new(&folder.context(USAGE)?), address.context(USAGE)?.parse()?)
}

fn measure(wish: &Wish) -> Result<()> {
    // There is no way out of a network of one's own.
    if !wish.no_install && !namespace::is_inside() {
        install::what_is_missing();
    }
    namespace::enter()?;
    raise_descriptors()?;
    let folder = tempfile::Builder::new().prefix("serve-").tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let films = folder.path().join("films");
    fs::create_dir(&films)?;
    let place = Place {
        folder: folder.path().to_owned(),
        program: env!("CARGO_BIN_EXE_reelgate").into(),
        rival: wish.rival.clone(),
        logs: !wish.unlogged,
        tls: None,
        films,
    };
    let material = Material::write(&place.films.join(FILM), 1)?;
    let cold = Material::write(&place.films.join(COLD), 2)?;
    let peers = present(wish, &place);
    peers.iter().try_for_each(|peer| peer.link(&place))?;
    eprintln!("waiting {AT_REST:?}: reelgate copies what was touched lately");
    sleep(AT_REST);
    println!("{}", table::machine().join(" · "));
    if wish.is_soak() {
        return soak::run(&place, &material, Duration::from_secs(u64::from(wish.minutes.unwrap_or(10)) * 60));
    }
    compare(wish, &peers, &place, (&material, &cold))
}

fn compare(wish: &Wish, peers: &[Peer], place: &Place, material: (&Material, &Material)) -> Result<()> {
    let mut figures = Figures::with_caution(wish.quick.then_some(QUICK));
    let scenarios = wish.scenarios();
    for scenario in &scenarios {
        match (scenario.possible)(place) {
            Ok(()) => play(wish, scenario, peers, place, material, &mut figures)?,
            Err(why) => figures.note(scenario, &format!("{why:#}")),
        }
        println!("{}", figures.table(scenario));
    }
    println!("{}", targets::table(&figures));
    if let Some(path) = &wish.json {
        fs::write(path, format!("{:#}\n", figures.json(&scenarios)))?;
    }
    if let Some(path) = &wish.markdown {
        readme::write(path, &figures, &wish.command())?;
    }
    ensure!(!figures.has_failures(), "something failed, see above");
    Ok(())
}

/// Thousands of viewers are thousands of descriptors, here and in the servers that inherit the limit.
fn raise_descriptors() -> Result<()> {
    let hard = getrlimit(Resource::Nofile).maximum.map(|maximum| maximum.max(DESCRIPTORS));
    if setrlimit(Resource::Nofile, Rlimit { current: hard, maximum: hard }).is_ok() {
        return Ok(());
    }
    // Not even every root may raise the hard limit.
    let limit = getrlimit(Resource::Nofile);
    Ok(setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })?)
}

/// Who is measured. Who is wanted and cannot be is named.
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
    material: (&Material, &Material),
    figures: &mut Figures,
) -> Result<()> {
    let (usual, quick) = scenario.rounds;
    let rounds = wish.rounds.unwrap_or(if wish.quick { quick } else { usual });
    let mut servers = start(scenario, peers, place, figures)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for round in 1..=rounds {
        servers.retain(|server| {
            eprintln!("{}, round {round} of {rounds}: {}", scenario.name, server.peer.name());
            let run = run(scenario, &runtime, material, server, wish.quick);
            figures.add(scenario, server.peer, run)
        });
        // Whoever comes first, or after a heavy one, shall not always be the same.
        if !servers.is_empty() {
            servers.rotate_left(1);
        }
    }
    Ok(())
}

fn start(scenario: &Scenario, peers: &[Peer], place: &Place, figures: &mut Figures) -> Result<Vec<Running>> {
    let tls = scenario.tls.then(|| Tls::write(&place.folder)).transpose()?;
    let place = &Place { tls, ..place.clone() };
    let mut servers = Vec::new();
    for peer in peers.iter().copied().filter(|peer| (scenario.who)(*peer)) {
        match peer.missing_tls(place).filter(|_| scenario.tls) {
            Some(why) => figures.note(scenario, &format!("{}: {why}", peer.name())),
            None => match peer.start(place) {
                Ok(server) => servers.push(server),
                Err(error) => figures.fail(scenario, peer, &error),
            },
        }
    }
    Ok(servers)
}

fn run(
    scenario: &Scenario,
    runtime: &Runtime,
    (material, cold): (&Material, &Material),
    server: &Running,
    quick: bool,
) -> Result<Vec<f64>> {
    material.warm()?;
    (scenario.run)(&Stage { runtime, material, cold, server, quick })
}
