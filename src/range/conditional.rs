//! Validators and the conditions on them: RFC 9110 §8.8 and §13, evaluated in the order of §13.2.2.
//!
//! | field | comparison | when it does not hold |
//! |---|---|---|
//! | `If-Match` | strong | 412 |
//! | `If-Unmodified-Since` | not later | 412 |
//! | `If-None-Match` | weak | 304 for GET and HEAD, else 412 |
//! | `If-Modified-Since` | later | 304 |
//! | `If-Range` | strong, or the exact date | the `Range` is ignored |
//!
//! What cannot be understood never matches: a bad tag is nobody's tag, and a bad or doubled date is as if the
//! field were absent (§13.1.3, §13.1.4). Both lead to sending the bytes or to 412, never to a stale copy.

use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, Method};

use crate::range::Facts;

/// The last second that HTTP can write: 9999-12-31 23:59:59, as seconds since 1970.
const LAST_SECOND: u64 = 253_402_300_799;

/// A strong entity tag (RFC 9110 §8.8.3): the same tag means the same bytes.
///
/// It is held as it stands in the header, quotes included. Then making the header is a clone that cannot
/// fail, and comparison is equality of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ETag(HeaderValue);

impl ETag {
    /// Makes a tag of its text without quotes; `None` if a character cannot stand in a tag (white space,
    /// quotes and controls cannot).
    #[must_use]
    pub fn new(opaque: &str) -> Option<Self> {
        if !opaque.bytes().all(is_etagc) {
            return None;
        }
        HeaderValue::from_bytes(format!("\"{opaque}\"").as_bytes()).ok().map(Self)
    }

    /// The value of the `ETag` header: the text in quotes.
    #[must_use]
    pub fn header_value(&self) -> HeaderValue {
        self.0.clone()
    }

    /// §8.8.3.2: equal, and neither is weak. Ours never is.
    fn equals_strongly(&self, theirs: &Tag<'_>) -> bool {
        !theirs.weak && self.equals_weakly(theirs)
    }

    /// §8.8.3.2: equal, weak or not.
    fn equals_weakly(&self, theirs: &Tag<'_>) -> bool {
        self.0.as_bytes() == theirs.quoted
    }
}

/// A moment in HTTP's resolution: whole seconds since 1970, up to the end of the year 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HttpDate(u64);

impl HttpDate {
    /// From seconds since 1970. Later than the year 9999, which HTTP cannot write, becomes its last second; a
    /// file with such a time of modification must not stop the server.
    #[must_use]
    pub fn from_unix(seconds: u64) -> Self {
        Self(seconds.min(LAST_SECOND))
    }

    /// Seconds since 1970.
    #[must_use]
    pub fn unix(&self) -> u64 {
        self.0
    }

    /// Reads any of the three formats of RFC 9110 §5.6.7; `None` for everything else, for dates before 1970
    /// and for days of the week that are not those of the date.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let moment = httpdate::parse_http_date(text).ok()?;
        Some(Self::from_unix(moment.duration_since(UNIX_EPOCH).ok()?.as_secs()))
    }
}

impl HttpDate {
    /// As a header's value.
    #[must_use]
    pub fn header_value(self) -> HeaderValue {
        HeaderValue::try_from(self.to_string()).expect("a date is visible ASCII and spaces")
    }
}

impl fmt::Display for HttpDate {
    /// Writes the one format that is to be sent: `Sun, 06 Nov 1994 08:49:37 GMT`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = UNIX_EPOCH + Duration::from_secs(self.0);
        f.write_str(&httpdate::fmt_http_date(moment))
    }
}

/// What the conditions of a request come to, `If-Range` aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Preconditions {
    Hold,
    NotModified,
    Failed,
}

/// Steps 1 to 4 of §13.2.2.
pub(super) fn evaluate(method: &Method, headers: &HeaderMap, facts: &Facts<'_>) -> Preconditions {
    // §13.2.1: these methods select no representation, so there is nothing to hold a condition against.
    if [Method::CONNECT, Method::OPTIONS, Method::TRACE].contains(method) {
        return Preconditions::Hold;
    }
    // Steps 1 and 2: is it still the version that the client means?
    if !is_expected_version(headers, facts) {
        return Preconditions::Failed;
    }
    // Steps 3 and 4: is it news to the client?
    let is_read = *method == Method::GET || *method == Method::HEAD;
    match (is_news(headers, facts, is_read), is_read) {
        (true, _) => Preconditions::Hold,
        (false, true) => Preconditions::NotModified,
        (false, false) => Preconditions::Failed,
    }
}

