//! Our reading of `Range` against that of the crate `http-range-header`.
//!
//! Two parsers of different authors agree on every generated header, except where [`differences`] says so.

use http::{HeaderMap, HeaderValue, header};
use http_range_header::{RangeRejected, RangeUnsatisfiableError, parse_range_header};
use proptest::prelude::*;

use crate::range::header::{Requested, select};

/// What either parser makes of a header, in one language. Ranges are half-open, joined and sorted.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    /// Malformed: 200.
    Ignored,
    /// 416.
    Unsatisfiable,
    /// 206.
    Ranges(Vec<(u64, u64)>),
    /// Theirs alone: well-formed or not, it is more than they want to look at.
    Rejected(RangeRejected),
}

fn ours(value: &str, len: u64) -> Outcome {
    let mut headers = HeaderMap::new();
    headers.insert(header::RANGE, HeaderValue::from_str(value).expect("a legal header value"));
    match Requested::of(&headers).specs() {
        None => Outcome::Ignored,
        Some(specs) => match select(specs, len) {
            ranges if ranges.is_empty() => Outcome::Unsatisfiable,
            ranges => {
                Outcome::Ranges(joined(ranges.iter().map(|range| (range.start(), range.end())).collect()))
            }
        },
    }
}

fn theirs(value: &str, len: u64) -> Outcome {
    match parse_range_header(value).and_then(|ranges| ranges.validate(len)) {
        Ok(ranges) => {
            Outcome::Ranges(joined(ranges.iter().map(|range| (*range.start(), range.end() + 1)).collect()))
        }
        Err(RangeUnsatisfiableError::Invalid(_)) => Outcome::Ignored,
        Err(RangeUnsatisfiableError::Rejected(reason)) => Outcome::Rejected(reason),
        Err(RangeUnsatisfiableError::Unsatisfiable) => Outcome::Unsatisfiable,
        Err(other) => unreachable!("a new kind of error: {other:?}"),
    }
}

/// They keep overlapping and touching ranges as asked (RFC 9110 §15.3.7.2 allows both), we join them. So that
/// this does not hide other differences, both are compared as sets of bytes.
fn joined(mut ranges: Vec<(u64, u64)>) -> Vec<(u64, u64)> {
    ranges.sort_unstable();
    ranges.dedup_by(|next, kept| {
        let meets = next.0 <= kept.1;
        if meets {
            kept.1 = kept.1.max(next.1);
        }
        meets
    });
    ranges
}

struct Difference {
    header: String,
    len: u64,
    theirs: Outcome,
    ours: Outcome,
    why: &'static str,
}

/// Every outcome of theirs that is not ours.
fn differences() -> Vec<Difference> {
    [differences_of_grammar(), differences_of_limits(), differences_on_an_empty_file()]
        .into_iter()
        .flatten()
        .collect()
}

fn first_two() -> Outcome {
    Outcome::Ranges(vec![(0, 2)])
}

fn differences_of_grammar() -> Vec<Difference> {
    vec![
        Difference {
            header: "bytes= 0-1".into(),
            len: 100,
            theirs: first_two(),
            ours: Outcome::Ignored,
            why: "RFC 9110 §5.6.1.2: no white space stands before a list's first member",
        },
        Difference {
            header: "bytes=0-1 ".into(),
            len: 100,
            theirs: Outcome::Ignored,
            ours: first_two(),
            why: "RFC 9110 §5.5: white space after a field's value is not part of it",
        },
        Difference {
            header: " bytes=0-1".into(),
            len: 100,
            theirs: Outcome::Ignored,
            ours: first_two(),
            why: "RFC 9110 §5.5: white space before a field's value is not part of it",
        },
        Difference {
            header: "bytes=18446744073709551617-18446744073709551616".into(),
            len: 100,
            theirs: Outcome::Unsatisfiable,
            ours: Outcome::Ignored,
            why: "RFC 9110 §14.1.1: last before first is invalid; theirs saturates before it compares",
        },
    ]
}

fn differences_of_limits() -> Vec<Difference> {
    vec![
        Difference {
            header: format!("bytes={}-1", "0".repeat(31)),
            len: 100,
            theirs: Outcome::Rejected(RangeRejected::TooManyDigits),
            ours: first_two(),
            why: "RFC 9110 §14.1.1: numbers have any number of digits; the head's limit bounds the work",
        },
        Difference {
            header: format!("bytes={}-", "9".repeat(31)),
            len: 100,
            theirs: Outcome::Rejected(RangeRejected::TooManyDigits),
            ours: Outcome::Unsatisfiable,
            why: "RFC 9110 §14.1.2: a first position beyond the end",
        },
        Difference {
            header: format!("bytes={}-x", "9".repeat(31)),
            len: 100,
            theirs: Outcome::Rejected(RangeRejected::TooManyDigits),
            ours: Outcome::Ignored,
            why: "RFC 9110 §14.1.1: malformed, however long",
        },
        Difference {
            header: format!("bytes={}0-1", ",".repeat(15)),
            len: 100,
            theirs: Outcome::Rejected(RangeRejected::TooManyUnparseable),
            ours: first_two(),
            why: "RFC 9110 §5.6.1.2: empty elements are skipped; ours stops at 1,000 elements of any kind",
        },
        Difference {
            header: format!("bytes={}", "x,".repeat(16)),
            len: 100,
            theirs: Outcome::Rejected(RangeRejected::TooManyUnparseable),
            ours: Outcome::Ignored,
            why: "RFC 9110 §14.1.1: malformed, whether once or often",
        },
        Difference {
            header: "bytes=0-1,0-1,0-1".into(),
            len: 100,
            theirs: Outcome::Rejected(RangeRejected::TooManyOverlapping),
            ours: first_two(),
            why: "RFC 9110 §14.2 lets a server refuse more than two overlaps; joined they cost nothing",
        },
        Difference {
            header: format!("bytes={}", vec!["0-1"; 101].join(",")),
            len: 100,
            theirs: Outcome::Rejected(RangeRejected::TooMany),
            ours: first_two(),
            why: "RFC 9110 §17.15: the limit is ours to set, at 1,000 elements and 16 joined parts",
        },
    ]
}

