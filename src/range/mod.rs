//! What a request for bytes gets: one pure function, [`plan`].
//!
//! The steps are those of RFC 9110 §13.2.2, and `plan` is the same list in code:
//!
//! 1. `If-Match`: no listed tag is ours by strong comparison → 412 (§13.1.1).
//! 2. Without it, `If-Unmodified-Since`: changed after that date → 412 (§13.1.4).
//! 3. `If-None-Match`: a listed tag is ours by weak comparison → 304 (§13.1.2).
//! 4. Without it, `If-Modified-Since`: not changed after that date → 304 (§13.1.3).
//! 5. `Range`, on GET only: absent, doubled or malformed → the whole file (§14.2).
//! 6. `If-Range`: the client's copy is of another version → the whole file (§13.1.5).
//! 7. The ranges are cut to the file, joined and counted: nothing left → 416, one → 206,
//!    up to [`header::MAX_PARTS`] → 206 `multipart/byteranges`, more → the whole file (§14.2, §17.15).
//!
//! Steps 1 to 4 and 6 stand in [`conditional`], 5 and 7 in [`header`], the framing of several parts in
//! [`multipart`]. Nothing here reads a file, a clock or chance: facts come in, a [`Plan`] goes out.
//! Who may see the file was decided before (`access`); a plan for someone without a right would tell
//! them that the file exists.

pub mod conditional;
pub mod header;
pub mod multipart;
#[cfg(test)]
mod oracle;

use http::{HeaderMap, Method};

use conditional::Preconditions;
use header::{MAX_PARTS, Spec};

pub use conditional::{ETag, HttpDate};
pub use header::{ByteRange, Requested};
pub use multipart::{Boundary, Multipart};

/// What the plan needs to know of the selected representation.
///
/// Length and validators must come from one look at one open descriptor; otherwise a plan can name bytes of
/// one version and the tag of another.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Length in bytes. It may be 0.
    pub len: u64,
    /// The `ETag` that the response will carry.
    pub etag: &'a ETag,
    /// The `Last-Modified` that the response will carry; with `None`, conditions on dates are ignored.
    /// A time of modification in the future is for the caller to cut to `now` (RFC 9110 §8.8.2.1).
    pub modified: Option<HttpDate>,
    /// The server's time, which is also the response's `Date`.
    pub now: HttpDate,
}

/// What to answer. The response is made elsewhere (`body::respond`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// 304: the client's copy is current.
    NotModified,
    /// 412: the file is not the version that the client insists on.
    PreconditionFailed,
    /// 416 with [`header::unsatisfied`]: no byte that was asked for exists.
    Unsatisfiable,
    /// 200 with every byte.
    Whole,
    /// 206 with one `Content-Range`, also when it happens to cover the whole file.
    Part(ByteRange),
    /// 206 with a [`Multipart`] body: two to [`header::MAX_PARTS`] ranges with gaps between them, in the
    /// order of the request. Their lengths add up to less than the file.
    Parts(Vec<ByteRange>),
}

/// Decides what a request gets, of whose headers `requested` was read. Total: every method and every header value has an
/// answer.
#[must_use]
pub fn plan(method: &Method, headers: &HeaderMap, requested: &Requested, facts: &Facts<'_>) -> Plan {
    // Steps 1 to 4. A Range does not matter before them (§14.2): a current copy is 304, not 206 or 416.
    match conditional::evaluate(method, headers, facts) {
        Preconditions::NotModified => return Plan::NotModified,
        Preconditions::Failed => return Plan::PreconditionFailed,
        Preconditions::Hold => {}
    }
    // Step 5. §14.2 defines Range for GET alone; HEAD describes the whole file.
    if *method != Method::GET {
        return Plan::Whole;
    }
    match requested.specs() {
        // Step 6 comes after 5 because an If-Range without a Range is ignored (§13.1.5).
        Some(specs) if conditional::if_range_holds(headers, facts) => select(specs, facts.len),
        Some(_) | None => Plan::Whole,
    }
}

