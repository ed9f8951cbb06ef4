//! A server of one film that is right, or wrong in one way that has been seen in the wild.
//!
//! 1. `Answer::plan` works out the right answer.
//! 2. `Answer::spoil` makes it wrong.
//! 3. `Answer::send` writes what has become of it.

use std::io::{self, Write};
use std::net::TcpStream;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use anyhow::Result;

use crate::film::Film;
use crate::listener::{After, Listener, Request};

const ETAG: &str = "\"a-film-that-does-not-change\"";

/// Opened directly, `WebKitGTK`'s player and Chromium's start need `allow-scripts`, Chromium's own request of the medium
/// `allow-same-origin`; scripts stay forbidden by `default-src`.
const POLICY: &str = "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; sandbox allow-same-origin allow-scripts";

const MIB: u64 = 1 << 20;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fault {
    None,
    WeakEtag,
    Http10,
    SizeAsEndAndShort,
    SizeAsEnd,
    OneShort,
    NoContentRange,
    UnknownTotal,
    WholeOnly,
    WholeOnlyDenied,
    CutToOneMebibyte,
    BodyFromZero,
    Chunked,
    Excess,
    WholeBehindTheEnd,
    BareUnsatisfiable,
    PartBehindTheEnd,
    ChangingEtag,
    OctetStream,
    NoType,
    PlainText,
    DroppedEveryTwoMebibytes,
    DeafToIfRange,
    DeafToSuffixes,
    StrictAboutTheEnd,
    ClosesUnannounced,
    OneAtATime,
}

impl Fault {
    /// Whether the whole film is sent though a part is asked for.
    fn is_deaf_to(self, request: &Request) -> bool {
        let suffix = request.field("Range").is_some_and(|range| range.starts_with("bytes=-"));
        matches!(self, Self::WholeOnly | Self::WholeOnlyDenied) || self == Self::DeafToSuffixes && suffix
    }
}

pub(crate) struct Reference {
    listener: Listener,
}

impl Reference {
    pub(crate) fn serve(film: &Arc<Film>, fault: Fault) -> Result<Self> {
        let film = Arc::clone(film);
        let count = AtomicU64::new(0);
        let turn = Mutex::new(());
        let listener = Listener::start(move |request, stream| {
            let _turn = (fault == Fault::OneAtATime).then(|| turn.lock());
            let mut answer = Answer::plan(request, &film, fault);
            answer.spoil(fault, count.fetch_add(1, Ordering::Relaxed));
            answer.send(stream, &film)
        })?;
        Ok(Self { listener })
    }

    pub(crate) fn url(&self) -> String {
        format!("{}/m/film", self.listener.url())
    }
}

/// A range as it was asked for, half-open.
struct Asked {
    range: Range<u64>,
    open: bool,
}

fn asked(request: &Request, size: u64, fault: Fault) -> Option<Asked> {
    if fault != Fault::DeafToIfRange && request.field("If-Range").is_some_and(|it| it != ETAG) {
        return None;
    }
    let (first, last) = request.field("Range")?.strip_prefix("bytes=")?.split_once('-')?;
    let range = match (first, last) {
        ("", suffix) => size.saturating_sub(suffix.parse().ok()?)..size,
        (first, "") => first.parse().ok()?..size,
        (first, last) if fault == Fault::StrictAboutTheEnd => {
            first.parse().ok()?..last.parse::<u64>().ok()? + 1
        }
        (first, last) => first.parse().ok()?..size.min(last.parse::<u64>().ok()? + 1),
    };
    Some(Asked { range, open: last.is_empty() })
}

struct Answer {
    version: &'static str,
    status: &'static str,
    size: u64,
    asked: Option<Asked>,
    content_range: Option<String>,
    content_type: Option<&'static str>,
    etag: String,
    accepts_ranges: bool,
    /// What of the film is sent.
    body: Range<u64>,
    length: Option<u64>,
    excess: &'static [u8],
    after: After,
    announces_close: bool,
}

impl Answer {
    fn plan(request: &Request, film: &Film, fault: Fault) -> Self {
        let size = u64::try_from(film.bytes.len()).unwrap_or(u64::MAX);
        let asked = if fault.is_deaf_to(request) { None } else { asked(request, size, fault) };
        let last = request.field("Connection") == Some("close");
        let (status, content_range, body) = match &asked {
            None => ("200 OK", None, 0..size),
            Some(Asked { range, .. }) if range.start >= size || range.end > size => {
                ("416 Range Not Satisfiable", Some(format!("bytes */{size}")), 0..0)
            }
            Some(Asked { range, .. }) => ("206 Partial Content", Some(named(range, size)), range.clone()),
        };
        Self {
            version: "HTTP/1.1",
            status,
            size,
            asked,
            content_range,
            content_type: Some(film.content_type),
            etag: ETAG.to_owned(),
            accepts_ranges: true,
            length: Some(body.end - body.start),
            body,
            excess: b"",
            after: if last { After::Close } else { After::Continue },
            announces_close: last,
        }
    }

