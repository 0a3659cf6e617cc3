//! Anthropic's Messages, as `InvokeModel` answers for a Claude model.

use serde_json::{Value, json};

use super::super::model;
use super::super::response::FakeResponse;
use super::super::response::block::{FakeBlock, FakeDelta};
use super::super::response::event::FakeEvent;
use super::super::response::hidden::{HiddenThinking, Step, ThinkingDisplay};
use super::add;

pub(super) fn buffered_body(response: &FakeResponse) -> Value {
    let content: Vec<Value> = response.blocks.iter().map(block).collect();
    let mut message = head(response, content, Some(&response.stop_reason));
    add(&mut message, "usage", response.usage.in_message());
    message
}

pub(super) fn events(response: &FakeResponse) -> Vec<FakeEvent> {
    let mut message = head(response, Vec::new(), None);
    add(&mut message, "usage", response.usage.at_start());
    let start = json!({"type": "message_start", "message": message});

    let end = json!({"stop_reason": response.stop_reason, "stop_sequence": null});
    let mut delta = json!({"type": "message_delta", "delta": end});
    add(&mut delta, "usage", response.usage.at_end());
    let mut stop = json!({"type": "message_stop"});
    add(&mut stop, "amazon-bedrock-invocationMetrics", response.usage.metrics());

    let blocks = response.blocks.iter().enumerate().flat_map(|(index, block)| block_events(index, block));
    [FakeEvent::chunk(&start, false)]
        .into_iter()
        .chain(blocks)
        .chain([FakeEvent::chunk(&delta, false), FakeEvent::chunk(&stop, false)])
        .collect()
}

fn head(response: &FakeResponse, content: Vec<Value>, stop_reason: Option<&str>) -> Value {
    json!({
        "id": format!("msg_bdrk_scripted{:08}", response.number), "type": "message", "role": "assistant",
        "model": model::anthropic(&response.model),
        "content": content, "stop_reason": stop_reason, "stop_sequence": null,
    })
}

fn block(block: &FakeBlock) -> Value {
    match block {
        FakeBlock::Hidden { signature, .. } => {
            json!({"type": "thinking", "thinking": "", "signature": signature})
        }
        FakeBlock::Thinking { pieces, signature } => {
            json!({"type": "thinking", "thinking": pieces.concat(), "signature": signature})
        }
        FakeBlock::Text { pieces } => json!({"type": "text", "text": pieces.concat()}),
        FakeBlock::ToolUse { id, name, input } => {
            json!({"type": "tool_use", "id": id, "name": name, "input": input})
        }
    }
}

/// Start, deltas and stop of the block at `index`.
fn block_events(index: usize, block: &FakeBlock) -> Vec<FakeEvent> {
    let start = json!({"type": "content_block_start", "index": index, "content_block": opening(block)});
    let stop = json!({"type": "content_block_stop", "index": index});
    if let FakeBlock::Hidden { hidden, signature } = block
        && hidden.shown == ThinkingDisplay::Redacted
    {
        let data = json!({"type": "redacted_thinking", "data": signature});
        let start = json!({"type": "content_block_start", "index": index, "content_block": data});
        return hidden
            .steps()
            .into_iter()
            .map(|step| FakeEvent::for_hidden_step(step, None))
            .chain([FakeEvent::chunk(&start, false), FakeEvent::chunk(&stop, false)])
            .collect();
    }
    let deltas = block.deltas().into_iter().map(|piece| {
        let json = json!({"type": "content_block_delta", "index": index, "delta": delta(&piece)});
        FakeEvent::chunk(&json, true)
    });
    let thought = match block {
        FakeBlock::Hidden { hidden, .. } => thinking_events(index, hidden),
        _ => Vec::new(),
    };
    let start = [FakeEvent::chunk(&start, false)].into_iter().chain(thought);
    start.chain(deltas).chain([FakeEvent::chunk(&stop, false)]).collect()
}

/// The pieces of hidden thinking, with what is shown of each.
fn thinking_events(index: usize, hidden: &HiddenThinking) -> Vec<FakeEvent> {
    let shown = |step: &Step| {
        let mut delta = match (hidden.shown, step.estimate) {
            (ThinkingDisplay::Summary, _) => json!({"thinking": "hm, "}),
            (ThinkingDisplay::Estimates, Some(tokens)) => json!({"thinking": "", "estimated_tokens": tokens}),
            _ => return None,
        };
        delta["type"] = json!("thinking_delta");
        let json = json!({"type": "content_block_delta", "index": index, "delta": delta});
        Some(FakeEvent::chunk(&json, false))
    };
    hidden.steps().into_iter().map(|step| FakeEvent::for_hidden_step(step, shown(&step))).collect()
}

fn opening(block: &FakeBlock) -> Value {
    match block {
        FakeBlock::Thinking { .. } | FakeBlock::Hidden { .. } => {
            json!({"type": "thinking", "thinking": "", "signature": ""})
        }
        FakeBlock::Text { .. } => json!({"type": "text", "text": ""}),
        FakeBlock::ToolUse { id, name, .. } => {
            json!({"type": "tool_use", "id": id, "name": name, "input": {}})
        }
    }
}

fn delta(delta: &FakeDelta) -> Value {
    match delta {
        FakeDelta::Thinking(piece) => json!({"type": "thinking_delta", "thinking": piece}),
        FakeDelta::Signature(signature) => json!({"type": "signature_delta", "signature": signature}),
        FakeDelta::Text(piece) => json!({"type": "text_delta", "text": piece}),
        FakeDelta::Input(piece) => json!({"type": "input_json_delta", "partial_json": piece}),
    }
}