/// Step 7.
fn select(specs: &[Spec], len: u64) -> Plan {
    let parts = header::select(specs, len);
    match parts.as_slice() {
        [] => Plan::Unsatisfiable,
        [only] => Plan::Part(*only),
        // §14.2 and §17.15 let a server ignore a set of many small ranges. No player asks for that many;
        // the whole file is an answer every client understands.
        many if many.len() > MAX_PARTS => Plan::Whole,
        _ => Plan::Parts(parts.into_vec()),
    }
}

/// What kind of `Range` a request carried, for metrics. It says what was asked, not what was answered:
/// method, conditions and the file's length play no part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Asked {
    /// No `Range`.
    None,
    /// `bytes=a-`: a player that starts or seeks.
    Open,
    /// `bytes=a-b`: Safari's `0-1` probe, and all of Apple's players.
    Closed,
    /// `bytes=-n`: a player that looks for a moov box at the end.
    Suffix,
    /// More than one range.
    Multi,
    /// Malformed, of an unknown unit, or given twice.
    Ignored,
}

impl Asked {
    /// The value of the metric's label `kind`.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Suffix => "suffix",
            Self::Multi => "multi",
            Self::Ignored => "ignored",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use http::header::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    use super::*;

    const NOW: u64 = 1_700_000_000;
    const PHONE_VIDEO: u64 = 611_610;

    fn tag() -> ETag {
        ETag::new("v1").expect("a legal tag")
    }

    fn headers(lines: &[(&str, &str)]) -> HeaderMap {
        let parse = |(name, value): &(&str, &str)| -> Result<_, Box<dyn Error>> {
            Ok((name.parse::<HeaderName>()?, HeaderValue::from_bytes(value.as_bytes())?))
        };
        let mut headers = HeaderMap::new();
        for line in lines {
            let (name, value) = parse(line).expect("a legal header");
            headers.append(name, value);
        }
        headers
    }

    fn plan_for(method: &Method, lines: &[(&str, &str)], len: u64) -> Plan {
        let facts = Facts {
            len,
            etag: &tag(),
            modified: Some(HttpDate::from_unix(NOW - 3_600)),
            now: HttpDate::from_unix(NOW),
        };
        let headers = headers(lines);
        plan(method, &headers, &Requested::of(&headers), &facts)
    }

    fn part(start: u64, end: u64, len: u64) -> Plan {
        Plan::Part(ByteRange::new(start, end, len).expect("a range of the file"))
    }

    /// The phone video of the story: what each player asked of it, and what it has to get, for ever.
    #[test]
    fn the_phone_video_of_611610_bytes() {
        struct Case {
            header: &'static str,
            content_range: &'static str,
            length: u64,
            why: &'static str,
        }
        let cases = [
            Case { header: "bytes=0-1", content_range: "bytes 0-1/611610", length: 2, why: "Safari's probe" },
            Case {
                header: "bytes=0-",
                content_range: "bytes 0-611609/611610",
                length: 611_610,
                why: "start",
            },
            Case {
                header: "bytes=589824-",
                content_range: "bytes 589824-611609/611610",
                length: 21_786,
                why: "seek",
            },
            Case {
                header: "bytes=611609-",
                content_range: "bytes 611609-611609/611610",
                length: 1,
                why: "Chrome, which had been given one byte too few",
            },
            Case {
                header: "bytes=0-0",
                content_range: "bytes 0-0/611610",
                length: 1,
                why: "0 is not 'no end'",
            },
            Case {
                header: "bytes=-1",
                content_range: "bytes 611609-611609/611610",
                length: 1,
                why: "suffix",
            },
        ];
        for case in cases {
            let Plan::Part(range) = plan_for(&Method::GET, &[("range", case.header)], PHONE_VIDEO) else {
                panic!("{}: not a part ({})", case.header, case.why);
            };
            assert_eq!(range.content_range(PHONE_VIDEO), case.content_range, "{}", case.why);
            assert_eq!(range.len(), case.length, "{}", case.why);
        }
        let beyond = plan_for(&Method::GET, &[("range", "bytes=611610-")], PHONE_VIDEO);
        assert_eq!(beyond, Plan::Unsatisfiable);
        assert_eq!(header::unsatisfied(PHONE_VIDEO), "bytes */611610");
        let reversed = plan_for(&Method::GET, &[("range", "bytes=611609-61160")], PHONE_VIDEO);
        assert_eq!(reversed, Plan::Whole, "last before first is no range: 200 (RFC 9110 §14.1.1)");
    }

