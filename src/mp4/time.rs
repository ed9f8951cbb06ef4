//! Times and rates as the file has them: whole numbers, and no floating point that rounds them.
//!
//! 1. [`Span`] is a number of ticks of a clock with so many ticks a second.
//! 2. [`Ratio`] is a rate such as 30000/1001.

use std::fmt;

/// A length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub ticks: u64,
    /// Ticks a second, never 0.
    pub timescale: u32,
}

impl Span {
    /// `None` for a clock that does not tick.
    #[must_use]
    pub fn new(ticks: u64, timescale: u32) -> Option<Self> {
        (timescale > 0).then_some(Self { ticks, timescale })
    }

    /// Rounded down.
    #[must_use]
    pub fn millis(&self) -> u64 {
        let millis = u128::from(self.ticks) * 1_000 / u128::from(self.timescale.max(1));
        u64::try_from(millis).unwrap_or(u64::MAX)
    }
}

/// A fraction in lowest terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio {
    pub numerator: u64,
    /// Never 0.
    pub denominator: u64,
}

impl Ratio {
    /// `None` for a denominator of 0 and for what does not fit in lowest terms.
    #[must_use]
    pub fn new(numerator: u128, denominator: u128) -> Option<Self> {
        let divisor = greatest_common_divisor(numerator, denominator);
        let reduced = |number: u128| u64::try_from(number.checked_div(divisor)?).ok();
        let (numerator, denominator) = (reduced(numerator)?, reduced(denominator)?);
        (denominator > 0).then_some(Self { numerator, denominator })
    }

    /// In thousandths, rounded: 29970 for 30000/1001.
    #[must_use]
    pub fn millis(&self) -> u64 {
        let denominator = u128::from(self.denominator.max(1));
        let millis = (u128::from(self.numerator) * 1_000 + denominator / 2) / denominator;
        u64::try_from(millis).unwrap_or(u64::MAX)
    }
}

impl fmt::Display for Ratio {
    /// With up to three places, as people write frame rates: `25`, `29.97`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.millis() / 1_000, self.millis() % 1_000);
        let places = format!("{rest:03}");
        match places.trim_end_matches('0') {
            "" => write!(f, "{whole}"),
            places => write!(f, "{whole}.{places}"),
        }
    }
}

/// Euclid's; at most 190 steps for 128 bits.
fn greatest_common_divisor(a: u128, b: u128) -> u128 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}
