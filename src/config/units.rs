//! Durations and sizes as people write them.

use std::time::Duration;

use super::error::Fault;

const KIB: usize = 1024;
const UNITS: [(&str, usize); 8] = [
    ("", 1),
    ("b", 1),
    ("kib", KIB),
    ("mib", KIB * KIB),
    ("gib", KIB * KIB * KIB),
    ("kb", 1000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
];

pub(super) fn duration(text: &str) -> Result<Duration, Fault> {
    humantime::parse_duration(text).map_err(|_| {
        Fault::new(
            format!("{text:?} is not a duration"),
            "write a number with its unit, such as 500ms, 30s, 2h or 7d",
        )
    })
}

pub(super) fn duration_text(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}

pub(super) fn size(text: &str) -> Result<usize, Fault> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim().to_ascii_lowercase();
    let factor = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor);
    let bytes = factor.and_then(|factor| number.parse::<usize>().ok()?.checked_mul(factor));
    bytes.ok_or_else(|| {
        Fault::new(
            format!("{text:?} is not a size"),
            "write bytes, or a number with its unit, such as 32KiB or 64MiB",
        )
    })
}

/// The largest binary unit that loses nothing.
pub(super) fn size_text(bytes: usize) -> String {
    let units = [("GiB", KIB * KIB * KIB), ("MiB", KIB * KIB), ("KiB", KIB)];
    match units.iter().find(|(_, factor)| bytes > 0 && bytes.is_multiple_of(*factor)) {
        Some((unit, factor)) => format!("{}{unit}", bytes / factor),
        None => bytes.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        let cases = [
            ("512", Some(512), "plain bytes"),
            ("32KiB", Some(32_768), "binary"),
            ("64 MiB", Some(67_108_864), "a space before the unit"),
            ("1gib", Some(1_073_741_824), "any case"),
            ("2MB", Some(2_000_000), "decimal"),
            ("", None, "nothing"),
            ("KiB", None, "no number"),
            ("-1", None, "negative"),
            ("1.5MiB", None, "no fractions"),
            ("1K", None, "which one?"),
            ("٣KiB", None, "digits are ASCII"),
            ("18446744073709551615KiB", None, "overflow"),
        ];
        for (text, want, why) in cases {
            assert_eq!(size(text).ok(), want, "{why}: {text:?}");
        }
    }

    #[test]
    fn a_size_is_printed_as_it_would_be_typed() {
        for (bytes, want) in
            [(0, "0"), (1000, "1000"), (32_768, "32KiB"), (1 << 20, "1MiB"), (3 << 30, "3GiB")]
        {
            assert_eq!(size_text(bytes), want);
            assert_eq!(size(want).ok(), Some(bytes));
        }
    }

    #[test]
    fn durations_need_a_unit() {
        let cases = [
            ("30s", Some(30)),
            ("2h", Some(7200)),
            ("7d", Some(604_800)),
            ("1m 30s", Some(90)),
            ("30", None),
        ];
        for (text, want) in cases {
            assert_eq!(duration(text).ok().map(|duration| duration.as_secs()), want, "{text}");
        }
    }
}
