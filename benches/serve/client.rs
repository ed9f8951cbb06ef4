//! The client: HTTP/1.1 on one connection, cheap enough not to be what is measured. Every byte is compared.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Poll, ready};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustls::ClientConfig;
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};
use tokio::net::TcpSocket;
use tokio::time::{sleep_until, timeout_at};

use crate::material::{LEN, Material};
use crate::tls::{self, Duplex};

const BUFFER: usize = 256 * 1024;

thread_local! {
    /// One for all connections: between two polls nobody needs what is in it.
    static SHARED: RefCell<Vec<u8>> = RefCell::new(vec![0; BUFFER]);
}

/// Where a server offers a file, and under what name.
#[derive(Clone)]
pub struct Target {
    pub address: SocketAddr,
    /// Path and query, the credential included.
    pub path: String,
    /// How to encrypt, if that is asked for.
    pub tls: Option<Arc<ClientConfig>>,
}

/// What is asked for.
#[derive(Clone)]
pub enum Ask {
    /// The file without a Range.
    Whole,
    /// `bytes=a-b`
    Part(Range<u64>),
    /// `bytes=a-`
    From(u64),
    Head,
}

/// What came, and how long it took.
#[derive(Clone, Copy)]
pub struct Got {
    pub bytes: u64,
    /// Until the body's first byte.
    pub first: Duration,
    pub whole: Duration,
}

/// How fast a viewer takes what comes.
#[derive(Clone, Copy)]
pub struct Pace {
    /// Bytes at a time, and how often.
    pub portion: u64,
    pub every: Duration,
    pub portions: u32,
    /// How long to wait with the question.
    pub delay: Duration,
}

/// How a viewer fared.
#[derive(Clone, Copy, Default)]
pub struct Watched {
    /// How late the latest portion was, counted from when the client came to ask for it.
    pub late: Duration,
    /// How late the client itself came at worst: if this is much, the figures are the client's.
    pub lag: Duration,
}

