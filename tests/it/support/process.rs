//! What a process takes of the machine, as `/proc` tells it.

use std::fs;
use std::process::Command;
use std::time::Duration;

use super::http::get;
use super::server::{Server, Setup};

/// A running process.
#[derive(Debug, Clone, Copy)]
pub struct Process(pub i32);

impl Process {
    /// Time on the processors so far, in the kernel's ticks of a hundredth of a second.
    pub fn cpu_time(self) -> Duration {
        let stat = self.read("stat");
        // The name in brackets may hold spaces; utime and stime are the 12th and 13th field behind it.
        let (_, fields) = stat.rsplit_once(')').unwrap();
        let ticks: u64 =
            fields.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum();
        Duration::from_millis(ticks * 10)
    }

    pub fn descriptors(self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.0)).unwrap().count()
    }

    pub fn threads(self) -> usize {
        fs::read_dir(format!("/proc/{}/task", self.0)).unwrap().count()
    }

    /// The most memory that it had at once, in bytes.
    pub fn peak_memory(self) -> u64 {
        let status = self.read("status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }

    /// A file of its folder below `/proc`.
    pub fn read(self, name: &str) -> String {
        String::from_utf8_lossy(&fs::read(format!("/proc/{}/{name}", self.0)).unwrap()).into_owned()
    }
}

impl Server {
    pub fn process(&self) -> Process {
        Process(self.pid())
    }

    /// The value of a metric without labels; its name without `reelgate_`.
    pub fn metric(&self, name: &str) -> u64 {
        reading(self.send(&get("/metrics")).text(), name)
    }
}

/// The value of a metric without labels in what `/metrics` says.
pub fn reading(metrics: &str, name: &str) -> u64 {
    let line = metrics
        .lines()
        .find_map(|line| line.strip_prefix("reelgate_")?.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no metric {name} in {metrics}")).parse().unwrap()
}

impl Setup {
    /// Starts the server in the place of a shell that has run this before: limits and signals are inherited.
    pub fn start_in_shell(self, before: &str) -> Server {
        let serve = self.command();
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!("{before}; exec \"$0\" \"$@\""));
        command.arg(serve.get_program()).args(serve.get_args()).current_dir(self.folder());
        command.env_clear();
        for (name, value) in serve.get_envs() {
            command.env(name, value.unwrap_or_default());
        }
        self.start_by(&mut command)
    }
}
