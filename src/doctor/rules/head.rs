//! HTTP, third: what stands in the head beside the range. Type, coding, versions, caches, and how long it takes.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::doctor::cures::{self, Cure};
use crate::doctor::exchange::{Answer, Probe};
use crate::doctor::http::HttpFacts;
use crate::doctor::rules::Effect::{Degraded, Fails, Plays, Unknown};
use crate::doctor::rules::{Rule, never};

/// Above it a viewer has gone.
const SLOW: Duration = Duration::from_secs(3);

pub const RULES: &[Rule<HttpFacts>] = &[
    Rule {
        id: "a-page-instead",
        seen: |http| {
            typed(http, |kind| {
                matches!(
                    kind,
                    "text/html" | "application/xhtml+xml" | "application/json" | "application/problem+json"
                )
            })
        },
        effect: [Fails, Fails, Fails],
        reason: "A page comes instead of the video: mostly the one that asks to log in, or the start page of an application that answers everything.",
        cure: Cure::Line("Open the URL in a private window: what is seen there is what the player gets"),
        source: "measured: text/html refused",
        is_repaired: never,
    },
    Rule {
        id: "type-text",
        seen: |http| {
            typed(http, |kind| kind.starts_with("text/") && kind != "text/html")
                .filter(|_| is_sniffing_forbidden(http))
        },
        effect: [Fails, Fails, Plays],
        reason: "The video is called a text, and nosniff forbids to look for oneself.",
        cure: Cure::Of(cures::media_type),
        source: "measured: refused by Chromium, plays in Firefox and WebKitGTK",
        is_repaired: never,
    },
    Rule {
        id: "type-unknown",
        seen: |http| {
            let unknown = typed(http, |kind| {
                matches!(
                    kind,
                    "application/octet-stream" | "binary/octet-stream" | "application/force-download"
                )
            });
            let missing = http
                .begin()
                .filter(|answer| answer.media_type().is_none())
                .map(|_| "no Content-Type".to_owned());
            unknown.or(missing)
        },
        effect: [Unknown, Plays, Plays],
        reason: "The server does not say that it is a video. Browsers find out by themselves; Apple's player may go by the end of the URL.",
        cure: Cure::Of(cures::media_type),
        source: "measured: plays in all three, with nosniff as well; Apple's not measured",
        is_repaired: never,
    },
    Rule {
        id: "compressed",
        seen: |http| {
            let coded =
                |probe: Probe, answer: &Answer| probe.is_asked_by_browsers() && answer.coding().is_some();
            let (_, answer) = http.all().find(|(probe, answer)| coded(*probe, answer))?;
            Some(format!("Content-Encoding: {} though identity was asked for", answer.coding()?))
        },
        effect: [Fails, Fails, Fails],
        reason: "The video is compressed on the way: ranges count other bytes then, and the length is lost.",
        cure: Cure::Of(cures::compression),
        source: "RFC 9110 §8.4, §12.5.3; browsers ask for media with Accept-Encoding: identity",
        is_repaired: never,
    },
    Rule {
        id: "compresses-on-request",
        seen: |http| {
            let answer = http.get(Probe::Gzip).filter(|answer| answer.is_success())?;
            Some(format!("Content-Encoding: {} to Accept-Encoding: gzip", answer.coding()?))
        },
        effect: [Plays, Plays, Plays],
        reason: "A <video> does not ask for compression, but a page's script, an app or a cache that does gets an answer without length and ranges, and the server works for nothing.",
        cure: Cure::Of(cures::compression),
        source: "RFC 9110 §12.5.3; measured: identity in all three",
        is_repaired: never,
    },
    Rule {
        id: "etag-weak",
        seen: |http| {
            let tag = http.begin()?.header("etag")?;
            tag.starts_with("W/").then(|| format!("ETag: {tag}"))
        },
        effect: [Plays, Degraded, Plays],
        reason: "A weak tag does not hold for ranges: Chrome asks with If-Range, gets the whole file, and loads it again at every seek.",
        cure: Cure::Of(cures::validators),
        source: "measured: 60 to 94 MB sent again for each seek; RFC 9110 §13.1.5",
        is_repaired: never,
    },
    Rule {
        id: "etag-changes",
        seen: |http| {
            let plain = http.successes().filter(|(_, answer)| answer.coding().is_none());
            let tags: BTreeSet<_> = plain.filter_map(|(_, answer)| answer.header("etag")).collect();
            (tags.len() > 1).then(|| format!("{} tags in one run", tags.len()))
        },
        effect: [Fails, Degraded, Plays],
        reason: "Each answer has another ETag, as if the file changed all the time: parts cannot be put together. Several servers that make tags of inodes do this.",
        cure: Cure::Of(cures::validators),
        source: "measured: Chromium loads 60 to 94 MB again for each seek; Apple's sequence fails",
        is_repaired: never,
    },
    Rule {
        id: "no-validator",
        seen: |http| {
            let answer = http.begin()?;
            let is_bare = answer.header("etag").is_none() && answer.header("last-modified").is_none();
            is_bare.then(|| "neither ETag nor Last-Modified".to_owned())
        },
        effect: [Plays, Plays, Plays],
        reason: "When the file changes, a player cannot notice, and shows a mixture of both.",
        cure: Cure::Of(cures::validators),
        source: "RFC 9110 §8.8",
        is_repaired: never,
    },
    Rule {
        id: "if-range-deaf",
        seen: |http| {
            http.begin().filter(|answer| answer.status == 206 && is_strong(answer))?;
            let answer = http.get(Probe::SameVersion).filter(|answer| answer.status == 200)?;
            Some(format!("{} to If-Range with its own tag", answer.status))
        },
        effect: [Plays, Degraded, Plays],
        reason: "The server does not recognise its own tag: Chrome loads the whole file again at every seek.",
        cure: Cure::Of(cures::validators),
        source: "measured: Chromium sends If-Range; RFC 9110 §13.1.5",
        is_repaired: never,
    },
    Rule {
        id: "if-range-ignored",
        seen: |http| {
            // Without a tag nobody asks so.
            http.begin()?.header("etag")?;
            let answer = http.get(Probe::OtherVersion).filter(|answer| answer.status == 206)?;
            Some(format!("{} to If-Range with another tag", answer.status))
        },
        effect: [Plays, Degraded, Plays],
        reason: "A part is sent although the file is not the one that the player knows: after a change it joins two versions.",
        cure: Cure::Of(cures::validators),
        source: "RFC 9110 §13.1.5",
        is_repaired: never,
    },
    Rule {
        id: "head-differs",
        seen: head_differs,
        effect: [Plays, Plays, Plays],
        reason: "HEAD does not say what GET does; browsers do not ask it, download managers and caches do.",
        cure: Cure::Line("Answer HEAD like GET without the body"),
        source: "RFC 9110 §9.3.2; measured: never asked",
        is_repaired: never,
    },
    Rule {
        id: "cached",
        seen: |http| http.successes().find_map(|(_, answer)| hit(answer)),
        effect: [Plays, Plays, Plays],
        reason: "A cache between you and the server answered. For private video that means: who knows the URL gets it, also after the right was withdrawn.",
        cure: Cure::Of(cures::caching),
        source: "RFC 9111 §5.1; vendors' X-Cache, CF-Cache-Status",
        is_repaired: never,
    },
    Rule {
        id: "late-first-byte",
        seen: |http| {
            let first = http.get(Probe::Begin)?.head_after;
            (first >= SLOW).then(|| format!("{:.1} s to the head", first.as_secs_f64()))
        },
        effect: [Degraded, Degraded, Degraded],
        reason: "Every answer takes long to begin, and every seek is a new question.",
        cure: Cure::Line("Ask the server behind the proxy as well:  reelgate doctor LOCAL-URL --public URL"),
        source: "measured: seeked 0.06 to 0.10 s where the head comes at once",
        is_repaired: never,
    },
    Rule {
        id: "buffered",
        seen: |http| {
            let (small, large) = (http.get(Probe::Begin)?, http.get(Probe::Open)?);
            let is_late =
                large.head_after >= Duration::from_secs(1) && large.head_after >= small.head_after * 5;
            is_late.then(|| {
                format!(
                    "2 bytes begin after {:.1} s, the whole file after {:.1} s",
                    small.head_after.as_secs_f64(),
                    large.head_after.as_secs_f64()
                )
            })
        },
        effect: [Degraded, Degraded, Degraded],
        reason: "Somebody on the way takes in the whole file before he sends its first byte.",
        cure: Cure::Line(
            "nginx: proxy_buffering off;  Apache: ProxyPass … flushpackets=on; elsewhere: stream this path instead of buffering it",
        ),
        source: "nginx, ngx_http_proxy_module; the ratio is ours",
        is_repaired: never,
    },
    Rule {
        id: "http-1.0",
        seen: |http| http.begin().filter(|answer| answer.minor == 0).map(|_| "HTTP/1.0".to_owned()),
        effect: [Plays, Plays, Plays],
        reason: "The server speaks HTTP/1.0, so every request needs a connection of its own.",
        cure: Cure::Line("nginx in front of it: proxy_http_version 1.1;"),
        source: "measured: plays in all three",
        is_repaired: never,
    },
];

