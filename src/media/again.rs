//! The same question again. Players ask for part after part of one film over one connection, in the same words but for
//! `Range`.
//!
//! 1. [`Question::of`] keeps the words of a question for a film, and the decision on it, while that may be kept.
//! 2. [`again`] looks whether the decision stands, and whether the next question has the same words, byte by byte. On one
//!    connection, whose peer and encryption do not change, those say the same of who asks and for what: they need not be
//!    taken apart again.
//! 3. Then it looks whether the path still leads to the file. What cannot be told at once goes the whole way.

use std::net::IpAddr;

use http::header::{CONNECTION, RANGE};
use http::request::Parts;
use http::uri::{Authority, PathAndQuery};
use http::{HeaderValue, Response, Version};

use super::answer::Planned;
use super::path::Part;
use super::{Form, at_hand};
use crate::access::Permit;
use crate::access::client::Client;
use crate::access::exchanges::Asking;
use crate::access::standing::Standing;
use crate::access::streams::Cut;
use crate::app::App;
use crate::body::Pieces;
use crate::metrics::Sent;

/// Ends a word. None of them can have it: RFC 9110 §5.5 and §9.1, RFC 3986 §2.
const END: u8 = 0;

/// A question that was let in. Its words hold a credential: the connection forgets them when it hears that they are of no
/// use any more.
pub struct Question {
    words: Box<[u8]>,
    standing: Standing,
    network: IpAddr,
}

/// The decision does not stand any more.
pub struct Over;

impl Question {
    /// For a film as it plays. None: its decision is not one to keep, or nobody will ask again.
    pub(super) fn of(app: &App, permit: &Permit, request: &Parts, part: &Part) -> Option<Question> {
        let is_film = *part == Part::Film && Form::asked_for(request.uri.query()) == Form::Film;
        let client = request.extensions.get::<Client>().filter(|_| is_film && goes_on(request))?;
        let standing = app.access.keep(permit)?;
        Some(Question { words: kept_words(request), standing, network: client.network() })
    }

    /// Where it comes from, shortened as for logs.
    #[must_use]
    pub fn network(&self) -> IpAddr {
        self.network
    }
}

/// Whether more can come on its connection. WebKitGTK, for one, takes a new one for each part.
fn goes_on(request: &Parts) -> bool {
    let closes = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"close");
    request.version > Version::HTTP_10 && !request.headers.get(CONNECTION).is_some_and(closes)
}

/// A request's head, as far as it says who asks and for what: all but which part. That is one `Range`; more of them are
/// none, and over HTTP/2 nobody else counts lines.
fn words(request: &Parts) -> impl Iterator<Item = &[u8]> {
    let Parts { method, uri, headers, .. } = request;
    let version = match request.version {
        Version::HTTP_2 => "2",
        Version::HTTP_11 => "1.1",
        _ => "1.0",
    };
    let authority = uri.authority().map_or("", Authority::as_str);
    let path = uri.path_and_query().map_or("", PathAndQuery::as_str);
    let target = [method.as_str(), version, uri.scheme_str().unwrap_or_default(), authority, path];
    let mut is_range_left = true;
    let rest = headers
        .iter()
        .filter(move |(name, _)| **name != RANGE || !std::mem::replace(&mut is_range_left, false));
    let rest = rest.flat_map(|(name, value)| [name.as_str().as_bytes(), value.as_bytes()]);
    target.into_iter().map(str::as_bytes).chain(rest)
}

fn kept_words(request: &Parts) -> Box<[u8]> {
    let mut kept = Vec::with_capacity(words(request).map(|word| word.len() + 1).sum());
    for word in words(request) {
        kept.extend_from_slice(word);
        kept.push(END);
    }
    kept.into()
}

/// Whether a request has the words that were kept. Of words as long as those, how many agree does not show in the time: one
/// of them is a secret.
fn has_words(request: &Parts, kept: &[u8]) -> bool {
    let (mut left, mut differing) = (kept, 0);
    for word in words(request) {
        let Some((next, [END, rest @ ..])) = left.split_at_checked(word.len()) else { return false };
        differing =
            next.iter().zip(word).fold(differing, |differing, (one, other)| differing | (one ^ other));
        left = rest;
    }
    left.is_empty() && differing == 0
}

