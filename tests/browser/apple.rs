//! A replay of what Apple's player asks for, as strict as it is: the first thing that is not exact fails it.
//!
//! The requests are those of published traces (a probe of two bytes, the whole by an explicit end, the tail, reads of
//! 8 bytes and of 64 KiB); the demands are that every answer says exactly what it holds, holds exactly the film's
//! bytes, belongs to one version of the film, and leaves the connection usable.

use std::ops::Range;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::film::Film;
use crate::http::{Address, Connection, Head};

const SPAN: u64 = 64 * 1024;

/// A player that has waited this long for a byte has stopped.
const PATIENCE: Duration = Duration::from_secs(5);

/// What `AVFoundation` sends with each request.
const FIELDS: [(&str, &str); 4] = [
    ("User-Agent", "AppleCoreMedia/1.0.0.21E219 (iPhone; U; CPU OS 17_4 like Mac OS X; en_us)"),
    ("Accept", "*/*"),
    ("Accept-Encoding", "identity"),
    ("X-Playback-Session-Id", "3D2F5C9A-0A4C-4B62-9C0E-6E4B8F0E1A77"),
];

type Step<'a> = fn(&mut Apple<'a>) -> Result<()>;

/// Plays the sequence against a URL that should serve this film.
pub(crate) fn replay(url: &str, film: &Film) -> Result<()> {
    let steps: [(&str, Step); 11] = [
        ("the probe", Apple::probe),
        ("the whole by an explicit end", Apple::fetch_whole),
        ("reads of eight bytes", Apple::read_boxes),
        ("spans of 64 KiB on one connection", Apple::read_spans),
        ("open ranges", Apple::read_open),
        ("the last bytes", Apple::read_end),
        ("an end behind the end", Apple::clamp),
        ("ranges behind the end", Apple::overrun),
        ("If-Range", Apple::check_version),
        ("a reader that stalls", Apple::stall),
        ("hanging up", Apple::hang_up),
    ];
    let size = u64::try_from(film.bytes.len())?;
    let mut apple = Apple { address: Address::parse(url)?, film, size, etag: None, connection: None };
    for (name, step) in steps {
        step(&mut apple).context(name)?;
    }
    apple.leave().context("the whole without a range, to the end of the connection")
}

struct Apple<'a> {
    address: Address,
    film: &'a Film,
    size: u64,
    /// The first answer's; all others have to carry the same.
    etag: Option<String>,
    connection: Option<Connection>,
}

