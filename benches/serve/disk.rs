//! A disk that is slow for some processes: a control group whose reads the kernel holds back.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process;

use anyhow::{Context, Result, ensure};
use rustix::fs::{major, minor};

const V1: &str = "/sys/fs/cgroup/blkio";
const V2: &str = "/sys/fs/cgroup";

/// The group; ends when dropped.
pub struct Held {
    group: PathBuf,
    parent: PathBuf,
}

impl Held {
    /// Holds reads from the disk of this file to so many bytes a second, for who is [`Held::take`]n in.
    pub fn new(file: &Path, rate: u64) -> Result<Held> {
        let device = disk_of(file)?;
        let (parent, limit, line) = if Path::new(V1).join("blkio.throttle.read_bps_device").exists() {
            (V1, "blkio.throttle.read_bps_device", format!("{device} {rate}"))
        } else {
            ensure!(Path::new(V2).join("cgroup.controllers").exists(), "no control groups for disks here");
            write(&Path::new(V2).join("cgroup.subtree_control"), "+io")?;
            (V2, "io.max", format!("{device} rbps={rate}"))
        };
        let parent = PathBuf::from(parent);
        let group = parent.join(format!("serve-bench-{}", process::id()));
        fs::create_dir(&group).with_context(|| format!("no control group {}", group.display()))?;
        let held = Held { group, parent };
        write(&held.group.join(limit), &line)?;
        Ok(held)
    }

    pub fn take(&self, processes: &[u32]) -> Result<()> {
        processes.iter().try_for_each(|pid| write(&self.group.join("cgroup.procs"), &pid.to_string()))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let inside = fs::read_to_string(self.group.join("cgroup.procs")).unwrap_or_default();
        for pid in inside.lines() {
            // Who has ended meanwhile needs no other group.
            let _ = write(&self.parent.join("cgroup.procs"), pid);
        }
        if let Err(error) = fs::remove_dir(&self.group) {
            eprintln!("warning: {} stays: {error}", self.group.display());
        }
    }
}

/// `MAJOR:MINOR` of the disk, also if the file lies on a partition of it: only whole disks are held back.
fn disk_of(file: &Path) -> Result<String> {
    let device = fs::metadata(file)?.dev();
    let number = format!("{}:{}", major(device), minor(device));
    let entry = fs::canonicalize(format!("/sys/dev/block/{number}"))
        .with_context(|| format!("{} is not on a disk of its own", file.display()))?;
    let disk = if entry.join("partition").exists() { entry.join("..") } else { entry };
    Ok(fs::read_to_string(disk.join("dev"))?.trim().to_owned())
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("{text:?} into {}", path.display()))
}
