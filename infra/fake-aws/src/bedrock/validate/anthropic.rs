//! The checks on an Anthropic body.
//!
//! Bedrock documents no complete list. These rules are those of Claude Code's own Bedrock
//! mode and of LiteLLM, on the strict side: a gateway that passes here sends nothing that those two would have removed. The
//! texts matter, because Claude Code matches them to heal its next request.

mod blocks;
mod features;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use super::super::model;
use super::super::refusal::FakeError;
use super::ValidBody;

/// The one version that Bedrock takes.
const VERSION: &str = "bedrock-2023-05-31";

/// Top-level fields; any other is refused, `model` and `stream` first of all.
/// Source: LiteLLM 1.109.1's allow-list, and Claude Code's own Bedrock mode.
const FIELDS: [&str; 16] = [
    "anthropic_version",
    "max_tokens",
    "messages",
    "anthropic_beta",
    "system",
    "stop_sequences",
    "temperature",
    "top_p",
    "top_k",
    "tools",
    "tool_choice",
    "thinking",
    "metadata",
    "output_config",
    "safeguards",
    "context_management",
];

/// Accepted `anthropic_beta` values. Source: LiteLLM 1.109.1's
/// `anthropic_beta_headers_config.json` for Bedrock invoke; the
/// first three are those of Claude Code's own Bedrock mode.
const BETAS: [&str; 15] = [
    "interleaved-thinking-2025-05-14",
    "tool-search-tool-2025-10-19",
    "thinking-token-count-2026-05-13",
    "compact-2026-01-12",
    "computer-use-2025-01-24",
    "computer-use-2025-11-24",
    "context-1m-2025-08-07",
    "context-management-2025-06-27",
    "dangerous-tool-use-2026-09-03",
    "effort-2025-11-24",
    "fine-grained-tool-streaming-2025-05-14",
    "mid-conversation-output-config-2026-07-01",
    "mid-conversation-tool-changes-2026-07-01",
    "thinking-binding-controls-2026-08-01",
    "thinking-display-updates-2026-08-18",
];

/// The largest output of any Claude model on Bedrock.
const MAX_OUTPUT: u64 = 128_000;

/// Checks a body for `model`, and reports the first thing wrong with it.
pub(in super::super) fn check(model: &str, fields: Map<String, Value>) -> Result<ValidBody, FakeError> {
    let max_tokens = rules(model, &fields).map_err(FakeError::validation)?;
    Ok(ValidBody { fields, max_tokens: Some(max_tokens) })
}

fn rules(model: &str, fields: &Map<String, Value>) -> Result<u64, String> {
    version(fields)?;
    if let Some(field) = fields.keys().find(|field| !FIELDS.contains(&field.as_str())) {
        return Err(extra(field));
    }
    let betas = betas(fields)?;
    let max_tokens = max_tokens(model, fields)?;
    blocks::check(model, fields)?;
    features::check(model, fields, &betas, max_tokens)?;
    Ok(max_tokens)
}

fn version(fields: &Map<String, Value>) -> Result<(), String> {
    match fields.get("anthropic_version") {
        None => Err(missing("anthropic_version")),
        Some(version) if version == VERSION => Ok(()),
        Some(_) => Err(format!("anthropic_version: Input should be '{VERSION}'")),
    }
}

fn betas(fields: &Map<String, Value>) -> Result<Vec<&str>, String> {
    let Some(betas) = fields.get("anthropic_beta") else {
        return Ok(Vec::new());
    };
    let betas = betas.as_array().ok_or("anthropic_beta: Input should be a valid list")?;
    betas
        .iter()
        .map(|beta| {
            beta.as_str().filter(|beta| BETAS.contains(beta)).ok_or_else(|| "invalid beta flag".to_owned())
        })
        .collect()
}

fn max_tokens(model: &str, fields: &Map<String, Value>) -> Result<u64, String> {
    let asked = fields.get("max_tokens").ok_or_else(|| missing("max_tokens"))?;
    match asked.as_u64() {
        None => Err("max_tokens: Input should be a valid integer".to_owned()),
        Some(0) => Err("max_tokens: Input should be greater than or equal to 1".to_owned()),
        Some(asked) if asked > MAX_OUTPUT => Err(format!(
            "max_tokens: {asked} > {MAX_OUTPUT}, which is the maximum allowed number of output tokens for {}",
            model::anthropic(model)
        )),
        Some(asked) => Ok(asked),
    }
}

fn extra(path: &str) -> String {
    format!("{path}: Extra inputs are not permitted")
}

fn missing(path: &str) -> String {
    format!("{path}: Field required")
}