fn differences_on_an_empty_file() -> Vec<Difference> {
    vec![
        Difference {
            header: "bytes=-5".into(),
            len: 0,
            theirs: Outcome::Ranges(vec![]),
            ours: Outcome::Unsatisfiable,
            why: "RFC 9110 §14.1.2 calls it satisfiable, but no Content-Range can say so: see Spec::resolve",
        },
        Difference {
            header: "bytes=-5,0-".into(),
            len: 0,
            theirs: Outcome::Ranges(vec![]),
            ours: Outcome::Unsatisfiable,
            why: "as above",
        },
    ]
}

#[test]
fn each_difference_is_still_there() {
    for Difference { header, len, theirs: their_outcome, ours: our_outcome, why } in differences() {
        assert_eq!(theirs(&header, len), their_outcome, "theirs has changed: {header:?}: {why}");
        assert_eq!(ours(&header, len), our_outcome, "{header:?}: {why}");
    }
}

/// Whether the table explains that the outcomes are not the same.
fn is_listed(value: &str, len: u64, theirs: &Outcome, ours: &Outcome) -> bool {
    let spaced = value.trim_matches([' ', '\t']) != value;
    let set = value.split_once('=').map_or("", |(_, set)| set);
    let reversed_too_late = set.split(',').any(is_reversed_beyond_u64);
    match (theirs, ours) {
        (Outcome::Rejected(_), _) => true,
        (Outcome::Ranges(none), Outcome::Unsatisfiable) => none.is_empty() && len == 0,
        (_, Outcome::Ignored) => set.starts_with([' ', '\t']) || reversed_too_late,
        (Outcome::Ignored, _) => spaced,
        _ => false,
    }
}

fn is_reversed_beyond_u64(member: &str) -> bool {
    let number = |digits: &str| digits.parse::<u128>().ok();
    let ends = member.trim().split_once('-').and_then(|(first, last)| number(first).zip(number(last)));
    ends.is_some_and(|(first, last)| first > last && last >= u128::from(u64::MAX))
}

fn element() -> impl Strategy<Value = String> {
    let number = || {
        prop_oneof![
            8 => (0..120_u64).prop_map(|number| number.to_string()),
            1 => any::<u64>().prop_map(|number| number.to_string()),
            1 => "0{0,3}1844674407370955161[4-7]",
            1 => "[0-9]{28,33}",
        ]
    };
    prop_oneof![
        4 => (number(), number()).prop_map(|(first, last)| format!("{first}-{last}")),
        4 => (0..120_u64, 0..50_u64).prop_map(|(first, more)| format!("{first}-{}", first + more)),
        3 => number().prop_map(|first| format!("{first}-")),
        3 => number().prop_map(|length| format!("-{length}")),
        1 => Just(String::new()),
        1 => "[0-9+\\-x= ]{0,6}",
    ]
}

fn range_header() -> impl Strategy<Value = String> {
    let unit =
        prop_oneof![8 => Just("bytes="), 1 => Just("Bytes="), 1 => Just("items="), 1 => Just("bytes =")];
    let comma = prop_oneof![4 => Just(","), 1 => Just(", "), 1 => Just("\t,"), 1 => Just("  ,\t")];
    let edge = || prop_oneof![12 => Just(""), 1 => Just(" ")];
    let set = proptest::collection::vec((element(), comma), 1..25).prop_map(|elements| {
        let last = elements.len() - 1;
        let write = |(at, (element, comma)): (usize, &(String, &str))| {
            format!("{element}{}", if at == last { "" } else { comma })
        };
        elements.iter().enumerate().map(write).collect::<String>()
    });
    let few = (element(), Just(String::new())).prop_map(|(element, _)| element);
    (edge(), unit, edge(), prop_oneof![few, set], edge())
        .prop_map(|(front, unit, inner, set, back)| format!("{front}{unit}{inner}{set}{back}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn two_parsers_agree_except_where_it_is_listed(
        value in range_header(),
        len in prop_oneof![6 => 0..150_u64, 1 => Just(0), 1 => Just(1 << 53), 1 => Just(u64::MAX)],
    ) {
        let (theirs, ours) = (theirs(&value, len), ours(&value, len));
        prop_assert!(
            ours == theirs || is_listed(&value, len, &theirs, &ours),
            "{:?} of {}: theirs {:?}, ours {:?}", value, len, theirs, ours,
        );
    }
}

/// The rejections that they make to stay safe are also bounded with us, in another place.
#[test]
fn what_they_reject_stays_small_with_us() {
    let apart: Vec<_> = (0..1_001).map(|at| format!("{0}-{0}", at * 2)).collect();
    assert_eq!(ours(&format!("bytes={}", apart.join(",")), 10_000), Outcome::Ignored);
    let value = format!("bytes={}", vec!["0-"; 1_000].join(","));
    assert_eq!(ours(&value, 10_000), Outcome::Ranges(vec![(0, 10_000)]));
}
