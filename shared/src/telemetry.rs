//! Logs: one structured line per event, with no secret, prompt or completion in it.

use tracing_subscriber::EnvFilter;

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    /// For CloudWatch.
    Json,
    /// For a person at a terminal.
    Text,
}

/// Starts logging; `filter` is `tracing`'s own syntax (`info`, `shared=debug`). A second call changes nothing.
pub fn init(lines: Lines, filter: &str) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match lines {
        Lines::Json => builder.json().flatten_event(true).without_time().try_init(),
        Lines::Text => builder.compact().try_init(),
    };
    if started.is_err() {
        tracing::debug!("logging had been started before");
    }
}
