//! HTTP, first: does anything answer, and does it let one in.

use crate::doctor::address::shown;
use crate::doctor::cures::{self, Cure};
use crate::doctor::exchange::Probe;
use crate::doctor::http::{FailureKind, HttpFacts};
use crate::doctor::rules::Effect::{Degraded, Fails, Plays, Unknown};
use crate::doctor::rules::{Rule, never};

pub const RULES: &[Rule<HttpFacts>] = &[
    Rule {
        id: "unreachable",
        seen: |http| failed(http, FailureKind::Unreachable),
        effect: [Fails, Fails, Fails],
        reason: "Nobody answers at this address.",
        cure: Cure::Line("Is the server running, is the port open, is the name right?  reelgate healthcheck"),
        source: "this run",
        is_repaired: never,
    },
    Rule {
        id: "tls-refused",
        seen: |http| failed(http, FailureKind::Tls),
        effect: [Fails, Fails, Fails],
        reason: "The encrypted connection does not come about; a browser shows no warning for media, it just does not load it.",
        cure: Cure::Line(
            "Use a certificate that is trusted, in time, for this name, and with its chain:  openssl s_client -connect HOST:443 -servername HOST",
        ),
        source: "RFC 8446 §4.4.2; RFC 9110 §4.3.4",
        is_repaired: never,
    },
    Rule {
        id: "not-http",
        seen: |http| failed(http, FailureKind::NotHttp),
        effect: [Fails, Fails, Fails],
        reason: "What answers does not speak HTTP, or hangs up.",
        cure: Cure::Line("http:// for a port that speaks HTTPS, or the other way round?"),
        source: "RFC 9112 §2",
        is_repaired: never,
    },
    Rule {
        id: "redirect-loop",
        seen: |http| failed(http, FailureKind::TooManyRedirects),
        effect: [Fails, Fails, Fails],
        reason: "One redirect leads to the next without end.",
        cure: Cure::Line(
            "curl -sIL URL | grep -i ^location  shows where it turns in a circle; https behind a proxy that is asked by http is the usual cause",
        ),
        source: "RFC 9110 §15.4",
        is_repaired: never,
    },
    Rule {
        id: "credential-refused",
        seen: |http| status(http, &[401, 403]),
        effect: [Fails, Fails, Fails],
        reason: "The server wants a credential that this request did not have: none, a wrong one, one that is over or was withdrawn.",
        cure: Cure::Of(cures::credential),
        source: "RFC 9110 §15.5.2, §15.5.4; measured: 403 refused in all three",
        is_repaired: never,
    },
    Rule {
        id: "basic-auth",
        seen: |http| {
            let asks = http.get(Probe::Begin)?.header("www-authenticate")?;
            asks.to_ascii_lowercase().contains("basic").then(|| "WWW-Authenticate: Basic".to_owned())
        },
        effect: [Fails, Plays, Plays],
        reason: "Safari's player does not send a name and password with requests for media.",
        cure: Cure::Line(
            "Give the <video> a URL with a token or a signature in it, and leave it out of basic auth",
        ),
        source: "elonen/clapshot#105",
        is_repaired: never,
    },
    Rule {
        id: "link-over",
        seen: |http| status(http, &[410]),
        effect: [Fails, Fails, Fails],
        reason: "The link was right once and its time is over.",
        cure: Cure::Line("reelgate sign /m/ID --for 6h"),
        source: "interface of reelgate: 410 for what is over",
        is_repaired: never,
    },
    Rule {
        id: "not-found",
        seen: |http| status(http, &[404]),
        effect: [Fails, Fails, Fails],
        reason: "There is no such video, or the credential does not cover it: both look the same, so that nobody learns what exists.",
        cure: Cure::Of(not_found),
        source: "RFC 9110 §15.5.5",
        is_repaired: never,
    },
    Rule {
        id: "too-many",
        seen: |http| status(http, &[429]),
        effect: [Fails, Fails, Fails],
        reason: "The server counts requests and has had enough: every seek is a new one.",
        cure: Cure::Line("Allow at least ten requests a second for each viewer on this path"),
        source: "measured: 1 request a seek; RFC 6585 §4",
        is_repaired: never,
    },
    Rule {
        id: "server-error",
        seen: |http| status(http, &[500, 501, 502, 503, 504, 520, 521, 522, 523, 524]),
        effect: [Fails, Fails, Fails],
        reason: "The server, or the one behind it, is in trouble.",
        cure: Cure::Line(
            "Look into its log; 502 and 504 are a proxy's, whose server does not answer: reelgate healthcheck --ready",
        ),
        source: "RFC 9110 §15.6",
        is_repaired: never,
    },
    Rule {
        id: "odd-status",
        seen: |http| {
            let known = [200, 206, 401, 403, 404, 410, 416, 429];
            let answer = http.get(Probe::Begin)?;
            (!known.contains(&answer.status) && answer.status < 500)
                .then(|| format!("status {}", answer.status))
        },
        effect: [Fails, Fails, Fails],
        reason: "A player needs 206 or 200.",
        cure: Cure::Line("curl -v -r 0-1 URL"),
        source: "RFC 9110 §15.3.7",
        is_repaired: never,
    },
    Rule {
        id: "one-shot",
        seen: |http| {
            http.begin()?;
            // A URL that a store has signed for GET refuses HEAD, and nobody asks beyond the end.
            let asked = http.all().filter(|(probe, _)| !matches!(probe, Probe::Head | Probe::Beyond));
            let mut refused =
                asked.filter(|(_, answer)| matches!(answer.status, 401 | 403 | 404 | 410 | 429));
            refused.next().map(|(_, answer)| {
                format!("the first request was answered, a later one got {}", answer.status)
            })
        },
        effect: [Fails, Fails, Fails],
        reason: "The URL is good for one request or a few, and every seek is a new one.",
        cure: Cure::Line("Let the credential outlive the viewing and count viewings, not requests"),
        source: "measured: a URL that is good once fails in all three",
        is_repaired: never,
    },
    Rule {
        id: "no-answer-later",
        seen: |http| {
            http.begin()?;
            let mut asked = http.answers.iter().filter(|(probe, _)| probe.is_asked_by_browsers());
            asked.find_map(|(_, answer)| answer.as_ref().err()).map(|failure| failure.text.clone())
        },
        effect: [Unknown, Unknown, Unknown],
        reason: "The first request was answered, and a later one got no answer at all: the server breaks down over it, or a firewall has seen enough.",
        cure: Cure::Line(
            "Look into the server's log; and ask again, in case that it was a moment's weakness",
        ),
        source: "this run",
        is_repaired: never,
    },
    Rule {
        id: "needs-a-header",
        seen: |http| {
            http.begin()?;
            http.has_bearer.then(|| "it was asked with Authorization: Bearer".to_owned())
        },
        effect: [Plays, Plays, Plays],
        reason: "A <video> cannot send this header: the page needs a URL that carries its credential, or a cookie.",
        cure: Cure::Line(
            "reelgate token create USER  for /m/ID?token=TOKEN, or  reelgate sign /m/ID --for 6h",
        ),
        source: "HTML, §4.8.11.5: no headers of the page's choice",
        is_repaired: never,
    },
    Rule {
        id: "redirect-to-http",
        seen: |http| {
            let hop =
                http.hops.iter().find(|hop| hop.from.scheme() == "https" && hop.to.scheme() == "http")?;
            Some(format!("{} from {} to {}", hop.status, shown(&hop.from), shown(&hop.to)))
        },
        effect: [Fails, Fails, Fails],
        reason: "An encrypted address leads to one that is not, and browsers do not follow that for media.",
        cure: Cure::Line(
            "Tell the application that it is reached by https: --public-url https://HOST, or X-Forwarded-Proto",
        ),
        source: "W3C Mixed Content §4.1, §4.4",
        is_repaired: never,
    },
    Rule {
        id: "redirect-each-time",
        seen: |http| {
            let hop = http.hops.first()?;
            Some(format!("{} from {} to {}", hop.status, shown(&hop.from), shown(&http.last)))
        },
        effect: [Degraded, Plays, Plays],
        reason: "WebKit asks the first address again for every range: a redirect costs a round trip a seek, and both addresses must stay good.",
        cure: Cure::Line("Put the final address into the page if it is as lasting as the first one"),
        source: "measured with WebKitGTK; Chromium and Firefox go to the final address",
        is_repaired: never,
    },
];

fn failed(http: &HttpFacts, kind: FailureKind) -> Option<String> {
    http.failure().filter(|failure| failure.kind == kind).map(|failure| failure.text.clone())
}

fn status(http: &HttpFacts, of: &[u16]) -> Option<String> {
    let answer = http.get(Probe::Begin)?;
    of.contains(&answer.status).then(|| format!("status {}", answer.status))
}

fn not_found(http: &HttpFacts) -> String {
    let line = if http.is_reelgate() {
        "reelgate items  lists what there is; reelgate token list  what the token is narrowed to"
    } else {
        "Look whether the path is right and the credential covers it"
    };
    line.to_owned()
}
