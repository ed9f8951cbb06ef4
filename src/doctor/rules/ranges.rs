//! HTTP, second: are ranges exact. Every row but the last few has broken playing somewhere.

use crate::doctor::cures::{self, Cure};
use crate::doctor::exchange::{Answer, BodyEnd, Framing, Probe};
use crate::doctor::http::HttpFacts;
use crate::doctor::rules::Effect::{Degraded, Fails, NoSeek, Plays, Unknown};
use crate::doctor::rules::{Rule, never};

pub const RULES: &[Rule<HttpFacts>] = &[
    Rule {
        id: "ranges-ignored",
        seen: |http| {
            whole_for_a_range(http).filter(|answer| !accepts(answer)).map(|_| "200 to bytes=0-1".to_owned())
        },
        effect: [Fails, NoSeek, NoSeek],
        reason: "The server sends the whole file to whoever asks for a part of it: Safari shows 0 seconds, the others cannot seek.",
        cure: Cure::Of(cures::ranges),
        source: "measured: seeks land at 0 or in the buffer; Apple, AVError serverIncorrectlyConfigured; kingslay/KSPlayer#4 (-12939)",
        is_repaired: never,
    },
    Rule {
        id: "ranges-claimed",
        seen: |http| {
            let answer = whole_for_a_range(http).filter(|answer| accepts(answer));
            answer.map(|_| "200 to bytes=0-1, with Accept-Ranges: bytes".to_owned())
        },
        effect: [Fails, Degraded, NoSeek],
        reason: "The server says that it takes ranges, and sends the whole file: each seek loads everything again.",
        cure: Cure::Of(cures::ranges),
        source: "measured: Chromium loads 60 MB again to seek, Firefox fails at the end, WebKitGTK gets no metadata",
        is_repaired: never,
    },
    Rule {
        id: "no-content-range",
        seen: |http| {
            let (probe, _) = http.parts().find(|(_, answer)| answer.content_range().is_none())?;
            Some(format!("206 without a readable Content-Range ({})", asked(http, probe)))
        },
        effect: [Fails, Fails, Fails],
        reason: "A part arrives and does not say which one it is.",
        cure: Cure::Of(cures::exactness),
        source: "measured: no metadata in Chromium and Firefox; RFC 9110 §15.3.7.1",
        is_repaired: never,
    },
    Rule {
        id: "unknown-total",
        seen: |http| {
            let unknown = |answer: &Answer| {
                answer.content_range().is_some_and(|range| range.span.is_some() && range.total.is_none())
            };
            let (_, answer) = http.parts().find(|(_, answer)| unknown(answer))?;
            Some(format!("Content-Range: {}", answer.header("content-range")?))
        },
        effect: [Fails, NoSeek, Plays],
        reason: "The server does not say how long the file is, so a player does not know where to seek.",
        cure: Cure::Of(cures::exactness),
        source: "measured: Chromium plays and cannot seek; iv-org/invidious-companion#386 for AVPlayer",
        is_repaired: never,
    },
    Rule {
        id: "end-is-size",
        seen: |http| {
            let beyond = |answer: &Answer| {
                let range = answer.content_range()?;
                Some(range.span?.1 >= range.total?)
            };
            let (_, answer) = http.parts().find(|(_, answer)| beyond(answer) == Some(true))?;
            Some(format!("Content-Range: {}", answer.header("content-range")?))
        },
        effect: [Unknown, Fails, Fails],
        reason: "Content-Range names a last byte that does not exist: its end is inclusive, so the last one is SIZE - 1.",
        cure: Cure::Of(cures::exactness),
        source: "measured: no metadata in Chromium and Firefox, WebKitGTK plays; RFC 9110 §14.4",
        is_repaired: never,
    },
    Rule {
        id: "length-short",
        seen: |http| {
            lengths(http)
                .find(|(_, named, length)| length < named)
                .map(|(answer, _, length)| mismatch(answer, length))
        },
        effect: [Unknown, Fails, Fails],
        reason: "Content-Length is smaller than the range that Content-Range names, mostly by one: length is LAST - FIRST + 1. The last byte never comes, and players ask for it without end.",
        cure: Cure::Of(cures::exactness),
        source: "measured: Chromium fails at the end after 30 tries, Firefox asks 300 times a second; kiwix/kiwix-apple#768 for Apple's",
        is_repaired: never,
    },
    Rule {
        id: "length-long",
        seen: |http| {
            lengths(http)
                .find(|(_, named, length)| length > named)
                .map(|(answer, _, length)| mismatch(answer, length))
        },
        effect: [Fails, Unknown, Unknown],
        reason: "Content-Length is larger than the range that Content-Range names.",
        cure: Cure::Of(cures::exactness),
        source: "jhomlala/betterplayer#765 (content range mismatch); RFC 9110 §15.3.7",
        is_repaired: never,
    },
    Rule {
        id: "wrong-range",
        seen: |http| {
            let wrong = |probe: Probe, answer: &Answer| {
                let range = answer.content_range()?;
                let ((first, last), wanted) = (range.span?, probe.wanted(http.size?)?);
                // An end that equals the size is a rule of its own.
                let is_beyond = last >= wanted.end && Some(last) != range.total;
                (first != wanted.start || is_beyond).then_some(())
            };
            let (probe, answer) = http.parts().find(|(probe, answer)| wrong(*probe, answer).is_some())?;
            Some(format!("{} got Content-Range: {}", asked(http, probe), answer.header("content-range")?))
        },
        effect: [Fails, Fails, Fails],
        reason: "The server answers with another range than it was asked for.",
        cure: Cure::Of(cures::exactness),
        source: "RFC 9110 §14.1.2: the end of a range is inclusive, and 0 is an end; a suffix counts from the end",
        is_repaired: never,
    },
    Rule {
        id: "range-cut",
        seen: |http| {
            let cut = |probe: Probe, answer: &Answer| {
                let (first, last) = answer.content_range()?.span?;
                let wanted = probe.wanted(http.size?)?;
                (first == wanted.start && last + 1 < wanted.end).then_some(())
            };
            let (probe, answer) = http.parts().find(|(probe, answer)| cut(*probe, answer).is_some())?;
            Some(format!("{} got Content-Range: {}", asked(http, probe), answer.header("content-range")?))
        },
        effect: [Fails, Plays, Plays],
        reason: "The server sends less than it was asked for and has. HTTP allows it; Apple's player and WebKit stop there.",
        cure: Cure::Line(
            "Answer a range with all of its bytes; take away the limit on a range's length (Django, Rails and cloud functions have one)",
        ),
        source: "measured: WebKitGTK never asks for the rest; jhomlala/betterplayer#765 (-12939 range mismatch)",
        is_repaired: never,
    },
    Rule {
        id: "wrong-bytes",
        seen: wrong_bytes,
        effect: [Fails, Fails, Fails],
        reason: "The bytes are not those of the range that the head names: mostly the body begins at byte 0 whatever was asked.",
        cure: Cure::Of(cures::exactness),
        source: "measured: decoding errors in all three",
        is_repaired: never,
    },
    Rule {
        id: "body-short",
        seen: |http| {
            let (probe, answer) = http.successes().find(|(_, answer)| answer.end == BodyEnd::Short)?;
            Some(format!(
                "{}: {} bytes came, {} were announced",
                asked(http, probe),
                answer.body.len(),
                announced(answer)
            ))
        },
        effect: [Fails, Fails, Fails],
        reason: "The connection ends, or stands still, before the body that was announced is there.",
        cure: Cure::Line(
            "Look into the server's log; a proxy's limits on time and on buffered bytes (proxy_max_temp_file_size) do this as well",
        ),
        source: "RFC 9112 §8; measured for a body that is always short",
        is_repaired: never,
    },
    Rule {
        id: "body-excess",
        seen: |http| {
            let (probe, answer) =
                http.successes().find(|(_, answer)| matches!(answer.end, BodyEnd::Excess(_)))?;
            let BodyEnd::Excess(bytes) = answer.end else { return None };
            Some(format!("{}: {bytes} bytes behind the body", asked(http, probe)))
        },
        effect: [Fails, Plays, Plays],
        reason: "More comes than was announced: the next answer on this connection cannot be read.",
        cure: Cure::Of(cures::exactness),
        source: "measured: plays where the connection closes; sergix44/xbackbone#667: iOS stops part-way",
        is_repaired: never,
    },
    Rule {
        id: "chunked-part",
        seen: |http| {
            let (probe, _) = http
                .parts()
                .find(|(_, answer)| answer.framing != Framing::Length(answer.length().unwrap_or(0)))?;
            Some(format!("206 without Content-Length ({})", asked(http, probe)))
        },
        effect: [Fails, Plays, Plays],
        reason: "A part comes without its length; Apple's player calls that an error.",
        cure: Cure::Line(
            "Send Content-Length; in a proxy take away what rewrites or compresses bodies of this path",
        ),
        source: "measured: all three play; kingslay/KSPlayer#4: \"byte range and no content length\" (-12939)",
        is_repaired: never,
    },
    Rule {
        id: "last-byte",
        seen: |http| {
            http.begin().filter(|answer| answer.status == 206)?;
            let answer = http.get(Probe::LastByte)?;
            let refused = matches!(answer.status, 401 | 403 | 404 | 410 | 429);
            (!answer.is_success() && !refused)
                .then(|| format!("{} got {}", asked(http, Probe::LastByte), answer.status))
        },
        effect: [Unknown, Fails, Fails],
        reason: "The last byte cannot be had alone, and players ask for it.",
        cure: Cure::Line("FIRST = LAST is a range of one byte: 206, not an error"),
        source: "seen: bytes=611609- of 611,610 bytes got a 500, and Chrome stopped",
        is_repaired: never,
    },
    Rule {
        id: "past-end-wrong",
        seen: |http| not_exact(http, Probe::PastEnd),
        effect: [Unknown, Plays, Plays],
        reason: "A range whose end lies behind the file's is to be cut to the file; browsers do not ask for one, other players do.",
        cure: Cure::Of(cures::exactness),
        source: "RFC 9110 §14.1.2",
        is_repaired: never,
    },
    Rule {
        id: "no-416",
        seen: |http| {
            http.begin().filter(|answer| answer.status == 206)?;
            let answer = http.get(Probe::Beyond)?;
            (answer.status != 416).then(|| format!("{} got {}", asked(http, Probe::Beyond), answer.status))
        },
        effect: [Unknown, Plays, Plays],
        reason: "A range behind the end is to get 416; browsers do not ask for one, other players do.",
        cure: Cure::Of(cures::exactness),
        source: "RFC 9110 §15.5.17; measured: never asked",
        is_repaired: never,
    },
    Rule {
        id: "bare-416",
        seen: |http| {
            let answer = http.get(Probe::Beyond).filter(|answer| answer.status == 416)?;
            let is_named =
                answer.content_range().is_some_and(|range| range.span.is_none() && range.total == http.size);
            (!is_named).then(|| {
                format!("416 with Content-Range: {}", answer.header("content-range").unwrap_or("(none)"))
            })
        },
        effect: [Unknown, Plays, Plays],
        reason: "A 416 is to say how long the file is, so that the player can ask again rightly.",
        cure: Cure::Line("Send Content-Range: bytes */SIZE with 416"),
        source: "RFC 9110 §15.5.17; measured: never asked",
        is_repaired: never,
    },
    Rule {
        id: "suffix-wrong",
        seen: |http| not_exact(http, Probe::Suffix),
        effect: [Plays, Plays, Plays],
        reason: "A range that counts from the end is not understood; browsers do not use it, tools do.",
        cure: Cure::Of(cures::exactness),
        source: "RFC 9110 §14.1.2; measured: never asked",
        is_repaired: never,
    },
    Rule {
        id: "several-ranges",
        seen: |http| {
            http.begin().filter(|answer| answer.status == 206)?;
            let answer = http.get(Probe::Several)?;
            let is_fine = answer.status == 200
                || answer.status == 206 && answer.media_type().as_deref() == Some("multipart/byteranges");
            (!is_fine).then(|| format!("bytes=0-1,4-5 got {}", answer.status))
        },
        effect: [Plays, Plays, Plays],
        reason: "Two ranges at once get neither both nor the whole file; browsers ask for one at a time.",
        cure: Cure::Of(cures::exactness),
        source: "RFC 9110 §14.2, §15.3.7.2; measured: never asked",
        is_repaired: never,
    },
];

