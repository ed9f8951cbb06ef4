//! Playback in three real browsers, and by a replay of Apple's player that is stricter than any of them.
//!
//! 1. `film` makes the films once, each with a `clock` in its picture.
//! 2. `program` serves them as reelgate would; `reference` serves one of them, with a fault if asked to.
//! 3. `cases` lists what is tried, engine after engine, each case in a browser of its own.
//! 4. This file runs the cases that were asked for and counts them.

mod apple;
mod apple_cases;
mod axe;
mod browser_cases;
mod cases;
mod clock;
mod counted;
mod desk_cases;
mod embed_cases;
mod engine;
mod film;
mod house;
mod http;
mod listener;
mod marionette;
mod page;
mod page_cases;
mod people;
mod people_cases;
mod player;
mod process;
mod program;
mod reference;
mod tour;
mod tour_cases;
mod webdriver;

use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, bail};

use cases::{Case, World};

const USAGE: &str = "usage: browser [--list] [--retries N] [PART OF A NAME]...";

struct Wish {
    list: bool,
    retries: u32,
    parts: Vec<String>,
}

impl Wish {
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self> {
        let mut wish = Self { list: false, retries: 1, parts: Vec::new() };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--list" => wish.list = true,
                "--retries" => wish.retries = arguments.next().context(USAGE)?.parse().context(USAGE)?,
                part if !part.starts_with('-') => wish.parts.push(argument),
                _ => bail!(USAGE),
            }
        }
        Ok(wish)
    }

    fn wants(&self, case: &Case) -> bool {
        self.parts.is_empty() || self.parts.iter().any(|part| case.name.contains(part))
    }
}

fn main() -> ExitCode {
    let wish = match Wish::read(env::args().skip(1)) {
        Ok(wish) => wish,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    process::end_all_on_signal();
    let mut cases = cases::all();
    cases.retain(|case| wish.wants(case));
    if wish.list {
        for case in &cases {
            println!("{}", case.name);
        }
        return ExitCode::SUCCESS;
    }
    let world = World::default();
    let passed = cases.iter().filter(|case| stands(case, &world, wish.retries)).count();
    let failed = cases.len() - passed;
    drop(world);
    println!("{passed} passed, {failed} failed");
    ExitCode::from(u8::from(failed > 0))
}

/// Tries a case until it passes or has used up its retries, and prints one line a try.
fn stands(case: &Case, world: &World, retries: u32) -> bool {
    for rest in (0..=retries).rev() {
        let start = Instant::now();
        let outcome = attempt(case, world);
        let seconds = start.elapsed().as_secs_f32();
        match outcome {
            Ok(()) => {
                println!("ok    {} ({seconds:.1} s)", case.name);
                return true;
            }
            Err(error) if rest > 0 => println!("again {} ({seconds:.1} s): {error:#}", case.name),
            Err(error) => println!("FAIL  {} ({seconds:.1} s): {error:#}", case.name),
        }
    }
    false
}

/// A panic is a failure of this case only; what the case had started ends while the stack unwinds.
fn attempt(case: &Case, world: &World) -> Result<()> {
    catch_unwind(AssertUnwindSafe(|| case.run(world))).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no text");
        Err(anyhow!("the test itself crashed: {text}"))
    })
}
