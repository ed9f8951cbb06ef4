//! The chapter about what lies between server and viewer: the same questions, asked directly and by the public
//! address.
//!
//! A rule of HTTP that holds by the public address only is the path's doing and is reported as such by
//! [`crate::doctor::verdict`]; the rows here are what no rule of HTTP names.

use crate::doctor::cures::{self, Cure};
use crate::doctor::exchange::{Answer, Probe};
use crate::doctor::http::HttpFacts;
use crate::doctor::rules::Effect::{Degraded, Fails, Plays, Unknown};
use crate::doctor::rules::{Rule, never};

/// The same questions to one file by two addresses.
#[derive(Clone, Debug)]
pub struct PathFacts {
    pub direct: HttpFacts,
    pub public: HttpFacts,
}

pub const RULES: &[Rule<PathFacts>] = &[
    Rule {
        id: "path-other-status",
        seen: |path| {
            let status = |http: &HttpFacts| Some(http.get(Probe::Begin)?.status);
            let (direct, public) = (status(&path.direct)?, status(&path.public)?);
            let is_range_lost = (direct, public) == (206, 200);
            (direct != public && !is_range_lost)
                .then(|| format!("{direct} directly, {public} by the public address"))
        },
        effect: [Unknown, Unknown, Unknown],
        reason: "The public address does not lead to the same answer: another server, a login page, a firewall.",
        cure: Cure::Line("Compare:  curl -sI LOCAL-URL  and  curl -sI PUBLIC-URL"),
        source: "this run",
        is_repaired: never,
    },
    Rule {
        id: "path-strips-range",
        seen: |path| {
            let direct = path.direct.get(Probe::Begin).filter(|answer| answer.status == 206);
            let public = path.public.get(Probe::Begin).filter(|answer| answer.status == 200);
            direct.and(public).map(|_| "206 directly, 200 by the public address".to_owned())
        },
        effect: [Fails, Degraded, Degraded],
        reason: "Something on the way takes the Range away, or answers it with the whole file.",
        cure: Cure::Of(|path| cures::ranges(&path.public)),
        source: "measured for 200 to ranges: Safari fails, the others cannot seek or load everything again",
        is_repaired: never,
    },
    Rule {
        id: "path-other-bytes",
        seen: |path| {
            let body = |http: &HttpFacts| {
                let answer =
                    http.get(Probe::Inner).filter(|answer| answer.status == 206 && answer.coding().is_none());
                answer.map(|answer| answer.body.clone())
            };
            let (direct, public) = (body(&path.direct)?, body(&path.public)?);
            (direct != public).then(|| "the same range holds other bytes".to_owned())
        },
        effect: [Fails, Fails, Fails],
        reason: "The public address sends another file, or an old one from a cache.",
        cure: Cure::Of(|path| cures::caching(&path.public)),
        source: "this run",
        is_repaired: never,
    },
    Rule {
        id: "path-other-size",
        seen: |path| {
            let (direct, public) = (path.direct.size?, path.public.size?);
            (direct != public).then(|| format!("{direct} bytes directly, {public} by the public address"))
        },
        effect: [Fails, Fails, Fails],
        reason: "The two addresses are not of one file.",
        cure: Cure::Of(|path| cures::caching(&path.public)),
        source: "this run",
        is_repaired: never,
    },
    Rule {
        id: "path-weakens-etag",
        seen: |path| {
            let tag =
                |http: &HttpFacts| http.begin().and_then(|answer| answer.header("etag")).map(str::to_owned);
            let (direct, public) = (tag(&path.direct)?, tag(&path.public)?);
            (public == format!("W/{direct}"))
                .then(|| format!("ETag: {direct} directly, {public} by the public address"))
        },
        effect: [Plays, Degraded, Plays],
        reason: "A proxy that compresses has made the tag weak, and If-Range does not work any more.",
        cure: Cure::Of(|path| cures::compression(&path.public)),
        source: "nginx, ngx_http_gzip_module; measured for weak tags: 60 to 94 MB sent again for each seek",
        is_repaired: never,
    },
    Rule {
        id: "path-loses-headers",
        seen: |path| {
            let (direct, public) = (path.direct.begin()?, path.public.begin()?);
            let lost = lost(direct, public);
            (!lost.is_empty()).then(|| lost.join(", "))
        },
        effect: [Unknown, Unknown, Unknown],
        reason: "Headers of the answer do not arrive.",
        cure: Cure::Line(
            "nginx: no proxy_hide_header for them, and no proxy_ignore_headers; elsewhere likewise",
        ),
        source: "this run",
        is_repaired: never,
    },
    Rule {
        id: "path-adds-type",
        seen: |path| {
            let kind = |http: &HttpFacts| http.begin().and_then(Answer::media_type);
            let (direct, public) = (kind(&path.direct)?, kind(&path.public)?);
            (direct != public).then(|| format!("{direct} directly, {public} by the public address"))
        },
        effect: [Unknown, Unknown, Unknown],
        reason: "Something on the way gives the video another type.",
        cure: Cure::Of(|path| cures::media_type(&path.public)),
        source: "this run",
        is_repaired: never,
    },
    Rule {
        id: "path-buffers",
        seen: |path| {
            let begins = |http: &HttpFacts| Some(http.get(Probe::Open)?.head_after);
            let (direct, public) = (begins(&path.direct)?, begins(&path.public)?);
            let is_late = public.as_millis() >= 1000 && public >= direct * 5;
            is_late.then(|| {
                format!(
                    "{:.1} s directly, {:.1} s by the public address",
                    direct.as_secs_f64(),
                    public.as_secs_f64()
                )
            })
        },
        effect: [Degraded, Degraded, Degraded],
        reason: "The path holds the video back before it sends the first byte.",
        cure: Cure::Line("nginx: proxy_buffering off;  in the location"),
        source: "nginx, ngx_http_proxy_module; the ratio is ours",
        is_repaired: never,
    },
];

/// What a player needs of a head, and what was there directly. The name of each that is gone.
fn lost(direct: &Answer, public: &Answer) -> Vec<&'static str> {
    let needed = [
        "accept-ranges",
        "etag",
        "last-modified",
        "content-type",
        "access-control-allow-origin",
        "cross-origin-resource-policy",
        "x-content-type-options",
    ];
    let is_lost = |name: &&str| direct.header(name).is_some() && public.header(name).is_none();
    needed.into_iter().filter(is_lost).collect()
}
