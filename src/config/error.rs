//! Where a setting came from, and what to say when it is wrong.

use std::fmt;
use std::path::PathBuf;

/// The place where a setting was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    Default,
    /// `--listen`, or `DIR` for a positional argument.
    Flag(&'static str),
    Environment(String),
    /// Lines count from 1.
    File {
        path: PathBuf,
        line: usize,
    },
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Default => f.write_str("default"),
            Source::Flag(flag) if flag.starts_with("--") => write!(f, "flag {flag}"),
            Source::Flag(argument) => write!(f, "argument {argument}"),
            Source::Environment(name) => write!(f, "environment {name}"),
            Source::File { path, line } => write!(f, "{}:{line}", path.display()),
        }
    }
}

/// A setting that cannot stand: which one, where it was typed, what is wrong with it and what helps.
#[derive(Debug, thiserror::Error)]
#[error("{setting} ({origin}): {problem}\n  {cure}")]
pub struct ConfigError {
    pub setting: String,
    pub origin: Source,
    pub problem: String,
    pub cure: String,
}

/// What a parser finds wrong; it knows neither the key nor the place.
#[derive(Debug)]
pub(super) struct Fault {
    problem: String,
    cure: String,
}

impl Fault {
    pub(super) fn new(problem: impl Into<String>, cure: impl Into<String>) -> Fault {
        Fault { problem: problem.into(), cure: cure.into() }
    }

    pub(super) fn at(self, setting: impl Into<String>, origin: Source) -> ConfigError {
        ConfigError { setting: setting.into(), origin, problem: self.problem, cure: self.cure }
    }
}
