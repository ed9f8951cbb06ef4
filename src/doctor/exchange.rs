//! One question to a server and its answer, as it came over the wire.
//!
//! 1. [`Probe`] is the question: which range, and what a right answer holds.
//! 2. [`Answer`] is a head with every line of it, and an exact account of the body.
//! 3. [`ContentRange`] reads the one header that everything hangs on (RFC 9110 §14.4).

use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;

/// A question. Those that hold a range are asked with the words that a browser uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Probe {
    /// `bytes=0-1`: what Apple's player asks first.
    Begin,
    /// `bytes=0-`: what Chromium and Firefox ask first. Given up after a MiB.
    Open,
    /// A few KiB in the first MiB, to be compared with [`Probe::Open`].
    Inner,
    /// `bytes=LAST-`.
    LastByte,
    /// `bytes=-1`.
    Suffix,
    /// An end behind the file's end, which is to be cut to it.
    PastEnd,
    /// A start behind the file's end: 416.
    Beyond,
    /// `If-Range` with the tag that was given.
    SameVersion,
    /// `If-Range` with another one.
    OtherVersion,
    /// `bytes=0-1,4-5`.
    Several,
    /// No range.
    Plain,
    Head,
    /// `Accept-Encoding: gzip`, no range.
    Gzip,
    /// [`Probe::Begin`] at the first URL once more, after all others.
    Again,
}

/// Where [`Probe::Inner`] begins and ends.
const INNER: Range<u64> = 100..4196;

impl Probe {
    /// The value of `Range` for a file of this size.
    #[must_use]
    pub fn range(self, size: u64) -> Option<String> {
        let last = size.saturating_sub(1);
        match self {
            Self::Begin | Self::Again => Some("bytes=0-1".to_owned()),
            Self::Open => Some("bytes=0-".to_owned()),
            Self::Inner => Some(format!("bytes={}-{}", INNER.start, INNER.end - 1)),
            Self::LastByte => Some(format!("bytes={last}-")),
            Self::Suffix => Some("bytes=-1".to_owned()),
            Self::PastEnd => Some(format!("bytes={last}-{}", size.saturating_add(1000))),
            Self::Beyond => Some(format!("bytes={size}-")),
            Self::SameVersion | Self::OtherVersion => Some("bytes=1-2".to_owned()),
            Self::Several => Some("bytes=0-1,4-5".to_owned()),
            Self::Plain | Self::Head | Self::Gzip => None,
        }
    }

    /// The bytes that one part answers it with; `None` where the right answer is no single part.
    #[must_use]
    pub fn wanted(self, size: u64) -> Option<Range<u64>> {
        let wanted = match self {
            Self::Begin | Self::Again => 0..2,
            Self::Open => 0..size,
            Self::Inner => INNER,
            Self::LastByte | Self::Suffix | Self::PastEnd => size.saturating_sub(1)..size,
            Self::SameVersion => 1..3,
            _ => return None,
        };
        Some(wanted.start..wanted.end.min(size)).filter(|wanted| wanted.start < wanted.end)
    }

    /// Whether it is one of those that a browser's `<video>` asks, with its `Accept-Encoding: identity`. The others
    /// were never seen from one: a wrong answer to them keeps no film from playing.
    #[must_use]
    pub fn is_asked_by_browsers(self) -> bool {
        !matches!(self, Self::Gzip | Self::Head | Self::Suffix | Self::PastEnd | Self::Several)
    }
}

/// How the length of a body was given (RFC 9112 §6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Framing {
    Length(u64),
    Chunked,
    /// Neither: the body ends with the connection.
    UntilClose,
}

/// How a body ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BodyEnd {
    Complete,
    /// We had seen enough.
    LeftByUs,
    /// The connection ended before the body did, or stood still.
    Short,
    /// So many bytes came behind it.
    Excess(u64),
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// 0 for HTTP/1.0.
    pub minor: u8,
    /// Names in lower case, in their order.
    pub headers: Vec<(String, String)>,
    pub framing: Framing,
    /// What was kept of the body.
    pub body: Bytes,
    pub end: BodyEnd,
    /// From the request to the head's end, and to the body's first byte.
    pub head_after: Duration,
    pub body_after: Option<Duration>,
}

