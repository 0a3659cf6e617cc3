//! What an assistant did before: the tools that it called, and the thoughts that led there.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::read::{Wrong, each, field, object, ours, required, string, word};
use crate::dialect::converse::body::{Block, Reasoning, ReasoningText, ToolUse};
use crate::dialect::raw::Object;

/// `tool_calls` of an assistant's message.
pub fn calls<'a>(message: &Object<'a>) -> Result<Vec<ToolUse<'a>>, Wrong> {
    Ok(field(message, "tool_calls", |list| each(list, |_, json| call(&object(json)?)))?.unwrap_or_default())
}

fn call<'a>(call: &Object<'a>) -> Result<ToolUse<'a>, Wrong> {
    is_function(call)?;
    let tool_use_id = required(call, "id", word)?;
    required(call, "function", |json| {
        let function = object(json)?;
        let name = required(&function, "name", word)?;
        let input = field(&function, "arguments", arguments)?.unwrap_or_else(nothing);
        Ok(ToolUse { tool_use_id, name, input })
    })
}

/// Whether a call or a tool is of the one kind that Bedrock knows.
pub fn is_function(holder: &Object<'_>) -> Result<(), Wrong> {
    match field(holder, "type", string)? {
        Some(kind) if kind != "function" => {
            Err(Wrong::new("only function is available on Amazon Bedrock").inside("type"))
        }
        _ => Ok(()),
    }
}

/// The JSON text of an object; no text at all is what some clients make of a call without arguments.
fn arguments(json: &RawValue) -> Result<Cow<'_, RawValue>, Wrong> {
    let text = string(json)?;
    if text.trim().is_empty() {
        return Ok(nothing());
    }
    match RawValue::from_string(text.into_owned()) {
        Ok(input) if input.get().starts_with('{') => Ok(Cow::Owned(input)),
        _ => Err(Wrong::new("must be the JSON text of an object")),
    }
}

fn nothing<'a>() -> Cow<'a, RawValue> {
    Cow::Borrowed(ours("{}"))
}

/// `thinking_blocks`, in which LiteLLM's clients give back what Claude thought.
pub fn thoughts<'a>(message: &Object<'a>) -> Result<Vec<Block<'a>>, Wrong> {
    let read = |list| each(list, |_, json| thought(&object(json)?));
    Ok(field(message, "thinking_blocks", read)?.unwrap_or_default())
}

fn thought<'a>(block: &Object<'a>) -> Result<Block<'a>, Wrong> {
    let reasoning = match required(block, "type", string)?.as_ref() {
        "thinking" => Reasoning::ReasoningText(ReasoningText {
            text: required(block, "thinking", string)?,
            signature: field(block, "signature", string)?.filter(|signature| !signature.is_empty()),
        }),
        "redacted_thinking" => Reasoning::RedactedContent(required(block, "data", string)?),
        _ => return Err(Wrong::new("must be thinking or redacted_thinking").inside("type")),
    };
    Ok(Block::ReasoningContent(reasoning))
}
