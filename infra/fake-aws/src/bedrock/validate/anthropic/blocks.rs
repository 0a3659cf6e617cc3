//! Checks on messages, system text and tools.

use serde_json::{Map, Value};

use super::super::super::model;
use super::{extra, missing};

/// The first version whose messages may have the role `system`.
const SYSTEM_ROLE: (u32, u32) = (4, 8);

/// Tools that Anthropic runs itself, and Bedrock does not.
const SERVER_TOOLS: [&str; 3] = ["web_search_", "web_fetch_", "code_execution_"];

pub(super) fn check(model: &str, fields: &Map<String, Value>) -> Result<(), String> {
    let messages = fields.get("messages").ok_or_else(|| missing("messages"))?;
    let messages = messages.as_array().ok_or("messages: Input should be a valid list")?;
    if messages.is_empty() {
        return Err("messages: at least one message is required".to_owned());
    }
    for (at, message) in messages.iter().enumerate() {
        turn(model, &format!("messages.{at}"), message, at + 1 == messages.len())?;
    }
    if let Some(system) = fields.get("system") {
        each_block("system", system)?;
    }
    fields.get("tools").map_or(Ok(()), tools)
}

fn turn(model: &str, path: &str, message: &Value, last: bool) -> Result<(), String> {
    let message = message.as_object().ok_or_else(|| format!("{path}: Input should be an object"))?;
    let role = message.get("role").ok_or_else(|| missing(&format!("{path}.role")))?;
    let known = match role.as_str() {
        Some("user" | "assistant") => true,
        Some("system") => model::version(model) >= SYSTEM_ROLE,
        _ => false,
    };
    if !known {
        return Err(format!("{path}.role: Input should be 'user' or 'assistant'"));
    }
    if let Some(field) = message.keys().find(|field| !matches!(field.as_str(), "role" | "content")) {
        return Err(extra(&format!("{path}.{field}")));
    }
    let content = message.get("content").ok_or_else(|| missing(&format!("{path}.content")))?;
    let empty = content.as_str() == Some("") || content.as_array().is_some_and(Vec::is_empty);
    if empty && !(last && role == "assistant") {
        return Err(format!(
            "{path}: all messages must have non-empty content except for the optional final assistant message"
        ));
    }
    each_block(&format!("{path}.content"), content)
}

/// Content is a text or a list of blocks; a block may hold a list again, as a tool result does.
fn each_block(path: &str, content: &Value) -> Result<(), String> {
    if content.is_string() {
        return Ok(());
    }
    let blocks = content.as_array().ok_or_else(|| format!("{path}: Input should be a valid list"))?;
    for (at, block) in blocks.iter().enumerate() {
        let path = format!("{path}.{at}");
        if block.get("type").and_then(Value::as_str).is_none() {
            return Err(missing(&format!("{path}.type")));
        }
        if block.get("type").is_some_and(|kind| kind == "text")
            && block.get("text").is_none_or(|text| text == "")
        {
            return Err(format!("{path}: text content blocks must be non-empty"));
        }
        cache_control(&path, block)?;
        if let Some(inner) = block.get("content").filter(|inner| inner.is_array()) {
            each_block(&format!("{path}.content"), inner)?;
        }
    }
    Ok(())
}

fn tools(tools: &Value) -> Result<(), String> {
    let tools = tools.as_array().ok_or("tools: Input should be a valid list")?;
    for (at, tool) in tools.iter().enumerate() {
        let path = format!("tools.{at}");
        let kind = tool.get("type").and_then(Value::as_str).unwrap_or("custom");
        if SERVER_TOOLS.iter().any(|server| kind.starts_with(server)) {
            return Err(format!(
                "{path}: Input tag '{kind}' found using 'type' does not match any of the expected tags"
            ));
        }
        if tool.get("custom").is_some() {
            return Err(extra(&format!("{path}.custom")));
        }
        cache_control(&path, tool)?;
    }
    Ok(())
}

/// Anthropic's own API also knows a `scope`.
fn cache_control(path: &str, block: &Value) -> Result<(), String> {
    let control = block.get("cache_control").and_then(Value::as_object);
    let unknown =
        control.and_then(|control| control.keys().find(|field| !matches!(field.as_str(), "type" | "ttl")));
    unknown.map_or(Ok(()), |field| Err(extra(&format!("{path}.cache_control.ephemeral.{field}"))))
}
