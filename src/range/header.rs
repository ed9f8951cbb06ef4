//! Reads `Range` and writes `Content-Range` (RFC 9110 §14.1.1, §14.1.2, §14.2, §14.4).
//!
//! A `Range` is `bytes=` and a list of members. On a file of `len` bytes, HTTP's closed intervals become
//! half-open ones at once:
//!
//! | member | meaning | becomes |
//! |---|---|---|
//! | `a-b` | first and last position | `a .. min(b + 1, len)` |
//! | `a-` | from a position to the end | `a .. len` |
//! | `-n` | the last `n` bytes | `len - min(n, len) .. len` |
//!
//! A member whose interval comes out empty is unsatisfiable. So only `Spec::resolve`, which reads, and
//! [`ByteRange::content_range`], which writes, know that HTTP counts the last byte in.
//!
//! The parser is ours and not that of the crate `http-range-header`: it differs in what a file server must
//! decide for itself (overlaps, limits, empty files). The crate is the oracle of the tests in `oracle.rs`,
//! where every difference is listed with its reason.

use http::{HeaderMap, HeaderValue, header};
use smallvec::SmallVec;

use super::Asked;

/// The most parts that one response carries, counted after joining.
pub const MAX_PARTS: usize = 16;

/// The most list elements, empty ones included, that are looked at; with more the header is ignored.
/// A head of 32 KiB has room for 16,000 of them, and nobody means so many (RFC 9110 §17.15). §5.6.1.2 asks
/// for patience with empty elements only within reason.
const MAX_ELEMENTS: usize = 1_000;

/// White space that may stand around list elements (RFC 9110 §5.6.3).
const OWS: [char; 2] = [' ', '\t'];

/// A range of bytes of one file: half-open, never empty, inside the file. Positions count bytes from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ByteRange {
    start: u64,
    end: u64,
}

impl ByteRange {
    /// The bytes from `start` up to, not including, `end` of a file of `len` bytes; `None` if there are none
    /// or if they do not all exist.
    #[must_use]
    pub fn new(start: u64, end: u64, len: u64) -> Option<Self> {
        (start < end && end <= len).then_some(Self { start, end })
    }

    /// The position of the first byte.
    #[must_use]
    pub fn start(&self) -> u64 {
        self.start
    }

    /// The position after the last byte.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.end
    }

    /// The number of bytes, at least 1.
    #[must_use]
    #[allow(
        clippy::len_without_is_empty,
        reason = "a range is never empty; is_empty would invite dead branches"
    )]
    pub fn len(&self) -> u64 {
        self.end - self.start
    }

    /// The value of `Content-Range` (§14.4) for this part of a file of `total` bytes: `bytes 0-1/611610`.
    #[must_use]
    pub fn content_range(&self, total: u64) -> String {
        // `end` is at least 1, so the closed form's last position exists.
        let [mut first, mut last, mut all] = [itoa::Buffer::new(); 3];
        let numbers = [first.format(self.start), last.format(self.end - 1), all.format(total)];
        ["bytes ", numbers[0], "-", numbers[1], "/", numbers[2]].concat()
    }
}

/// The value of `Content-Range` on a 416 (§14.4, §15.5.17): `bytes */611610`, from which players learn the
/// length of `total` bytes.
#[must_use]
pub fn unsatisfied(total: u64) -> String {
    format!("bytes */{total}")
}

/// Nearly every request is for one range; of so many nothing is allocated.
type Few<T> = SmallVec<[T; 1]>;

/// What a request says about ranges, before any file is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requested(Set);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Set {
    Absent,
    /// §14.2: an unknown unit must be ignored, and a malformed set may be.
    Ignored,
    /// Well-formed; at least one member.
    Specs(Few<Spec>),
}

/// One member of the set. Numbers beyond `u64` stand at `u64::MAX`, which is not a position in any file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spec {
    From { first: u64 },
    Closed { first: u64, last: u64 },
    Suffix { length: u64 },
}

