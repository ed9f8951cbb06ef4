//! Time and chance. The one place that reads them; everybody else is given a [`Clock`] and [`Chance`].

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Seconds since 1970, as the database stores them.
pub type Seconds = i64;

/// The time since 1970, which never goes back while the program runs: a token that was seen to be over stays over
/// when somebody sets the clock back.
#[derive(Clone)]
pub struct Clock {
    source: Arc<dyn Fn() -> Duration + Send + Sync>,
    /// The latest time that was given out, in nanoseconds (good until 2554).
    latest: Arc<AtomicU64>,
}

impl Clock {
    /// The machine's clock. A time before 1970 counts as 1970.
    pub fn system() -> Clock {
        #[expect(clippy::disallowed_methods, reason = "this is the place where the clock is read")]
        Clock::from_source(|| SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
    }

    /// A clock that somebody moves by hand.
    pub fn from_source(source: impl Fn() -> Duration + Send + Sync + 'static) -> Clock {
        Clock { source: Arc::new(source), latest: Arc::default() }
    }

    /// The same clock, not before this time. True when the machine's clock is behind it.
    pub fn not_before(&self, earliest: Seconds) -> bool {
        let earliest = Duration::from_secs(u64::try_from(earliest).unwrap_or(0));
        let nanos = u64::try_from(earliest.as_nanos()).unwrap_or(u64::MAX);
        self.latest.fetch_max(nanos, Ordering::Relaxed);
        (self.source)() < earliest
    }

    /// What the machine's clock says, also when it has gone back: for comparison with times of files.
    pub fn machine(&self) -> Duration {
        (self.source)()
    }

    pub fn now(&self) -> Duration {
        let read = u64::try_from((self.source)().as_nanos()).unwrap_or(u64::MAX);
        let latest = self.latest.fetch_max(read, Ordering::Relaxed);
        Duration::from_nanos(latest.max(read))
    }

    pub fn seconds(&self) -> Seconds {
        seconds(self.now())
    }
}

/// Whole seconds of a time since 1970.
pub fn seconds(now: Duration) -> Seconds {
    Seconds::try_from(now.as_secs()).unwrap_or(Seconds::MAX)
}

/// RFC 3339, UTC.
pub fn rfc3339(time: Seconds) -> String {
    let since_1970 = Duration::from_secs(u64::try_from(time).unwrap_or(0));
    let time = UNIX_EPOCH.checked_add(since_1970);
    // Formatting stops at the year 9999.
    let time = time.filter(|_| since_1970.as_secs() < 253_402_300_800);
    time.map_or("for ever".to_owned(), |time| humantime::format_rfc3339_seconds(time).to_string())
}

/// How long something lasts: at least a second, and not beyond what a calendar can write.
pub fn parse_span(text: &str) -> Result<Duration, String> {
    const LONGEST: Duration = Duration::from_hours(24 * 366 * 1_000);
    let span = humantime::parse_duration(text).map_err(|error| format!("{error}; write 30s, 2h or 7d"))?;
    match span {
        span if span < Duration::from_secs(1) => Err("it would be over at once".to_owned()),
        span if span > LONGEST => Err("at most 1000 years; leave it away for no end".to_owned()),
        span => Ok(span),
    }
}

/// Random bytes of the operating system.
#[derive(Clone)]
pub struct Chance(Draw);

type Draw = Arc<dyn Fn(&mut [u8]) + Send + Sync>;

impl Chance {
    /// # Panics
    /// When the kernel has no random bytes to give, for then no token could be trusted.
    pub fn system() -> Chance {
        #[expect(clippy::disallowed_methods, reason = "this is the place where chance is read")]
        Chance(Arc::new(|bytes| getrandom::fill(bytes).expect("the kernel gives random bytes")))
    }

    /// Draws that repeat, for tests.
    pub fn from_source(source: impl Fn(&mut [u8]) + Send + Sync + 'static) -> Chance {
        Chance(Arc::new(source))
    }

    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.0)(&mut bytes);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_never_goes_back() {
        let machine = Arc::new(AtomicU64::new(1_000));
        let read = machine.clone();
        let clock = Clock::from_source(move || Duration::from_secs(read.load(Ordering::Relaxed)));
        let cases =
            [(1_000, 1_000, "as it is"), (4_600, 4_600, "forward"), (0, 4_600, "1970"), (4_601, 4_601, "on")];
        for (set, want, why) in cases {
            machine.store(set, Ordering::Relaxed);
            assert_eq!(clock.seconds(), want, "{why}");
        }
        assert_eq!(clock.machine(), Duration::from_secs(4_601));
        assert!(!clock.not_before(4_601));
        assert!(clock.not_before(9_000));
        assert_eq!(clock.seconds(), 9_000, "another start has seen more");
    }
}
