//! The system prompt.

use serde_json::value::RawValue;
use shared::api::ApiError;
use stargate_core::catalog::Model;

use super::content::cache_point;
use super::texts::marked_texts;
use crate::formats::converse::request::ConverseBlock;

/// How Claude Code begins a text that is for Anthropic alone. It differs in every request: no prompt would be cached.
const BILLING: &str = "\"x-anthropic-billing-header:";

pub fn system<'a>(raw: Option<&'a RawValue>, model: &Model) -> Result<Vec<ConverseBlock<'a>>, ApiError> {
    let mut blocks = Vec::new();
    let texts = raw.map(|raw| marked_texts(raw, "system")).transpose()?;
    for (text, is_cached) in texts.into_iter().flatten() {
        if text.get().starts_with(BILLING) {
            continue;
        }
        blocks.push(ConverseBlock::Text(text));
        if is_cached {
            blocks.extend(cache_point(model));
        }
    }
    Ok(blocks)
}
