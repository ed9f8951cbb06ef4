//! What is asked for on the command line.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::peers::Peer;
use crate::scenarios::{self, Scenario};

pub const USAGE: &str = "usage: cargo bench --bench serve [-- OPTION... SCENARIO...]

Measures reelgate beside nginx, Caddy and tower-http's ServeDir on the same file in one run, byte for byte, in a network
of its own (as root). Debian packages that it needs are installed first, as root or with sudo.

scenarios: bulk1 bulk16 seek probe head newconn hangup tls ttfb seek_paced paced crowd slowdisk; without a name all
  soak           only if it is named, and alone: reelgate under mixed load, which must not grow

  --quick        fewer and shorter runs (4 minutes instead of 20)
  --rounds N     runs of each server in each scenario
  --peer NAME    only these (nginx is always there): reelgate, zero_copy, copying, secure_link, auth_request,
                 aio_threads, caddy, serve_dir; only by name: floor (sendfile and nothing else)
  --rival FILE   another build of reelgate, measured beside
  --unlogged     nobody writes an access log
  --minutes N    how long soak takes (10)
  --no-install   leave out what is not installed
  --json FILE    all figures, for machines
  --markdown FILE  the table of the README; in a file that has its marks, between them";

const SOAK: &str = "soak";

#[derive(Default)]
pub struct Wish {
    pub quick: bool,
    pub rounds: Option<u32>,
    peers: Vec<String>,
    pub rival: Option<PathBuf>,
    pub unlogged: bool,
    pub minutes: Option<u32>,
    pub no_install: bool,
    pub json: Option<PathBuf>,
    pub markdown: Option<PathBuf>,
    scenarios: Vec<String>,
    /// As it was typed.
    words: Vec<String>,
}

impl Wish {
    pub fn read(arguments: impl Iterator<Item = String>) -> Result<Wish> {
        // cargo says --bench to every bench.
        let words: Vec<String> = arguments.filter(|argument| argument != "--bench").collect();
        let mut arguments = words.clone().into_iter();
        let mut wish = Wish { words, ..Wish::default() };
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().with_context(|| format!("{argument} what?\n{USAGE}"));
            match argument.as_str() {
                "--quick" => wish.quick = true,
                "--unlogged" => wish.unlogged = true,
                "--no-install" => wish.no_install = true,
                "--rounds" => wish.rounds = Some(value()?.parse().context(USAGE)?),
                "--minutes" => wish.minutes = Some(value()?.parse().context(USAGE)?),
                "--peer" => wish.peers.push(value()?),
                "--rival" => wish.rival = Some(fs::canonicalize(value()?)?),
                "--json" => wish.json = Some(std::path::absolute(value()?)?),
                "--markdown" => wish.markdown = Some(std::path::absolute(value()?)?),
                "--help" | "-h" => bail!("{USAGE}"),
                SOAK => wish.scenarios.push(argument),
                name if scenarios::ALL.iter().any(|scenario| scenario.name == name) => {
                    wish.scenarios.push(argument);
                }
                _ => bail!("{argument}?\n{USAGE}"),
            }
        }
        wish.check()
    }

    fn check(self) -> Result<Wish> {
        let known = |name: &String| Peer::ALL.iter().any(|peer| peer.word() == name);
        if let Some(name) = self.peers.iter().find(|name| !known(name)) {
            bail!("{name}?\n{USAGE}");
        }
        if self.is_soak() && self.scenarios.len() > 1 {
            bail!("soak is measured alone\n{USAGE}");
        }
        Ok(self)
    }

    pub fn is_soak(&self) -> bool {
        self.scenarios.iter().any(|name| name == SOAK)
    }

    pub fn scenarios(&self) -> Vec<&'static Scenario> {
        let wanted = |scenario: &&Scenario| {
            self.scenarios.is_empty() || self.scenarios.iter().any(|name| name == scenario.name)
        };
        scenarios::ALL.iter().filter(wanted).collect()
    }

    pub fn wants_peer(&self, peer: Peer) -> bool {
        let named = self.peers.iter().any(|name| name == peer.word());
        let always = [Peer::Nginx, Peer::Rival].contains(&peer);
        named || always || (self.peers.is_empty() && peer != Peer::Floor)
    }

    /// The command that repeats this.
    pub fn command(&self) -> String {
        let words: Vec<_> = self.words.iter().map(String::as_str).collect();
        format!("cargo bench --bench serve -- {}", words.join(" "))
    }
}
