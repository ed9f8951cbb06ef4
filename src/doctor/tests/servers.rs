//! Rules about servers and the path to them.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use url::Url;

use crate::doctor::exchange::{Answer, BodyEnd, Framing, Probe};
use crate::doctor::http::{Failure, FailureKind, Hop, HttpFacts, Software};
use crate::doctor::rules::path::{PathFacts, RULES};
use crate::doctor::rules::{self, Browser, Effect, Layer};
use crate::doctor::verdict::{Verdict, of_http, of_path};

const SIZE: u64 = 611_610;

const ALL: [Probe; 14] = [
    Probe::Begin,
    Probe::Open,
    Probe::Inner,
    Probe::LastByte,
    Probe::Suffix,
    Probe::PastEnd,
    Probe::Beyond,
    Probe::SameVersion,
    Probe::OtherVersion,
    Probe::Several,
    Probe::Plain,
    Probe::Head,
    Probe::Gzip,
    Probe::Again,
];

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

/// The film's bytes at a place; each says where it stands.
fn film(span: Range<u64>) -> Bytes {
    static FILM: LazyLock<Bytes> =
        LazyLock::new(|| (0..=250).cycle().take(SIZE.try_into().unwrap()).collect());
    FILM.slice(usize::try_from(span.start).unwrap()..usize::try_from(span.end).unwrap())
}

