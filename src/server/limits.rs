//! How many connections fit below the descriptor limit.
//!
//! 1. The soft limit is raised to the hard one: 1,024 is a default from times of `select`.
//! 2. A reserve stays for files, the database and the listener; what is left are the seats.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files are shared between viewers, and so many different ones at a time are rare. Who finds no descriptor
/// for a file answers 503.
const LARGEST_RESERVE: u64 = 2048;

/// The number of descriptors that this process may open, after raising it; `None` without a limit.
pub(super) fn raise_descriptors() -> Option<u64> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if limit.current != limit.maximum && setrlimit(Resource::Nofile, raised).is_ok() {
        return limit.maximum;
    }
    limit.current
}

/// Half of the descriptors are kept while there are few of them, since each connection may stream a file of
/// its own.
pub(super) fn connections(wanted: usize, descriptors: Option<u64>) -> usize {
    let Some(descriptors) = descriptors else { return wanted };
    let reserve = descriptors.div_ceil(2).min(LARGEST_RESERVE);
    let seats = usize::try_from(descriptors - reserve).unwrap_or(usize::MAX);
    wanted.min(seats).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cap_stays_below_the_descriptor_limit() {
        let cases = [
            (10_000, None, 10_000, "no limit"),
            (10_000, Some(1_048_576), 10_000, "more than enough"),
            (10_000, Some(12_048), 10_000, "just enough with the full reserve"),
            (10_000, Some(12_047), 9_999, "one less"),
            (10_000, Some(4_096), 2_048, "the reserve is the half from here down"),
            (10_000, Some(1_024), 512, "the usual soft limit"),
            (10_000, Some(64), 32, "`ulimit -n 64`"),
            (10, Some(64), 10, "what is wanted is less than what fits"),
            (10_000, Some(1), 1, "it may fail later, but not by refusing everybody"),
            (10_000, Some(0), 1, "the same"),
        ];
        for (wanted, descriptors, seats, why) in cases {
            assert_eq!(connections(wanted, descriptors), seats, "{why}");
        }
    }

    #[test]
    fn raising_ends_at_the_hard_limit() {
        let raised = raise_descriptors();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!((raised, limit.current), (limit.maximum, limit.maximum));
    }
}