    fn spoil(&mut self, fault: Fault, count: u64) {
        match fault {
            Fault::None | Fault::WholeOnly => {}
            Fault::WeakEtag => self.etag = format!("W/{ETAG}"),
            Fault::Http10 => (self.version, self.after) = ("HTTP/1.0", After::Close),
            Fault::WholeOnlyDenied => self.accepts_ranges = false,
            Fault::ChangingEtag => self.etag = format!("\"{count}\""),
            Fault::OctetStream => self.content_type = Some("application/octet-stream"),
            Fault::PlainText => self.content_type = Some("text/plain"),
            Fault::NoType => self.content_type = None,
            Fault::DroppedEveryTwoMebibytes => self.cut_body(2 * MIB),
            Fault::ClosesUnannounced => self.after = After::Close,
            Fault::Excess => (self.excess, self.after) = (b"more", After::Close),
            _ if self.status.starts_with("416") => self.spoil_refusal(fault),
            _ => self.spoil_part(fault),
        }
    }

    fn spoil_refusal(&mut self, fault: Fault) {
        match fault {
            Fault::WholeBehindTheEnd => {
                (self.status, self.content_range) = ("200 OK", None);
                self.send_only(0..self.size);
            }
            Fault::BareUnsatisfiable => self.content_range = None,
            Fault::PartBehindTheEnd => {
                self.status = "206 Partial Content";
                self.content_range = Some(format!("bytes {0}-{0}/{0}", self.size));
            }
            _ => {}
        }
    }

    fn spoil_part(&mut self, fault: Fault) {
        let Some(Asked { range, open }) = &self.asked else { return };
        let (start, end, size) = (range.start, range.end, self.size);
        match fault {
            Fault::SizeAsEndAndShort if *open => {
                self.content_range = Some(format!("bytes {start}-{size}/{size}"));
            }
            Fault::SizeAsEndAndShort | Fault::OneShort => self.send_only(start..end - 1),
            Fault::SizeAsEnd => self.content_range = Some(format!("bytes {start}-{end}/{size}")),
            Fault::NoContentRange => self.content_range = None,
            Fault::UnknownTotal => self.content_range = Some(format!("bytes {start}-{}/*", end - 1)),
            Fault::CutToOneMebibyte => {
                let part = start..end.min(start + MIB);
                self.content_range = Some(named(&part, size));
                self.send_only(part);
            }
            Fault::BodyFromZero => self.body = 0..end - start,
            Fault::Chunked => self.length = None,
            _ => {}
        }
    }

    fn send_only(&mut self, body: Range<u64>) {
        self.length = Some(body.end - body.start);
        self.body = body;
    }

    /// Promises more than is sent.
    fn cut_body(&mut self, most: u64) {
        if self.body.end - self.body.start > most {
            self.body.end = self.body.start + most;
            self.after = After::Close;
        }
    }

    fn send(&self, stream: &mut TcpStream, film: &Film) -> io::Result<After> {
        stream.write_all(self.head().as_bytes())?;
        let place = |at: u64| usize::try_from(at).map_err(io::Error::other);
        let body = film.bytes.get(place(self.body.start)?..place(self.body.end)?).unwrap_or_default();
        if self.length.is_none() {
            write!(stream, "{:x}\r\n", body.len())?;
            stream.write_all(body)?;
            stream.write_all(b"\r\n0\r\n\r\n")?;
        } else if self.excess.is_empty() {
            stream.write_all(body)?;
        } else {
            stream.write_all(&[body, self.excess].concat())?;
        }
        Ok(self.after)
    }

    /// The fields beside the range's own are those that reelgate sends with media.
    fn head(&self) -> String {
        let mut fields = vec![
            ("ETag", self.etag.clone()),
            ("Last-Modified", "Mon, 02 Nov 2026 10:00:00 GMT".to_owned()),
            ("Cache-Control", "private, no-cache, no-transform".to_owned()),
            ("X-Content-Type-Options", "nosniff".to_owned()),
            ("Cross-Origin-Resource-Policy", "cross-origin".to_owned()),
            ("Content-Security-Policy", POLICY.to_owned()),
        ];
        fields.push(match self.length {
            Some(length) => ("Content-Length", length.to_string()),
            None => ("Transfer-Encoding", "chunked".to_owned()),
        });
        fields.extend(self.content_range.clone().map(|it| ("Content-Range", it)));
        fields.extend(self.content_type.map(|it| ("Content-Type", it.to_owned())));
        fields.extend(self.accepts_ranges.then(|| ("Accept-Ranges", "bytes".to_owned())));
        fields.extend(self.announces_close.then(|| ("Connection", "close".to_owned())));
        let lines = fields.into_iter().map(|(name, value)| format!("{name}: {value}\r\n"));
        let lines = lines.collect::<Vec<_>>().concat();
        format!("{} {}\r\n{lines}\r\n", self.version, self.status)
    }
}

/// A half-open range as HTTP names it (RFC 9110 §14.4).
fn named(range: &Range<u64>, size: u64) -> String {
    format!("bytes {}-{}/{size}", range.start, range.end - 1)
}