/// The answer to Apple's first question, if it is the whole file. A file of two bytes or less has no parts.
fn whole_for_a_range(http: &HttpFacts) -> Option<&Answer> {
    http.get(Probe::Begin).filter(|answer| answer.status == 200 && http.size.is_none_or(|size| size > 2))
}

fn accepts(answer: &Answer) -> bool {
    answer.lists("accept-ranges", "bytes")
}

/// Parts with a length, and the length by their `Content-Range`. One that names a byte behind the end counts as
/// what it means.
fn lengths(http: &HttpFacts) -> impl Iterator<Item = (&Answer, u64, u64)> {
    http.parts().filter_map(|(_, answer)| {
        let range = answer.content_range()?;
        let (first, last) = range.span?;
        let last = range.total.map_or(last, |total| last.min(total.saturating_sub(1)));
        Some((answer, last.checked_sub(first)?.saturating_add(1), answer.length()?))
    })
}

fn mismatch(answer: &Answer, length: u64) -> String {
    let range = answer.header("content-range").unwrap_or_default();
    format!("Content-Range: {range} with Content-Length: {length}")
}

fn announced(answer: &Answer) -> String {
    answer.length().map_or("more".to_owned(), |length| length.to_string())
}

fn asked(http: &HttpFacts, probe: Probe) -> String {
    probe.range(http.size.unwrap_or(0)).unwrap_or_else(|| "the whole file".to_owned())
}

