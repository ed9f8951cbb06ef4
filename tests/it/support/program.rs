//! The program's commands on a data folder.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// The program with a data folder; nothing of the environment reaches it.
#[derive(Debug, Clone)]
pub struct Program {
    pub data: PathBuf,
}

/// What a command did.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Program {
    pub fn new(data: impl Into<PathBuf>) -> Program {
        Program { data: data.into() }
    }

    /// A command with `--data`, to be changed and started by the caller.
    pub fn command<I: IntoIterator<Item = impl AsRef<OsStr>>>(&self, args: I) -> Command {
        let mut command = bare();
        command.args(args).arg("--data").arg(&self.data);
        command.current_dir(self.data.parent().unwrap_or(Path::new("/")));
        command
    }

    pub fn run<I: IntoIterator<Item = impl AsRef<OsStr>>>(&self, args: I) -> Ran {
        ran(self.command(args).stdin(Stdio::null()).output().unwrap())
    }

    /// A line is typed into its standard input.
    pub fn run_with_input<I: IntoIterator<Item = impl AsRef<OsStr>>>(&self, args: I, input: &str) -> Ran {
        let mut command = self.command(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A program that does not want it closes its end.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        ran(child.wait_with_output().unwrap())
    }

    /// A command that must succeed.
    pub fn ok(&self, line: &str) -> String {
        let ran = self.run(line.split(' '));
        assert_eq!(ran.code, Some(0), "{line}: {ran:?}");
        ran.stdout
    }

    /// A command that must succeed, with `--json`.
    pub fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.ok(&format!("{line} --json"))).unwrap()
    }

    /// A string of such a command's answer.
    pub fn json_text(&self, line: &str, key: &str) -> String {
        let value = self.json(line);
        value[key].as_str().unwrap_or_else(|| panic!("{line}: no {key} in {value}")).to_owned()
    }
}

/// The program without anything, not even our environment's settings.
pub fn bare() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_reelgate"));
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

/// What a command of the test's own did.
pub fn ran(output: Output) -> Ran {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}
