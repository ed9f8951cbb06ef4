//! A child process and everything that came of it, ended together.
//!
//! Browsers leave the process group that they are started in, so each child gets a mark in its environment, which its
//! descendants inherit; whoever carries the mark is killed when the [`Process`] is dropped.

use std::fs;
use std::io;
use std::process::{Child, ChildStdout, Command, Stdio, exit, id};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use anyhow::{Result, anyhow};
use rustix::process::{Pid, Signal, kill_process};
use tokio::runtime;
use tokio::signal::unix::{SignalKind, signal};

const VARIABLE: &str = "BROWSER_TEST";

/// Ends one child only, so it closes with `/`: 12 is not to be found in 123.
fn mark(number: u64) -> String {
    format!("{}{number}/", common_mark())
}

fn common_mark() -> String {
    format!("{VARIABLE}={}/", id())
}

pub(crate) struct Process {
    child: Child,
    mark: String,
}

impl Process {
    /// Starts a program with no input; `package` is the Debian package that brings it.
    pub(crate) fn start(command: &mut Command, package: &str) -> Result<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let mark = mark(NUMBER.fetch_add(1, Ordering::Relaxed));
        let value = mark.trim_start_matches(VARIABLE).trim_start_matches('=');
        let child = command.env(VARIABLE, value).stdin(Stdio::null()).spawn();
        let child = child.map_err(|error| unstarted(command, package, &error))?;
        Ok(Self { child, mark })
    }

    pub(crate) fn stdout(&mut self) -> Result<ChildStdout> {
        self.child.stdout.take().ok_or_else(|| anyhow!("its output is not piped"))
    }
}

/// Why a program did not start, with the package that brings it if it is not there.
pub(crate) fn unstarted(command: &Command, package: &str, error: &io::Error) -> anyhow::Error {
    let program = command.get_program().display();
    if error.kind() == io::ErrorKind::NotFound {
        return anyhow!("{program} is missing: apt-get install {package}");
    }
    anyhow!("{program} does not start: {error}")
}

impl Drop for Process {
    fn drop(&mut self) {
        sweep(&self.mark);
        // It was just killed; there is nobody to tell that it could not be waited for.
        let _ = self.child.wait();
    }
}

/// Kills until nobody is left who carries the mark: somebody may have forked meanwhile.
fn sweep(mark: &str) {
    for _ in 0..20 {
        let marked = marked(mark);
        if marked.is_empty() {
            return;
        }
        for pid in marked {
            // It may have ended between the two.
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

fn marked(mark: &str) -> Vec<Pid> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let numbers = names.filter_map(|name| name.parse::<i32>().ok());
    numbers.filter(|number| carries(*number, mark)).filter_map(Pid::from_raw).collect()
}

fn carries(number: i32, mark: &str) -> bool {
    fs::read(format!("/proc/{number}/environ")).is_ok_and(|environment| {
        environment.split(|byte| *byte == 0).any(|it| it.starts_with(mark.as_bytes()))
    })
}

/// A test that is interrupted ends its browsers first.
pub(crate) fn end_all_on_signal() {
    thread::spawn(|| {
        let runtime = runtime::Builder::new_current_thread().enable_io().build();
        let waited = runtime.and_then(|runtime| {
            runtime.block_on(async {
                let mut interrupt = signal(SignalKind::interrupt())?;
                let mut terminate = signal(SignalKind::terminate())?;
                tokio::select! { _ = interrupt.recv() => {} _ = terminate.recv() => {} }
                io::Result::Ok(())
            })
        });
        if waited.is_ok() {
            sweep(&common_mark());
            exit(130);
        }
    });
}