/// What is wrong with the answer to a question that browsers do not ask, at a server that knows ranges.
fn not_exact(http: &HttpFacts, probe: Probe) -> Option<String> {
    http.begin().filter(|answer| answer.status == 206)?;
    let (answer, wanted) = (http.get(probe)?, probe.wanted(http.size?)?);
    let span = answer.content_range().and_then(|range| range.span);
    let is_exact = answer.status == 206 && span == Some((wanted.start, wanted.end - 1));
    let got = answer.header("content-range").unwrap_or("no Content-Range");
    (!is_exact).then(|| format!("{} got {}, {got}", asked(http, probe), answer.status))
}

/// Compares what several answers say of the same bytes.
fn wrong_bytes(http: &HttpFacts) -> Option<String> {
    let body = |probe: Probe| {
        let answer = http.get(probe).filter(|answer| answer.status == 206 && answer.coding().is_none())?;
        Some(&answer.body)
    };
    let open = body(Probe::Open)?;
    let wrong = [Probe::Begin, Probe::Inner, Probe::LastByte].into_iter().find(|probe| {
        let (Some(body), Some(wanted)) = (body(*probe), probe.wanted(http.size.unwrap_or(0))) else {
            return false;
        };
        let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
        let whole = place(wanted.start)..place(wanted.end);
        // Too few bytes, or too many, are other rules; here the first of them count.
        open.get(whole).is_some_and(|known| {
            let common = known.len().min(body.len());
            known[..common] != body[..common]
        })
    })?;
    Some(format!("{} differs from the same bytes of bytes=0-", asked(http, wrong)))
}
