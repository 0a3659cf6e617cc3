//! The blocks of an answer that comes in one piece.

use super::event::{AnthropicBlock, Input};
use crate::formats::converse::response::{ResponseContent, ResponseReasoning};

/// One block; `None` for an empty text, and for what Anthropic has no word for.
pub fn content_block<'a>(content: &'a ResponseContent<'a>) -> Option<AnthropicBlock<'a>> {
    if let Some(text) = content.text.as_deref() {
        return (!text.is_empty()).then_some(AnthropicBlock::Text { text });
    }
    if let Some(tool) = &content.tool_use {
        let input = Input::Whole(tool.input);
        return Some(AnthropicBlock::ToolUse { id: &tool.tool_use_id, name: &tool.name, input });
    }
    let ResponseReasoning { reasoning_text, redacted_content } = content.reasoning_content.as_ref()?;
    match reasoning_text {
        Some(text) => {
            let signature = text.signature.as_deref().unwrap_or_default();
            Some(AnthropicBlock::Thinking { thinking: &text.text, signature })
        }
        None => redacted_content.as_deref().map(|data| AnthropicBlock::RedactedThinking { data }),
    }
}
