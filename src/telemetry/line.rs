//! A line of the log as [`tracing_subscriber`] would write it, made without its detours: for the access log, which has one
//! for every request. A general logger took as long for it as deciding who may watch.

use std::cell::{Cell, RefCell};
use std::fmt::{Display, Write as _};
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
        // Writing to a String does not fail, here and below.
        _ = match format {
            LogFormat::Json => write!(
                text,
                r#"{{"timestamp":"{second}.{micros:06}Z","level":"INFO","target":"{target}","message":"{message}""#
            ),
            LogFormat::Text => write!(text, "{second}.{micros:06}Z  INFO {target}: {message}"),
        };
        Some(Line { text, format })
    }

    pub(crate) fn text(mut self, key: &str, value: &str) -> Line {
        self.key(key);
        self.text.push('"');
        self.text.push_str(value);
        self.text.push('"');
        self
    }

    /// A value that is written as text.
    pub(crate) fn shown(mut self, key: &str, value: impl Display) -> Line {
        self.key(key);
        _ = write!(self.text, "\"{value}\"");
        self
    }

    pub(crate) fn number(mut self, key: &str, value: impl Into<u64>) -> Line {
        self.key(key);
        _ = write!(self.text, "{}", value.into());
        self
    }

    /// In milliseconds with three digits behind the point.
    pub(crate) fn time(mut self, key: &str, value: Duration) -> Line {
        self.key(key);
        _ = write!(self.text, "{}.{:03}", value.as_millis(), value.subsec_micros() % 1_000);
        self
    }

    /// Nothing, where there is nothing to say.
    pub(crate) fn some<T>(self, value: Option<T>, write: impl FnOnce(Line, T) -> Line) -> Line {
        match value {
            Some(value) => write(self, value),
            None => self,
        }
    }

    fn key(&mut self, key: &str) {
        let (before, after) = match self.format {
            LogFormat::Json => (",\"", "\":"),
            LogFormat::Text => (" ", "="),
        };
        self.text.push_str(before);
        self.text.push_str(key);
        self.text.push_str(after);
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
            .text("a", "b")
            .number("c", 5_u32)
            .shown("d", 'e')
            .time("f", Duration::from_micros(1_002_003));
        line.some(Some("h"), |line, value| line.text("g", value)).some(None::<&str>, |line, _| line).text
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
        assert_eq!(line(LogFormat::Json), r#","a":"b","c":5,"d":"e","f":1002.003,"g":"h""#);
        assert_eq!(line(LogFormat::Text), r#" a="b" c=5 d="e" f=1002.003 g="h""#);
    }
}
