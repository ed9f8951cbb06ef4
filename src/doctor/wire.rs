//! A client of HTTP/1.1 that hides nothing: every line of the head, every byte of the body, and what comes behind it.
//!
//! The usual clients mend what is to be found here. hyper drops bytes behind a body, ends a connection over two
//! lengths, and hands out a chunked part as if it were whole; so heads are read with `httparse`, which is hyper's own
//! parser, and bodies are counted here. HTTP/1.1 only: what a range answers does not depend on the version.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use httparse::Status;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use url::Url;

use crate::doctor::exchange::{Answer, BodyEnd, Framing};
use crate::doctor::http::{Failure, FailureKind};
use crate::doctor::tls::Tls;

/// For a connection, and again for a question as a whole.
const PATIENCE: Duration = Duration::from_secs(15);

/// How long bytes behind a complete body are waited for, where the server does not close.
const LINGER: Duration = Duration::from_millis(200);

const MAX_HEAD: usize = 64 << 10;
const MAX_HEADERS: usize = 128;

/// Whatever carries bytes.
pub(super) trait Carrier: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Carrier for T {}

/// A request to be sent on a connection of its own.
pub struct Question<'a> {
    pub method: &'static str,
    pub url: &'a Url,
    pub headers: Vec<(&'static str, String)>,
    /// So much of a body is enough.
    pub enough: usize,
}

/// Asks questions. Clones share the list of trusted certificates.
#[derive(Clone, Default)]
pub struct Client {
    tls: Tls,
}

impl Client {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One question on a connection of its own.
    pub async fn ask(&self, question: &Question<'_>) -> Result<Answer, Failure> {
        let mut carrier = self.connect(question.url).await?;
        let begun = Instant::now();
        let sent = timeout(PATIENCE, carrier.write_all(question.text().as_bytes())).await;
        // A server may answer and close before it has read everything; what it says still counts.
        sent.map_err(|_| unreachable(format!("it takes no request within {} s", PATIENCE.as_secs())))?.ok();
        let mut receiving = Receiving { carrier, raw: BytesMut::with_capacity(64 << 10), begun };
        let head = timeout(PATIENCE, receiving.head()).await;
        let head =
            head.map_err(|_| unreachable(format!("it gives no answer within {} s", PATIENCE.as_secs())))??;
        let head_after = begun.elapsed();
        let has_body = question.method != "HEAD" && !matches!(head.status, 204 | 304);
        let framing = head.framing();
        let carried = if has_body { framing } else { Framing::Length(0) };
        let (body, end, body_after) = receiving.body(carried, question.enough).await;
        let Head { status, minor, headers, .. } = head;
        Ok(Answer { status, minor, headers, framing, body, end, head_after, body_after })
    }

    async fn connect(&self, url: &Url) -> Result<Box<dyn Carrier>, Failure> {
        let port = url.port_or_known_default().unwrap_or(80);
        let host = match url.host() {
            Some(url::Host::Ipv6(address)) => address.to_string(),
            Some(host) => host.to_string(),
            None => return Err(unreachable("the URL names no host".to_owned())),
        };
        let connected = timeout(PATIENCE, TcpStream::connect((host.as_str(), port))).await;
        let stream = connected
            .map_err(|_| unreachable(format!("no connection within {} s", PATIENCE.as_secs())))?
            .map_err(|error| unreachable(format!("{host}:{port}: {error}")))?;
        if url.scheme() != "https" {
            return Ok(Box::new(stream));
        }
        let over = timeout(PATIENCE, self.tls.over(&host, stream)).await;
        let over = over.unwrap_or_else(|_| Err("the handshake does not end".to_owned()));
        over.map_err(|text| Failure { kind: FailureKind::Tls, text })
    }
}

fn unreachable(text: String) -> Failure {
    Failure { kind: FailureKind::Unreachable, text }
}

fn not_http(text: impl Into<String>) -> Failure {
    Failure { kind: FailureKind::NotHttp, text: text.into() }
}