fn is_expected_version(headers: &HeaderMap, facts: &Facts<'_>) -> bool {
    // 1. If-Match (§13.1.1), by strong comparison: what follows may be spliced to what the client has.
    if headers.contains_key(header::IF_MATCH) {
        return is_listed(headers, &header::IF_MATCH, |tag| facts.etag.equals_strongly(tag));
    }
    // 2. If-Unmodified-Since (§13.1.4), only where there is no If-Match.
    match (facts.modified, date(headers, &header::IF_UNMODIFIED_SINCE)) {
        (Some(modified), Some(since)) => modified <= since,
        _ => true,
    }
}

fn is_news(headers: &HeaderMap, facts: &Facts<'_>, is_read: bool) -> bool {
    // 3. If-None-Match (§13.1.2), by weak comparison: caches and proxies weaken tags.
    if headers.contains_key(header::IF_NONE_MATCH) {
        return !is_listed(headers, &header::IF_NONE_MATCH, |tag| facts.etag.equals_weakly(tag));
    }
    // 4. If-Modified-Since (§13.1.3), only for GET and HEAD and only where there is no If-None-Match.
    // A date later than `now` is evaluated like any other. RFC 2616 §14.25 called it invalid; RFC 9110 keeps
    // only "not a valid HTTP-date" as a reason to ignore it, and reads dates by the origin server's clock.
    match (facts.modified, date(headers, &header::IF_MODIFIED_SINCE)) {
        (Some(modified), Some(since)) if is_read => modified > since,
        _ => true,
    }
}

/// Step 5 of §13.2.2: may the client add what it asks for to what it has? Without an `If-Range`, yes. To be
/// asked only when there is a `Range` (§13.1.5).
pub(super) fn if_range_holds(headers: &HeaderMap, facts: &Facts<'_>) -> bool {
    let mut lines = headers.get_all(header::IF_RANGE).iter();
    match (lines.next(), lines.next()) {
        (None, _) => true,
        (Some(only), None) => is_same_version(only.as_bytes().trim_ascii(), facts),
        // One validator is allowed. Of two, one is wrong, and a wrong yes splices two files.
        (Some(_), Some(_)) => false,
    }
}

/// One tag, or one date, and nothing after it.
fn is_same_version(validator: &[u8], facts: &Facts<'_>) -> bool {
    if let Some((tag, rest)) = take_tag(validator) {
        return rest.is_empty() && facts.etag.equals_strongly(&tag);
    }
    let asked = std::str::from_utf8(validator).ok().and_then(HttpDate::parse);
    facts.modified.is_some_and(|modified| asked == Some(modified) && is_strong(modified, facts.now))
}

/// Whether a `Last-Modified` names one version (§8.8.2.2), which §13.1.5 requires before it compares dates,
/// and then for equality, not for "not later".
///
/// A date is weak unless the file cannot have changed twice within its second. While that second lasts,
/// another change would go unseen; so the date counts from the next second on. This cannot see two changes
/// within a second that is over: there the client does its half. It may send a date only when it has no tag,
/// and only when its copy's `Date` was at least a second later. All our responses carry a tag, so a client
/// that follows the rules never sends us a date.
fn is_strong(modified: HttpDate, now: HttpDate) -> bool {
    modified < now
}

/// The date of a field that must stand once. Garbage and doubled lines are as if it were absent.
fn date(headers: &HeaderMap, name: &HeaderName) -> Option<HttpDate> {
    let mut lines = headers.get_all(name).iter();
    match (lines.next(), lines.next()) {
        (Some(only), None) => HttpDate::parse(only.to_str().ok()?),
        _ => None,
    }
}

/// Whether a field of tags, on however many lines (§5.3), is `*` or lists one that `equals` accepts.
fn is_listed(headers: &HeaderMap, name: &HeaderName, equals: impl Fn(&Tag<'_>) -> bool) -> bool {
    let lines = headers.get_all(name);
    // `*` stands alone or not at all; as a member of a list it is no tag, and matches nothing.
    let mut values = lines.iter().map(|line| line.as_bytes().trim_ascii());
    let is_any = values.next() == Some(b"*") && values.next().is_none();
    is_any || lines.iter().flat_map(|line| tags(line.as_bytes())).any(|tag| equals(&tag))
}

/// An entity tag as a client wrote it.
struct Tag<'a> {
    weak: bool,
    /// With its quotes.
    quoted: &'a [u8],
}

