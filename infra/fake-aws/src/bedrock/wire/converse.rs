//! `Converse` and `ConverseStream`, the one format of every model.

use serde_json::{Value, json};

use super::super::response::FakeResponse;
use super::super::response::block::{FakeBlock, FakeDelta};
use super::super::response::event::FakeEvent;
use super::super::response::hidden::{HiddenThinking, ThinkingDisplay};
use super::add;

pub(super) fn buffered_body(response: &FakeResponse) -> Value {
    let content: Vec<Value> = response.blocks.iter().map(block).collect();
    let mut whole = json!({
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": response.stop_reason,
        "metrics": {"latencyMs": 1},
    });
    add(&mut whole, "usage", response.usage.converse());
    whole
}

pub(super) fn events(response: &FakeResponse) -> Vec<FakeEvent> {
    let start = FakeEvent::with_name("messageStart", json!({"role": "assistant"}), false);
    let blocks = response.blocks.iter().enumerate().flat_map(|(index, block)| block_events(index, block));
    let stop = FakeEvent::with_name("messageStop", json!({"stopReason": response.stop_reason}), false);
    let metadata = response.usage.converse().map(|usage| {
        FakeEvent::with_name("metadata", json!({"usage": usage, "metrics": {"latencyMs": 1}}), false)
    });
    [start].into_iter().chain(blocks).chain([stop]).chain(metadata).collect()
}

fn block(block: &FakeBlock) -> Value {
    match block {
        FakeBlock::Hidden { signature, .. } => json!({"reasoningContent": {"redactedContent": signature}}),
        FakeBlock::Thinking { pieces, signature } => {
            json!({"reasoningContent": {"reasoningText": {"text": pieces.concat(), "signature": signature}}})
        }
        FakeBlock::Text { pieces } => json!({"text": pieces.concat()}),
        FakeBlock::ToolUse { id, name, input } => {
            json!({"toolUse": {"toolUseId": id, "name": name, "input": input}})
        }
    }
}

/// Only a tool's block has a start of its own: texts and reasoning begin with their first delta.
fn block_events(index: usize, block: &FakeBlock) -> Vec<FakeEvent> {
    let start = match block {
        FakeBlock::ToolUse { id, name, .. } => {
            let start = json!({"toolUse": {"toolUseId": id, "name": name}});
            let json = json!({"contentBlockIndex": index, "start": start});
            Some(FakeEvent::with_name("contentBlockStart", json, false))
        }
        FakeBlock::Thinking { .. } | FakeBlock::Text { .. } => None,
        FakeBlock::Hidden { hidden, signature } => return thinking_events(index, hidden, signature),
    };
    let deltas = block.deltas().into_iter().map(|piece| {
        let json = json!({"contentBlockIndex": index, "delta": delta(&piece)});
        FakeEvent::with_name("contentBlockDelta", json, true)
    });
    let stop = FakeEvent::with_name("contentBlockStop", json!({"contentBlockIndex": index}), false);
    start.into_iter().chain(deltas).chain([stop]).collect()
}

/// Hidden thinking: a summary as it goes, or nothing until it is over.
fn thinking_events(index: usize, hidden: &HiddenThinking, signature: &str) -> Vec<FakeEvent> {
    let reasoning = |content: Value| {
        let json = json!({"contentBlockIndex": index, "delta": {"reasoningContent": content}});
        FakeEvent::with_name("contentBlockDelta", json, false)
    };
    let shown = || (hidden.shown == ThinkingDisplay::Summary).then(|| reasoning(json!({"text": "hm, "})));
    let steps = hidden.steps().into_iter().map(|step| FakeEvent::for_hidden_step(step, shown()));
    let last = match hidden.shown {
        ThinkingDisplay::Nothing | ThinkingDisplay::Estimates => return steps.collect(),
        ThinkingDisplay::Summary => reasoning(json!({"signature": signature})),
        ThinkingDisplay::Redacted => reasoning(json!({"redactedContent": signature})),
    };
    let stop = FakeEvent::with_name("contentBlockStop", json!({"contentBlockIndex": index}), false);
    steps.chain([last, stop]).collect()
}

fn delta(delta: &FakeDelta) -> Value {
    match delta {
        FakeDelta::Thinking(piece) => json!({"reasoningContent": {"text": piece}}),
        FakeDelta::Signature(signature) => json!({"reasoningContent": {"signature": signature}}),
        FakeDelta::Text(piece) => json!({"text": piece}),
        FakeDelta::Input(piece) => json!({"toolUse": {"input": piece}}),
    }
}
