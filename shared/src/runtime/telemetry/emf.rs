//! What CloudWatch counts of the log, by its embedded metric format: a line names the metrics that it holds.

use serde_json::{Map, Value, json};
use stargate_core::moment::Moment;

/// A number that is taken out of every line of a name.
struct Metric {
    line: &'static str,
    name: &'static str,
    /// The field that holds it; without one the line is counted.
    value: Option<&'static str>,
    unit: &'static str,
    /// The field whose values are told apart, besides the whole. Each value is a metric that is paid for, so they are few.
    by: Option<&'static str>,
}

/// The one table of metrics: the alarms and the dashboard of `infra/template.yaml` read them by these names.
#[rustfmt::skip]
const METRICS: &[Metric] = &[
    Metric { line: "settled", name: "Calls", value: None, unit: "Count", by: Some("status") },
    // US dollars, for a picture: what counts is in the ledger.
    Metric { line: "settled", name: "Spend", value: Some("cost"), unit: "None", by: Some("model") },
    Metric { line: "settled", name: "FirstByte", value: Some("first_byte_ms"), unit: "Milliseconds", by: Some("model") },
    Metric { line: "settled", name: "CallTime", value: Some("ms"), unit: "Milliseconds", by: None },
    Metric { line: "swept", name: "SpendSwept", value: Some("cost"), unit: "None", by: None },
    Metric { line: "not_admitted", name: "Refused", value: None, unit: "Count", by: Some("reason") },
    Metric { line: "bedrock_refused", name: "BedrockRefused", value: None, unit: "Count", by: Some("code") },
    Metric { line: "panicked", name: "Panicked", value: None, unit: "Count", by: None },
    Metric { line: "failed", name: "Failed", value: None, unit: "Count", by: None },
    Metric { line: "settle_failed", name: "SettleFailed", value: None, unit: "Count", by: None },
    Metric { line: "actual_over_reserved", name: "ActualOverReserved", value: None, unit: "Count", by: None },
    Metric { line: "soft_budget_reached", name: "SoftBudgetReached", value: None, unit: "Count", by: None },
    Metric { line: "lease_lost", name: "LeaseLost", value: None, unit: "Count", by: None },
    Metric { line: "budget_reset", name: "LeasesSwept", value: Some("ended"), unit: "Count", by: None },
    Metric { line: "budget_reset", name: "PeriodsRolled", value: Some("rolled"), unit: "Count", by: None },
];

/// Adds to a line the metrics that it holds, and says that they are in it.
pub(super) fn tell(line: &mut Map<String, Value>, namespace: &str, now: Moment) {
    let Some(named) = line.get("message").and_then(Value::as_str).map(str::to_owned) else {
        return;
    };
    let mut directives = Vec::new();
    for metric in METRICS.iter().filter(|metric| metric.line == named) {
        let value = match metric.value {
            None => Some(1.into()),
            Some(field) => line.get(field).and_then(number),
        };
        if let Some(value) = value {
            let by = metric.by.filter(|by| line.get(*by).is_some_and(is_dimension));
            directives.push(directive(metric, namespace, by));
            line.insert(metric.name.to_owned(), value);
        }
    }
    if !directives.is_empty() {
        let aws = json!({"Timestamp": now.ms(), "CloudWatchMetrics": directives});
        line.insert("_aws".to_owned(), aws);
    }
}

fn directive(metric: &Metric, namespace: &str, by: Option<&str>) -> Value {
    // The whole, and each value of the field.
    let mut dimensions = vec![Vec::new()];
    dimensions.extend(by.map(|by| vec![by]));
    let metrics = [json!({"Name": metric.name, "Unit": metric.unit})];
    json!({"Namespace": namespace, "Dimensions": dimensions, "Metrics": metrics})
}

/// What CloudWatch takes for a dimension's value; a metric with another is counted twice in the whole.
fn is_dimension(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.is_empty() && text.len() <= 1024 && text.is_ascii())
}

/// A field's number. Money is logged as a decimal string, rounded up to a microdollar.
fn number(field: &Value) -> Option<Value> {
    match field {
        Value::Number(_) => Some(field.clone()),
        Value::String(text) => text.strip_prefix('$').unwrap_or(text).parse::<f64>().ok().map(Value::from),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stargate_core::money::Money;

    /// The line with what it holds for CloudWatch.
    fn cloudwatch_part(line: Value) -> Value {
        let Value::Object(mut line) = line else { unreachable!("a line is an object") };
        tell(&mut line, "Stargate/one", Moment::from_ms(1_700_000_000_000));
        Value::Object(line)
    }

    #[test]
    fn a_count_is_told_as_cloudwatch_reads_it() {
        let wanted = json!({
            "message": "not_admitted",
            "reason": "rpm",
            "Refused": 1,
            "_aws": {
                "Timestamp": 1_700_000_000_000_u64,
                "CloudWatchMetrics": [{
                    "Namespace": "Stargate/one",
                    "Dimensions": [[], ["reason"]],
                    "Metrics": [{"Name": "Refused", "Unit": "Count"}],
                }],
            },
        });
        assert_eq!(cloudwatch_part(json!({"message": "not_admitted", "reason": "rpm"})), wanted);
    }

    #[test]
    fn what_a_line_does_not_hold_is_not_told() {
        // An answer in one piece has no first byte before its last.
        let line = cloudwatch_part(
            json!({"message": "settled", "cost": Money::parse("0.25").unwrap().to_string(), "model": "claude", "ms": 12}),
        );
        let names = |line: &Value| -> Vec<String> {
            let directives = line["_aws"]["CloudWatchMetrics"].as_array().unwrap().iter();
            directives.map(|each| each["Metrics"][0]["Name"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(names(&line), ["Calls", "Spend", "CallTime"]);
        assert_eq!((&line["Spend"], &line["CallTime"]), (&json!(0.25), &json!(12)));
        // Its status is not known either, so it counts with the whole only.
        assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([[]]));
        // Nor is an empty one.
        let line = cloudwatch_part(json!({"message": "bedrock_refused", "code": ""}));
        assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([[]]));
        assert!(cloudwatch_part(json!({"message": "healed"})).get("_aws").is_none());
    }

    #[test]
    fn no_metric_takes_a_name_that_a_field_of_its_line_has() {
        for metric in METRICS {
            assert!(
                metric.name.starts_with(char::is_uppercase),
                "{}: fields are in small letters",
                metric.name
            );
            assert_eq!(METRICS.iter().filter(|other| other.name == metric.name).count(), 1);
        }
    }
}