/// The well-formed tags of one line. Commas separate them, and may stand inside of them too. After a member
/// that is no tag, reading goes on behind the next comma.
fn tags(line: &[u8]) -> impl Iterator<Item = Tag<'_>> {
    let mut rest = Some(line);
    std::iter::from_fn(move || {
        while let Some(text) = rest {
            let text = text.trim_ascii_start();
            let (tag, tail) = take_tag(text).map_or((None, text), |(tag, tail)| (Some(tag), tail));
            let (junk, next) = split_at_comma(tail);
            rest = next;
            if junk.trim_ascii().is_empty() && tag.is_some() {
                return tag;
            }
        }
        None
    })
}

/// What stands before the next comma, and what stands behind it if there is one.
fn split_at_comma(text: &[u8]) -> (&[u8], Option<&[u8]>) {
    let mut halves = text.splitn(2, |byte| *byte == b',');
    (halves.next().unwrap_or_default(), halves.next())
}

/// Takes a tag off the front of `text`, and gives what follows it. The `W` of a weak one is a capital
/// (§8.8.3).
fn take_tag(text: &[u8]) -> Option<(Tag<'_>, &[u8])> {
    let behind_mark = text.strip_prefix(b"W/");
    let (weak, text) = (behind_mark.is_some(), behind_mark.unwrap_or(text));
    let inside = text.strip_prefix(b"\"")?;
    let closing = inside.iter().position(|byte| !is_etagc(*byte))?;
    if inside.get(closing) != Some(&b'"') {
        return None;
    }
    let (quoted, rest) = text.split_at_checked(closing + 2)?;
    Some((Tag { weak, quoted }, rest))
}