fn typed(http: &HttpFacts, is_wrong: fn(&str) -> bool) -> Option<String> {
    let kind = http.begin()?.media_type()?;
    is_wrong(&kind).then(|| format!("Content-Type: {kind}"))
}

fn is_sniffing_forbidden(http: &HttpFacts) -> bool {
    http.begin().is_some_and(|answer| answer.lists("x-content-type-options", "nosniff"))
}

fn is_strong(answer: &Answer) -> bool {
    answer.header("etag").is_some_and(|tag| tag.starts_with('"'))
}

fn head_differs(http: &HttpFacts) -> Option<String> {
    let (plain, head) = (http.get(Probe::Plain)?, http.get(Probe::Head)?);
    if !plain.is_success() {
        return None;
    }
    if plain.status != head.status {
        return Some(format!("GET gets {}, HEAD {}", plain.status, head.status));
    }
    let names = ["content-length", "content-type", "etag", "accept-ranges", "last-modified"];
    let other = names.into_iter().find(|name| plain.header(name) != head.header(name))?;
    let value = |answer: &Answer| answer.header(other).unwrap_or("(none)").to_owned();
    Some(format!("{other}: {} by GET, {} by HEAD", value(plain), value(head)))
}

/// A header by which a cache says that it has answered from its store.
fn hit(answer: &Answer) -> Option<String> {
    let says_hit = ["x-cache", "cf-cache-status", "x-cache-status", "x-proxy-cache", "cache-status"];
    let hit = says_hit.into_iter().find_map(|name| {
        let value = answer.header(name)?;
        value.to_ascii_lowercase().contains("hit").then(|| format!("{name}: {value}"))
    });
    let age = answer.header("age").and_then(|age| age.trim().parse::<u64>().ok()).filter(|age| *age > 0);
    hit.or_else(|| age.map(|age| format!("Age: {age}")))
}
