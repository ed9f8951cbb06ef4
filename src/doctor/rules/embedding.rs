//! HTTP, last: may a page of this origin show it. Most rows need `--page-origin`.

use url::Url;

use crate::doctor::cures::{self, Cure};
use crate::doctor::http::HttpFacts;
use crate::doctor::rules::Effect::{Degraded, Fails, Plays};
use crate::doctor::rules::{Rule, never};

pub const RULES: &[Rule<HttpFacts>] = &[
    Rule {
        id: "mixed-content",
        seen: |http| {
            let page = http.page.as_ref().filter(|page| page.scheme() == "https")?;
            let is_plain = http.first.scheme() == "http" && !is_this_machine(&http.first);
            is_plain
                .then(|| format!("the page is {}, the video is http", page.origin().ascii_serialization()))
        },
        effect: [Fails, Fails, Fails],
        reason: "An encrypted page does not load media from an address that is not encrypted.",
        cure: Cure::Line(
            "Serve the video by https: a proxy with a certificate, or tls_cert and tls_key; then --public-url https://HOST",
        ),
        source: "W3C Mixed Content §4.1, §5.3",
        is_repaired: never,
    },
    Rule {
        id: "corp-forbids",
        seen: |http| {
            let policy = http.begin()?.header("cross-origin-resource-policy")?;
            let is_refused = match policy {
                "same-origin" => http.is_cross_origin(),
                "same-site" => http.is_cross_origin() && !is_same_host(http),
                _ => false,
            };
            is_refused.then(|| format!("Cross-Origin-Resource-Policy: {policy}"))
        },
        effect: [Fails, Fails, Fails],
        reason: "The server forbids pages of other origins to show it.",
        cure: Cure::Line("Send Cross-Origin-Resource-Policy: cross-origin with media"),
        source: "measured: refused in all three; Fetch Standard, \"cross-origin resource policy check\"",
        is_repaired: never,
    },
    Rule {
        id: "cors-missing",
        seen: |http| {
            let answer = http.begin().filter(|_| http.is_cross_origin())?;
            let given = answer.header("access-control-allow-origin");
            given.is_none().then(|| "no Access-Control-Allow-Origin".to_owned())
        },
        effect: [Degraded, Degraded, Degraded],
        reason: "It plays in a plain <video>, but not with the attribute crossorigin, a canvas cannot read its pictures, and subtitles from there do not show.",
        cure: Cure::Of(cures::cors),
        source: "measured: refused with crossorigin in all three; HTML, CORS settings attributes",
        is_repaired: never,
    },
    Rule {
        id: "cors-other-origin",
        seen: |http| {
            let answer = http.begin().filter(|_| http.is_cross_origin())?;
            let given = answer.header("access-control-allow-origin").filter(|given| *given != "*")?;
            let own = http.page.as_ref()?.origin().ascii_serialization();
            (given != own).then(|| format!("Access-Control-Allow-Origin: {given}"))
        },
        effect: [Degraded, Degraded, Degraded],
        reason: "Another page than this one may read it: with crossorigin the video is refused here.",
        cure: Cure::Of(cures::cors),
        source: "Fetch Standard, \"CORS check\"",
        is_repaired: never,
    },
    Rule {
        id: "cors-wildcard",
        seen: |http| {
            let answer = http.begin().filter(|_| http.is_cross_origin())?;
            let given = answer.header("access-control-allow-origin")?;
            (given == "*").then(|| "Access-Control-Allow-Origin: *".to_owned())
        },
        effect: [Plays, Plays, Plays],
        reason: "The star does not count with cookies: crossorigin=\"use-credentials\" is refused, crossorigin alone works.",
        cure: Cure::Nothing,
        source: "measured: use-credentials with * refused in all three",
        is_repaired: never,
    },
    Rule {
        id: "cors-hides-ranges",
        seen: |http| {
            let answer = http.begin().filter(|answer| http.is_cross_origin() && answer.status == 206)?;
            answer.header("access-control-allow-origin")?;
            let shows = |name| {
                answer.lists("access-control-expose-headers", name)
                    || answer.lists("access-control-expose-headers", "*")
            };
            (!shows("content-range"))
                .then(|| "Access-Control-Expose-Headers without Content-Range".to_owned())
        },
        effect: [Plays, Plays, Plays],
        reason: "A player that is written in script does not see how long the file is; a plain <video> does.",
        cure: Cure::Line(
            "Send Access-Control-Expose-Headers: Content-Range, Content-Length, Accept-Ranges, ETag",
        ),
        source: "Fetch Standard, \"CORS-exposed header-name list\"",
        is_repaired: never,
    },
    Rule {
        id: "redirect-drops-cors",
        seen: |http| {
            let is_given = http.begin()?.header("access-control-allow-origin").is_some();
            let bare = http.hops.iter().any(|hop| !hop.has_cors);
            (is_given && bare && http.page.is_some())
                .then(|| "the redirect has no Access-Control-Allow-Origin".to_owned())
        },
        effect: [Degraded, Degraded, Degraded],
        reason: "The final answer allows the page, the redirect before it does not: with crossorigin the video is refused.",
        cure: Cure::Of(cures::cors),
        source: "measured: refused in all three",
        is_repaired: never,
    },
];

/// Browsers trust it without encryption (Secure Contexts §3.1).
fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// The same host at another port is the same site. Two names below one domain may be, too; which ones are needs
/// the public suffix list, so the benefit of the doubt goes to whoever shares the last two labels.
fn is_same_host(http: &HttpFacts) -> bool {
    let Some(page) = &http.page else { return true };
    let site = |url: &Url| {
        let host = url.host_str().unwrap_or_default().to_owned();
        let labels: Vec<&str> = host.rsplit('.').take(2).collect();
        if matches!(url.host(), Some(url::Host::Domain(_))) { labels.join(".") } else { host }
    };
    site(page) == site(&http.last)
}
