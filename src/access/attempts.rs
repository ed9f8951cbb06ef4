//! How often somebody may try a password.
//!
//! Each try counts by its address, and by the user or the share that it is for; whichever is used up first says no.
//! Strangers who try a user's password must not lock that user out: who comes from a network where this user has logged
//! in before is counted apart, by user and network.
//!
//! Memory is bounded whatever comes: what is counted falls into one of [`BUCKETS`] by a secret hash. Two that share a
//! bucket share its tries, so with more attackers than buckets fewer tries are let through, never more.

use std::hash::{BuildHasher, Hash, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use moka::sync::Cache;

use super::client::truncated;

/// Of each kind. About 40 bytes each while it is in use.
const BUCKETS: u64 = 1 << 16;

/// Networks that users have logged in from; about 100 bytes each.
const MOST_HOMES: u64 = 20_000;

/// One address: a household or an office behind one address that forgets passwords.
const ADDRESS: Tries = Tries { at_once: 30, then_every: Duration::from_secs(6) };
/// One user, by strangers all together: about 3,000 a day.
const USER: Tries = Tries { at_once: 10, then_every: Duration::from_secs(30) };
/// One user from a network of his own.
const USER_AT_HOME: Tries = Tries { at_once: 20, then_every: Duration::from_secs(10) };
/// One share, by everybody all together: guests come at the same time.
const SHARE: Tries = Tries { at_once: 30, then_every: Duration::from_secs(10) };

/// Tries that are let through at once, and the time after which there is one more.
#[derive(Clone, Copy)]
struct Tries {
    at_once: u32,
    then_every: Duration,
}

/// Too many tries. Seconds until the next one makes sense, at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait(pub u32);

/// What was tried lately.
pub struct Attempts<C: Clock = MonotonicClock> {
    addresses: Limit<C>,
    users: Limit<C>,
    users_at_home: Limit<C>,
    shares: Limit<C>,
    /// Users and networks of good logins, also of those that have ended since.
    homes: Cache<u64, ()>,
    key: RandomState,
}

type Limit<C> = RateLimiter<u64, DashMapStateStore<u64>, C, NoOpMiddleware<<C as Clock>::Instant>>;

impl Attempts {
    pub fn new() -> Attempts {
        Attempts::with(&MonotonicClock)
    }
}

impl Default for Attempts {
    fn default() -> Attempts {
        Attempts::new()
    }
}

impl<C: Clock + Clone> Attempts<C> {
    fn with(clock: &C) -> Attempts<C> {
        let limit = |tries| RateLimiter::dashmap_with_clock(quota(tries), clock.clone());
        Attempts {
            addresses: limit(ADDRESS),
            users: limit(USER),
            users_at_home: limit(USER_AT_HOME),
            shares: limit(SHARE),
            homes: Cache::new(MOST_HOMES),
            key: RandomState::new(),
        }
    }

    /// Counts a try of a user's password. `user` is the name as it is compared, whether there is such a user or not;
    /// `is_at_home`: this user is known to have logged in from this network.
    pub fn login(&self, address: IpAddr, user: &str, is_at_home: bool) -> Result<(), Wait> {
        let home = (user, truncated(address));
        if is_at_home || self.homes.contains_key(&self.key.hash_one(home)) {
            return self.count(&self.users_at_home, home);
        }
        self.count(&self.addresses, place(address))?;
        self.count(&self.users, user)
    }

    /// A login was good: from now on the user is at home there.
    pub fn succeeded(&self, address: IpAddr, user: &str) {
        self.homes.insert(self.key.hash_one((user, truncated(address))), ());
    }

    /// Counts a try of a share's password.
    pub fn share(&self, address: IpAddr, share_id: &str) -> Result<(), Wait> {
        self.count(&self.addresses, place(address))?;
        self.count(&self.shares, share_id)
    }

    /// Forgets what no longer counts; to be called from time to time.
    pub fn forget_old(&self) {
        for limit in [&self.addresses, &self.users, &self.users_at_home, &self.shares] {
            limit.retain_recent();
            limit.shrink_to_fit();
        }
    }

    fn count(&self, limit: &Limit<C>, what: impl Hash) -> Result<(), Wait> {
        let bucket = self.key.hash_one(what) % BUCKETS;
        limit.check_key(&bucket).map_err(|no| {
            // Rounded up, so that the next try is not a moment too early.
            let wait = no.wait_time_from(limit.clock().now()).as_secs().saturating_add(1);
            Wait(u32::try_from(wait).unwrap_or(u32::MAX))
        })
    }
}

fn quota(tries: Tries) -> Quota {
    let quota = Quota::with_period(tries.then_every).unwrap_or(Quota::per_hour(NonZeroU32::MIN));
    quota.allow_burst(NonZeroU32::new(tries.at_once).unwrap_or(NonZeroU32::MIN))
}

/// What one person is given: an address of version 4, a /64 of version 6.
fn place(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !(u128::MAX >> 64)).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use governor::clock::FakeRelativeClock;

    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    /// How many of many tries are let through.
    fn let_through(mut one: impl FnMut() -> Result<(), Wait>) -> usize {
        (0..200).filter(|_| one().is_ok()).count()
    }

    #[test]
    fn tries_are_counted_by_address() {
        let attempts = Attempts::with(&FakeRelativeClock::default());
        let cases = [
            ("198.51.100.7", 30, "an address"),
            ("198.51.100.8", 30, "its neighbour"),
            ("::ffff:198.51.100.7", 0, "the first one on a dual-stack socket"),
            ("2001:db8:1:2::1", 30, "version 6"),
            ("2001:db8:1:2:3:4:5:6", 0, "another address of the same /64"),
            ("2001:db8:1:3::1", 30, "the next /64"),
        ];
        for (from, want, why) in cases {
            let mut number = 0;
            let found = let_through(|| {
                number += 1;
                attempts.login(address(from), &format!("{from} {number}"), false)
            });
            assert_eq!(found, want, "{why}");
        }
    }

    #[test]
    fn tries_are_counted_by_user_and_by_share_wherever_they_come_from() {
        let attempts = Attempts::with(&FakeRelativeClock::default());
        let mut number: u32 = 0;
        let mut elsewhere = || {
            number += 1;
            IpAddr::from((0xc633_6400 + number).to_be_bytes())
        };
        assert_eq!(let_through(|| attempts.login(elsewhere(), "ada", false)), 10);
        assert_eq!(let_through(|| attempts.share(elsewhere(), "s1")), 30);
        assert_eq!(let_through(|| attempts.share(elsewhere(), "s2")), 30);
    }

    #[test]
    fn strangers_do_not_lock_a_user_out() {
        let attempts = Attempts::with(&FakeRelativeClock::default());
        let (home, stranger) = (address("198.51.100.7"), address("203.0.113.9"));
        assert_eq!(let_through(|| attempts.login(stranger, "ada", false)), 10);
        assert_eq!(
            let_through(|| attempts.login(home, "bob", false)),
            10,
            "somebody tries others from there"
        );
        assert_eq!(
            let_through(|| attempts.login(home, "ada", true)),
            20,
            "and there is a limit at home, too"
        );
        assert!(attempts.login(address("203.0.113.10"), "eve", false).is_ok(), "others are not concerned");
        assert!(attempts.login(address("192.0.2.1"), "ada", false).is_err(), "nobody knows this network");
        attempts.succeeded(address("192.0.2.1"), "ada");
        assert!(attempts.login(address("192.0.2.200"), "ada", false).is_ok(), "and now it is known");
    }

    #[test]
    fn tries_come_back_with_time_and_are_forgotten() {
        let clock = FakeRelativeClock::default();
        let attempts = Attempts::with(&clock);
        let number = AtomicU32::new(0);
        let try_once = || {
            let from = 0xc633_6400 + number.fetch_add(1, Ordering::Relaxed);
            attempts.login(IpAddr::from(from.to_be_bytes()), "ada", false)
        };
        assert_eq!(let_through(try_once), 10);
        let wait = try_once().unwrap_err();
        assert!((1..=31).contains(&wait.0), "{wait:?}");
        clock.advance(Duration::from_secs(wait.0.into()));
        assert!(try_once().is_ok(), "as it was said");
        assert!(try_once().is_err());
        attempts.forget_old();
        assert!(try_once().is_err(), "what counts is not forgotten");
        clock.advance(Duration::from_hours(1));
        attempts.forget_old();
        assert_eq!(attempts.users.len() + attempts.addresses.len(), 0);
    }

    #[test]
    fn memory_is_bounded() {
        let attempts = Attempts::with(&FakeRelativeClock::default());
        for number in 0_u32..200_000 {
            let from = IpAddr::from((u128::from(number) << 64).to_be_bytes());
            _ = attempts.login(from, &number.to_string(), false);
        }
        let most = usize::try_from(BUCKETS).unwrap();
        assert!(attempts.users.len() <= most && attempts.addresses.len() <= most);
    }
}
