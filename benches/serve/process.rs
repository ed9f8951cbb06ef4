//! A server's processes: started, measured, ended.

use std::collections::HashMap;
use std::fs;
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};

use crate::clock;

/// A process and all that it starts. Ended when dropped.
pub struct Process(Child);

/// What a server holds at some moment.
#[derive(Clone, Copy)]
pub struct Holds {
    /// Memory of its own, in bytes: what is neither a file's nor shared.
    pub memory: u64,
    pub descriptors: u64,
    pub threads: u64,
}

/// How long a server may take to end by itself.
const GRACE: Duration = Duration::from_secs(3);
const LOOK: Duration = Duration::from_millis(10);

/// What the kernel counts processor time in, in `/proc/PID/stat`.
const TICK: Duration = Duration::from_millis(10);

impl Process {
    pub fn start(command: &mut Command) -> Result<Process> {
        let child =
            command.spawn().with_context(|| format!("{:?} cannot be started", command.get_program()))?;
        Ok(Process(child))
    }

    pub fn child(&mut self) -> &mut Child {
        &mut self.0
    }

    /// User and system time of the whole tree, to the nanosecond: all threads, also those that have ended. Only
    /// processes that have ended come in ticks, through their parents.
    pub fn cpu(&self) -> Duration {
        self.tree().into_iter().map(|pid| clock::of_process(pid) + of_ended_children(pid)).sum()
    }

    pub fn memory(&self) -> u64 {
        self.holds().memory
    }

    pub fn holds(&self) -> Holds {
        let tree = self.tree();
        let entries =
            |pid: u32, of: &str| fs::read_dir(format!("/proc/{pid}/{of}")).map_or(0, Iterator::count);
        let count = |of: &str| -> usize { tree.iter().map(|pid| entries(*pid, of)).sum() };
        Holds {
            memory: tree.iter().filter_map(|pid| own_memory(*pid)).sum(),
            descriptors: u64::try_from(count("fd")).unwrap_or(u64::MAX),
            threads: u64::try_from(count("task")).unwrap_or(u64::MAX),
        }
    }

    /// The process and what descends from it.
    pub fn tree(&self) -> Vec<u32> {
        let parents = parents();
        let mut tree = vec![self.0.id()];
        let mut next = 0;
        while let Some(parent) = tree.get(next).copied() {
            tree.extend(parents.iter().filter(|(_, of)| **of == parent).map(|(pid, _)| *pid));
            next += 1;
        }
        tree
    }

    fn has_ended(&mut self) -> bool {
        !matches!(self.0.try_wait(), Ok(None))
    }
}

impl Drop for Process {
    /// Asked first, for a master that is killed leaves its workers behind.
    fn drop(&mut self) {
        let tree = self.tree();
        signal(self.0.id(), Signal::TERM);
        let asked = Instant::now();
        while !self.has_ended() && asked.elapsed() < GRACE {
            sleep(LOOK);
        }
        if !self.has_ended() {
            for pid in tree {
                signal(pid, Signal::KILL);
            }
            // It was killed, so this ends.
            let _ = self.0.wait();
        }
    }
}

/// Processor and wall-clock time from here on.
pub struct Meter<'a> {
    process: &'a Process,
    cpu: Duration,
    begun: Instant,
}

impl<'a> Meter<'a> {
    pub fn start(process: &'a Process) -> Meter<'a> {
        Meter { process, cpu: process.cpu(), begun: Instant::now() }
    }

    /// Seconds of the server's processes, and on the wall.
    pub fn stop(self) -> (f64, f64) {
        let seconds = self.begun.elapsed().as_secs_f64();
        (self.process.cpu().saturating_sub(self.cpu).as_secs_f64(), seconds)
    }
}

fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        // Whoever is gone needs no signal.
        let _ = kill_process(pid, signal);
    }
}

/// The parent of every process.
fn parents() -> HashMap<u32, u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(|pid: u32| Some((pid, fields(pid)?.get(1)?.parse().ok()?))).collect()
}

/// `/proc/PID/stat` behind the name, which may hold anything: state, parent, …
fn fields(pid: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Some(text.rsplit_once(')')?.1.split_whitespace().map(str::to_owned).collect())
}

/// `cutime` and `cstime`.
fn of_ended_children(pid: u32) -> Duration {
    let fields = fields(pid).unwrap_or_default();
    let times = fields.get(13..15).unwrap_or_default();
    let ticks: u32 = times.iter().filter_map(|text| text.parse::<u32>().ok()).sum();
    TICK * ticks
}

fn own_memory(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    let kilobytes: u64 = kilobytes.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes * 1024)
}
