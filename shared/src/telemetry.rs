//! Logs: one structured line per event, with no secret, prompt or completion in it; and metrics, which CloudWatch makes of lines.

use std::io::Write;
use std::sync::OnceLock;

use serde_json::{Value, json};
use tracing_subscriber::EnvFilter;

use crate::moment::Moment;

/// The namespace of every metric.
const NAMESPACE: &str = "Stargate";

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    /// For CloudWatch.
    Json,
    /// For a person at a terminal.
    Text,
}

/// As the process was started.
static LINES: OnceLock<Lines> = OnceLock::new();

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
    LINES.get_or_init(|| lines);
}

/// Counts something once, where there is a CloudWatch to count it.
pub fn count(metric: &str, now: Moment) {
    if LINES.get() == Some(&Lines::Json) {
        // A line that cannot be written is not worth a failed request.
        writeln!(std::io::stderr(), "{}", counted(metric, now)).ok();
    }
}

/// A line of the embedded metric format.
fn counted(metric: &str, now: Moment) -> Value {
    let definition = json!({"Name": metric, "Unit": "Count"});
    let directive = json!({"Namespace": NAMESPACE, "Dimensions": [[]], "Metrics": [definition]});
    json!({"_aws": {"Timestamp": now.ms(), "CloudWatchMetrics": [directive]}, metric: 1})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_is_told_as_cloudwatch_reads_it() {
        let line = counted("SoftBudgetReached", Moment::from_ms(1_700_000_000_000)).to_string();
        let wanted = r#"{"SoftBudgetReached":1,"_aws":{"CloudWatchMetrics":[{"Dimensions":[[]],"Metrics":[{"Name":"SoftBudgetReached","Unit":"Count"}],"Namespace":"Stargate"}],"Timestamp":1700000000000}}"#;
        assert_eq!(line, wanted);
    }
}