impl Answer {
    /// The first header of this name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// Whether a comma-separated header holds a word.
    #[must_use]
    pub fn lists(&self, name: &str, word: &str) -> bool {
        let values = self.headers.iter().filter(|(found, _)| found == name);
        values.flat_map(|(_, value)| value.split(',')).any(|part| part.trim().eq_ignore_ascii_case(word))
    }

    #[must_use]
    pub fn content_range(&self) -> Option<ContentRange> {
        ContentRange::parse(self.header("content-range")?)
    }

    /// A coding other than `identity`.
    #[must_use]
    pub fn coding(&self) -> Option<&str> {
        self.header("content-encoding").filter(|coding| !coding.eq_ignore_ascii_case("identity"))
    }

    /// Without parameters, in lower case.
    #[must_use]
    pub fn media_type(&self) -> Option<String> {
        let value = self.header("content-type")?.split(';').next()?;
        Some(value.trim().to_ascii_lowercase())
    }

    #[must_use]
    pub fn is_success(&self) -> bool {
        matches!(self.status, 200 | 206)
    }

    #[must_use]
    pub fn length(&self) -> Option<u64> {
        if let Framing::Length(length) = self.framing { Some(length) } else { None }
    }
}

/// `Content-Range`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContentRange {
    /// First and last byte, as they are written; `None` for the `*` of a 416.
    pub span: Option<(u64, u64)>,
    /// `None` for `*`.
    pub total: Option<u64>,
}

impl ContentRange {
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let (unit, rest) = value.trim().split_once(' ')?;
        let (span, total) = rest.split_once('/')?;
        let number = |text: &str| text.trim().parse::<u64>().ok();
        let total = if total.trim() == "*" { None } else { Some(number(total)?) };
        let span = match span.split_once('-') {
            Some((first, last)) => Some((number(first)?, number(last)?)),
            None if span.trim() == "*" => None,
            None => return None,
        };
        unit.eq_ignore_ascii_case("bytes").then_some(Self { span, total })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_range_is_read_as_it_is_written() {
        let range = |span, total| Some(ContentRange { span, total });
        let cases = [
            ("bytes 0-1/611610", range(Some((0, 1)), Some(611_610)), "RFC 9110 §14.4"),
            ("bytes 0-1/*", range(Some((0, 1)), None), "an unknown length"),
            ("bytes */611610", range(None, Some(611_610)), "of a 416"),
            ("Bytes 0-1/3", range(Some((0, 1)), Some(3)), "units are compared without case"),
            ("bytes=0-1/3", None, "the request's spelling"),
            ("bytes 0-1", None, "no total"),
            ("bytes 0-x/3", None, "no number"),
            ("lines 0-1/3", None, "another unit"),
        ];
        for (value, want, why) in cases {
            assert_eq!(ContentRange::parse(value), want, "{why}: {value}");
        }
    }

    #[test]
    fn a_probe_wants_what_lies_in_the_file() {
        let cases = [
            (Probe::Begin, 611_610, Some(0..2), "bytes=0-1"),
            (Probe::Begin, 1, Some(0..1), "bytes=0-1"),
            (Probe::Begin, 0, None, "bytes=0-1"),
            (Probe::LastByte, 611_610, Some(611_609..611_610), "bytes=611609-"),
            (Probe::PastEnd, 611_610, Some(611_609..611_610), "bytes=611609-612610"),
            (Probe::Inner, 50, None, "bytes=100-4195"),
            (Probe::Beyond, 611_610, None, "bytes=611610-"),
        ];
        for (probe, size, wanted, range) in cases {
            assert_eq!(probe.wanted(size), wanted, "{probe:?} of {size}");
            assert_eq!(probe.range(size).as_deref(), Some(range), "{probe:?} of {size}");
        }
    }
}
