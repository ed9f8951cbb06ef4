//! The processor clock of another process. It counts user and system time of all its threads to the nanosecond, and
//! keeps the time of those that have ended: `/proc/PID/task/*/schedstat` forgets them, and `/proc/PID/stat` counts in
//! hundredths of a second.

#![expect(unsafe_code, reason = "two system calls that rustix does not have for other processes")]

use std::time::Duration;

/// Zero if there is no such process.
pub fn of_process(pid: u32) -> Duration {
    let Ok(pid) = libc::pid_t::try_from(pid) else { return Duration::ZERO };
    let mut clock = libc::clockid_t::default();
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: both write to the variable they are given, which lives here.
    let failed = unsafe {
        libc::clock_getcpuclockid(pid, &raw mut clock) != 0 || libc::clock_gettime(clock, &raw mut time) != 0
    };
    if failed {
        return Duration::ZERO;
    }
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}
