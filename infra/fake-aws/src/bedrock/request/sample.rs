//! An answer that fits a JSON schema.

use serde_json::{Map, Value, json};

/// The plainest value that fits a schema of the kinds Claude Code sends.
pub(super) fn sample_value(schema: &Value) -> Value {
    if let Some(first) = schema["enum"].get(0).or_else(|| schema.get("const")) {
        return first.clone();
    }
    if let Some(first) = schema["anyOf"].get(0) {
        return sample_value(first);
    }
    match schema["type"].as_str() {
        Some("object") => Value::Object(properties(schema)),
        Some("array") => json!([]),
        Some("integer" | "number") => json!(1),
        Some("boolean") => json!(true),
        Some("null") => Value::Null,
        _ => json!("Scripted answer"),
    }
}

/// The required properties; all of them when the schema does not say.
fn properties(schema: &Value) -> Map<String, Value> {
    let required = schema["required"].as_array();
    let is_required = |name: &str| required.is_none_or(|names| names.iter().any(|required| required == name));
    let Some(properties) = schema["properties"].as_object() else {
        return Map::new();
    };
    properties
        .iter()
        .filter(|(name, _)| is_required(name))
        .map(|(name, schema)| (name.clone(), sample_value(schema)))
        .collect()
}
