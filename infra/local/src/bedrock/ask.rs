//! One request, read: what it wants said, and the script that applies to it.

use serde_json::{Map, Value, json};

use super::refusal::Refusal;
use super::script::{self, Script};
use super::validate::{self, Body};

/// A request that passed validation, and the script for its answer.
pub(super) struct Ask {
    pub(super) model: String,
    pub(super) script: Script,
    /// What the user last said, without the directive.
    pub(super) said: String,
    /// A JSON text for `output_config.format`, when the request asks for one.
    pub(super) structured: Option<String>,
    pub(super) max_tokens: u64,
    pub(super) body_bytes: usize,
}

impl Ask {
    /// Reads a body, or refuses it as Bedrock would.
    pub(super) fn read(model: &str, bytes: &[u8]) -> Result<Self, Refusal> {
        let body = validate::check(model, bytes)?;
        let (script, said) = directive(&body)
            .map_err(|error| Refusal::validation(format!("<<fake ..>> directive: {error}")))?;
        Ok(Self {
            model: model.to_owned(),
            script,
            said,
            structured: structured(&body),
            max_tokens: body.max_tokens(),
            body_bytes: bytes.len(),
        })
    }
}

/// The script of the last user message. When that message only brings tool results, the
/// script is the one that asked for the tools, whose calls are now done.
fn directive(body: &Body) -> Result<(Script, String), String> {
    let mut users = body.messages().iter().rev().filter(|message| message["role"] == "user");
    let Some(last) = users.next() else {
        return Ok(Default::default());
    };
    if let Some(found) = in_message(last)? {
        return Ok(found);
    }
    let said = texts(last).last().copied().unwrap_or_default().to_owned();
    if !has_tool_result(last) {
        return Ok((Script::default(), said));
    }
    for earlier in users {
        if let Some((script, said)) = in_message(earlier)? {
            return Ok((Script { tools: Vec::new(), ..script }, said));
        }
    }
    Ok((Script::default(), said))
}

fn in_message(message: &Value) -> Result<Option<(Script, String)>, String> {
    let found = texts(message).into_iter().find_map(script::find).transpose()?;
    Ok(found.map(|found| (found.script, found.rest)))
}

fn texts(message: &Value) -> Vec<&str> {
    match &message["content"] {
        Value::String(text) => vec![text],
        Value::Array(blocks) => blocks
            .iter()
            .filter(|block| block["type"] == "text")
            .filter_map(|block| block["text"].as_str())
            .collect(),
        _ => Vec::new(),
    }
}

fn has_tool_result(message: &Value) -> bool {
    message["content"]
        .as_array()
        .is_some_and(|blocks| blocks.iter().any(|block| block["type"] == "tool_result"))
}

fn structured(body: &Body) -> Option<String> {
    let format = body.get("output_config")?.get("format")?;
    (format["type"] == "json_schema").then(|| sample(&format["schema"]).to_string())
}

/// The plainest value that fits a schema of the kinds Claude Code sends.
fn sample(schema: &Value) -> Value {
    if let Some(first) = schema["enum"].get(0).or_else(|| schema.get("const")) {
        return first.clone();
    }
    if let Some(first) = schema["anyOf"].get(0) {
        return sample(first);
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
        .map(|(name, schema)| (name.clone(), sample(schema)))
        .collect()
}
