//! Checks on what depends on the model or on a beta: context management, thinking, effort.

use serde_json::{Map, Value};

use super::super::super::model;
use super::extra;

const CONTEXT_MANAGEMENT: &str = "context-management-2025-06-27";
const EFFORT: &str = "effort-2025-11-24";

/// An edit that Anthropic's own API knows and Bedrock refuses, beta or not.
const NOT_ON_BEDROCK: &str = "clear_thinking_20251015";

pub(super) fn check(
    model: &str,
    fields: &Map<String, Value>,
    betas: &[&str],
    max_tokens: u64,
) -> Result<(), String> {
    if let Some(management) = fields.get("context_management") {
        context_management(management, betas)?;
    }
    if let Some(thinking) = fields.get("thinking") {
        check_thinking(model, thinking, max_tokens)?;
    }
    // Before 4.6 the effort needs its beta, and Claude Code sends neither.
    let effort = fields.get("output_config").and_then(|config| config.get("effort"));
    if effort.is_some() && model::version(model) < (4, 6) && !betas.contains(&EFFORT) {
        return Err(extra("output_config.effort"));
    }
    Ok(())
}

fn context_management(management: &Value, betas: &[&str]) -> Result<(), String> {
    let edits = management.get("edits").and_then(Value::as_array);
    let refused = edits.is_some_and(|edits| edits.iter().any(|edit| edit["type"] == NOT_ON_BEDROCK));
    if refused || !betas.contains(&CONTEXT_MANAGEMENT) {
        return Err(extra("context_management"));
    }
    Ok(())
}

fn check_thinking(model: &str, thinking: &Value, max_tokens: u64) -> Result<(), String> {
    let kind = thinking.get("type").and_then(Value::as_str).unwrap_or_default();
    let known = match kind {
        "enabled" | "disabled" => true,
        "adaptive" => model::version(model) >= (4, 6),
        _ => false,
    };
    if !known {
        return Err(format!(
            "thinking: Input tag '{kind}' found using 'type' does not match any of the expected tags"
        ));
    }
    if thinking.get("display").is_some() && model::version(model) < (4, 7) {
        return Err(extra(&format!("thinking.{kind}.display")));
    }
    let budget = thinking.get("budget_tokens").and_then(Value::as_u64);
    if budget.is_some_and(|budget| budget >= max_tokens) {
        return Err("`max_tokens` must be greater than `thinking.budget_tokens`".to_owned());
    }
    Ok(())
}
