//! Logs: one structured line per event, with no secret, prompt or completion in it; and metrics, which CloudWatch makes of lines.
//!
//! - `json_lines` an event as a line of JSON
//! - `emf` the metrics that CloudWatch reads from a line
//! - `filter` which events reach the log
//! - `panic_hook` a panic as an event

mod emf;
mod filter;
mod json_lines;
mod panic_hook;

use tracing_subscriber::Layer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::exit::VERSION;
use json_lines::JsonLines;

/// How log lines look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For CloudWatch, which makes metrics of some in this namespace, if there is one.
    Json { metrics: Option<String> },
    /// For a person at a terminal.
    Text,
}

/// The target of spans that only a benchmark reads. Spans of a lower level would not be in a release build at all.
pub const BENCH_TARGET: &str = "timed";

/// Starts logging, with the levels that `RUST_LOG` asks for: see [`filter`]. A second call changes nothing.
#[expect(clippy::disallowed_methods, reason = "the log starts before the settings are read")]
pub fn init(lines: LogFormat) {
    let filter = filter::filter(std::env::var("RUST_LOG").ok().as_deref());
    let to = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    // A person at a terminal has the banner, or one line of a command that failed.
    let is_deployed = lines != LogFormat::Text;
    let started = match lines {
        LogFormat::Json { metrics } => {
            let lines = to.event_format(JsonLines::new(metrics)).with_filter(filter);
            tracing_subscriber::registry().with(lines).try_init()
        }
        LogFormat::Text => tracing_subscriber::registry().with(to.compact().with_filter(filter)).try_init(),
    };
    panic_hook::install_panic_hook();
    if is_deployed {
        tracing::info!(version = VERSION, "started");
    }
    if started.is_err() {
        tracing::debug!("logging had been started before");
    }
}