impl Question<'_> {
    fn text(&self) -> String {
        let query = self.url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let port = self.url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let head = format!(
            "{} {}{query} HTTP/1.1\r\nHost: {}{port}\r\nUser-Agent: Mozilla/5.0 (compatible; reelgate-doctor/{})\r\n\
             Accept: */*\r\nConnection: close\r\n",
            self.method,
            self.url.path(),
            self.url.host_str().unwrap_or_default(),
            env!("CARGO_PKG_VERSION"),
        );
        let lines = self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
        lines.fold(head, |text, line| text + &line) + "\r\n"
    }
}

/// A stranger's words, which go to a terminal: nothing in them moves its cursor.
fn harmless(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    text.trim().chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

struct Head {
    status: u16,
    minor: u8,
    headers: Vec<(String, String)>,
    len: usize,
}

impl Head {
    fn parse(raw: &[u8]) -> Result<Option<Self>, httparse::Error> {
        let mut lines = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut response = httparse::Response::new(&mut lines);
        let Status::Complete(len) = response.parse(raw)? else { return Ok(None) };
        let headers =
            response.headers.iter().map(|line| (line.name.to_ascii_lowercase(), harmless(line.value)));
        Ok(Some(Self {
            headers: headers.collect(),
            status: response.code.unwrap_or(0),
            minor: response.version.unwrap_or(0),
            len,
        }))
    }

    /// RFC 9112 §6.3: a transfer coding wins over a length.
    fn framing(&self) -> Framing {
        let value = |name| self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value);
        let is_chunked =
            value("transfer-encoding").is_some_and(|value| value.to_ascii_lowercase().contains("chunked"));
        match value("content-length").and_then(|value| value.parse().ok()) {
            _ if is_chunked => Framing::Chunked,
            Some(length) => Framing::Length(length),
            None => Framing::UntilClose,
        }
    }
}

struct Receiving {
    carrier: Box<dyn Carrier>,
    raw: BytesMut,
    begun: Instant,
}

impl Receiving {
    async fn head(&mut self) -> Result<Head, Failure> {
        loop {
            match Head::parse(&self.raw) {
                // RFC 9110 §15.2: any number of these may come first.
                Ok(Some(head)) if (100..200).contains(&head.status) => {
                    let _ = self.raw.split_to(head.len);
                }
                Ok(Some(head)) => {
                    let _ = self.raw.split_to(head.len);
                    return Ok(head);
                }
                Ok(None) if self.raw.len() > MAX_HEAD => return Err(not_http("the head does not end")),
                Ok(None) => self.more_of_head().await?,
                Err(error) => return Err(not_http(format!("the head cannot be read: {error}"))),
            }
        }
    }

    async fn more_of_head(&mut self) -> Result<(), Failure> {
        match self.carrier.read_buf(&mut self.raw).await {
            Ok(0) => Err(not_http("the connection ends before an answer")),
            Ok(_) => Ok(()),
            Err(error) => Err(not_http(format!("the connection breaks before an answer: {error}"))),
        }
    }

    /// The body as far as it is wanted, how it ended, and when its first byte came.
    async fn body(&mut self, framing: Framing, enough: usize) -> (Bytes, BodyEnd, Option<Duration>) {
        let deadline = Instant::now() + PATIENCE;
        let mut first = (!self.raw.is_empty()).then(|| self.begun.elapsed());
        loop {
            let seen = Seen::of(&self.raw, framing);
            if let Some(consumed) = seen.consumed {
                let excess = self.excess(consumed).await;
                let end = if excess == 0 { BodyEnd::Complete } else { BodyEnd::Excess(excess) };
                return (seen.body, end, first);
            }
            if seen.body.len() >= enough {
                return (seen.body, BodyEnd::LeftByUs, first);
            }
            let read = timeout_at(deadline, self.carrier.read_buf(&mut self.raw)).await;
            if !matches!(read, Ok(Ok(1..))) {
                let is_end = framing == Framing::UntilClose && matches!(read, Ok(Ok(0)));
                return (seen.body, if is_end { BodyEnd::Complete } else { BodyEnd::Short }, first);
            }
            first.get_or_insert_with(|| self.begun.elapsed());
        }
    }

    /// How many bytes come behind a body that ended here.
    async fn excess(&mut self, consumed: usize) -> u64 {
        if self.raw.len() == consumed {
            let _ = timeout(LINGER, self.carrier.read_buf(&mut self.raw)).await;
        }
        u64::try_from(self.raw.len().saturating_sub(consumed)).unwrap_or(u64::MAX)
    }
}

