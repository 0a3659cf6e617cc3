//! The checks on a body of `Converse`, `ConverseStream`, or a count of its tokens.
//!
//! The service documents the shapes (the SDK's types) and not its texts. Those for whole
//! conversations are the real ones, as bug reports quote them; the others follow the two
//! patterns of its schema and constraint checks.

mod blocks;
mod node;
mod roles;
mod settings;
#[cfg(test)]
mod tests;
mod tools;

use serde_json::{Map, Value};

use super::super::refusal::FakeError;
use super::ValidBody;

use node::{CheckResult, ObjectNode};

const FIELDS: [&str; 12] = [
    "messages",
    "system",
    "inferenceConfig",
    "toolConfig",
    "guardrailConfig",
    "additionalModelRequestFields",
    "additionalModelResponseFieldPaths",
    "promptVariables",
    "requestMetadata",
    "performanceConfig",
    "serviceTier",
    "outputConfig",
];

/// What `CountTokens` takes of them.
const COUNTED: [&str; 4] = ["messages", "system", "toolConfig", "additionalModelRequestFields"];

/// Checks a body for `model`, and reports the first thing wrong with it.
pub(in super::super) fn check(model: &str, fields: Map<String, Value>) -> Result<ValidBody, FakeError> {
    check_body(model, fields, &FIELDS)
}

/// The same for the `converse` of `CountTokens`.
pub(in super::super) fn check_counted(
    model: &str,
    fields: Map<String, Value>,
) -> Result<ValidBody, FakeError> {
    check_body(model, fields, &COUNTED)
}

fn check_body(model: &str, fields: Map<String, Value>, known: &[&str]) -> Result<ValidBody, FakeError> {
    rules(model, &fields, known).map_err(FakeError::validation)?;
    let max_tokens = fields.get("inferenceConfig").and_then(|config| config["maxTokens"].as_u64());
    Ok(ValidBody { fields, max_tokens })
}

fn rules(model: &str, fields: &Map<String, Value>, known: &[&str]) -> CheckResult {
    let body = ObjectNode::top(fields, known)?;
    roles::check(&body.need("messages")?)?;
    body.each_of("system", blocks::system)?;
    tools::check(&body)?;
    settings::check(model, &body)
}
