//! What Bedrock refuses inside `messages`, `system` and `tools`, taken out block by block.
//!
//! Each function looks for the words that matter first, and returns `None` where there is nothing to change: then the
//! text passes as it came, whatever its size.

use std::borrow::Cow;

use serde_json::Error;
use shared::api::ApiError;
use stargate_core::catalog::AnthropicCompat;

use crate::formats::raw_json::{RawObject, array, elements, mentions};

/// `messages` without what the model does not take.
pub fn messages(json: &str, rules: &AnthropicCompat) -> Result<Option<String>, Error> {
    let folds = !rules.allows_system_role() && mentions(json, "system");
    let strips = !rules.allows_message_output_config() && mentions(json, "output_config");
    if !folds && !strips && !has_cache_fields(json, rules) {
        return Ok(None);
    }
    let mut kept = Vec::new();
    for text in elements(json)? {
        let mut message = RawObject::parse(text.as_bytes())?;
        if !rules.allows_message_output_config() {
            message.remove("output_config");
        }
        let is_system = message.get("role") == Some("\"system\"");
        if is_system && is_empty(message.get("content")) {
            continue;
        }
        if is_system && !rules.allows_system_role() {
            message.set("role", "\"user\"");
        }
        if let Some(content) =
            message.get("content").map(|content| blocks(content, rules)).transpose()?.flatten()
        {
            message.set("content", content);
        }
        kept.push(Cow::Owned(message.to_json()));
    }
    Ok(Some(array(kept)))
}

/// A list of content blocks without the cache fields that the model does not take. A plain string has none.
pub fn blocks(json: &str, rules: &AnthropicCompat) -> Result<Option<String>, Error> {
    rewrite_nested(json, rules, MAX_DEPTH)
}

/// How deep content lies in content, with some to spare: a tool result holds blocks, and those hold none.
const MAX_DEPTH: usize = 4;

fn rewrite_nested(json: &str, rules: &AnthropicCompat, depth: usize) -> Result<Option<String>, Error> {
    if depth == 0 || !json.starts_with('[') || !has_cache_fields(json, rules) {
        return Ok(None);
    }
    let mut cleaned = Vec::new();
    for text in elements(json)? {
        if !has_cache_fields(text, rules) {
            cleaned.push(Cow::Borrowed(text));
            continue;
        }
        let mut block = RawObject::parse(text.as_bytes())?;
        clean_cache_control(&mut block, rules)?;
        // A tool result holds blocks of its own.
        let inner = block.get("content").map(|content| rewrite_nested(content, rules, depth - 1));
        if let Some(inner) = inner.transpose()?.flatten() {
            block.set("content", inner);
        }
        cleaned.push(Cow::Owned(block.to_json()));
    }
    Ok(Some(array(cleaned)))
}

/// Why a tool, or a block that is about one, cannot be had from Bedrock.
pub fn unsupported_server_tool(kind: &str) -> String {
    format!("{kind:.64} runs on Anthropic's own servers and is not available on Amazon Bedrock")
}

/// `tools` as Bedrock takes them; a tool that only Anthropic's servers can run is refused by name.
pub fn tools(json: &str, rules: &AnthropicCompat) -> Result<Option<String>, ApiError> {
    // Only types like `web_search_20250305` and `mcp_toolset` can be refused; their letters may be escaped.
    let holds = |needle: &str| memchr::memmem::find(json.as_bytes(), needle.as_bytes()).is_some();
    let may_be_refused = holds("_20") || holds("\\u00") || mentions(json, "mcp_toolset");
    if !may_be_refused && !mentions(json, "custom") && !has_cache_fields(json, rules) {
        return Ok(None);
    }
    let wrong = |_| ApiError::invalid("tools", "must be an array of objects");
    let mut cleaned = Vec::new();
    for text in elements(json).map_err(wrong)? {
        let mut tool = RawObject::parse(text.as_bytes()).map_err(wrong)?;
        refuse_server_tool(&tool, rules)?;
        clean_cache_control(&mut tool, rules).map_err(wrong)?;
        if let Some(custom) = tool.remove("custom") {
            let custom = RawObject::parse(custom.as_bytes()).map_err(wrong)?;
            if let (None, Some(deferred)) = (tool.get("defer_loading"), custom.get("defer_loading")) {
                tool.set("defer_loading", deferred.to_owned());
            }
        }
        cleaned.push(Cow::Owned(tool.to_json()));
    }
    Ok(Some(array(cleaned)))
}

/// Refuses tools that somebody else runs: Bedrock cannot, or bills them by the call.
pub fn refuse_server_tools(json: &str, rules: &AnthropicCompat) -> Result<(), ApiError> {
    let wrong = |_| ApiError::invalid("tools", "must be an array of objects");
    for text in elements(json).map_err(wrong)? {
        refuse_server_tool(&RawObject::parse(text.as_bytes()).map_err(wrong)?, rules)?;
    }
    Ok(())
}

/// How the types of the tools begin that the client runs. Source: Anthropic's tool reference.
const CLIENT_TOOLS: [&str; 5] = ["bash_", "text_editor_", "computer_", "memory_", "tool_search_tool_"];

fn refuse_server_tool(tool: &RawObject<'_>, rules: &AnthropicCompat) -> Result<(), ApiError> {
    let kind: Option<String> =
        tool.read("type").map_err(|_| ApiError::invalid("tools", "type must be a string"))?;
    match kind {
        Some(kind) if kind != "custom" && !CLIENT_TOOLS.iter().any(|begin| kind.starts_with(begin)) => {
            Err(ApiError::invalid("tools", unsupported_server_tool(&kind)))
        }
        Some(kind) if rules.refuses_tool(&kind) => {
            Err(ApiError::invalid("tools", unsupported_server_tool(&kind)))
        }
        _ => Ok(()),
    }
}

fn has_cache_fields(json: &str, rules: &AnthropicCompat) -> bool {
    mentions(json, "scope") || (!rules.allows_cache_ttl() && mentions(json, "ttl"))
}

fn clean_cache_control(block: &mut RawObject<'_>, rules: &AnthropicCompat) -> Result<(), Error> {
    let Some(control) = block.get("cache_control").filter(|control| control.starts_with('{')) else {
        return Ok(());
    };
    let mut control = RawObject::parse(control.as_bytes())?;
    control.remove("scope");
    if !rules.allows_cache_ttl() {
        control.remove("ttl");
    }
    let control = control.to_json();
    block.set("cache_control", control);
    Ok(())
}

/// Claude Code sends an empty system message that only carried an `output_config`.
fn is_empty(content: Option<&str>) -> bool {
    matches!(content, None | Some("\"\"" | "[]" | "null"))
}
