//! A line of the log as [`tracing_subscriber`] would write it, made without its detours: for the access log, which has one
//! for every request. A general logger took as long for it as deciding who may watch.

use std::cell::{Cell, RefCell};
use std::fmt::{Display, Write as _};
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, UNIX_EPOCH};

use super::gather;
use crate::config::LogFormat;

/// The form of all lines, once [`super::start`] has decided it.
static FORMAT: OnceLock<LogFormat> = OnceLock::new();

/// A line has about 350 bytes.
const USUAL: usize = 512;

thread_local! {
    static TEXT: Cell<String> = const { Cell::new(String::new()) };
}

/// `2026-11-25T01:11:17`, written once a second on each thread.
fn second(now: u64) -> Arc<str> {
    thread_local! {
        static LAST: RefCell<(u64, Arc<str>)> = RefCell::new((0, Arc::from("1970-01-01T00:00:00")));
    }
    LAST.with_borrow_mut(|(second, text)| {
        if *second != now {
            let time = humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(now)).to_string();
            (*second, *text) = (now, time.trim_end_matches('Z').into());
        }
        Arc::clone(text)
    })
}

/// A number below a power of ten, with zeros before it up to the digits that this has zeros.
fn padded(digits: &mut itoa::Buffer, power: u64, number: u64) -> &str {
    &digits.format(power + number)[1..]
}

/// A key, as each form writes it: by [`key!`].
#[derive(Clone, Copy)]
pub(crate) struct Key {
    pub json: &'static str,
    pub text: &'static str,
}

/// A [`Key`] of a word that needs no escaping, put together by the compiler.
macro_rules! key {
    ($name:literal) => {
        $crate::telemetry::Key { json: concat!(",\"", $name, "\":"), text: concat!(" ", $name, "=") }
    };
}
pub(crate) use key;

/// A line that is being written. Values must need no escaping: words of ours, numbers, addresses, ids.
pub(crate) struct Line {
    text: String,
    format: LogFormat,
}

pub(super) fn set_format(format: LogFormat) {
    _ = FORMAT.set(format);
}

impl Line {
    /// Begins a line of level INFO at a time since 1970. `None` without a log.
    pub(crate) fn begin(now: Duration, target: &str, message: &str) -> Option<Line> {
        let format = *FORMAT.get()?;
        let mut text = TEXT.take();
        text.clear();
        text.reserve(USUAL);
        let (second, micros) = (second(now.as_secs()), now.subsec_micros());
        let mut digits = itoa::Buffer::new();
        let micros = padded(&mut digits, 1_000_000, micros.into());
        let parts = match format {
            LogFormat::Json => [
                r#"{"timestamp":""#,
                &second,
                ".",
                micros,
                r#"Z","level":"INFO","target":""#,
                target,
                r#"","message":""#,
                message,
                "\"",
            ],
            LogFormat::Text => ["", &second, ".", micros, "Z  INFO ", target, ": ", message, ""],
        };
        text.extend(parts);
        Some(Line { text, format })
    }

    pub(crate) fn text(mut self, key: Key, value: &str) -> Line {
        self.key(key);
        self.text.push('"');
        self.text.push_str(value);
        self.text.push('"');
        self
    }

    /// A value that is written as text.
    pub(crate) fn shown(mut self, key: Key, value: impl Display) -> Line {
        self.key(key);
        // Writing to a String does not fail.
        _ = write!(self.text, "\"{value}\"");
        self
    }

    pub(crate) fn number(mut self, key: Key, value: impl Into<u64>) -> Line {
        self.key(key);
        self.digits(value.into());
        self
    }

    pub(crate) fn address(mut self, key: Key, value: IpAddr) -> Line {
        let IpAddr::V4(value) = value else { return self.shown(key, value) };
        self.key(key);
        for (place, octet) in value.octets().into_iter().enumerate() {
            self.text.push(if place == 0 { '"' } else { '.' });
            self.digits(octet.into());
        }
        self.text.push('"');
        self
    }

    /// In milliseconds with three digits behind the point.
    pub(crate) fn time(mut self, key: Key, value: Duration) -> Line {
        self.key(key);
        let micros = u64::try_from(value.as_micros()).unwrap_or(u64::MAX);
        self.digits(micros / 1_000);
        self.text.push('.');
        self.text.push_str(padded(&mut itoa::Buffer::new(), 1_000, micros % 1_000));
        self
    }

    /// Nothing, where there is nothing to say.
    pub(crate) fn some<T>(self, value: Option<T>, write: impl FnOnce(Line, T) -> Line) -> Line {
        match value {
            Some(value) => write(self, value),
            None => self,
        }
    }

    fn digits(&mut self, number: u64) {
        self.text.push_str(itoa::Buffer::new().format(number));
    }

    fn key(&mut self, key: Key) {
        self.text.push_str(match self.format {
            LogFormat::Json => key.json,
            LogFormat::Text => key.text,
        });
    }

    /// To standard error, soon; see [`gather`].
    pub(crate) fn end(mut self) {
        self.text.push_str(match self.format {
            LogFormat::Json => "}\n",
            LogFormat::Text => "\n",
        });
        gather::put(&self.text);
        TEXT.set(self.text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(format: LogFormat) -> String {
        let line = Line { text: String::new(), format };
        let line = line
            .text(key!("a"), "b")
            .number(key!("c"), 5_u32)
            .shown(key!("d"), 'e')
            .time(key!("f"), Duration::from_micros(1_002_003))
            .address(key!("i"), [192, 0, 2, 10].into())
            .address(key!("j"), [0x2001, 0xdb8, 0, 0, 0, 0, 0, 1].into());
        line.some(Some("h"), |line, value| line.text(key!("g"), value))
            .some(None::<&str>, |line, _| line)
            .text
    }

    #[test]
    fn a_second_is_written_as_rfc_3339_has_it() {
        let cases =
            [(0, "1970-01-01T00:00:00"), (1_764_033_077, "2025-11-25T01:11:17"), (0, "1970-01-01T00:00:00")];
        for (now, want) in cases {
            assert_eq!(&*second(now), want);
        }
    }

    #[test]
    fn a_line_has_the_form_that_was_asked_for() {
        assert_eq!(
            line(LogFormat::Json),
            r#","a":"b","c":5,"d":"e","f":1002.003,"i":"192.0.2.10","j":"2001:db8::1","g":"h""#
        );
        assert_eq!(
            line(LogFormat::Text),
            r#" a="b" c=5 d="e" f=1002.003 i="192.0.2.10" j="2001:db8::1" g="h""#
        );
    }
}