    type Lines = &'static [(&'static str, &'static str)];

    struct Case {
        name: &'static str,
        header: Lines,
        want: Plan,
        why: &'static str,
    }

    /// Against a file of 100 bytes whose tag is `"v1"`.
    #[track_caller]
    fn check(method: &Method, cases: impl IntoIterator<Item = Case>) {
        for Case { name, header, want, why } in cases {
            assert_eq!(plan_for(method, header, 100), want, "{method} {name}: {why}");
        }
    }

    const STALE: (&str, &str) = ("if-match", "\"v0\"");
    const CURRENT: (&str, &str) = ("if-none-match", "\"v1\"");
    const OTHER_COPY: (&str, &str) = ("if-range", "\"v0\"");
    const SAME_COPY: (&str, &str) = ("if-range", "\"v1\"");
    const TWO_BYTES: (&str, &str) = ("range", "bytes=0-1");
    const BEYOND: (&str, &str) = ("range", "bytes=100-");

    #[test]
    fn conditions_come_before_ranges() {
        use Plan::{NotModified, PreconditionFailed, Unsatisfiable, Whole};
        let why = "RFC 9110 §13.2.2";
        let cases = [
            Case { name: "no header", header: &[], want: Whole, why },
            Case { name: "412 first", header: &[STALE, CURRENT, TWO_BYTES], want: PreconditionFailed, why },
            Case { name: "304 before 206", header: &[CURRENT, TWO_BYTES], want: NotModified, why },
            Case { name: "304 before 416", header: &[CURRENT, BEYOND], want: NotModified, why },
        ];
        check(&Method::GET, cases);
        let why = "RFC 9110 §13.1.5: with the Range ignored there is nothing to refuse";
        let cases = [
            Case { name: "same copy", header: &[SAME_COPY, TWO_BYTES], want: part(0, 2, 100), why },
            Case {
                name: "same copy, beyond the end",
                header: &[SAME_COPY, BEYOND],
                want: Unsatisfiable,
                why,
            },
            Case { name: "other copy", header: &[OTHER_COPY, TWO_BYTES], want: Whole, why },
            Case { name: "other copy, beyond the end", header: &[OTHER_COPY, BEYOND], want: Whole, why },
            Case { name: "other copy, no range", header: &[OTHER_COPY], want: Whole, why },
        ];
        check(&Method::GET, cases);
    }

    #[test]
    fn only_get_has_ranges() {
        let why = "RFC 9110 §14.2";
        for method in [Method::HEAD, Method::POST, Method::PUT, Method::OPTIONS] {
            let two_bytes = Case { name: "two bytes", header: &[TWO_BYTES], want: Plan::Whole, why };
            let beyond = Case { name: "beyond the end", header: &[BEYOND], want: Plan::Whole, why };
            check(&method, [two_bytes, beyond]);
        }
        let current = Case { name: "current", header: &[CURRENT, TWO_BYTES], want: Plan::NotModified, why };
        check(&Method::HEAD, [current]);
    }

    #[test]
    fn one_satisfiable_range_is_a_part() {
        let all = || part(0, 100, 100);
        let seek = "RFC 9110 §15.3.7: players tell by the 206 that they can seek";
        let cases = [
            Case { name: "everything", header: &[("range", "bytes=0-")], want: all(), why: seek },
            Case {
                name: "adjoining", header: &[("range", "bytes=0-49,50-")], want: all(), why: "§15.3.7.2"
            },
            Case { name: "doubled", header: &[TWO_BYTES, TWO_BYTES], want: Plan::Whole, why: "§5.3" },
        ];
        check(&Method::GET, cases);
    }