impl Requested {
    /// Reads the `Range` of a request.
    ///
    /// Two lines are ignored: the field is not a list whose lines may be combined (§5.3), and a server that takes
    /// the first behind a proxy that takes the last sends one client's bytes under another's range.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Requested {
        let mut lines = headers.get_all(header::RANGE).iter();
        Requested(match (lines.next(), lines.next()) {
            (None, _) => Set::Absent,
            (Some(only), None) => parse(only).map_or(Set::Ignored, Set::Specs),
            (Some(_), Some(_)) => Set::Ignored,
        })
    }

    /// Classifies it.
    #[must_use]
    pub fn asked(&self) -> Asked {
        match &self.0 {
            Set::Absent => Asked::None,
            Set::Ignored => Asked::Ignored,
            Set::Specs(specs) => match specs.as_slice() {
                [Spec::From { .. }] => Asked::Open,
                [Spec::Closed { .. }] => Asked::Closed,
                [Spec::Suffix { .. }] => Asked::Suffix,
                _ => Asked::Multi,
            },
        }
    }

    /// The members of the set. None: the whole file is wanted.
    pub(super) fn specs(&self) -> Option<&[Spec]> {
        match &self.0 {
            Set::Absent | Set::Ignored => None,
            Set::Specs(specs) => Some(specs),
        }
    }
}

/// `None` when the value is malformed, too long or not in bytes.
fn parse(value: &HeaderValue) -> Option<Few<Spec>> {
    // White space around a field's value is not part of it (§5.5); inside the value it counts.
    let (unit, set) = value.to_str().ok()?.trim_matches(OWS).split_once('=')?;
    // Names of units are case-insensitive (§14.1).
    if !unit.eq_ignore_ascii_case("bytes") || set.split(',').count() > MAX_ELEMENTS {
        return None;
    }
    // A list has room for white space beside its commas, not before its first member (§5.6.1.2).
    let unspaced = set.trim_start_matches(OWS);
    if unspaced.len() < set.len() && !unspaced.starts_with(',') {
        return None;
    }
    let members = set.split(',').map(|element| element.trim_matches(OWS)).filter(|member| !member.is_empty());
    // One bad member spoils the set (§14.1.1): what its sender meant by the others is anyone's guess.
    let specs = members.map(Spec::parse).collect::<Option<Few<_>>>()?;
    (!specs.is_empty()).then_some(specs)
}

impl Spec {
    fn parse(member: &str) -> Option<Self> {
        match member.split_once('-')? {
            ("", length) => Some(Self::Suffix { length: number(length)? }),
            (first, "") => Some(Self::From { first: number(first)? }),
            (first, last) => {
                let closed = Self::Closed { first: number(first)?, last: number(last)? };
                // §14.1.1: a last position before the first makes the set invalid, not unsatisfiable.
                (magnitude(first) <= magnitude(last)).then_some(closed)
            }
        }
    }

    /// The bytes that this member selects of a file of `len` bytes; `None` when it is unsatisfiable.
    ///
    /// An empty file satisfies nothing. By the letter of §14.1.2 a suffix (`-5`) is satisfiable on it, but
    /// then `Content-Range` has no way to say "no bytes" and servers have sent `bytes 0-0/0`, a byte that does not
    /// exist. So every range on an empty file is 416 with `bytes */0`, which tells the client all there is to
    /// know.
    fn resolve(self, len: u64) -> Option<ByteRange> {
        match self {
            Self::From { first } => ByteRange::new(first, len, len),
            Self::Closed { first, last } => ByteRange::new(first, last.saturating_add(1).min(len), len),
            Self::Suffix { length } => ByteRange::new(len.saturating_sub(length), len, len),
        }
    }
}

/// A position or length: digits only, so no sign, however many. Beyond `u64` it saturates: a number that no
/// file reaches is larger than the file, not a syntax error (§14.1.2).
fn number(digits: &str) -> Option<u64> {
    let well_formed = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    // Digits fail to parse for one reason, overflow.
    well_formed.then(|| digits.parse().unwrap_or(u64::MAX))
}

/// Orders numbers of any size: without leading zeros the longer one is larger, and of two as long the one
/// that sorts later. Saturated values could not tell that a range beyond `u64` is the wrong way round.
fn magnitude(digits: &str) -> (usize, &str) {
    let significant = digits.trim_start_matches('0');
    (significant.len(), significant)
}

