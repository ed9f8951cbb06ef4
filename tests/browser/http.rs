//! A small HTTP/1.1 client that hides nothing: heads as they were sent, bodies as long as they were announced.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

/// Longer than a browser may take for one command; nothing waits for ever.
const PATIENCE: Duration = Duration::from_secs(40);

/// An `http://` address in its two parts.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    pub(crate) authority: String,
    pub(crate) target: String,
}

impl Address {
    pub(crate) fn parse(url: &str) -> Result<Self> {
        let rest = url.strip_prefix("http://").with_context(|| format!("{url} is no http URL"))?;
        let end = rest.find('/').unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        let target = if target.is_empty() { "/" } else { target };
        Ok(Self { authority: authority.into(), target: target.into() })
    }
}

pub(crate) struct Head {
    pub(crate) version: String,
    pub(crate) status: u16,
    fields: Vec<(String, String)>,
}

impl Head {
    /// The value of a field that may stand there once.
    pub(crate) fn field(&self, name: &str) -> Result<Option<&str>> {
        let mut found = self.fields.iter().filter(|(it, _)| it.eq_ignore_ascii_case(name));
        let value = found.next().map(|(_, value)| value.as_str());
        ensure!(found.next().is_none(), "{name} stands there twice");
        Ok(value)
    }

    pub(crate) fn length(&self) -> Result<u64> {
        let value = self.field("Content-Length")?.context("no Content-Length")?;
        value.parse().with_context(|| format!("Content-Length: {value}"))
    }

    /// Whether the connection can be used once more (RFC 9112 §9.3).
    pub(crate) fn keeps_alive(&self) -> Result<bool> {
        let connection = self.field("Connection")?.unwrap_or_default().to_ascii_lowercase();
        Ok(if self.version == "HTTP/1.1" { connection != "close" } else { connection == "keep-alive" })
    }
}

pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    authority: String,
}

impl Connection {
    /// No byte is waited for longer than `patience`.
    pub(crate) fn open(authority: &str, patience: Duration) -> Result<Self> {
        let stream = TcpStream::connect(authority).with_context(|| format!("connecting to {authority}"))?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::with_capacity(64 * 1024, stream), authority: authority.into() })
    }

    pub(crate) fn ask(
        &mut self,
        method: &str,
        target: &str,
        fields: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Head> {
        let lines = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
        let lines = lines.collect::<Vec<_>>().concat();
        let length =
            if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
        let head = format!("{method} {target} HTTP/1.1\r\nHost: {}\r\n{lines}{length}\r\n", self.authority);
        self.stream.get_mut().write_all(&[head.as_bytes(), body].concat())?;
        self.head()
    }

    fn head(&mut self) -> Result<Head> {
        let first = self.line()?;
        let mut words = first.splitn(3, ' ');
        let version = words.next().unwrap_or_default().to_owned();
        ensure!(
            version.starts_with("HTTP/1."),
            "an answer begins with {:?}",
            first.get(..40).unwrap_or(&first)
        );
        let status = words.next().unwrap_or_default().parse().with_context(|| first.clone())?;
        let mut fields = Vec::new();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                return Ok(Head { version, status, fields });
            }
            let (name, value) =
                line.split_once(':').with_context(|| format!("a field without colon: {line}"))?;
            fields.push((name.to_owned(), value.trim().to_owned()));
        }
    }

    fn line(&mut self) -> Result<String> {
        let mut bytes = Vec::new();
        (&mut self.stream).take(64 * 1024).read_until(b'\n', &mut bytes)?;
        ensure!(!bytes.is_empty(), "the connection ended where an answer should begin or go on");
        let text = String::from_utf8_lossy(&bytes);
        Ok(text.trim_end_matches(['\r', '\n']).to_owned())
    }

    /// The next bytes of a body; fewer only where the connection ends.
    pub(crate) fn body(&mut self, length: u64) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let end = (&mut self.stream).take(length).read_to_end(&mut bytes);
        match end {
            Err(error) if error.kind() != ErrorKind::ConnectionReset => Err(error.into()),
            _ => Ok(bytes),
        }
    }

    /// Fails where more has come than was announced, or the end has. What comes later spoils the next answer's first
    /// line.
    pub(crate) fn expect_silence(&mut self) -> Result<()> {
        self.stream.get_ref().set_nonblocking(true)?;
        let waiting = self.stream.fill_buf().map(<[u8]>::len);
        self.stream.get_ref().set_nonblocking(false)?;
        match waiting {
            Ok(0) => bail!("the connection ended unannounced"),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            Ok(count) => bail!("{count} bytes more than announced"),
            Err(error) => Err(error.into()),
        }
    }
}

/// Asks once on a connection of its own, and reads the whole answer.
pub(crate) fn exchange(url: &str, method: &str, body: &[u8]) -> Result<(Head, Vec<u8>)> {
    let address = Address::parse(url)?;
    let mut connection = Connection::open(&address.authority, PATIENCE)?;
    let fields = [("Connection", "close"), ("Content-Type", "application/json")];
    let head = connection.ask(method, &address.target, &fields, body)?;
    let length = if method == "HEAD" { 0 } else { head.length()? };
    let bytes = connection.body(length)?;
    Ok((head, bytes))
}