impl Ask {
    fn write(&self, target: &Target) -> String {
        let method = if matches!(self, Ask::Head) { "HEAD" } else { "GET" };
        let Target { address, path, .. } = target;
        let mut text =
            format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: bench\r\nAccept: */*\r\n");
        let range = match self {
            Ask::Whole | Ask::Head => Ok(()),
            Ask::Part(range) => write!(text, "Range: bytes={}-{}\r\n", range.start, range.end - 1),
            Ask::From(start) => write!(text, "Range: bytes={start}-\r\n"),
        };
        range.expect("a String takes everything");
        text + "\r\n"
    }

    fn span(&self) -> Range<u64> {
        match self {
            Ask::Whole | Ask::Head => 0..LEN,
            Ask::Part(range) => range.clone(),
            Ask::From(start) => *start..LEN,
        }
    }

    /// Whether the head is the one that this deserves.
    fn check(&self, head: &Head) -> Result<()> {
        let span = self.span();
        let (status, range) = match self {
            Ask::Whole | Ask::Head => (200, None),
            Ask::Part(_) | Ask::From(_) => {
                (206, Some(format!("bytes {}-{}/{LEN}", span.start, span.end - 1)))
            }
        };
        ensure!(head.status == status, "status {} and not {status}", head.status);
        ensure!(head.length == Some(span.end - span.start), "Content-Length {:?}", head.length);
        ensure!(head.range == range, "Content-Range {:?} and not {range:?}", head.range);
        Ok(())
    }
}

#[derive(Default)]
struct Head {
    status: u16,
    length: Option<u64>,
    range: Option<String>,
    closes: bool,
}

impl Head {
    fn parse(text: &str) -> Result<Head> {
        let mut lines = text.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).context("no status")?;
        let mut head = Head { status: status.parse()?, ..Head::default() };
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            match name.to_ascii_lowercase().as_str() {
                "content-length" => head.length = Some(value.parse()?),
                "content-range" => head.range = Some(value.to_owned()),
                "connection" => head.closes = value.eq_ignore_ascii_case("close"),
                "transfer-encoding" => bail!("Transfer-Encoding: {value}"),
                _ => {}
            }
        }
        Ok(head)
    }
}

/// A connection.
pub struct Wire<'a> {
    target: &'a Target,
    material: &'a Material,
    stream: Box<dyn Duplex>,
}

/// An answer that is coming in.
struct Coming<'a> {
    ask: &'a Ask,
    material: &'a Material,
    head: Vec<u8>,
    /// The file's bytes that are still to come, once the head is there.
    left: Option<Range<u64>>,
    closes: bool,
}

impl Coming<'_> {
    fn take(&mut self, mut bytes: &[u8]) -> Result<()> {
        if bytes.is_empty() {
            match &self.left {
                Some(left) => bail!("the connection ended {} bytes early", left.end - left.start),
                // A client that is too late with its question is hung up on.
                None => bail!("the connection ended before the answer's head"),
            }
        }
        if self.left.is_none() {
            let before = self.head.len();
            self.head.extend_from_slice(bytes);
            let Some(end) = self.head.windows(4).position(|window| window == b"\r\n\r\n") else {
                return Ok(());
            };
            let head = Head::parse(std::str::from_utf8(&self.head[..end])?)?;
            self.ask.check(&head)?;
            self.closes = head.closes;
            bytes = &bytes[end + 4 - before..];
            let span = self.ask.span();
            self.left = Some(if matches!(self.ask, Ask::Head) { span.start..span.start } else { span });
        }
        let Some(left) = &mut self.left else { return Ok(()) };
        let count = u64::try_from(bytes.len())?;
        ensure!(count <= left.end - left.start, "more bytes than were asked for");
        ensure!(self.material.holds(left.start, bytes), "wrong bytes from {} on", left.start);
        left.start += count;
        Ok(())
    }

    fn is_complete(&self) -> bool {
        self.left.as_ref().is_some_and(std::ops::Range::is_empty)
    }

    fn got(&self) -> u64 {
        let span = self.ask.span();
        self.left.as_ref().map_or(0, |left| left.start - span.start)
    }
}

impl<'a> Wire<'a> {
    pub async fn open(target: &'a Target, material: &'a Material) -> Result<Wire<'a>> {
        Wire::over(TcpSocket::new_v4()?, target, material).await
    }

    /// With a receive buffer of this size (the kernel doubles it), instead of one that grows.
    pub async fn narrow(target: &'a Target, material: &'a Material, buffer: u32) -> Result<Wire<'a>> {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(buffer)?;
        Wire::over(socket, target, material).await
    }

    async fn over(socket: TcpSocket, target: &'a Target, material: &'a Material) -> Result<Wire<'a>> {
        let stream = socket.connect(target.address).await.context("no connection")?;
        stream.set_nodelay(true)?;
        let stream = match &target.tls {
            Some(client) => tls::over(stream, Arc::clone(client)).await?,
            None => Box::new(stream),
        };
        Ok(Wire { target, material, stream })
    }

    /// Asks and takes the whole answer.
    pub async fn fetch(&mut self, ask: &Ask) -> Result<Got> {
        self.take(ask, u64::MAX, None).await
    }

    /// Asks and takes at least `enough` bytes of the answer's body, or all.
    pub async fn fetch_up_to(&mut self, ask: &Ask, enough: u64) -> Result<Got> {
        self.take(ask, enough, None).await
    }

    /// Asks and takes what comes before `end`.
    pub async fn fetch_until(&mut self, ask: &Ask, end: Instant) -> Result<Got> {
        self.take(ask, u64::MAX, Some(end)).await
    }

    async fn take(&mut self, ask: &Ask, enough: u64, end: Option<Instant>) -> Result<Got> {
        let begun = Instant::now();
        let mut coming = self.ask(ask).await?;
        let mut first = None;
        while !coming.is_complete() && coming.got() < enough {
            let reading = self.read(BUFFER, &mut coming);
            match end {
                None => reading.await?,
                Some(end) => match timeout_at(end.into(), reading).await {
                    Ok(read) => read?,
                    Err(_) => break,
                },
            }
            first = first.or((coming.got() > 0).then(|| begun.elapsed()));
        }
        let whole = begun.elapsed();
        let got = Got { bytes: coming.got(), first: first.unwrap_or(whole), whole };
        if coming.closes && coming.is_complete() {
            *self = Wire::open(self.target, self.material).await?;
        }
        Ok(got)
    }

    /// Takes an answer portion by portion; the connection stays as it is, with the rest on its way. A portion is due
    /// when the time that it plays has passed.
    pub async fn watch(&mut self, ask: &Ask, pace: Pace) -> Result<Watched> {
        sleep_until((Instant::now() + pace.delay).into()).await;
        let begun = Instant::now();
        let mut coming = self.ask(ask).await?;
        let mut watched = Watched::default();
        for portion in 1..=pace.portions {
            let due = begun + pace.every * portion;
            let ready = due.max(Instant::now());
            sleep_until(ready.into()).await;
            let lag = ready.elapsed();
            let wanted = pace.portion * u64::from(portion);
            while coming.got() < wanted {
                let most = usize::try_from(wanted - coming.got()).unwrap_or(BUFFER);
                self.read(most, &mut coming).await?;
            }
            watched.late = watched.late.max(due.elapsed().saturating_sub(lag));
            watched.lag = watched.lag.max(lag);
        }
        Ok(watched)
    }

    async fn ask<'b>(&mut self, ask: &'b Ask) -> Result<Coming<'b>>
    where
        'a: 'b,
    {
        self.stream.write_all(ask.write(self.target).as_bytes()).await?;
        // TLS keeps what is written until it is told.
        self.stream.flush().await?;
        Ok(Coming { ask, material: self.material, head: Vec::new(), left: None, closes: false })
    }

    async fn read(&mut self, most: usize, coming: &mut Coming<'_>) -> Result<()> {
        let stream = &mut self.stream;
        poll_fn(|cx| {
            SHARED.with_borrow_mut(|buffer| {
                let mut buffer = ReadBuf::new(&mut buffer[..most.min(BUFFER)]);
                ready!(Pin::new(&mut *stream).poll_read(cx, &mut buffer))?;
                Poll::Ready(coming.take(buffer.filled()))
            })
        })
        .await
    }
}