/// The parts of a file of `len` bytes that a set selects: unsatisfiable members dropped, overlapping and
/// touching ones joined (§15.3.7.2), the rest in the order of first appearance. Empty when nothing is
/// satisfiable.
///
/// Joining keeps a small request from costing many times the file (§17.15): joined parts share no byte.
pub(super) fn select(specs: &[Spec], len: u64) -> Few<ByteRange> {
    let mut wanted: Few<_> = specs.iter().filter_map(|spec| spec.resolve(len)).enumerate().collect();
    wanted.sort_unstable_by_key(|(_, range)| range.start);
    let mut joined: Few<(usize, ByteRange)> = Few::new();
    for (place, range) in wanted {
        match joined.last_mut() {
            Some((first_place, last)) if range.start <= last.end => {
                last.end = last.end.max(range.end);
                *first_place = place.min(*first_place);
            }
            _ => joined.push((place, range)),
        }
    }
    joined.sort_unstable_by_key(|(place, _)| *place);
    joined.into_iter().map(|(_, range)| range).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MAX: u64 = u64::MAX;
    const TWO_POW_53: u64 = 1 << 53;

    /// What a value selects: `None` when it is ignored, no ranges when it is unsatisfiable.
    fn read(value: &str, len: u64) -> Option<Vec<(u64, u64)>> {
        let specs = parse(&HeaderValue::from_bytes(value.as_bytes()).expect("a legal header value"))?;
        Some(select(&specs, len).iter().map(|range| (range.start, range.end)).collect())
    }

    struct Case {
        name: &'static str,
        header: &'static str,
        len: u64,
        want: Option<&'static [(u64, u64)]>,
        why: &'static str,
    }

    #[track_caller]
    fn check(cases: &[Case]) {
        for Case { name, header, len, want, why } in cases {
            assert_eq!(read(header, *len).as_deref(), *want, "{name}: {header:?} of {len}: {why}");
        }
    }

    #[test]
    fn positions_count_from_zero_and_the_last_is_included() {
        let why = "RFC 9110 §14.1.2";
        let all: Option<&[(u64, u64)]> = Some(&[(0, 100)]);
        let last: Option<&[(u64, u64)]> = Some(&[(99, 100)]);
        check(&[
            Case { name: "two bytes", header: "bytes=0-1", len: 100, want: Some(&[(0, 2)]), why },
            Case { name: "first byte", header: "bytes=0-0", len: 100, want: Some(&[(0, 1)]), why },
            Case { name: "only byte", header: "bytes=0-0", len: 1, want: Some(&[(0, 1)]), why },
            Case { name: "last byte", header: "bytes=99-99", len: 100, want: last, why },
            Case { name: "all, exactly", header: "bytes=0-99", len: 100, want: all, why },
            Case { name: "leading zeros", header: "bytes=00-001", len: 100, want: Some(&[(0, 2)]), why },
            Case { name: "open", header: "bytes=0-", len: 100, want: all, why },
            Case { name: "open, last byte", header: "bytes=99-", len: 100, want: last, why },
            Case { name: "last beyond the end", header: "bytes=0-100", len: 100, want: all, why },
            Case { name: "far beyond", header: "bytes=9-999999", len: 100, want: Some(&[(9, 100)]), why },
            Case { name: "suffix", header: "bytes=-1", len: 100, want: last, why },
            Case { name: "suffix of all", header: "bytes=-100", len: 100, want: all, why },
            Case { name: "longer suffix", header: "bytes=-101", len: 100, want: all, why },
        ]);
    }

    #[test]
    fn what_does_not_exist_is_unsatisfiable() {
        let none: Option<&[(u64, u64)]> = Some(&[]);
        let why = "RFC 9110 §14.1.2: a first position at or beyond the end, or no bytes at all";
        check(&[
            Case { name: "empty suffix", header: "bytes=-0", len: 100, want: none, why },
            Case { name: "at the end", header: "bytes=100-", len: 100, want: none, why },
            Case { name: "beyond the end", header: "bytes=100-200", len: 100, want: none, why },
            Case { name: "all beyond", header: "bytes=100-,-0,200-201", len: 100, want: none, why },
            Case { name: "one beyond", header: "bytes=200-300,0-5", len: 100, want: Some(&[(0, 6)]), why },
        ]);
        let why = "RFC 9110 §14.1.2; for the suffix our choice, see Spec::resolve";
        check(&[
            Case { name: "empty file, open", header: "bytes=0-", len: 0, want: none, why },
            Case { name: "empty file, closed", header: "bytes=0-0", len: 0, want: none, why },
            Case { name: "empty file, no suffix", header: "bytes=-0", len: 0, want: none, why },
            Case { name: "empty file, suffix", header: "bytes=-5", len: 0, want: none, why },
            Case { name: "empty file, malformed", header: "bytes=5-2", len: 0, want: None, why },
        ]);
    }

    #[test]
    fn sets_are_joined_and_keep_their_order() {
        let why = "RFC 9110 §15.3.7.2";
        check(&[
            Case { name: "apart", header: "bytes=0-0,-1", len: 100, want: Some(&[(0, 1), (99, 100)]), why },
            Case {
                name: "backwards",
                header: "bytes=50-60,0-10",
                len: 100,
                want: Some(&[(50, 61), (0, 11)]),
                why,
            },
            Case { name: "overlapping", header: "bytes=0-50,40-60", len: 100, want: Some(&[(0, 61)]), why },
            Case { name: "touching", header: "bytes=0-9,10-19", len: 100, want: Some(&[(0, 20)]), why },
            Case {
                name: "one byte between",
                header: "bytes=0-9,11-19",
                len: 100,
                want: Some(&[(0, 10), (11, 20)]),
                why,
            },
            Case { name: "same twice", header: "bytes=0-9,0-9", len: 100, want: Some(&[(0, 10)]), why },
            Case { name: "one in another", header: "bytes=0-,5-6", len: 100, want: Some(&[(0, 100)]), why },
            Case {
                name: "bridged later",
                header: "bytes=0-9,20-29,5-25",
                len: 100,
                want: Some(&[(0, 30)]),
                why,
            },
            Case {
                name: "place of the first member",
                header: "bytes=80-89,0-9,90-99,10-19",
                len: 100,
                want: Some(&[(80, 100), (0, 20)]),
                why,
            },
        ]);
    }

    #[test]
    fn the_grammar_is_kept() {
        let list = "RFC 9110 §5.6.1.2: empty elements, and white space around commas";
        let value = "RFC 9110 §5.5: white space around the value is not part of it";
        let unit = "RFC 9110 §14.1: units are case-insensitive; §14.2: unknown ones are ignored";
        let reversed = "RFC 9110 §14.1.1: last before first spoils the set";
        let syntax = "RFC 9110 §14.1.1: not a set of ranges";
        let two: Option<&[(u64, u64)]> = Some(&[(0, 2), (5, 7)]);
        let one: Option<&[(u64, u64)]> = Some(&[(0, 2)]);
        check(&[
            Case { name: "spaces", header: "bytes=0-1 , 5-6", len: 100, want: two, why: list },
            Case { name: "tabs", header: "bytes=0-1\t,\t5-6", len: 100, want: two, why: list },
            Case { name: "empty elements", header: "bytes=,0-1,, ,5-6,", len: 100, want: two, why: list },
            Case { name: "empty element, spaced", header: "bytes= ,0-1", len: 100, want: one, why: list },
            Case { name: "space before the first", header: "bytes= 0-1", len: 100, want: None, why: list },
            Case { name: "tab before the first", header: "bytes=\t0-1", len: 100, want: None, why: list },
            Case { name: "space after", header: "bytes=0-1 ", len: 100, want: one, why: value },
            Case { name: "space in front", header: " bytes=0-1", len: 100, want: one, why: value },
            Case { name: "upper case", header: "BYTES=0-1", len: 100, want: one, why: unit },
            Case { name: "other unit", header: "items=0-1", len: 100, want: None, why: unit },
            Case { name: "no unit", header: "=0-1", len: 100, want: None, why: unit },
            Case { name: "space in the unit", header: "bytes =0-1", len: 100, want: None, why: unit },
            Case { name: "unit alone", header: "bytes", len: 100, want: None, why: syntax },
            Case { name: "nothing", header: "", len: 100, want: None, why: syntax },
            Case { name: "no member", header: "bytes=", len: 100, want: None, why: syntax },
            Case { name: "only commas", header: "bytes=,, ,", len: 100, want: None, why: syntax },
            Case { name: "colon", header: "bytes:0-1", len: 100, want: None, why: syntax },
            Case { name: "dash alone", header: "bytes=-", len: 100, want: None, why: syntax },
            Case { name: "no dash", header: "bytes=5", len: 100, want: None, why: syntax },
            Case { name: "two dashes", header: "bytes=0--1", len: 100, want: None, why: syntax },
            Case { name: "negative suffix", header: "bytes=--1", len: 100, want: None, why: syntax },
            Case { name: "letters", header: "bytes=a-b", len: 100, want: None, why: syntax },
            Case { name: "sign", header: "bytes=+0-1", len: 100, want: None, why: syntax },
            Case { name: "sign at the end", header: "bytes=0-+1", len: 100, want: None, why: syntax },
            Case { name: "hexadecimal", header: "bytes=0-0x1", len: 100, want: None, why: syntax },
            Case { name: "second equals sign", header: "bytes=0-1=2", len: 100, want: None, why: syntax },
            Case { name: "space within", header: "bytes=0 -1", len: 100, want: None, why: syntax },
            Case { name: "not ASCII", header: "bytes=0-é", len: 100, want: None, why: syntax },
            Case { name: "other digits", header: "bytes=٠-١", len: 100, want: None, why: syntax },
            Case { name: "reversed", header: "bytes=5-2", len: 100, want: None, why: reversed },
            Case { name: "reversed first", header: "bytes=5-2,0-1", len: 100, want: None, why: reversed },
            Case { name: "reversed last", header: "bytes=0-1,5-2", len: 100, want: None, why: reversed },
            Case {
                name: "reversed beyond the end",
                header: "bytes=500-200",
                len: 100,
                want: None,
                why: reversed,
            },
        ]);
    }

    #[test]
    fn the_largest_files_are_exact() {
        let why = "RFC 9110 §14.1.2: there is no largest position";
        let all: Option<&[(u64, u64)]> = Some(&[(0, MAX)]);
        let end: Option<&[(u64, u64)]> = Some(&[(MAX - 1, MAX)]);
        let end_53: Option<&[(u64, u64)]> = Some(&[(TWO_POW_53 - 1, TWO_POW_53)]);
        check(&[
            Case { name: "last", header: "bytes=9007199254740991-", len: TWO_POW_53, want: end_53, why },
            Case { name: "suffix", header: "bytes=-1", len: TWO_POW_53, want: end_53, why },
            Case { name: "beyond", header: "bytes=9007199254740992-", len: TWO_POW_53, want: Some(&[]), why },
            Case { name: "all", header: "bytes=0-", len: MAX, want: all, why },
            Case { name: "last", header: "bytes=18446744073709551614-", len: MAX, want: end, why },
            Case { name: "all, closed", header: "bytes=0-18446744073709551614", len: MAX, want: all, why },
            Case { name: "one more", header: "bytes=0-18446744073709551615", len: MAX, want: all, why },
            Case { name: "suffix", header: "bytes=-18446744073709551615", len: MAX, want: all, why },
            Case { name: "beyond", header: "bytes=18446744073709551615-", len: MAX, want: Some(&[]), why },
        ]);
    }

    #[test]
    fn numbers_beyond_64_bits_are_larger_than_any_file() {
        let why = "RFC 9110 §14.1.2: larger than the file, whatever the number";
        let all: Option<&[(u64, u64)]> = Some(&[(0, 100)]);
        check(&[
            Case { name: "open", header: "bytes=18446744073709551616-", len: MAX, want: Some(&[]), why },
            Case { name: "closed", header: "bytes=0-18446744073709551616", len: 100, want: all, why },
            Case { name: "suffix", header: "bytes=-18446744073709551616", len: 100, want: all, why },
            Case {
                name: "31 digits",
                header: "bytes=0-9999999999999999999999999999999",
                len: 100,
                want: all,
                why,
            },
            Case {
                name: "31 zeros",
                header: "bytes=0000000000000000000000000000000-",
                len: 100,
                want: all,
                why,
            },
        ]);
        let why = "RFC 9110 §14.1.1: last before first, also where a u64 cannot tell";
        let reversed = "bytes=18446744073709551617-18446744073709551616";
        check(&[
            Case { name: "both", header: reversed, len: 100, want: None, why },
            Case { name: "the first", header: "bytes=99999999999999999999-5", len: 100, want: None, why },
        ]);
    }

    #[test]
    fn a_thousand_elements_are_read_and_more_are_ignored() {
        let set = |count: usize| format!("bytes={}", vec!["0-1"; count].join(","));
        assert_eq!(read(&set(1_000), 100), Some(vec![(0, 2)]));
        assert_eq!(read(&set(1_001), 100), None);
        assert_eq!(read(&format!("bytes=0-1{}", ",".repeat(32_000)), 100), None);
    }

    #[test]
    fn a_range_is_never_empty_and_never_outside() {
        let cases =
            [(0, 0, 10), (5, 5, 10), (6, 5, 10), (0, 11, 10), (10, 11, 10), (0, 1, 0), (MAX, MAX, MAX)];
        for (start, end, len) in cases {
            assert_eq!(ByteRange::new(start, end, len), None, "{start}..{end} of {len}");
        }
        let range = ByteRange::new(0, MAX, MAX).expect("the largest range");
        assert_eq!(range.len(), MAX);
        assert_eq!(range.content_range(MAX), "bytes 0-18446744073709551614/18446744073709551615");
        assert_eq!(unsatisfied(0), "bytes */0");
    }

    /// Whether a position of a file of some length belongs to a member with two numbers.
    type Means = fn(u64, u64, u64, u64) -> bool;

    /// A member as text, and what it means, to be worked out position by position.
    fn member() -> impl Strategy<Value = (String, Means, u64, u64)> {
        let open: Means = |at, _, first, _| first <= at;
        let closed: Means = |at, _, first, last| first <= at && at <= last;
        let suffix: Means = |at, len, length, _| len - at <= length;
        prop_oneof![
            (0..80_u64).prop_map(move |first| (format!("{first}-"), open, first, 0)),
            (0..80_u64, 0..20_u64).prop_map(move |(first, more)| (
                format!("{first}-{}", first + more),
                closed,
                first,
                first + more
            )),
            (0..80_u64).prop_map(move |length| (format!("-{length}"), suffix, length, 0)),
        ]
    }

    proptest! {
        #[test]
        fn no_value_of_a_header_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200), len: u64) {
            if let Some(specs) = HeaderValue::from_bytes(&bytes).ok().as_ref().and_then(parse) {
                let _ = select(&specs, len);
            }
        }

        #[test]
        fn no_text_after_the_unit_panics(set in "[0-9, \t\\-]{0,100}", len: u64) {
            for (start, end) in read(&format!("bytes={set}"), len).unwrap_or_default() {
                prop_assert!(start < end && end <= len);
            }
        }

        #[test]
        fn the_parts_are_exactly_the_bytes_asked_for(
            members in proptest::collection::vec(member(), 1..30),
            len in 0..70_u64,
        ) {
            let set: Vec<_> = members.iter().map(|(text, ..)| text.as_str()).collect();
            let parts = read(&format!("bytes={}", set.join(",")), len).expect("well-formed");
            for at in 0..len {
                let asked = members.iter().any(|(_, means, a, b)| means(at, len, *a, *b));
                let sent = parts.iter().filter(|(start, end)| (*start..*end).contains(&at)).count();
                prop_assert_eq!(sent, usize::from(asked), "byte {} of {} for {:?}", at, len, &set);
            }
        }

        #[test]
        fn parts_are_in_the_file_and_have_gaps_between_them(
            members in proptest::collection::vec((any::<u64>(), any::<u64>()), 1..30),
            len: u64,
        ) {
            let set: Vec<_> = members.iter().map(|(a, b)| format!("{}-{}", a.min(b), a.max(b))).collect();
            let mut parts = read(&format!("bytes={}", set.join(",")), len).expect("well-formed");
            parts.sort_unstable();
            prop_assert!(parts.iter().all(|(start, end)| start < end && *end <= len));
            prop_assert!(parts.windows(2).all(|pair| pair[0].1 < pair[1].0), "{:?}", parts);
            let sum = parts.iter().try_fold(0_u64, |sum, (start, end)| sum.checked_add(end - start));
            prop_assert!(sum.is_some_and(|sum| sum <= len));
        }

        #[test]
        fn parts_stand_where_they_were_first_asked_for(
            members in proptest::collection::vec((0..500_u64, 0..5_u64), 1..20),
        ) {
            let text = |(first, more): &(u64, u64)| format!("{first}-{}", first + more);
            let set: Vec<_> = members.iter().map(text).collect();
            let parts = read(&format!("bytes={}", set.join(",")), 1_000).expect("well-formed");
            let place = |(start, end): &(u64, u64)| {
                members.iter().position(|(first, _)| (*start..*end).contains(first))
            };
            prop_assert!(parts.iter().map(place).is_sorted());
        }

        #[test]
        fn content_range_says_what_was_asked(first: u64, last: u64, len in 1..=u64::MAX) {
            let (a, b) = (first % len, last % len);
            let (first, last) = (a.min(b), a.max(b));
            let closed = format!("{first}-{last}");
            let value = HeaderValue::try_from(format!("bytes={closed}"))?;
            let ranges = select(&parse(&value).expect("well-formed"), len);
            prop_assert_eq!(ranges.len(), 1);
            prop_assert_eq!(ranges[0].content_range(len), format!("bytes {closed}/{len}"));
        }
    }
}
