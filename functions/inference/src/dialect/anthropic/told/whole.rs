//! The blocks of an answer that comes in one piece.

use super::event::{Block, Input};
use crate::dialect::converse::answer::{Content, Reasoning};

/// One block; `None` for an empty text, and for what Anthropic has no word for.
pub fn block<'a>(content: &'a Content<'a>) -> Option<Block<'a>> {
    if let Some(text) = content.text.as_deref() {
        return (!text.is_empty()).then_some(Block::Text { text });
    }
    if let Some(tool) = &content.tool_use {
        let input = Input::Whole(tool.input);
        return Some(Block::ToolUse { id: &tool.tool_use_id, name: &tool.name, input });
    }
    let Reasoning { reasoning_text, redacted_content } = content.reasoning_content.as_ref()?;
    match reasoning_text {
        Some(text) => {
            let signature = text.signature.as_deref().unwrap_or_default();
            Some(Block::Thinking { thinking: &text.text, signature })
        }
        None => redacted_content.as_deref().map(|data| Block::RedactedThinking { data }),
    }
}
