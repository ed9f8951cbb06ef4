//! The log: one JSON object, or one line of text, to standard error.
//!
//! 1. [`start`] decides form and levels for everything that is said through `tracing`.
//! 2. [`Line`] writes the access log in the same form.
//! 3. [`flush`] and [`flush_all`] bring out what threads have gathered of it.

mod gather;
mod line;

use std::io;

use tracing::{Level, Metadata};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::config::LogFormat;

pub use gather::{flush, flush_all};
pub(crate) use line::{Key, Line, key};

/// Starts the log of this process. `RUST_LOG` chooses the levels of our own messages.
pub fn start(format: LogFormat) -> anyhow::Result<()> {
    let wanted = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt::layer().with_writer(in_turn);
    let lines = match format {
        LogFormat::Json => {
            lines.json().flatten_event(true).with_current_span(false).with_span_list(false).boxed()
        }
        LogFormat::Text => lines.with_ansi(false).boxed(),
    };
    let started =
        tracing_subscriber::registry().with(lines.with_filter(filter_fn(may_speak))).with(wanted).try_init();
    started.map_err(|error| anyhow::anyhow!("the log cannot be started: {error}"))?;
    line::set_format(format);
    std::panic::set_hook(Box::new(|panic| {
        // Where, not what: the message may quote a request.
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "a fault of the program (panic)");
    }));
    Ok(())
}

/// What this thread said before stands before.
fn in_turn() -> io::Stderr {
    flush();
    io::stderr()
}

/// Dependencies say at their lower levels what they parse, run and watch, and that holds tokens and titles. Whatever
/// `RUST_LOG` asks for, only our own rooms speak there.
fn may_speak(message: &Metadata<'_>) -> bool {
    let is_ours = message.target() == "reelgate" || message.target().starts_with("reelgate::");
    is_ours || *message.level() <= Level::WARN
}
