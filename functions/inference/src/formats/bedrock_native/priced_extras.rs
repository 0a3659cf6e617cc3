//! What makes a request cost other than the catalog says: refused, since nothing is reserved for it.
//!
//! Bodies in a model's own form differ from maker to maker. So names are compared without case, `_` and `-`, at the top and
//! inside small objects, and never inside conversations and schemas, where they are the client's own words.

mod limits;
#[cfg(test)]
mod tests;
mod tools;

use serde_json::value::RawValue;
use shared::api::ApiError;
use stargate_core::catalog::Model;

use crate::formats::raw_json::{JsonObject, RawObject};
pub use tools::check_tool_config;

/// Fields that hold the client's own words: a name in them says nothing of the request.
const CONTENT: [&str; 19] = [
    "chathistory",
    "documents",
    "functions",
    "grammar",
    "images",
    "inputtext",
    "jsonschema",
    "logitbias",
    "messages",
    "metadata",
    "outputconfig",
    "prompt",
    "requestmetadata",
    "responseformat",
    "schema",
    "structuredoutputs",
    "suffix",
    "system",
    "text",
];

/// How deep settings lie: `textGenerationConfig.maxTokenCount` is two.
const MAX_DEPTH: usize = 4;

/// Several answers to one request.
const SEVERAL_ANSWERS: [&str; 9] = [
    "bestof",
    "candidatecount",
    "n",
    "numcompletions",
    "numgenerations",
    "numresults",
    "numreturnsequences",
    "numsamples",
    "samplecount",
];

/// Tools and searches that Bedrock or the model's maker runs and bills by the call.
const SERVER_SIDE: [&str; 8] = [
    "connectors",
    "grounding",
    "mcpservers",
    "plugins",
    "searchparameters",
    "systemtool",
    "websearch",
    "websearchoptions",
];

/// Refuses what a body in a model's own form must not ask for. Its output limit is held to the one that the deployment announces.
pub fn check_native(fields: &RawObject<'_>, model: &Model) -> Result<(), ApiError> {
    check_settings("", fields, model, MAX_DEPTH)
}

fn check_settings(parent: &str, fields: &RawObject<'_>, model: &Model, depth: usize) -> Result<(), ApiError> {
    for name in fields.names() {
        if let Some(value) = fields.get(name) {
            let path = if parent.is_empty() { name.to_owned() } else { format!("{parent}.{name}") };
            check_setting(&path, &plain(name), value, model, depth)?;
        }
    }
    Ok(())
}

/// A name without case, `_` and `-`.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// One setting and what is inside it.
fn check_setting(path: &str, plain: &str, value: &str, model: &Model, depth: usize) -> Result<(), ApiError> {
    // The path is the client's own text, of any length.
    let refused = |rule: &str| Err(ApiError::invalid(&format!("{path:.64}"), rule));
    let is_nothing = matches!(value, "null" | "false" | "[]" | "{}" | "\"\"");
    if is_nothing || CONTENT.contains(&plain) || plain.starts_with("guided") {
        return Ok(());
    }
    if SERVER_SIDE.contains(&plain) {
        return refused("is run by the service and billed by the call, which no budget here covers");
    }
    if plain.starts_with("guardrail") {
        return refused("the deployment chooses guardrails, since no budget here covers their price");
    }
    if SEVERAL_ANSWERS.contains(&plain) && value != "1" {
        return refused("only one response is supported");
    }
    match plain {
        "tools" => return tools::check_function_tools(&format!("{path:.64}"), value),
        "toolconfig" => return check_tool_config(value),
        "maxreasoningeffort" => return limits::check_effort(path, value),
        _ => limits::check(path, plain, value, model)?,
    }
    let ordinary = ordinary_choices(plain);
    if !ordinary.is_empty() && !chooses_one_of(value, ordinary) {
        let choices = ordinary.join(" or ");
        return refused(&format!("is the gateway's to choose; leave it out, or send {choices}"));
    }
    if depth == 0 || !value.starts_with('{') {
        return Ok(());
    }
    // A field that is there twice is an error: Bedrock might believe the other one.
    let inner = RawObject::parse(value.as_bytes())
        .map_err(|error| ApiError::invalid(&format!("{path:.64}"), format!("cannot be read: {error}")))?;
    check_settings(path, &inner, model, depth - 1)
}

/// The choices of a setting that cost what the catalog says; none: it does not choose a price.
fn ordinary_choices(plain: &str) -> &'static [&'static str] {
    match plain {
        "servicetier" => &["auto", "default", "standard"],
        "performanceconfig" | "performanceconfiglatency" | "latency" | "speed" => &["standard"],
        _ => &[],
    }
}

/// Whether a setting, or its `type` or `latency`, is one of the ordinary choices.
fn chooses_one_of(value: &str, ordinary: &[&str]) -> bool {
    let choice = match JsonObject::parse(value.as_bytes()) {
        Ok(object) => object.get("type").or_else(|| object.get("latency")).map(RawValue::get),
        Err(_) => Some(value),
    };
    let Some(choice) = choice else { return true };
    serde_json::from_str::<String>(choice).is_ok_and(|choice| ordinary.contains(&choice.as_str()))
}
