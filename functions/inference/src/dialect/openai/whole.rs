//! An answer in one piece: `chat.completion`.

use serde::Serialize;

use super::chunk::{Function, Head, Null, Thought};
use super::teller::ended;
use super::usage::{Usage, finish_reason};
use crate::dialect::converse::answer::{Answer, Content, Reasoning};

#[derive(Serialize)]
struct Completion<'a> {
    id: &'a str,
    object: &'static str,
    created: i64,
    model: &'a str,
    system_fingerprint: Null,
    choices: [Choice<'a>; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Usage>,
}

#[derive(Serialize)]
struct Choice<'a> {
    index: u64,
    message: Message<'a>,
    logprobs: Null,
    finish_reason: &'static str,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: Option<String>,
    refusal: Null,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    thinking_blocks: Vec<Thought<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<Call<'a>>,
}

#[derive(Serialize)]
struct Call<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    function: Function<'a>,
}

/// What the blocks of an answer come to.
#[derive(Default)]
struct Told<'a> {
    text: String,
    /// Whether the text is what the answer's tool was called with: then nothing is said besides.
    is_answered: bool,
    reasoning: String,
    thoughts: Vec<Thought<'a>>,
    calls: Vec<Call<'a>>,
}

/// The answer as OpenAI would give it; `by` is the tool whose input is the answer's text.
pub fn completion(head: &Head, answer: &Answer<'_>, by: Option<&str>) -> Result<Vec<u8>, serde_json::Error> {
    let mut told = Told::default();
    answer.content().iter().for_each(|block| told.take(block, by));
    let Told { text, reasoning, thoughts, calls, .. } = told;
    let finish_reason = ended(finish_reason(&answer.stop_reason), by.is_some(), calls.len() as u64);
    let message = Message {
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
        choices: [Choice { index: 0, message, logprobs: (), finish_reason }],
        usage: answer.usage.as_ref().and_then(Usage::of),
    })
}

impl<'a> Told<'a> {
    fn take(&mut self, block: &'a Content<'_>, by: Option<&str>) {
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
                self.calls.push(Call { id: &tool.tool_use_id, kind: "function", function });
            }
        }
        if let Some(reasoning) = &block.reasoning_content {
            self.think(reasoning);
        }
    }

    fn think(&mut self, reasoning: &'a Reasoning<'_>) {
        if let Some(text) = &reasoning.reasoning_text {
            self.reasoning.push_str(&text.text);
            // Unsigned, it cannot be given back.
            let signed = |signature| Thought::Signed { thinking: &text.text, signature };
            self.thoughts.extend(text.signature.as_deref().map(signed));
        }
        if let Some(data) = &reasoning.redacted_content {
            self.thoughts.push(Thought::Redacted { data });
        }
    }
}
