//! Logs: one structured line per event, with no secret, prompt or completion in it; and metrics, which CloudWatch makes of lines.
//!
//! - `line` an event as a line of JSON
//! - `metrics` what CloudWatch counts of which line

mod line;
mod metrics;

use std::str::FromStr;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use self::line::JsonLines;
use crate::money::Money;
use crate::panics;
use crate::record::Record;

/// How log lines look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lines {
    /// For CloudWatch, which makes metrics of some in this namespace, if there is one.
    Json { metrics: Option<String> },
    /// For a person at a terminal.
    Text,
}

/// Starts logging; `filter` is a level, and levels of targets (`info,shared=debug`). A second call changes nothing.
pub fn init(lines: Lines, filter: &str) {
    let filter = Targets::from_str(filter).unwrap_or_else(|_| Targets::new().with_default(LevelFilter::INFO));
    let to = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let started = match lines {
        Lines::Json { metrics } => {
            let lines = to.event_format(JsonLines::new(metrics)).with_filter(filter);
            tracing_subscriber::registry().with(lines).try_init()
        }
        Lines::Text => tracing_subscriber::registry().with(to.compact().with_filter(filter)).try_init(),
    };
    panics::tell_the_place_only();
    if started.is_err() {
        tracing::debug!("logging had been started before");
    }
}

/// The one line of a call that came to Bedrock: who, what, how much, how long; nothing of what was said.
pub fn settled(record: &Record, cost: Money) {
    let (usage, started) = (record.usage, record.started().ms());
    tracing::info!(
        request = %record.request,
        key = %record.key,
        user = record.user.as_ref().map(display),
        team = record.team.as_ref().map(display),
        session = record.session,
        model = record.model,
        fallback_from = record.fallback_from,
        region = record.region,
        status = record.status.word(),
        input = usage.input,
        output = usage.output,
        cache_read = usage.cache_read,
        cache_write = usage.cache_write_5m + usage.cache_write_1h,
        cost = %cost,
        first_byte_ms = record.first_byte.map(|at| at.ms() - started),
        ms = record.ended.ms() - started,
        "settled"
    );
}
