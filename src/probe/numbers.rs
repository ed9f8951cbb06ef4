//! Numbers in bytes, of either order, wherever a format has put them.

/// Big-endian, at most eight bytes.
pub(super) fn big(bytes: &[u8], at: usize, len: usize) -> Option<u64> {
    let field = bytes.get(at..at.checked_add(len)?).filter(|_| len <= 8)?;
    Some(field.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

/// Little-endian, at most eight bytes.
pub(super) fn little(bytes: &[u8], at: usize, len: usize) -> Option<u64> {
    let field = bytes.get(at..at.checked_add(len)?).filter(|_| len <= 8)?;
    Some(field.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

/// A count of units, so many a second, in milliseconds.
pub(super) fn millis(units: u64, a_second: u64) -> Option<u64> {
    let millis = (u128::from(units) * 1_000).checked_div(u128::from(a_second))?;
    u64::try_from(millis).ok()
}

/// Seconds as a file has them; `None` for what is no length of time.
pub(super) fn seconds(seconds: f64) -> Option<u64> {
    let time = std::time::Duration::try_from_secs_f64(seconds).ok()?;
    u64::try_from(time.as_millis()).ok().filter(|millis| *millis > 0)
}

/// Where a mark begins.
pub(super) fn find(bytes: &[u8], mark: &[u8]) -> Option<usize> {
    bytes.windows(mark.len().max(1)).position(|window| window == mark)
}

/// Where it begins for the last time.
pub(super) fn rfind(bytes: &[u8], mark: &[u8]) -> Option<usize> {
    bytes.windows(mark.len().max(1)).rposition(|window| window == mark)
}
