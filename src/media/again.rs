//! The same question again. Players ask for part after part of one film over one connection, in the same words but for
//! `Range`.
//!
//! 1. [`Question::of`] keeps the words of a question for a film, and the decision on it, while that may be kept.
//! 2. [`again`] compares the next one with them, byte by byte. Equal words say the same of who asks, for what, by
//!    which way: they need not be taken apart again.
//! 3. Then it looks whether the decision stands, and whether the path still leads to the file. What the two cannot tell
//!    at once goes the whole way.

use std::net::IpAddr;
use std::sync::Arc;

use http::header::RANGE;
use http::request::Parts;
use http::uri::{Authority, PathAndQuery, Uri};
use http::{HeaderMap, Method, Response, Version};

use super::path::Part;
use super::{Form, Planned, asked, at_hand};
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

/// What a browser's words take.
const USUAL: usize = 1024;

/// A question that was let in. It holds a credential in its words, as the connection does while it is asked.
pub struct Question {
    words: Box<[u8]>,
    standing: Standing,
    network: IpAddr,
}

impl Question {
    /// For a film as it plays. None: its decision is not one to keep.
    pub(super) fn of(app: &App, permit: &Permit, request: &Parts, part: &Part) -> Option<Question> {
        let is_film = *part == Part::Film && Form::asked_for(request.uri.query()) == Form::Film;
        let client = request.extensions.get::<Client>().filter(|_| is_film)?;
        let standing = app.access.keep(permit)?;
        Some(Question { words: Words::of(request).kept(), standing, network: client.network() })
    }

    /// Where it comes from, shortened as for logs.
    #[must_use]
    pub fn network(&self) -> IpAddr {
        self.network
    }
}

/// A request's head, which says who asks and for what.
#[derive(Clone, Copy)]
pub struct Words<'r> {
    pub method: &'r Method,
    pub version: Version,
    pub uri: &'r Uri,
    pub headers: &'r HeaderMap,
}

impl<'r> Words<'r> {
    fn of(request: &'r Parts) -> Words<'r> {
        let Parts { method, version, uri, headers, .. } = request;
        Words { method, version: *version, uri, headers }
    }

    fn kept(self) -> Box<[u8]> {
        let mut kept = Vec::with_capacity(USUAL);
        for word in self.all() {
            kept.extend_from_slice(word);
            kept.push(END);
        }
        kept.into()
    }

    /// Whether they are those that were kept.
    fn are(self, kept: &[u8]) -> bool {
        let mut left = kept;
        let mut is_next = |word: &[u8]| match left.split_at_checked(word.len()) {
            Some((next, [END, rest @ ..])) if next == word => {
                left = rest;
                true
            }
            _ => false,
        };
        self.all().all(&mut is_next) && left.is_empty()
    }

    /// All but which part.
    fn all(self) -> impl Iterator<Item = &'r [u8]> {
        let Words { method, version, uri, headers } = self;
        let version = match version {
            Version::HTTP_2 => "2",
            Version::HTTP_11 => "1.1",
            _ => "1.0",
        };
        let authority = uri.authority().map_or("", Authority::as_str);
        let path = uri.path_and_query().map_or("", PathAndQuery::as_str);
        let target = [method.as_str(), version, uri.scheme_str().unwrap_or_default(), authority, path];
        let rest = headers.iter().filter(|(name, _)| **name != RANGE);
        let rest = rest.flat_map(|(name, value)| [name.as_str().as_bytes(), value.as_bytes()]);
        target.into_iter().map(str::as_bytes).chain(rest)
    }
}

/// The answer to a question that is asked again.
pub struct Again {
    pub response: Response<Pieces>,
    pub sent: Sent,
    pub asking: Option<Asking>,
}

/// None: it is another question, or has to be decided.
pub fn again(app: &App, question: &Question, words: Words<'_>, cut: Cut) -> Option<Again> {
    let Words { method, headers, .. } = words;
    let permit = words.are(&question.words).then(|| app.access.again(&question.standing))??;
    let film = at_hand(app, &permit, Form::Film)?;
    let planned = Planned::of(app, method, headers, &film.representation);
    let asked = asked(question.network, headers, &planned.plan, film.representation.facts(planned.now).len);
    let asking = Asking::of(&permit, Part::Film.word(), headers);
    let (item, kind) = (permit.item().id, planned.kind);
    let response = planned.respond(app, &permit, method, &film.representation);
    let guard = if response.body().is_empty() {
        None
    } else {
        Some(Arc::new(app.access.enter_at_once(permit, asked, cut)?))
    };
    app.metrics.decided("allow", "standing");
    Some(Again { response, sent: Sent { item, kind, guard }, asking })
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

    fn question(head: Head<'_>) -> Vec<u8> {
        Words::of(&parts(head)).kept().into()
    }

    #[test]
    fn the_same_words_ask_the_same_whatever_the_part() {
        const HOST: (&str, &str) = ("host", "a");
        let kept = question(("GET", "/m/1?token=x", &[HOST, ("cookie", "c=1"), ("range", "bytes=0-1")]));
        let cases: [(Head<'_>, bool, &str); 13] = [
            (("GET", "/m/1?token=x", &[HOST, ("cookie", "c=1"), ("range", "bytes=0-1")]), true, "the same"),
            (("GET", "/m/1?token=x", &[HOST, ("cookie", "c=1"), ("range", "bytes=5-9")]), true, "a part"),
            (("GET", "/m/1?token=x", &[("range", "x"), HOST, ("cookie", "c=1")]), true, "wherever it stands"),
            (("GET", "/m/1?token=x", &[HOST, ("cookie", "c=1")]), true, "without one"),
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
            assert_eq!(Words::of(&parts(head)).are(&kept), want, "{why}");
        }
    }

    #[test]
    fn versions_of_http_are_words_too() {
        let mut parts = parts(("GET", "/m/1", &[]));
        let kept = Words::of(&parts).kept();
        for (version, want) in [(Version::HTTP_11, true), (Version::HTTP_10, false), (Version::HTTP_2, false)]
        {
            parts.version = version;
            assert_eq!(Words::of(&parts).are(&kept), want, "{version:?}");
        }
    }
}
