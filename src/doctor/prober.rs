//! Asks a server what players ask.
//!
//! 1. Apple's first two bytes, along the redirects.
//! 2. Nobody goes on where that gets no video.
//! 3. The whole file and HEAD, for its size; then every other [`Probe`], each on a connection of its own, one after
//!    another: a server that allows a viewer one stream at a time must not look broken.
//!
//! At most a MiB of the film is loaded, once; of other answers 64 KiB.

use std::time::Duration;

use tokio::time::Instant;
use url::Url;

use crate::doctor::exchange::{Answer, Probe};
use crate::doctor::http::{Failure, FailureKind, Hop, HttpFacts};
use crate::doctor::wire::{Client, Question};

/// What is loaded of the film.
pub const BEGINNING: usize = 1 << 20;
const ENOUGH: usize = 64 << 10;

/// Browsers follow 20; five show what is wrong.
const MAX_HOPS: usize = 5;

/// A server that lets every question wait is asked no more after this.
const LONGEST: Duration = Duration::from_mins(1);

/// Chromium's words for media. Firefox and Apple say `identity` alone, which means the same.
const IDENTITY: &str = "identity;q=1, *;q=0";

/// A token for `Authorization`. It is never shown.
#[derive(Clone)]
pub struct Bearer(String);

impl Bearer {
    /// `None` for what cannot stand in a header.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let is_token = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        is_token.then(|| Self(text.to_owned()))
    }
}

/// Who asks: a page of this origin, with this token.
#[derive(Clone, Default)]
pub struct Prober {
    pub client: Client,
    pub page: Option<Url>,
    pub bearer: Option<Bearer>,
}

impl Prober {
    /// All questions to one URL.
    pub async fn examine(&self, url: &Url) -> HttpFacts {
        let begun = Instant::now();
        let mut http = HttpFacts::new(url.clone());
        http.page.clone_from(&self.page);
        http.has_bearer = self.bearer.is_some();
        let begin = self.follow(&mut http).await;
        http.answers.insert(Probe::Begin, begin);
        if http.begin().is_none() {
            return http;
        }
        for probe in [Probe::Plain, Probe::Head] {
            self.ask(&mut http, probe).await;
        }
        http.size = size(&http);
        let rest = [
            Probe::Open,
            Probe::Inner,
            Probe::LastByte,
            Probe::Suffix,
            Probe::PastEnd,
            Probe::Beyond,
            Probe::SameVersion,
            Probe::OtherVersion,
            Probe::Several,
            Probe::Gzip,
            Probe::Again,
        ];
        for probe in rest {
            if begun.elapsed() < LONGEST && makes_sense(&http, probe) {
                self.ask(&mut http, probe).await;
            }
        }
        http
    }

    /// Bytes of the file behind all redirects, if the server gives exactly these.
    pub async fn fetch(&self, http: &HttpFacts, offset: u64, len: u64) -> Option<bytes::Bytes> {
        let end = offset.checked_add(len)?.checked_sub(1)?;
        let enough = usize::try_from(len).ok()?;
        let headers = vec![("Range", format!("bytes={offset}-{end}"))];
        let answer = self.send(http, "GET", &http.last, IDENTITY, headers, enough).await.ok()?;
        let is_exact = answer.status == 206 && answer.coding().is_none() && answer.body.len() == enough;
        let starts = answer.content_range().and_then(|range| range.span).is_some_and(|span| span.0 == offset);
        (is_exact && starts).then_some(answer.body)
    }

    async fn follow(&self, http: &mut HttpFacts) -> Result<Answer, Failure> {
        loop {
            let headers = vec![("Range", "bytes=0-1".to_owned())];
            let answer = self.send(http, "GET", &http.last, IDENTITY, headers, ENOUGH).await?;
            let Some(to) = redirect(&answer, &http.last) else { return Ok(answer) };
            if http.hops.len() >= MAX_HOPS {
                let text = format!("more than {MAX_HOPS} redirects");
                return Err(Failure { kind: FailureKind::TooManyRedirects, text });
            }
            let has_cors = answer.header("access-control-allow-origin").is_some();
            let from = std::mem::replace(&mut http.last, to.clone());
            http.hops.push(Hop { status: answer.status, from, to, has_cors });
        }
    }

    async fn ask(&self, http: &mut HttpFacts, probe: Probe) {
        let url = if probe == Probe::Again { &http.first } else { &http.last };
        let method = if probe == Probe::Head { "HEAD" } else { "GET" };
        let coding = if probe == Probe::Gzip { "gzip, deflate, br" } else { IDENTITY };
        let range = probe.range(http.size.unwrap_or(0)).map(|range| ("Range", range));
        let headers = range.into_iter().chain(condition(http, probe)).collect();
        let enough = if probe == Probe::Open { BEGINNING } else { ENOUGH };
        let answer = self.send(http, method, url, coding, headers, enough).await;
        http.answers.insert(probe, answer);
    }

    async fn send(
        &self,
        http: &HttpFacts,
        method: &'static str,
        url: &Url,
        coding: &str,
        mut headers: Vec<(&'static str, String)>,
        enough: usize,
    ) -> Result<Answer, Failure> {
        headers.push(("Accept-Encoding", coding.to_owned()));
        if let Some(page) = &self.page {
            headers.push(("Origin", page.origin().ascii_serialization()));
        }
        // A token is for the server that it was meant for, wherever that one leads.
        if let Some(Bearer(token)) = self.bearer.as_ref().filter(|_| url.origin() == http.first.origin()) {
            headers.push(("Authorization", format!("Bearer {token}")));
        }
        self.client.ask(&Question { method, url, headers, enough }).await
    }
}

fn redirect(answer: &Answer, from: &Url) -> Option<Url> {
    let is_redirect = matches!(answer.status, 301 | 302 | 303 | 307 | 308);
    let to = from.join(answer.header("location").filter(|_| is_redirect)?).ok()?;
    matches!(to.scheme(), "http" | "https").then_some(to)
}

fn condition(http: &HttpFacts, probe: Probe) -> Option<(&'static str, String)> {
    match probe {
        Probe::SameVersion => Some(("If-Range", tag(http)?)),
        Probe::OtherVersion => Some(("If-Range", "\"a-tag-that-no-file-has\"".to_owned())),
        _ => None,
    }
}

fn tag(http: &HttpFacts) -> Option<String> {
    http.begin()?.header("etag").map(str::to_owned)
}

/// What a range names, else what a whole answer is long.
fn size(http: &HttpFacts) -> Option<u64> {
    let by_range = http.begin().and_then(Answer::content_range).and_then(|range| range.total);
    let whole = |probe| http.get(probe).filter(|answer| answer.status == 200).and_then(Answer::length);
    by_range.or_else(|| whole(Probe::Plain)).or_else(|| whole(Probe::Head)).or_else(|| whole(Probe::Begin))
}

/// Some questions need a size, a tag, or a file that is long enough.
fn makes_sense(http: &HttpFacts, probe: Probe) -> bool {
    let size = http.size.unwrap_or(0);
    match probe {
        Probe::LastByte | Probe::PastEnd | Probe::Beyond | Probe::Suffix => size > 0,
        Probe::Inner | Probe::Several => size > 8192,
        Probe::SameVersion => tag(http).is_some() && size > 2,
        Probe::OtherVersion => size > 2,
        _ => true,
    }
}
