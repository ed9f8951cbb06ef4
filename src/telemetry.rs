//! The log: one JSON object, or one line of text, to standard error.

use std::io;

use anyhow::Context;
use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;

/// Dependencies say at their lower levels what they parse and run; hyper's would hold request lines, and those hold
/// tokens. Whatever `RUST_LOG` asks for, theirs stay at these levels.
const QUIET: [&str; 6] =
    ["hyper=warn", "hyper_util=warn", "axum=warn", "tower_http=warn", "sqlx=warn", "h2=warn"];

/// Starts the log of this process. `RUST_LOG` chooses levels of our own messages.
pub fn start(format: LogFormat) -> anyhow::Result<()> {
    let mut filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    for directive in QUIET {
        filter = filter.add_directive(directive.parse().context("a level of the log")?);
    }
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    let started = match format {
        LogFormat::Json => {
            builder.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init()
        }
        LogFormat::Text => builder.with_ansi(false).try_init(),
    };
    started.map_err(|error| anyhow::anyhow!("the log cannot be started: {error}"))
}
