//! An event as a line of JSON: its fields beside its name, and what CloudWatch makes of them.

use std::fmt;

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::emf;
use crate::runtime::clock::Clock;

/// Writes lines, with metrics in a namespace if there is one.
pub(super) struct JsonLines {
    metrics: Option<String>,
    clock: Clock,
}

impl JsonLines {
    pub fn new(metrics: Option<String>) -> Self {
        Self { metrics, clock: Clock::default() }
    }
}

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = Map::new();
        line.insert("level".to_owned(), event.metadata().level().as_str().into());
        line.insert("target".to_owned(), event.metadata().target().into());
        event.record(&mut LogFields(&mut line));
        if let Some(namespace) = &self.metrics {
            emf::tell(&mut line, namespace, self.clock.now());
        }
        writeln!(writer, "{}", Value::Object(line))
    }
}

/// Takes an event's fields into a line.
struct LogFields<'a>(&'a mut Map<String, Value>);

impl LogFields<'_> {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for LogFields<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt;

    use super::*;
    use stargate_core::money::Money;

    #[derive(Clone, Default)]
    struct LogBuffer(Arc<Mutex<Vec<u8>>>);

    impl Write for LogBuffer {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// The lines that `work` logs.
    fn capture_log(metrics: Option<&str>, work: impl FnOnce()) -> Vec<Value> {
        let written = LogBuffer::default();
        let to = written.clone();
        let lines = tracing_subscriber::fmt::layer().with_writer(move || to.clone());
        let lines = lines.event_format(JsonLines::new(metrics.map(str::to_owned)));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), work);
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn an_event_is_one_line_with_its_fields_beside_its_name() {
        let lines = capture_log(None, || {
            let (user, nobody) = (Some("mario"), None::<&str>);
            tracing::info!(user, nobody, cost = %"0.000012", ms = 7_u64, is_done = true, "settled");
            tracing::warn!(cause = ?"two\nlines", "odd");
        });
        assert_eq!(lines.len(), 2);
        let settled = r#"{"cost":"0.000012","is_done":true,"level":"INFO","message":"settled","ms":7,"target":"shared::runtime::telemetry::json_lines::tests","user":"mario"}"#;
        assert_eq!(lines[0].to_string(), settled);
        assert_eq!(lines[1]["cause"], r#""two\nlines""#);
    }

    #[test]
    fn a_line_that_is_counted_says_so_where_there_is_a_namespace() {
        let settled = || tracing::info!(cost = %Money::parse("0.5").unwrap(), model = "claude", status = "success", "settled");
        assert!(capture_log(None, settled)[0].get("_aws").is_none());
        let line = &capture_log(Some("Stargate/one"), settled)[0];
        assert_eq!((&line["Spend"], &line["cost"]), (&Value::from(0.5), &Value::from("$0.50")));
        assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Namespace"], "Stargate/one");
        assert!(line["_aws"]["Timestamp"].as_i64().unwrap() > 1_700_000_000_000);
    }
}
