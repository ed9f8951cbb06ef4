//! What the rules know of a server: the answers to the probes, and who gave them.

use std::collections::BTreeMap;

use serde::Serialize;
use url::Url;

use crate::doctor::exchange::{Answer, Probe};

/// Why there was no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub kind: FailureKind,
    /// For people; holds no URL.
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// The name has no address, nothing listens, or nobody answers in time.
    Unreachable,
    /// The TLS handshake: a certificate that is not trusted, mostly.
    Tls,
    /// What came is not HTTP, or the connection ended before an answer.
    NotHttp,
    TooManyRedirects,
}

/// A redirect that was followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    pub status: u16,
    pub from: Url,
    pub to: Url,
    /// Whether a page of another origin may read it.
    pub has_cors: bool,
}

/// The answers of one server to one URL.
#[derive(Clone, Debug)]
pub struct HttpFacts {
    /// As it was typed.
    pub first: Url,
    /// Behind all redirects; every probe but [`Probe::Again`] went there.
    pub last: Url,
    pub hops: Vec<Hop>,
    /// The origin of the page that shows the video, where it is known.
    pub page: Option<Url>,
    /// The credential is a header, which a `<video>` cannot send.
    pub has_bearer: bool,
    /// Of the file, as the server says it.
    pub size: Option<u64>,
    pub answers: BTreeMap<Probe, Result<Answer, Failure>>,
}

/// Who answered, by its own words: the cure is a line of its configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Software {
    Reelgate,
    Nginx,
    Caddy,
    Apache,
    Cloudflare,
    Other,
}

impl HttpFacts {
    #[must_use]
    pub fn new(first: Url) -> Self {
        Self {
            last: first.clone(),
            first,
            hops: Vec::new(),
            page: None,
            has_bearer: false,
            size: None,
            answers: BTreeMap::new(),
        }
    }

    #[must_use]
    pub fn get(&self, probe: Probe) -> Option<&Answer> {
        self.answers.get(&probe)?.as_ref().ok()
    }

    /// Why the first question got no answer.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        self.answers.get(&Probe::Begin)?.as_ref().err()
    }

    /// The first question's answer, if it is one that holds a file.
    #[must_use]
    pub fn begin(&self) -> Option<&Answer> {
        self.get(Probe::Begin).filter(|answer| answer.is_success())
    }

    /// What browsers get that ask for the file or a part of it.
    pub fn successes(&self) -> impl Iterator<Item = (Probe, &Answer)> {
        self.all().filter(|(probe, answer)| answer.is_success() && probe.is_asked_by_browsers())
    }

    pub fn all(&self) -> impl Iterator<Item = (Probe, &Answer)> {
        self.answers.iter().filter_map(|(probe, answer)| Some((*probe, answer.as_ref().ok()?)))
    }

    /// The 206 to those questions of browsers that one part answers.
    pub fn parts(&self) -> impl Iterator<Item = (Probe, &Answer)> {
        let parts = self.successes().filter(|(_, answer)| answer.status == 206);
        parts.filter(|(probe, _)| probe.wanted(u64::MAX).is_some())
    }

    /// A page of another origin shows it.
    #[must_use]
    pub fn is_cross_origin(&self) -> bool {
        self.page.as_ref().is_some_and(|page| page.origin() != self.last.origin())
    }

    /// Behind whatever proxy: reelgate sends these together, with media and with errors, and nobody else does.
    #[must_use]
    pub fn is_reelgate(&self) -> bool {
        self.get(Probe::Begin).is_some_and(|answer| {
            let is = |name, value| answer.header(name) == Some(value);
            let id = answer.header("x-request-id").unwrap_or_default();
            let has_id = id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
            let is_private = is("cdn-cache-control", "no-store") || is("cache-control", "no-store");
            let is_strict = is("referrer-policy", "no-referrer") && is("x-content-type-options", "nosniff");
            has_id && is_private && is_strict
        })
    }

    /// The server that is met first.
    #[must_use]
    pub fn software(&self) -> Software {
        let Some(answer) = self.get(Probe::Begin) else { return Software::Other };
        let named = |name: &str| {
            let says =
                |header| answer.header(header).is_some_and(|value| value.to_ascii_lowercase().contains(name));
            says("server") || says("via")
        };
        let known = [
            ("cloudflare", Software::Cloudflare),
            ("nginx", Software::Nginx),
            ("openresty", Software::Nginx),
            ("caddy", Software::Caddy),
            ("apache", Software::Apache),
        ];
        let found = known.iter().find(|(name, _)| named(name)).map(|(_, software)| *software);
        let own = if self.is_reelgate() { Software::Reelgate } else { Software::Other };
        found.unwrap_or(own)
    }
}