/// The right answer.
fn right(probe: Probe) -> Answer {
    let (status, range, wanted) = match (probe, probe.wanted(SIZE)) {
        (Probe::Beyond, _) => (416, Some(format!("bytes */{SIZE}")), 0..0),
        (_, Some(wanted)) => (206, Some(format!("bytes {}-{}/{SIZE}", wanted.start, wanted.end - 1)), wanted),
        (Probe::Several, None) => (206, None, 0..200),
        (_, None) => (200, None, 0..SIZE),
    };
    let length = wanted.end - wanted.start;
    let mut headers: Vec<(String, String)> = [
        ("accept-ranges", "bytes"),
        ("etag", "\"a\""),
        ("last-modified", "Mon, 02 Nov 2026 10:00:00 GMT"),
        ("cross-origin-resource-policy", "cross-origin"),
        ("access-control-allow-origin", "https://page.example"),
        ("access-control-expose-headers", "Content-Range, ETag"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let kind = if probe == Probe::Several { "multipart/byteranges; boundary=x" } else { "video/mp4" };
    headers.push(("content-type".to_owned(), kind.to_owned()));
    headers.push(("content-length".to_owned(), length.to_string()));
    headers.extend(range.map(|range| ("content-range".to_owned(), range)));
    Answer {
        status,
        minor: 1,
        headers,
        framing: Framing::Length(length),
        body: if probe == Probe::Head { Bytes::new() } else { film(wanted) },
        end: BodyEnd::Complete,
        head_after: Duration::from_millis(5),
        body_after: Some(Duration::from_millis(5)),
    }
}

fn healthy() -> HttpFacts {
    let mut http = HttpFacts::new(url("https://video.example/film.mp4"));
    http.page = Some(url("https://page.example"));
    http.size = Some(SIZE);
    http.answers = ALL.iter().map(|probe| (*probe, Ok(right(*probe)))).collect();
    http
}

fn with(change: impl FnOnce(&mut HttpFacts)) -> HttpFacts {
    let mut http = healthy();
    change(&mut http);
    http
}

/// One answer is changed.
fn one(probe: Probe, change: impl Fn(&mut Answer)) -> HttpFacts {
    with(|http| change(http.answers.get_mut(&probe).unwrap().as_mut().unwrap()))
}

/// All answers are.
fn each(change: impl Fn(Probe, &mut Answer)) -> HttpFacts {
    with(|http| {
        for (probe, answer) in &mut http.answers {
            change(*probe, answer.as_mut().unwrap());
        }
    })
}

fn set(answer: &mut Answer, name: &str, value: &str) {
    unset(answer, name);
    answer.headers.push((name.to_owned(), value.to_owned()));
}

fn unset(answer: &mut Answer, name: &str) {
    answer.headers.retain(|(found, _)| found != name);
}

fn header(name: &'static str, value: &'static str) -> HttpFacts {
    each(|_, answer| set(answer, name, value))
}

fn without(name: &'static str) -> HttpFacts {
    each(|_, answer| unset(answer, name))
}

fn status(status: u16) -> HttpFacts {
    with(|http| {
        let answer = Answer { status, headers: Vec::new(), ..right(Probe::Begin) };
        http.answers = [(Probe::Begin, Ok(answer))].into();
    })
}

fn failed(kind: FailureKind) -> HttpFacts {
    with(|http| http.answers = [(Probe::Begin, Err(Failure { kind, text: "as it is".to_owned() }))].into())
}

/// A question without an answer.
fn silent(probe: Probe) -> HttpFacts {
    let failure = Failure { kind: FailureKind::NotHttp, text: "it hangs up".to_owned() };
    with(|http| drop(http.answers.insert(probe, Err(failure))))
}

fn hop(from: &str, to: &str) -> HttpFacts {
    with(|http| {
        (http.first, http.last) = (url(from), url(to));
        http.hops.push(Hop { status: 302, from: url(from), to: url(to), has_cors: true });
    })
}

/// 200 with everything to whoever asks for a part.
fn whole() -> HttpFacts {
    each(|probe, answer| {
        if probe != Probe::Head {
            *answer = right(Probe::Plain);
        }
    })
}

/// Another end and another length for the parts.
fn parts(change: impl Fn(u64, u64, u64) -> (String, u64)) -> HttpFacts {
    each(|probe, answer| {
        if let (206, Some(wanted)) = (answer.status, probe.wanted(SIZE)) {
            let (range, length) = change(wanted.start, wanted.end - 1, wanted.end - wanted.start);
            set(answer, "content-range", &range);
            set(answer, "content-length", &length.to_string());
            answer.framing = Framing::Length(length);
        }
    })
}

fn ids(http: &HttpFacts) -> BTreeSet<&'static str> {
    of_http(http, Layer::Http).iter().map(|finding| finding.rule).collect()
}

fn access() -> Vec<(&'static str, HttpFacts)> {
    vec![
        ("unreachable", failed(FailureKind::Unreachable)),
        ("tls-refused", failed(FailureKind::Tls)),
        ("not-http", failed(FailureKind::NotHttp)),
        ("redirect-loop", failed(FailureKind::TooManyRedirects)),
        ("credential-refused", status(401)),
        ("credential-refused", status(403)),
        ("basic-auth", one(Probe::Begin, |answer| set(answer, "www-authenticate", "Basic realm=\"x\""))),
        ("link-over", status(410)),
        ("not-found", status(404)),
        ("too-many", status(429)),
        ("server-error", status(502)),
        ("odd-status", status(204)),
        ("one-shot", one(Probe::Open, |answer| answer.status = 403)),
        ("no-answer-later", silent(Probe::LastByte)),
        ("needs-a-header", with(|http| http.has_bearer = true)),
        ("redirect-to-http", hop("https://video.example/a", "http://video.example/a")),
        ("redirect-each-time", hop("https://video.example/a", "https://cdn.example/a")),
    ]
}

fn ranges() -> Vec<(&'static str, HttpFacts)> {
    let bare = each(|_, answer| unset(answer, "content-range"));
    vec![
        ("ranges-ignored", each_of(whole(), |answer| unset(answer, "accept-ranges"))),
        ("ranges-claimed", whole()),
        ("no-content-range", bare),
        ("unknown-total", parts(|first, last, length| (format!("bytes {first}-{last}/*"), length))),
        (
            "end-is-size",
            one(Probe::Open, |answer| set(answer, "content-range", &format!("bytes 0-{SIZE}/{SIZE}"))),
        ),
        ("length-short", parts(|first, last, length| (format!("bytes {first}-{last}/{SIZE}"), length - 1))),
        ("length-long", parts(|first, last, length| (format!("bytes {first}-{last}/{SIZE}"), length + 1))),
        ("wrong-range", one(Probe::Inner, |answer| set(answer, "content-range", "bytes 0-4095/611610"))),
        ("range-cut", one(Probe::Open, |answer| set(answer, "content-range", "bytes 0-99999/611610"))),
        ("wrong-bytes", one(Probe::Inner, |answer| answer.body = film(0..4096))),
        ("body-short", one(Probe::Open, |answer| answer.end = BodyEnd::Short)),
        ("body-excess", one(Probe::Begin, |answer| answer.end = BodyEnd::Excess(4))),
        ("chunked-part", one(Probe::Open, |answer| answer.framing = Framing::Chunked)),
        ("last-byte", one(Probe::LastByte, |answer| answer.status = 500)),
        ("past-end-wrong", one(Probe::PastEnd, |answer| answer.status = 416)),
        ("no-416", one(Probe::Beyond, |answer| *answer = right(Probe::Plain))),
        ("bare-416", one(Probe::Beyond, |answer| unset(answer, "content-range"))),
        ("suffix-wrong", one(Probe::Suffix, |answer| answer.status = 200)),
        ("suffix-wrong", one(Probe::Suffix, |answer| set(answer, "content-range", "bytes 0-1/611610"))),
        ("several-ranges", one(Probe::Several, |answer| set(answer, "content-type", "video/mp4"))),
    ]
}

fn each_of(mut http: HttpFacts, change: impl Fn(&mut Answer)) -> HttpFacts {
    http.answers.values_mut().for_each(|answer| change(answer.as_mut().unwrap()));
    http
}

fn head() -> Vec<(&'static str, HttpFacts)> {
    let slow =
        |probe: Probe, seconds| one(probe, move |answer| answer.head_after = Duration::from_secs(seconds));
    vec![
        ("a-page-instead", header("content-type", "text/html; charset=utf-8")),
        (
            "type-text",
            each(|_, answer| {
                set(answer, "content-type", "text/plain");
                set(answer, "x-content-type-options", "nosniff");
            }),
        ),
        ("type-unknown", header("content-type", "application/octet-stream")),
        ("type-unknown", without("content-type")),
        ("compressed", one(Probe::Plain, |answer| set(answer, "content-encoding", "gzip"))),
        ("compresses-on-request", one(Probe::Gzip, |answer| set(answer, "content-encoding", "gzip"))),
        ("etag-weak", header("etag", "W/\"a\"")),
        ("etag-changes", one(Probe::Open, |answer| set(answer, "etag", "\"b\""))),
        (
            "no-validator",
            each(|_, answer| {
                unset(answer, "etag");
                unset(answer, "last-modified");
            }),
        ),
        ("if-range-deaf", one(Probe::SameVersion, |answer| answer.status = 200)),
        ("if-range-ignored", one(Probe::OtherVersion, |answer| answer.status = 206)),
        ("head-differs", one(Probe::Head, |answer| answer.status = 405)),
        ("head-differs", one(Probe::Head, |answer| set(answer, "content-length", "0"))),
        ("cached", header("age", "17")),
        ("cached", header("x-cache", "Hit from cloudfront")),
        ("late-first-byte", slow(Probe::Begin, 3)),
        ("buffered", slow(Probe::Open, 2)),
        ("http-1.0", each(|_, answer| answer.minor = 0)),
    ]
}

fn embedding() -> Vec<(&'static str, HttpFacts)> {
    let plain = with(|http| {
        (http.first, http.last) = (url("http://video.example/a"), url("http://video.example/a"));
    });
    let bare_hop = with(|http| {
        let (from, to) = (url("https://video.example/a"), url("https://video.example/b"));
        http.hops.push(Hop { status: 302, from, to, has_cors: false });
    });
    vec![
        ("mixed-content", plain),
        ("corp-forbids", header("cross-origin-resource-policy", "same-origin")),
        ("corp-forbids", header("cross-origin-resource-policy", "same-site")),
        ("cors-missing", without("access-control-allow-origin")),
        ("cors-other-origin", header("access-control-allow-origin", "https://other.example")),
        ("cors-wildcard", header("access-control-allow-origin", "*")),
        ("cors-hides-ranges", without("access-control-expose-headers")),
        ("redirect-drops-cors", bare_hop),
    ]
}

#[test]
fn each_rule_about_servers_fires_on_its_case() {
    let cases: Vec<_> = [access(), ranges(), head(), embedding()].into_iter().flatten().collect();
    for (id, http) in &cases {
        assert!(ids(http).contains(id), "{id} does not fire: {:?}", ids(http));
    }
    let tried: BTreeSet<_> = cases.iter().map(|(id, _)| *id).collect();
    let all: BTreeSet<_> = rules::http().map(|rule| rule.id).collect();
    assert_eq!(tried, all, "rules without a case");
}

#[test]
fn no_rule_fires_on_a_right_server() {
    let same_site = with(|http| {
        http.page = Some(url("https://www.video.example"));
        let answer = http.answers.get_mut(&Probe::Begin).unwrap().as_mut().unwrap();
        set(answer, "cross-origin-resource-policy", "same-site");
        set(answer, "access-control-allow-origin", "https://www.video.example");
    });
    let own_page = with(|http| {
        http.page = Some(url("https://video.example"));
        for answer in http.answers.values_mut() {
            unset(answer.as_mut().unwrap(), "access-control-allow-origin");
            set(answer.as_mut().unwrap(), "cross-origin-resource-policy", "same-origin");
        }
    });
    let local = with(|http| {
        (http.first, http.last) = (url("http://127.0.0.1:8080/a"), url("http://127.0.0.1:8080/a"));
    });
    let cases = [
        (healthy(), "all right"),
        (with(|http| http.page = None), "nobody said which page"),
        (own_page, "the page is of the same origin"),
        (same_site, "of the same site"),
        (local, "this machine needs no encryption"),
        (header("content-encoding", "identity"), "a coding that is none"),
        (header("x-cache", "MISS"), "a cache that did not answer"),
        (header("age", "0"), "fresh"),
        (silent(Probe::Head), "a question that no browser asks"),
        (one(Probe::Several, |answer| *answer = right(Probe::Plain)), "the whole file for two ranges"),
        (one(Probe::Head, |answer| answer.framing = Framing::UntilClose), "a body that HEAD has not"),
        (one(Probe::Open, |answer| answer.end = BodyEnd::LeftByUs), "a body that we left"),
    ];
    for (http, why) in cases {
        assert_eq!(ids(&http), BTreeSet::new(), "{why}");
    }
}

#[test]
fn what_no_browser_asks_keeps_nothing_from_playing() {
    let cases = [
        (Probe::Suffix, "suffix-wrong"),
        (Probe::PastEnd, "past-end-wrong"),
        (Probe::Several, "several-ranges"),
        (Probe::Head, "head-differs"),
    ];
    for (probe, rule) in cases {
        let http = one(probe, |answer| {
            *answer = Answer {
                status: 206,
                framing: Framing::Length(9),
                end: BodyEnd::Short,
                ..right(Probe::Begin)
            };
        });
        let verdict = Verdict::of(of_http(&http, Layer::Http));
        let found: Vec<_> = verdict.findings.iter().map(|finding| finding.rule).collect();
        assert!(found == [rule] && verdict.is_good(), "{probe:?}: {found:?}");
    }
}

#[test]
fn the_story_of_the_last_byte_is_told_by_two_rules() {
    let mut http = parts(|first, last, length| (format!("bytes {first}-{last}/{SIZE}"), length - 1));
    http.answers.get_mut(&Probe::LastByte).unwrap().as_mut().unwrap().status = 500;
    let verdict = Verdict::of(of_http(&http, Layer::Http));
    let found: BTreeSet<_> = verdict.findings.iter().map(|finding| finding.rule).collect();
    assert_eq!(found, ["last-byte", "length-short"].into());
    assert_eq!(verdict.effect(Browser::Chrome), Effect::Fails);
    assert_eq!(verdict.effect(Browser::Safari), Effect::Unknown, "it played there");
    assert!(!verdict.is_good());
}

fn path(change: impl FnOnce(&mut HttpFacts)) -> PathFacts {
    PathFacts { direct: healthy(), public: with(change) }
}

#[test]
fn each_rule_about_the_path_fires_on_its_case() {
    let public = |public| PathFacts { direct: healthy(), public };
    let cases = [
        ("path-other-status", public(status(403))),
        ("path-strips-range", public(whole())),
        ("path-other-bytes", public(one(Probe::Inner, |answer| answer.body = Bytes::from_static(b"other")))),
        ("path-other-size", path(|http| http.size = Some(7))),
        ("path-weakens-etag", public(header("etag", "W/\"a\""))),
        ("path-loses-headers", public(without("etag"))),
        ("path-adds-type", public(header("content-type", "application/octet-stream"))),
        ("path-buffers", public(one(Probe::Open, |answer| answer.head_after = Duration::from_secs(2)))),
    ];
    let fired = |path: &PathFacts| -> BTreeSet<&str> {
        let of_path = of_path(path).into_iter().filter(|finding| finding.layer == Layer::Path);
        of_path.map(|finding| finding.rule).collect()
    };
    for (id, path) in &cases {
        assert!(fired(path).contains(id), "{id} does not fire: {:?}", fired(path));
    }
    let tried: BTreeSet<_> = cases.iter().map(|(id, _)| *id).collect();
    assert_eq!(tried, RULES.iter().map(|rule| rule.id).collect::<BTreeSet<_>>(), "rules without a case");
    assert_eq!(fired(&path(|_| {})), BTreeSet::new(), "nothing differs");
}

#[test]
fn what_is_wrong_already_is_not_held_against_the_path() {
    let weak = header("etag", "W/\"a\"");
    let both = PathFacts { direct: weak.clone(), public: weak.clone() };
    let layers = |path: &PathFacts| -> Vec<(Layer, &str)> {
        of_path(path).into_iter().map(|finding| (finding.layer, finding.rule)).collect()
    };
    assert_eq!(layers(&both), [(Layer::Http, "etag-weak")]);
    let public = PathFacts { direct: healthy(), public: weak };
    assert_eq!(layers(&public), [(Layer::Path, "etag-weak"), (Layer::Path, "path-weakens-etag")]);
}

#[test]
fn the_cure_is_for_the_server_that_answers() {
    let cure = |server| {
        let http = each_of(whole(), |answer| set(answer, "server", server));
        of_http(&http, Layer::Http)[0].cure.clone().unwrap()
    };
    for (server, word) in
        [("nginx/1.22.1", "nginx"), ("Caddy", "Caddy"), ("Apache/2.4", "Apache"), ("x", "reelgate")]
    {
        assert!(cure(server).contains(word), "{server}: {}", cure(server));
    }
    let behind = header("via", "1.1 Caddy");
    assert_eq!(behind.software(), Software::Caddy);
}
