//! `Converse` and `ConverseStream`, the one format of every model.

use serde_json::{Value, json};

use super::super::answer::Answer;
use super::super::block::{Block, Delta};
use super::super::event::Event;
use super::super::hidden::{Hidden, Shown};
use super::add;

pub(super) fn whole(answer: &Answer) -> Value {
    let content: Vec<Value> = answer.blocks.iter().map(block).collect();
    let mut whole = json!({
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": answer.stop_reason,
        "metrics": {"latencyMs": 1},
    });
    add(&mut whole, "usage", answer.usage.converse());
    whole
}

pub(super) fn events(answer: &Answer) -> Vec<Event> {
    let start = Event::named("messageStart", json!({"role": "assistant"}), false);
    let blocks = answer.blocks.iter().enumerate().flat_map(|(index, block)| block_events(index, block));
    let stop = Event::named("messageStop", json!({"stopReason": answer.stop_reason}), false);
    let metadata = answer
        .usage
        .converse()
        .map(|usage| Event::named("metadata", json!({"usage": usage, "metrics": {"latencyMs": 1}}), false));
    [start].into_iter().chain(blocks).chain([stop]).chain(metadata).collect()
}

fn block(block: &Block) -> Value {
    match block {
        Block::Hidden { signature, .. } => json!({"reasoningContent": {"redactedContent": signature}}),
        Block::Thinking { pieces, signature } => {
            json!({"reasoningContent": {"reasoningText": {"text": pieces.concat(), "signature": signature}}})
        }
        Block::Text { pieces } => json!({"text": pieces.concat()}),
        Block::ToolUse { id, name, input } => {
            json!({"toolUse": {"toolUseId": id, "name": name, "input": input}})
        }
    }
}

/// Only a tool's block has a start of its own: texts and reasoning begin with their first delta.
fn block_events(index: usize, block: &Block) -> Vec<Event> {
    let start = match block {
        Block::ToolUse { id, name, .. } => {
            let start = json!({"toolUse": {"toolUseId": id, "name": name}});
            let json = json!({"contentBlockIndex": index, "start": start});
            Some(Event::named("contentBlockStart", json, false))
        }
        Block::Thinking { .. } | Block::Text { .. } => None,
        Block::Hidden { hidden, signature } => return thought(index, hidden, signature),
    };
    let deltas = block.deltas().into_iter().map(|piece| {
        let json = json!({"contentBlockIndex": index, "delta": delta(&piece)});
        Event::named("contentBlockDelta", json, true)
    });
    let stop = Event::named("contentBlockStop", json!({"contentBlockIndex": index}), false);
    start.into_iter().chain(deltas).chain([stop]).collect()
}

/// Hidden thinking: a summary as it goes, or nothing until it is over.
fn thought(index: usize, hidden: &Hidden, signature: &str) -> Vec<Event> {
    let reasoning = |content: Value| {
        let json = json!({"contentBlockIndex": index, "delta": {"reasoningContent": content}});
        Event::named("contentBlockDelta", json, false)
    };
    let shown = || (hidden.shown == Shown::Summary).then(|| reasoning(json!({"text": "hm, "})));
    let steps = hidden.steps().into_iter().map(|step| Event::hidden(step, shown()));
    let last = match hidden.shown {
        Shown::Nothing | Shown::Estimates => return steps.collect(),
        Shown::Summary => reasoning(json!({"signature": signature})),
        Shown::Redacted => reasoning(json!({"redactedContent": signature})),
    };
    let stop = Event::named("contentBlockStop", json!({"contentBlockIndex": index}), false);
    steps.chain([last, stop]).collect()
}

fn delta(delta: &Delta) -> Value {
    match delta {
        Delta::Thinking(piece) => json!({"reasoningContent": {"text": piece}}),
        Delta::Signature(signature) => json!({"reasoningContent": {"signature": signature}}),
        Delta::Text(piece) => json!({"text": piece}),
        Delta::Input(piece) => json!({"toolUse": {"input": piece}}),
    }
}