/// What has come of a body so far.
struct Seen {
    body: Bytes,
    /// The length on the wire, once it is complete.
    consumed: Option<usize>,
}

impl Seen {
    fn of(raw: &[u8], framing: Framing) -> Self {
        match framing {
            Framing::Length(length) => {
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                let body = Bytes::copy_from_slice(&raw[..raw.len().min(length)]);
                Self { body, consumed: (raw.len() >= length).then_some(length) }
            }
            Framing::Chunked => chunks(raw),
            Framing::UntilClose => Self { body: Bytes::copy_from_slice(raw), consumed: None },
        }
    }
}

/// RFC 9112 §7.1. Trailers are not read; a chunk that cannot be read ends the body there, as if nothing came any more.
fn chunks(raw: &[u8]) -> Seen {
    let (mut body, mut at) = (BytesMut::new(), 0);
    let mut consumed = None;
    while let Ok(Status::Complete((head, size))) = httparse::parse_chunk_size(&raw[at..]) {
        let begin = at + head;
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        if size == 0 {
            consumed = raw.get(begin..begin + 2).map(|_| begin + 2);
            break;
        }
        let rest = raw.get(begin..).unwrap_or_default();
        body.extend_from_slice(&rest[..rest.len().min(size)]);
        // The line's end behind the chunk.
        match begin.checked_add(size).and_then(|end| end.checked_add(2)) {
            Some(next) if next <= raw.len() => at = next,
            _ => break,
        }
    }
    Seen { body: body.freeze(), consumed }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_ends_where_its_framing_says() {
        type Case = (&'static [u8], Framing, &'static [u8], Option<usize>, &'static str);
        let cases: [Case; 10] = [
            (b"abc", Framing::Length(5), b"abc", None, "more is to come"),
            (b"abcde", Framing::Length(5), b"abcde", Some(5), "all"),
            (b"abcdef", Framing::Length(5), b"abcde", Some(5), "one too many"),
            (b"", Framing::Length(0), b"", Some(0), "none"),
            (b"3\r\nabc\r\n0\r\n\r\n", Framing::Chunked, b"abc", Some(13), "all chunks"),
            (b"3\r\nabc\r\n2\r\nd", Framing::Chunked, b"abcd", None, "in the middle of a chunk"),
            (b"3\r\nabc\r\n0\r\n", Framing::Chunked, b"abc", None, "the last line is missing"),
            (b"x\r\nabc", Framing::Chunked, b"", None, "no size"),
            (b"ffffffffffffffff\r\nabc", Framing::Chunked, b"abc", None, "more than there is memory"),
            (b"abc", Framing::UntilClose, b"abc", None, "nobody knows"),
        ];
        for (raw, framing, body, consumed, why) in cases {
            let seen = Seen::of(raw, framing);
            assert_eq!((&seen.body[..], seen.consumed), (body, consumed), "{why}");
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_comes_is_counted_and_nothing_else(raw in "[0-9a-f;\r\n]{0,60}", length in 0_u64..80) {
            for framing in [Framing::Length(length), Framing::Chunked, Framing::UntilClose] {
                let seen = Seen::of(raw.as_bytes(), framing);
                proptest::prop_assert!(seen.body.len() <= raw.len());
                proptest::prop_assert!(seen.consumed.is_none_or(|consumed| consumed <= raw.len()));
            }
        }
    }

    #[test]
    fn a_head_is_kept_line_by_line() {
        let raw = b"HTTP/1.0 206 Partial\r\nX-A: 1\r\nx-a:  2\xc2\x9b \r\nContent-Length: 7\r\n\r\nbody";
        let head = Head::parse(raw).unwrap().unwrap();
        assert_eq!((head.status, head.minor, head.framing()), (206, 0, Framing::Length(7)));
        let lines: Vec<_> =
            head.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(lines, [("x-a", "1"), ("x-a", "2?"), ("content-length", "7")]);
        assert!(Head::parse(&raw[..20]).unwrap().is_none());
        assert!(Head::parse(b"SSH-2.0-OpenSSH\r\n").is_err());
    }
}
