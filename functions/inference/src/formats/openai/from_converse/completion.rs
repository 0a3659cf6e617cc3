//! An answer in one piece: `chat.completion`.

use serde::Serialize;

use super::chunk::{Function, Head, Null, ThinkingBlock};
use super::usage::{CompletionUsage, effective_finish_reason, finish_reason};
use crate::formats::converse::response::{ConverseResponse, ResponseContent, ResponseReasoning};

#[derive(Serialize)]
struct Completion<'a> {
    id: &'a str,
    object: &'static str,
    created: i64,
    model: &'a str,
    system_fingerprint: Null,
    choices: [CompletionChoice<'a>; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<CompletionUsage>,
}

#[derive(Serialize)]
struct CompletionChoice<'a> {
    index: u64,
    message: CompletionMessage<'a>,
    logprobs: Null,
    finish_reason: &'static str,
}

#[derive(Serialize)]
struct CompletionMessage<'a> {
    role: &'static str,
    content: Option<String>,
    refusal: Null,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    thinking_blocks: Vec<ThinkingBlock<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<CompletionToolCall<'a>>,
}

#[derive(Serialize)]
struct CompletionToolCall<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    function: Function<'a>,
}

/// What the blocks of an answer come to.
#[derive(Default)]
struct CompletionParts<'a> {
    text: String,
    /// Whether the text is what the answer's tool was called with: then nothing is said besides.
    is_answered: bool,
    reasoning: String,
    thoughts: Vec<ThinkingBlock<'a>>,
    calls: Vec<CompletionToolCall<'a>>,
}

/// The answer as OpenAI would give it; `by` is the tool whose input is the answer's text.
pub fn chat_completion(
    head: &Head,
    response: &ConverseResponse<'_>,
    by: Option<&str>,
) -> Result<Vec<u8>, serde_json::Error> {
    let mut told = CompletionParts::default();
    response.content().iter().for_each(|block| told.take(block, by));
    let CompletionParts { text, reasoning, thoughts, calls, .. } = told;
    let finish_reason =
        effective_finish_reason(finish_reason(&response.stop_reason), by.is_some(), calls.len() as u64);
    let message = CompletionMessage {
        role: "assistant",
        content: (!text.is_empty() || calls.is_empty()).then_some(text),
        refusal: (),
        reasoning_content: (!reasoning.is_empty()).then_some(reasoning),
        thinking_blocks: thoughts,
        tool_calls: calls,
    };
    serde_json::to_vec(&Completion {
        id: &head.id,
        object: "chat.completion",
        created: head.created,
        model: &head.model,
        system_fingerprint: (),
        choices: [CompletionChoice { index: 0, message, logprobs: (), finish_reason }],
        usage: response.usage.as_ref().and_then(CompletionUsage::from_converse),
    })
}

impl<'a> CompletionParts<'a> {
    fn take(&mut self, block: &'a ResponseContent<'_>, by: Option<&str>) {
        if let Some(text) = block.text.as_deref().filter(|_| !self.is_answered) {
            self.text.push_str(text);
        }
        if let Some(tool) = &block.tool_use {
            let arguments = tool.input.get();
            if by == Some(tool.name.as_ref()) {
                if !self.is_answered {
                    arguments.clone_into(&mut self.text);
                    self.is_answered = true;
                }
            } else {
                let function = Function { name: Some(&tool.name), arguments };
                self.calls.push(CompletionToolCall { id: &tool.tool_use_id, kind: "function", function });
            }
        }
        if let Some(reasoning) = &block.reasoning_content {
            self.think(reasoning);
        }
    }

    fn think(&mut self, reasoning: &'a ResponseReasoning<'_>) {
        if let Some(text) = &reasoning.reasoning_text {
            self.reasoning.push_str(&text.text);
            // Unsigned, it cannot be given back.
            let signed = |signature| ThinkingBlock::Signed { thinking: &text.text, signature };
            self.thoughts.extend(text.signature.as_deref().map(signed));
        }
        if let Some(data) = &reasoning.redacted_content {
            self.thoughts.push(ThinkingBlock::Redacted { data });
        }
    }
}
