//! The command line: one file a command family. Each parses, calls one use case, prints a table or JSON.

mod account;
mod base;
mod demo;
mod doctor;
mod doctor_report;
mod first_admin;
mod health;
mod key;
mod library;
mod output;
#[cfg(feature = "tls")]
mod pinned;
mod probe;
mod serve;
mod settings;
mod share;
mod store;
mod token;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::clock::Clock;
use crate::config::{ConfigArgs, ConfigError, ServeArgs};
use crate::telemetry;

use output::Output;

/// Serves private video: a URL with a token, checked, and streamed with exact byte ranges.
#[derive(Parser, Debug)]
#[command(
    name = "reelgate",
    version,
    args_conflicts_with_subcommands = true,
    after_help = "\
Begin with:
  reelgate demo                    a sample video, a page and a URL that play
  reelgate ./videos                serve a folder on http://127.0.0.1:8080
  reelgate user add ada --grant videos
  reelgate token create ada        a token for URLs: /m/ID?token=TOKEN
  reelgate doctor FILE|URL         will it play, and if not, why"
)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,

    /// Serves these folders when no command is given
    #[command(flatten)]
    serve: ServeArgs,

    #[command(flatten)]
    config: ConfigArgs,

    /// Print JSON instead of tables and sentences
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Try it out: a temporary data folder, a sample video, and URLs that play
    Demo(demo::DemoArgs),
    /// Serve folders (a bare `reelgate DIR` does the same)
    Serve(ServeArgs),
    /// Who may watch
    #[command(subcommand)]
    User(account::UserCommand),
    /// What a user may watch
    #[command(subcommand)]
    Grant(account::GrantCommand),
    /// Tokens that open videos
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Links for people without an account
    #[command(subcommand)]
    Share(share::ShareCommand),
    /// Keys that sign URLs
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Sign a URL path
    Sign(key::SignArgs),
    /// Say whether a signed URL is good
    Verify(key::VerifyArgs),
    /// Look through folders for videos, and into those that are new
    Scan(library::ScanArgs),
    /// List the videos: what is in them, and whether they play
    Items(library::ItemsArgs),
    /// Say whether a video plays in Safari, Chrome and Firefox, why not, and what cures it
    Doctor(doctor::DoctorArgs),
    /// Say what is in a file, and whether it is whole
    Probe(probe::ProbeArgs),
    /// Settings
    #[command(subcommand)]
    Config(settings::ConfigCommand),
    /// Print the OpenAPI description of the JSON API
    Openapi,
    /// Print a completion script for a shell
    Completions {
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Ask a running server whether it answers
    Healthcheck(health::HealthArgs),
}

/// Parses the arguments and carries them out.
pub fn main() -> ExitCode {
    // Database, keys and locks are for this user alone, whatever the shell's mask says.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    keep_memory_private();
    let cli = Cli::parse();
    let output = Output::new(cli.json);
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            return failed(output, &anyhow::Error::new(error).context("no threads could be started"));
        }
    };
    let done = runtime.block_on(run(cli, output));
    // A file call on a disk that hangs must not keep the process from ending.
    runtime.shutdown_background();
    telemetry::flush_all();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(output, &error),
    }
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    // Each library may hold 32 threads while its disk does not answer; the others, and the database, need theirs.
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(4096)
        .on_thread_park(telemetry::flush)
        .build()
}

/// A core dump, or another process of this user, would show the secrets that this one holds. A kernel that refuses
/// leaves them as safe as every other program's.
fn keep_memory_private() {
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

fn failed(output: Output, error: &anyhow::Error) -> ExitCode {
    output.error(error);
    let misused = error.is::<Misuse>() || error.is::<ConfigError>();
    if misused { ExitCode::from(2) } else { ExitCode::FAILURE }
}

/// The command makes no sense as it was typed: exit status 2, as for what clap finds.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Misuse(String);

async fn run(cli: Cli, output: Output) -> anyhow::Result<()> {
    let config = cli.config;
    match cli.command {
        None => serve::run(&config, &cli.serve, output).await,
        Some(Command::Serve(args)) => serve::run(&config, &args, output).await,
        Some(Command::Demo(args)) => demo::run(&args, output).await,
        Some(Command::User(command)) => account::user(&config, command, output).await,
        Some(Command::Grant(command)) => account::grant(&config, command, output).await,
        Some(Command::Token(command)) => token::run(&config, command, output).await,
        Some(Command::Share(command)) => share::run(&config, command, output).await,
        Some(Command::Key(command)) => key::run(&config, command, output).await,
        Some(Command::Sign(args)) => key::sign(&config, &args, output).await,
        Some(Command::Verify(args)) => key::verify(&config, &args, output).await,
        Some(Command::Scan(args)) => library::scan(&config, args, output).await,
        Some(Command::Items(args)) => library::items(&config, &args, output).await,
        Some(Command::Doctor(args)) => doctor::run(&config, &args, output).await,
        Some(Command::Probe(args)) => probe::run(&args, &Clock::system(), output),
        Some(Command::Config(command)) => settings::run(&config, &command, output),
        Some(Command::Openapi) => output::print(crate::api::document()),
        Some(Command::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "reelgate", &mut script);
            output::print(String::from_utf8_lossy(&script).trim_end())
        }
        Some(Command::Healthcheck(args)) => health::run(&config, &args, output).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_bare_folder_is_served() {
        let cli =
            Cli::try_parse_from(["reelgate", "./videos", "--listen", "127.0.0.1:0", "--data", "d"]).unwrap();
        assert!(cli.command.is_none());
        assert_eq!(cli.serve.dirs.len(), 1);
        assert!(cli.config.data.is_some());
        let cli = Cli::try_parse_from(["reelgate", "user", "list", "--json", "--data", "d"]).unwrap();
        assert!(matches!(cli.command, Some(Command::User(_))) && cli.json && cli.config.data.is_some());
    }
}