/// The bytes that may stand between a tag's quotes (§8.8.3): visible ones except the quote, and those above
/// ASCII.
fn is_etagc(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x7e | 0x80..=0xff)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: u64 = 784_111_877;
    /// The example of RFC 9110 §5.6.7 is 100 seconds before `NOW`.
    const MODIFIED: u64 = 784_111_777;
    const SAME: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const SAME_RFC_850: &str = "Sunday, 06-Nov-94 08:49:37 GMT";
    const SAME_ASCTIME: &str = "Sun Nov  6 08:49:37 1994";
    const EARLIER: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
    const LATER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";
    const FUTURE: &str = "Sat, 06 Nov 2094 08:49:37 GMT";

    type Lines = &'static [(&'static str, &'static str)];

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            let value = HeaderValue::from_bytes(value.as_bytes()).expect("a legal header value");
            headers.append(HeaderName::from_static(name), value);
        }
        headers
    }

    fn with_facts<T>(modified: Option<u64>, ask: impl Fn(&Facts<'_>) -> T) -> T {
        let etag = ETag::new("a,b").expect("a legal tag");
        let modified = modified.map(HttpDate::from_unix);
        ask(&Facts { len: 100, etag: &etag, modified, now: HttpDate::from_unix(NOW) })
    }

    struct Case {
        name: &'static str,
        header: Lines,
        want: Preconditions,
        why: &'static str,
    }

    #[track_caller]
    fn check(method: &Method, modified: Option<u64>, cases: &[Case]) {
        for Case { name, header, want, why } in cases {
            let got = with_facts(modified, |facts| evaluate(method, &headers(header), facts));
            assert_eq!(got, *want, "{method} {name}: {why}");
        }
    }

    use Preconditions::{Failed, Hold, NotModified};

    #[test]
    fn if_match_is_a_strong_comparison() {
        let why = "RFC 9110 §13.1.1";
        let cases = [
            Case { name: "the tag", header: &[("if-match", "\"a,b\"")], want: Hold, why },
            Case { name: "another", header: &[("if-match", "\"a\"")], want: Failed, why },
            Case { name: "any", header: &[("if-match", "*")], want: Hold, why },
            Case {
                name: "weak",
                header: &[("if-match", "W/\"a,b\"")],
                want: Failed,
                why: "RFC 9110 §8.8.3.2",
            },
            Case { name: "in a list", header: &[("if-match", "\"x\" ,\t\"a,b\", \"y\"")], want: Hold, why },
            Case {
                name: "empty elements",
                header: &[("if-match", ",, \"a,b\" ,")],
                want: Hold,
                why: "RFC 9110 §5.6.1",
            },
            Case {
                name: "second line",
                header: &[("if-match", "\"x\""), ("if-match", "\"a,b\"")],
                want: Hold,
                why: "RFC 9110 §5.3",
            },
            Case { name: "no quotes", header: &[("if-match", "a,b")], want: Failed, why: "RFC 9110 §8.8.3" },
            Case { name: "after garbage", header: &[("if-match", "x, \"a,b\"")], want: Hold, why },
            Case { name: "tag with a tail", header: &[("if-match", "\"a,b\"x")], want: Failed, why },
            Case { name: "half a tag", header: &[("if-match", "\"a,b")], want: Failed, why },
            Case { name: "inside another", header: &[("if-match", "\"x,\"a,b\"")], want: Failed, why },
            Case { name: "any in a list", header: &[("if-match", "\"x\", *")], want: Failed, why },
            Case { name: "any twice", header: &[("if-match", "*"), ("if-match", "*")], want: Failed, why },
            Case { name: "nothing", header: &[("if-match", "")], want: Failed, why },
            Case {
                name: "not ASCII",
                header: &[("if-match", "\"é\", \"a,b\"")],
                want: Hold,
                why: "RFC 9110 §8.8.3: obs-text",
            },
            Case {
                name: "over a date",
                header: &[("if-match", "\"a,b\""), ("if-unmodified-since", EARLIER)],
                want: Hold,
                why: "RFC 9110 §13.1.4",
            },
        ];
        check(&Method::GET, Some(MODIFIED), &cases);
        check(&Method::PUT, Some(MODIFIED), &cases);
    }

    #[test]
    fn if_unmodified_since_allows_the_same_second() {
        let why = "RFC 9110 §13.1.4";
        check(
            &Method::GET,
            Some(MODIFIED),
            &[
                Case { name: "same", header: &[("if-unmodified-since", SAME)], want: Hold, why },
                Case { name: "earlier", header: &[("if-unmodified-since", EARLIER)], want: Failed, why },
                Case {
                    name: "earlier asctime",
                    header: &[("if-unmodified-since", "Sun Nov  6 08:49:36 1994")],
                    want: Failed,
                    why,
                },
                Case { name: "later", header: &[("if-unmodified-since", LATER)], want: Hold, why },
                Case { name: "garbage", header: &[("if-unmodified-since", "yesterday")], want: Hold, why },
                Case {
                    name: "doubled",
                    header: &[("if-unmodified-since", EARLIER), ("if-unmodified-since", EARLIER)],
                    want: Hold,
                    why,
                },
            ],
        );
        check(
            &Method::GET,
            None,
            &[Case { name: "unknown date", header: &[("if-unmodified-since", EARLIER)], want: Hold, why }],
        );
    }

    #[test]
    fn if_none_match_is_a_weak_comparison() {
        let why = "RFC 9110 §13.1.2";
        let cases = [
            Case { name: "the tag", header: &[("if-none-match", "\"a,b\"")], want: NotModified, why },
            Case {
                name: "weak",
                header: &[("if-none-match", "W/\"a,b\"")],
                want: NotModified,
                why: "RFC 9110 §8.8.3.2",
            },
            Case {
                name: "small w",
                header: &[("if-none-match", "w/\"a,b\"")],
                want: Hold,
                why: "RFC 9110 §8.8.3",
            },
            Case { name: "any", header: &[("if-none-match", " * ")], want: NotModified, why },
            Case { name: "another", header: &[("if-none-match", "\"x\"")], want: Hold, why },
            Case {
                name: "in a list",
                header: &[("if-none-match", "\"x\",W/\"a,b\"")],
                want: NotModified,
                why,
            },
            Case {
                name: "second line",
                header: &[("if-none-match", "\"x\""), ("if-none-match", "\"a,b\"")],
                want: NotModified,
                why: "RFC 9110 §5.3",
            },
            Case { name: "garbage", header: &[("if-none-match", "a,b")], want: Hold, why },
            Case {
                name: "compressed by a proxy",
                header: &[("if-none-match", "\"a,b-gzip\"")],
                want: Hold,
                why,
            },
            Case {
                name: "over a date",
                header: &[("if-none-match", "\"x\""), ("if-modified-since", SAME)],
                want: Hold,
                why: "RFC 9110 §13.1.3",
            },
            Case {
                name: "garbage over a date",
                header: &[("if-none-match", "x"), ("if-modified-since", SAME)],
                want: Hold,
                why: "RFC 9110 §13.1.3",
            },
            Case {
                name: "after If-Match",
                header: &[("if-match", "\"x\""), ("if-none-match", "\"a,b\"")],
                want: Failed,
                why: "RFC 9110 §13.2.2",
            },
        ];
        check(&Method::GET, Some(MODIFIED), &cases);
        check(&Method::HEAD, Some(MODIFIED), &cases);
        check(
            &Method::DELETE,
            Some(MODIFIED),
            &[Case { name: "not a reading method", header: &[("if-none-match", "*")], want: Failed, why }],
        );
    }

    #[test]
    fn if_modified_since_reads_three_formats() {
        let why = "RFC 9110 §13.1.3";
        let formats = "RFC 9110 §5.6.7";
        check(
            &Method::GET,
            Some(MODIFIED),
            &[
                Case { name: "same", header: &[("if-modified-since", SAME)], want: NotModified, why },
                Case {
                    name: "same, RFC 850",
                    header: &[("if-modified-since", SAME_RFC_850)],
                    want: NotModified,
                    why: formats,
                },
                Case {
                    name: "same, asctime",
                    header: &[("if-modified-since", SAME_ASCTIME)],
                    want: NotModified,
                    why: formats,
                },
                Case { name: "later", header: &[("if-modified-since", LATER)], want: NotModified, why },
                Case {
                    name: "later than now",
                    header: &[("if-modified-since", FUTURE)],
                    want: NotModified,
                    why: "a valid date, RFC 9110 §13.1.3",
                },
                Case { name: "earlier", header: &[("if-modified-since", EARLIER)], want: Hold, why },
                Case { name: "garbage", header: &[("if-modified-since", "0")], want: Hold, why },
                Case { name: "not ASCII", header: &[("if-modified-since", "é")], want: Hold, why },
                Case {
                    name: "wrong weekday",
                    header: &[("if-modified-since", "Mon, 06 Nov 1994 08:49:37 GMT")],
                    want: Hold,
                    why: formats,
                },
                Case {
                    name: "doubled",
                    header: &[("if-modified-since", SAME), ("if-modified-since", SAME)],
                    want: Hold,
                    why,
                },
                Case {
                    name: "stale by the first condition",
                    header: &[("if-unmodified-since", EARLIER), ("if-modified-since", SAME)],
                    want: Failed,
                    why: "RFC 9110 §13.2.2",
                },
            ],
        );
        check(
            &Method::GET,
            None,
            &[Case { name: "unknown date", header: &[("if-modified-since", LATER)], want: Hold, why }],
        );
        check(
            &Method::POST,
            Some(MODIFIED),
            &[Case { name: "not a reading method", header: &[("if-modified-since", SAME)], want: Hold, why }],
        );
    }

    #[test]
    fn methods_that_select_nothing_have_no_conditions() {
        for method in [Method::OPTIONS, Method::TRACE, Method::CONNECT] {
            check(
                &method,
                Some(MODIFIED),
                &[
                    Case {
                        name: "failing",
                        header: &[("if-match", "\"x\"")],
                        want: Hold,
                        why: "RFC 9110 §13.2.1",
                    },
                    Case {
                        name: "current",
                        header: &[("if-none-match", "*")],
                        want: Hold,
                        why: "RFC 9110 §13.2.1",
                    },
                ],
            );
        }
    }

    /// `If-Range` lines, and whether they hold for a file last modified at `modified`.
    #[track_caller]
    fn check_if_range(modified: Option<u64>, cases: &[(&str, Lines, bool)], why: &str) {
        for (name, lines, want) in cases {
            let got = with_facts(modified, |facts| if_range_holds(&headers(lines), facts));
            assert_eq!(got, *want, "{name}: {why}");
        }
    }

    #[test]
    fn if_range_takes_one_strong_tag() {
        let cases: [(&str, Lines, bool); 11] = [
            ("absent", &[], true),
            ("the tag", &[("if-range", "\"a,b\"")], true),
            ("the tag, spaced", &[("if-range", " \"a,b\"\t")], true),
            ("another", &[("if-range", "\"a\"")], false),
            ("weak", &[("if-range", "W/\"a,b\"")], false),
            ("a list", &[("if-range", "\"a,b\", \"x\"")], false),
            ("any", &[("if-range", "*")], false),
            ("no quotes", &[("if-range", "a,b")], false),
            ("nothing", &[("if-range", "")], false),
            ("not ASCII", &[("if-range", "é")], false),
            ("twice", &[("if-range", "\"a,b\""), ("if-range", "\"a,b\"")], false),
        ];
        check_if_range(Some(MODIFIED), &cases, "RFC 9110 §13.1.5: strong comparison of one tag");
    }

    #[test]
    fn if_range_takes_the_exact_date_once_its_second_is_over() {
        let exact: [(&str, Lines, bool); 5] = [
            ("the date", &[("if-range", SAME)], true),
            ("in RFC 850's format", &[("if-range", SAME_RFC_850)], true),
            ("later", &[("if-range", LATER)], false),
            ("earlier", &[("if-range", EARLIER)], false),
            ("twice", &[("if-range", SAME), ("if-range", SAME)], false),
        ];
        check_if_range(Some(MODIFIED), &exact, "RFC 9110 §13.1.5: equal, not later");
        check_if_range(None, &[("unknown date", &[("if-range", SAME)], false)], "RFC 9110 §13.1.5");
        let strong = "RFC 9110 §8.8.2.2: at least a second old";
        let second_old: Lines = &[("if-range", "Sun, 06 Nov 1994 08:51:16 GMT")];
        check_if_range(Some(NOW - 1), &[("last second", second_old, true)], strong);
        let this_second: Lines = &[("if-range", "Sun, 06 Nov 1994 08:51:17 GMT")];
        check_if_range(Some(NOW), &[("this second", this_second, false)], strong);
        let next_second: Lines = &[("if-range", "Sun, 06 Nov 1994 08:51:18 GMT")];
        check_if_range(Some(NOW + 1), &[("next second", next_second, false)], strong);
    }

    #[test]
    fn a_tag_is_quoted_and_holds_no_quotes() {
        let value = ETag::new("dGFn-1_2").map(|tag| tag.header_value());
        assert_eq!(value.as_ref().map(HeaderValue::as_bytes), Some(&b"\"dGFn-1_2\""[..]));
        assert!(ETag::new("").is_some() && ETag::new("!#~é").is_some());
        for illegal in ["a\"b", "a b", "a\tb", "a\r\nb", "\0", "\x7f"] {
            assert_eq!(ETag::new(illegal), None, "RFC 9110 §8.8.3: {illegal:?}");
        }
    }

    #[test]
    fn dates_are_written_in_one_format_and_read_in_three() {
        assert_eq!(HttpDate::from_unix(MODIFIED).to_string(), SAME);
        for text in [SAME, SAME_RFC_850, SAME_ASCTIME] {
            assert_eq!(HttpDate::parse(text).map(|date| date.unix()), Some(MODIFIED), "{text}");
        }
        let why = "RFC 9110 §5.6.7";
        for text in [
            "",
            "Sun, 31 Dec 1969 23:59:59 GMT",
            "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 06 Nov 1994",
            "784111777",
        ] {
            assert_eq!(HttpDate::parse(text), None, "{text}: {why}");
        }
        assert_eq!(HttpDate::from_unix(0).to_string(), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(HttpDate::from_unix(u64::MAX).to_string(), "Fri, 31 Dec 9999 23:59:59 GMT");
    }

    proptest! {
        #[test]
        fn every_date_reads_as_it_was_written(seconds in 0..=LAST_SECOND) {
            let date = HttpDate::from_unix(seconds);
            prop_assert_eq!(HttpDate::parse(&date.to_string()), Some(date));
        }

        #[test]
        fn no_text_panics_as_a_date(text: String, digits in "[A-Za-z]{3,9},? [0-9A-Za-z :\\-]{18,26}") {
            let _ = (HttpDate::parse(&text), HttpDate::parse(&digits));
        }

        #[test]
        fn no_value_panics_as_a_list(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            for tag in tags(&bytes) {
                prop_assert!(tag.quoted.len() >= 2);
            }
        }

        #[test]
        fn every_tag_of_a_list_is_found(
            opaques in proptest::collection::vec("[!#-~é]{0,8}", 1..8),
            commas in proptest::collection::vec("[ \t]{0,2},[ \t,]{0,3}", 8),
        ) {
            let members = opaques.iter().zip(&commas).map(|(opaque, comma)| format!("\"{opaque}\"{comma}"));
            let list = members.collect::<Vec<_>>().concat();
            let found: Vec<_> = tags(list.as_bytes()).map(|tag| tag.quoted.to_vec()).collect();
            let listed: Vec<_> = opaques.iter().map(|opaque| format!("\"{opaque}\"").into_bytes()).collect();
            prop_assert_eq!(found, listed);
        }
    }
}