/// The answer to a question that is asked again.
pub struct Again {
    pub response: Response<Pieces>,
    pub sent: Sent,
    pub asking: Option<Asking>,
}

/// None: it is another question, or has to go the whole way.
pub fn again(app: &App, question: &Question, request: &Parts, cut: Cut) -> Result<Option<Again>, Over> {
    let permit = app.access.again(&question.standing).ok_or(Over)?;
    let is_same = has_words(request, &question.words);
    Ok(is_same.then(|| answered(app, permit, question.network, request, cut)).flatten())
}

fn answered(app: &App, permit: Permit, network: IpAddr, request: &Parts, cut: Cut) -> Option<Again> {
    permit.goes_on();
    let film = at_hand(app, &permit, Form::Film)?;
    let asking = Asking::of(&permit, Part::Film.word(), &request.headers);
    let planned = Planned::of(app, request, &film.representation);
    let (written, asked) = planned.written(app, &permit, network, request, &film.representation);
    let guard =
        if written.sends_bytes() { Some(app.access.enter_at_once(permit, asked, cut)?) } else { None };
    app.metrics.decided("allow", "standing");
    let (response, sent) = written.told(app, guard);
    Some(Again { response, sent, asking })
}

#[cfg(test)]
mod tests {
    use super::*;

    type Head<'h> = (&'h str, &'h str, &'h [(&'h str, &'h str)]);

    fn parts((method, target, headers): Head<'_>) -> Parts {
        let request = http::Request::builder().method(method).uri(target);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn the_same_words_ask_the_same_whatever_the_part() {
        const HOST: (&str, &str) = ("host", "a");
        let kept =
            kept_words(&parts(("GET", "/m/1?token=x", &[HOST, ("cookie", "c=1"), ("range", "bytes=0-1")])));
        let cases: [(Head<'_>, bool, &str); 14] = [
            (("GET", "/m/1?token=x", &[HOST, ("cookie", "c=1"), ("range", "bytes=0-1")]), true, "the same"),
            (("GET", "/m/1?token=x", &[HOST, ("cookie", "c=1"), ("range", "bytes=5-9")]), true, "a part"),
            (("GET", "/m/1?token=x", &[("range", "x"), HOST, ("cookie", "c=1")]), true, "wherever it stands"),
            (("GET", "/m/1?token=x", &[HOST, ("cookie", "c=1")]), true, "without one"),
            (
                ("GET", "/m/1?token=x", &[HOST, ("cookie", "c=1"), ("range", "a"), ("range", "b")]),
                false,
                "two ranges are none",
            ),
            (("HEAD", "/m/1?token=x", &[HOST, ("cookie", "c=1")]), false, "another method"),
            (("GET", "/m/2?token=x", &[HOST, ("cookie", "c=1")]), false, "another item"),
            (("GET", "/m/1?token=y", &[HOST, ("cookie", "c=1")]), false, "another token"),
            (("GET", "/m/1?token=x", &[HOST, ("cookie", "c=2")]), false, "another cookie"),
            (("GET", "/m/1?token=x", &[HOST]), false, "one word fewer"),
            (("GET", "/m/1?token=x", &[HOST, ("cookie", "c=1"), ("dnt", "1")]), false, "one word more"),
            (("GET", "/m/1?token=x", &[HOST, ("cookie", "c"), ("x", "=1")]), false, "cut elsewhere"),
            (("GET", "/m/1?token=x", &[HOST, ("cookie", "c=1"), ("cookie", "c=1")]), false, "said twice"),
            (("GET", "http://a/m/1?token=x", &[HOST, ("cookie", "c=1")]), false, "in another form"),
        ];
        for (head, want, why) in cases {
            assert_eq!(has_words(&parts(head), &kept), want, "{why}");
        }
    }

    #[test]
    fn versions_of_http_are_words_too() {
        let mut parts = parts(("GET", "/m/1", &[]));
        let kept = kept_words(&parts);
        for (version, want) in [(Version::HTTP_11, true), (Version::HTTP_10, false), (Version::HTTP_2, false)]
        {
            parts.version = version;
            assert_eq!(has_words(&parts, &kept), want, "{version:?}");
        }
    }
}
