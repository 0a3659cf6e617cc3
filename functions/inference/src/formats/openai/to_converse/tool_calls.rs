//! What an assistant did before: the tools that it called, and the thoughts that led there.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::formats::converse::request::{ConverseBlock, ConverseReasoning, ReasoningText, ToolUse};
use crate::formats::openai::read::{
    FieldError, field, object, read_list, require_field, static_json, string, word,
};
use crate::formats::raw_json::JsonObject;

/// `tool_calls` of an assistant's message.
pub fn calls<'a>(message: &JsonObject<'a>) -> Result<Vec<ToolUse<'a>>, FieldError> {
    Ok(field(message, "tool_calls", |list| read_list(list, |_, json| call(&object(json)?)))?
        .unwrap_or_default())
}

fn call<'a>(call: &JsonObject<'a>) -> Result<ToolUse<'a>, FieldError> {
    is_function(call)?;
    let tool_use_id = require_field(call, "id", word)?;
    require_field(call, "function", |json| {
        let function = object(json)?;
        let name = require_field(&function, "name", word)?;
        let input = field(&function, "arguments", arguments)?.unwrap_or_else(empty_arguments);
        Ok(ToolUse { tool_use_id, name, input })
    })
}

/// Whether a call or a tool is of the one kind that Bedrock knows.
pub fn is_function(holder: &JsonObject<'_>) -> Result<(), FieldError> {
    match field(holder, "type", string)? {
        Some(kind) if kind != "function" => {
            Err(FieldError::new("only function is available on Amazon Bedrock").at_step("type"))
        }
        _ => Ok(()),
    }
}

/// The JSON text of an object; no text at all is what some clients make of a call without arguments.
fn arguments(json: &RawValue) -> Result<Cow<'_, RawValue>, FieldError> {
    let text = string(json)?;
    if text.trim().is_empty() {
        return Ok(empty_arguments());
    }
    match RawValue::from_string(text.into_owned()) {
        Ok(input) if input.get().starts_with('{') => Ok(Cow::Owned(input)),
        _ => Err(FieldError::new("must be the JSON text of an object")),
    }
}

fn empty_arguments<'a>() -> Cow<'a, RawValue> {
    Cow::Borrowed(static_json("{}"))
}

/// `thinking_blocks`, in which LiteLLM's clients give back what Claude thought.
pub fn thoughts<'a>(message: &JsonObject<'a>) -> Result<Vec<ConverseBlock<'a>>, FieldError> {
    let read = |list| read_list(list, |_, json| thinking_block(&object(json)?));
    Ok(field(message, "thinking_blocks", read)?.unwrap_or_default())
}

fn thinking_block<'a>(block: &JsonObject<'a>) -> Result<ConverseBlock<'a>, FieldError> {
    let reasoning = match require_field(block, "type", string)?.as_ref() {
        "thinking" => ConverseReasoning::ReasoningText(ReasoningText {
            text: require_field(block, "thinking", string)?,
            signature: field(block, "signature", string)?.filter(|signature| !signature.is_empty()),
        }),
        "redacted_thinking" => ConverseReasoning::RedactedContent(require_field(block, "data", string)?),
        _ => return Err(FieldError::new("must be thinking or redacted_thinking").at_step("type")),
    };
    Ok(ConverseBlock::ReasoningContent(reasoning))
}
