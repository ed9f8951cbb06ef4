//! So many of something in an hour, and no more, for each client.
//!
//! Memory is bounded as in [`super::attempts`]: clients fall into buckets by a secret hash, and those who share one share
//! its allowance.

use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock;
use governor::nanos::Nanos;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

/// About 40 bytes each while it is in use.
const BUCKETS: u64 = 1 << 16;

/// Our own clock, as the limiter reads it.
#[derive(Clone)]
struct Hands(crate::clock::Clock);

impl clock::Clock for Hands {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        self.0.now().into()
    }
}

/// What each client may still do. It grows again, evenly over the hour.
pub struct Allowance(
    RateLimiter<u64, DashMapStateStore<u64>, Hands, governor::middleware::NoOpMiddleware<Nanos>>,
    Hands,
    RandomState,
);

impl Allowance {
    pub fn an_hour(most: u32, clock: crate::clock::Clock) -> Allowance {
        let quota = Quota::per_hour(NonZeroU32::new(most).unwrap_or(NonZeroU32::MIN));
        let hands = Hands(clock);
        Allowance(RateLimiter::dashmap_with_clock(quota, hands.clone()), hands, RandomState::new())
    }

    /// Uses one. Else the seconds until there is one again.
    pub fn take(&self, client: IpAddr) -> Result<(), u32> {
        let bucket = self.2.hash_one(household(client)) % BUCKETS;
        self.0.check_key(&bucket).map_err(|not_before| {
            let wait: Duration = not_before.wait_time_from(clock::Clock::now(&self.1));
            u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1)
        })
    }
}

/// With version 6 a household has a whole /64 to ask from.
fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !(u128::MAX >> 64)).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::clock::Clock;

    #[test]
    fn an_allowance_is_used_up_and_grows_again() {
        let time = Arc::new(AtomicU64::new(1_800_000_000));
        let hand = Arc::clone(&time);
        let clock = Clock::from_source(move || Duration::from_secs(hand.load(Ordering::Relaxed)));
        let allowance = Allowance::an_hour(4, clock);
        let take = |address: &str| allowance.take(address.parse().unwrap());
        (0..4).for_each(|_| take("198.51.100.7").unwrap());
        let wait = take("198.51.100.7").unwrap_err();
        assert!((899..=901).contains(&wait), "a quarter of an hour, not {wait} s");
        take("198.51.100.8").expect("somebody else");
        (1..5).for_each(|host| take(&format!("2001:db8::{host}")).unwrap());
        take("2001:db8::9").expect_err("the same household");
        time.fetch_add(900, Ordering::Relaxed);
        take("198.51.100.7").expect("it has grown by one");
        take("198.51.100.7").expect_err("by one only");
    }

    #[test]
    fn memory_is_bounded() {
        let allowance = Allowance::an_hour(4, Clock::from_source(|| Duration::from_hours(500_000)));
        for number in 0_u32..200_000 {
            _ = allowance.take(IpAddr::from((u128::from(number) << 64).to_be_bytes()));
        }
        assert!(allowance.0.len() <= usize::try_from(BUCKETS).unwrap());
    }
}