impl Apple<'_> {
    fn probe(&mut self) -> Result<()> {
        self.expect("bytes=0-1", 0..2)
    }

    fn fetch_whole(&mut self) -> Result<()> {
        let size = self.size;
        self.expect(&closed(&(0..size)), 0..size)
    }

    /// Walks an MP4's outermost boxes by their heads (ISO/IEC 14496-12 §4.2); in a `WebM` the same reads, but
    /// blindly.
    fn read_boxes(&mut self) -> Result<()> {
        for at in [0, 24, 32] {
            self.expect(&closed(&(at..at + 8)), at..at + 8)?;
        }
        let mut at = 0;
        while self.film.content_type == "video/mp4" && at < self.size {
            self.expect(&closed(&(at..at + 8)), at..at + 8)?;
            let length = self.slice(&(at..at + 4))?.try_into().map(u32::from_be_bytes)?;
            ensure!(length >= 8, "the film's own box at {at} has no plain length");
            at += u64::from(length);
        }
        Ok(())
    }

    fn read_spans(&mut self) -> Result<()> {
        let middle = self.size / 2;
        for start in (0..64).map(|number| middle + number * SPAN) {
            self.expect(&closed(&(start..start + SPAN)), start..start + SPAN)?;
        }
        Ok(())
    }

    fn read_open(&mut self) -> Result<()> {
        for start in [self.size - 8 * SPAN, self.size / 2] {
            self.expect(&format!("bytes={start}-"), start..self.size)?;
        }
        Ok(())
    }

    fn read_end(&mut self) -> Result<()> {
        let size = self.size;
        // The player repeats the last byte where the end of a body has failed.
        for _ in 0..3 {
            self.expect(&closed(&(size - 1..size)), size - 1..size)?;
        }
        self.expect("bytes=-1", size - 1..size)?;
        self.expect("bytes=-65536", size - SPAN..size)?;
        self.expect(&format!("bytes=-{}", size + 1), 0..size)
    }

    fn clamp(&mut self) -> Result<()> {
        let start = self.size - 100;
        self.expect(&format!("bytes={start}-{}", self.size), start..self.size)?;
        self.expect(&format!("bytes={start}-{}", self.size * 2), start..self.size)
    }

    fn overrun(&mut self) -> Result<()> {
        let size = self.size;
        for range in [format!("bytes={size}-"), format!("bytes={size}-{}", size + 1)] {
            let head = self.ask(&[("Range", &range)])?;
            ensure!(head.status == 416, "{range}: status {} in place of 416", head.status);
            let total = head.field("Content-Range")?;
            ensure!(total == Some(&format!("bytes */{size}")), "{range}: 416 with Content-Range {total:?}");
            self.finish(&head)?;
        }
        self.expect("bytes=0-1", 0..2)
    }

    fn check_version(&mut self) -> Result<()> {
        let etag = self.etag.clone().context("no ETag to ask with")?;
        // A weak one never matches (RFC 9110 §13.1.5), so the whole comes again.
        let part = !etag.starts_with("W/");
        self.expect_if_range(&etag, part)?;
        self.expect_if_range("\"another version\"", false)
    }

    fn expect_if_range(&mut self, etag: &str, part: bool) -> Result<()> {
        let head = self.ask(&[("Range", "bytes=100-199"), ("If-Range", etag)])?;
        let range = if part { 100..200 } else { 0..self.size };
        self.check_head(&head, &range, part).with_context(|| format!("If-Range: {etag}"))?;
        self.check_body(&head, range)
    }

    /// While one reader takes nothing, another is served; then the first gets the rest.
    fn stall(&mut self) -> Result<()> {
        let whole = 0..self.size;
        let mut stalled = self.connect()?;
        let head = self.ask_on(&mut stalled, &[("Range", &closed(&whole))])?;
        self.check_head(&head, &whole, true)?;
        let mut bytes = stalled.body(SPAN)?;
        for start in (0..32).map(|number| number * SPAN * 3) {
            self.expect(&closed(&(start..start + SPAN)), start..start + SPAN)?;
        }
        bytes.extend(stalled.body(self.size - SPAN)?);
        self.compare(&bytes, &whole)?;
        expect_nothing_more(&mut stalled, &head)
    }

    fn hang_up(&mut self) -> Result<()> {
        for number in 0..8 {
            let start = number * SPAN;
            let mut connection = self.connect()?;
            let head = self.ask_on(&mut connection, &[("Range", &format!("bytes={start}-"))])?;
            self.check_head(&head, &(start..self.size), true)?;
            self.compare(&connection.body(100)?, &(start..start + 100))?;
        }
        self.expect("bytes=0-1", 0..2)
    }

    fn leave(&mut self) -> Result<()> {
        let whole = 0..self.size;
        let mut connection = self.connect()?;
        let head = self.ask_on(&mut connection, &[("Connection", "close")])?;
        self.check_head(&head, &whole, false)?;
        let bytes = connection.body(self.size + 1)?;
        self.compare(&bytes, &whole)
    }

    /// One range on the connection that is kept, exactly.
    fn expect(&mut self, range: &str, wanted: Range<u64>) -> Result<()> {
        let head = self.ask(&[("Range", range)]).with_context(|| range.to_owned())?;
        self.check_head(&head, &wanted, true).with_context(|| range.to_owned())?;
        self.check_body(&head, wanted).with_context(|| range.to_owned())
    }

    fn ask(&mut self, fields: &[(&str, &str)]) -> Result<Head> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connect()?,
        };
        let head = self.ask_on(&mut connection, fields).context("on the connection that is kept")?;
        self.connection = Some(connection);
        Ok(head)
    }

    fn connect(&self) -> Result<Connection> {
        Connection::open(&self.address.authority, PATIENCE)
    }

    fn ask_on(&self, connection: &mut Connection, fields: &[(&str, &str)]) -> Result<Head> {
        connection.ask("GET", &self.address.target, &[&FIELDS, fields].concat(), b"")
    }

    fn check_head(&mut self, head: &Head, wanted: &Range<u64>, part: bool) -> Result<()> {
        let status = if part { 206 } else { 200 };
        ensure!(head.status == status, "status {} in place of {status}", head.status);
        for name in ["Transfer-Encoding", "Content-Encoding"] {
            ensure!(head.field(name)?.is_none(), "{name}: {:?}", head.field(name)?);
        }
        let length = head.length()?;
        let exact = wanted.end - wanted.start;
        ensure!(length == exact, "Content-Length: {length} in place of {exact}");
        let name = part.then(|| format!("bytes {}-{}/{}", wanted.start, wanted.end - 1, self.size));
        let said = head.field("Content-Range")?;
        ensure!(said == name.as_deref(), "Content-Range: {said:?} in place of {name:?}");
        let kind = head.field("Content-Type")?;
        ensure!(kind == Some(self.film.content_type), "Content-Type: {kind:?}");
        ensure!(head.field("Accept-Ranges")? == Some("bytes"), "no Accept-Ranges");
        self.check_etag(head.field("ETag")?.context("no ETag")?)
    }

    fn check_etag(&mut self, etag: &str) -> Result<()> {
        let first = self.etag.get_or_insert_with(|| etag.to_owned());
        ensure!(first == etag, "ETag: {etag} after {first}");
        Ok(())
    }

    fn check_body(&mut self, head: &Head, wanted: Range<u64>) -> Result<()> {
        let bytes = self.finish(head)?;
        self.compare(&bytes, &wanted)
    }

    /// Takes the announced body; the connection is kept if the head says so.
    fn finish(&mut self, head: &Head) -> Result<Vec<u8>> {
        let mut connection = self.connection.take().context("no connection to read from")?;
        let length = head.length()?;
        let bytes = connection.body(length)?;
        ensure!(
            u64::try_from(bytes.len())? == length,
            "a body of {} bytes in place of {length}",
            bytes.len()
        );
        expect_nothing_more(&mut connection, head)?;
        self.connection = head.keeps_alive()?.then_some(connection);
        Ok(bytes)
    }

    fn compare(&self, bytes: &[u8], wanted: &Range<u64>) -> Result<()> {
        let film = self.slice(wanted)?;
        if bytes == film {
            return Ok(());
        }
        if let Some(place) = bytes.iter().zip(film).position(|(one, other)| one != other) {
            bail!("the body differs from the film at its byte {place}");
        }
        bail!("a body of {} bytes in place of {}", bytes.len(), film.len())
    }

    fn slice(&self, range: &Range<u64>) -> Result<&[u8]> {
        let range = usize::try_from(range.start)?..usize::try_from(range.end)?;
        self.film.bytes.get(range).context("a range outside the film")
    }
}

/// Behind a body: silence where the connection is kept, its end where it is not.
fn expect_nothing_more(connection: &mut Connection, head: &Head) -> Result<()> {
    if head.keeps_alive()? {
        return connection.expect_silence();
    }
    let more = connection.body(u64::MAX)?.len();
    ensure!(more == 0, "{more} bytes more than announced");
    Ok(())
}

/// A half-open range as HTTP asks for it, with its last byte named (RFC 9110 §14.1.2).
fn closed(range: &Range<u64>) -> String {
    format!("bytes={}-{}", range.start, range.end - 1)
}
