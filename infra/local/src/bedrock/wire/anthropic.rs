//! Anthropic's Messages, as `InvokeModel` answers for a Claude model.

use serde_json::{Value, json};

use super::super::answer::Answer;
use super::super::block::{Block, Delta};
use super::super::event::Event;
use super::super::hidden::{Hidden, Shown, Step};
use super::super::model;
use super::add;

pub(super) fn whole(answer: &Answer) -> Value {
    let content: Vec<Value> = answer.blocks.iter().map(block).collect();
    let mut message = head(answer, content, Some(&answer.stop_reason));
    add(&mut message, "usage", answer.usage.in_message());
    message
}

pub(super) fn events(answer: &Answer) -> Vec<Event> {
    let mut message = head(answer, Vec::new(), None);
    add(&mut message, "usage", answer.usage.at_start());
    let start = json!({"type": "message_start", "message": message});

    let end = json!({"stop_reason": answer.stop_reason, "stop_sequence": null});
    let mut delta = json!({"type": "message_delta", "delta": end});
    add(&mut delta, "usage", answer.usage.at_end());
    let mut stop = json!({"type": "message_stop"});
    add(&mut stop, "amazon-bedrock-invocationMetrics", answer.usage.metrics());

    let blocks = answer.blocks.iter().enumerate().flat_map(|(index, block)| block_events(index, block));
    [Event::chunk(&start, false)]
        .into_iter()
        .chain(blocks)
        .chain([Event::chunk(&delta, false), Event::chunk(&stop, false)])
        .collect()
}

fn head(answer: &Answer, content: Vec<Value>, stop_reason: Option<&str>) -> Value {
    json!({
        "id": format!("msg_bdrk_scripted{:08}", answer.number), "type": "message", "role": "assistant",
        "model": model::anthropic(&answer.model),
        "content": content, "stop_reason": stop_reason, "stop_sequence": null,
    })
}

fn block(block: &Block) -> Value {
    match block {
        Block::Hidden { signature, .. } => {
            json!({"type": "thinking", "thinking": "", "signature": signature})
        }
        Block::Thinking { pieces, signature } => {
            json!({"type": "thinking", "thinking": pieces.concat(), "signature": signature})
        }
        Block::Text { pieces } => json!({"type": "text", "text": pieces.concat()}),
        Block::ToolUse { id, name, input } => {
            json!({"type": "tool_use", "id": id, "name": name, "input": input})
        }
    }
}

/// Start, deltas and stop of the block at `index`.
fn block_events(index: usize, block: &Block) -> Vec<Event> {
    let start = json!({"type": "content_block_start", "index": index, "content_block": opening(block)});
    let stop = json!({"type": "content_block_stop", "index": index});
    if let Block::Hidden { hidden, signature } = block
        && hidden.shown == Shown::Redacted
    {
        let data = json!({"type": "redacted_thinking", "data": signature});
        let start = json!({"type": "content_block_start", "index": index, "content_block": data});
        return hidden
            .steps()
            .into_iter()
            .map(|step| Event::hidden(step, None))
            .chain([Event::chunk(&start, false), Event::chunk(&stop, false)])
            .collect();
    }
    let deltas = block.deltas().into_iter().map(|piece| {
        let json = json!({"type": "content_block_delta", "index": index, "delta": delta(&piece)});
        Event::chunk(&json, true)
    });
    let thought = match block {
        Block::Hidden { hidden, .. } => thought(index, hidden),
        _ => Vec::new(),
    };
    let start = [Event::chunk(&start, false)].into_iter().chain(thought);
    start.chain(deltas).chain([Event::chunk(&stop, false)]).collect()
}

/// The pieces of hidden thinking, with what is shown of each.
fn thought(index: usize, hidden: &Hidden) -> Vec<Event> {
    let shown = |step: &Step| {
        let mut delta = match (hidden.shown, step.estimate) {
            (Shown::Summary, _) => json!({"thinking": "hm, "}),
            (Shown::Estimates, Some(tokens)) => json!({"thinking": "", "estimated_tokens": tokens}),
            _ => return None,
        };
        delta["type"] = json!("thinking_delta");
        let json = json!({"type": "content_block_delta", "index": index, "delta": delta});
        Some(Event::chunk(&json, false))
    };
    hidden.steps().into_iter().map(|step| Event::hidden(step, shown(&step))).collect()
}

fn opening(block: &Block) -> Value {
    match block {
        Block::Thinking { .. } | Block::Hidden { .. } => {
            json!({"type": "thinking", "thinking": "", "signature": ""})
        }
        Block::Text { .. } => json!({"type": "text", "text": ""}),
        Block::ToolUse { id, name, .. } => json!({"type": "tool_use", "id": id, "name": name, "input": {}}),
    }
}

fn delta(delta: &Delta) -> Value {
    match delta {
        Delta::Thinking(piece) => json!({"type": "thinking_delta", "thinking": piece}),
        Delta::Signature(signature) => json!({"type": "signature_delta", "signature": signature}),
        Delta::Text(piece) => json!({"type": "text_delta", "text": piece}),
        Delta::Input(piece) => json!({"type": "input_json_delta", "partial_json": piece}),
    }
}