    #[test]
    fn sixteen_parts_are_served_and_seventeen_are_the_whole_file() {
        let every_other = |count: u64| {
            let members: Vec<_> = (0..count).map(|at| format!("{0}-{0}", at * 2)).collect();
            plan_for(&Method::GET, &[("range", &format!("bytes={}", members.join(",")))], 1_000)
        };
        assert!(matches!(every_other(16), Plan::Parts(parts) if parts.len() == MAX_PARTS));
        assert_eq!(every_other(17), Plan::Whole);
        let touching: Vec<_> = (0..100).map(|at| format!("{at}-{at}")).collect();
        let joined = plan_for(&Method::GET, &[("range", &format!("bytes={}", touching.join(",")))], 1_000);
        assert_eq!(joined, part(0, 100, 1_000), "the limit counts parts, not members");
    }

    #[test]
    fn what_was_asked_is_named_for_the_metrics() {
        let cases: [(Lines, Asked, &str); 9] = [
            (&[], Asked::None, "none"),
            (&[("range", "bytes=5-")], Asked::Open, "open"),
            (&[("range", "bytes=0-1")], Asked::Closed, "closed"),
            (&[("range", "bytes=-5")], Asked::Suffix, "suffix"),
            (&[("range", "bytes=0-1,5-6")], Asked::Multi, "multi"),
            (&[("range", "bytes=,0-1,")], Asked::Closed, "closed"),
            (&[("range", "bytes=5-2")], Asked::Ignored, "ignored"),
            (&[("range", "items=0-1")], Asked::Ignored, "ignored"),
            (&[("range", "bytes=0-1"), ("range", "bytes=0-1")], Asked::Ignored, "ignored"),
        ];
        for (lines, want, label) in cases {
            let got = Requested::of(&headers(lines)).asked();
            assert_eq!((got, got.label()), (want, label), "{lines:?}");
        }
    }

    const FIELDS: [&str; 6] =
        ["range", "if-range", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since"];

    /// Values that look like something, between bytes that look like nothing.
    fn value() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..40),
            "bytes=[0-9,\\- ]{0,40}".prop_map(String::into_bytes),
            "(W/)?\"[v0-1,]{0,4}\"(, ?(W/)?\"v[01]\"){0,3}".prop_map(String::into_bytes),
            (0..NOW * 2).prop_map(|at| HttpDate::from_unix(at).to_string().into_bytes()),
            Just(b"*".to_vec()),
        ]
    }

    fn method() -> impl Strategy<Value = Method> {
        proptest::sample::select(vec![Method::GET, Method::HEAD, Method::POST, Method::OPTIONS])
    }

    proptest! {
        #[test]
        fn every_request_gets_a_plan_inside_the_file(
            lines in proptest::collection::vec((0..FIELDS.len(), value()), 0..6),
            method in method(),
            len in prop_oneof![0..200_u64, Just(u64::MAX)],
            modified in proptest::option::of(0..NOW * 2),
        ) {
            let mut headers = HeaderMap::new();
            for (field, value) in lines {
                if let Ok(value) = HeaderValue::from_bytes(&value) {
                    headers.append(HeaderName::from_static(FIELDS[field]), value);
                }
            }
            let etag = tag();
            let modified = modified.map(HttpDate::from_unix);
            let facts = Facts { len, etag: &etag, modified, now: HttpDate::from_unix(NOW) };
            match plan(&method, &headers, &Requested::of(&headers), &facts) {
                Plan::Part(range) => prop_assert!(range.end() <= len && method == Method::GET),
                Plan::Parts(parts) => {
                    prop_assert!((2..=MAX_PARTS).contains(&parts.len()) && method == Method::GET);
                    prop_assert!(parts.iter().all(|range| range.end() <= len));
                }
                Plan::Unsatisfiable => prop_assert!(method == Method::GET),
                Plan::NotModified => prop_assert!(method == Method::GET || method == Method::HEAD),
                Plan::PreconditionFailed => prop_assert!(method != Method::OPTIONS),
                Plan::Whole => {}
            }
            let _ = Requested::of(&headers).asked();
        }
    }
}
