//! A model's own JSON, for models of other makers. Each maker has a format of its own, and the
//! gateway passes them on unread: one plain format, which can only say text, stands for all.

use serde_json::{Value, json};

use super::super::response::FakeResponse;
use super::super::response::block::{FakeBlock, FakeDelta};
use super::super::response::event::FakeEvent;
use super::add;

pub(super) fn buffered_body(response: &FakeResponse) -> Value {
    let text: String = texts(response).concat();
    json!({"generation": text, "stop_reason": stop_reason(response)})
}

pub(super) fn events(response: &FakeResponse) -> Vec<FakeEvent> {
    let mut last = json!({"generation": "", "stop_reason": stop_reason(response)});
    add(&mut last, "amazon-bedrock-invocationMetrics", response.usage.metrics());
    let hidden = response.blocks.iter().flat_map(|block| match block {
        FakeBlock::Hidden { hidden, .. } => hidden.steps(),
        _ => Vec::new(),
    });
    let hidden = hidden.map(|step| FakeEvent::for_hidden_step(step, None));
    let pieces =
        texts(response).into_iter().map(|piece| FakeEvent::chunk(&json!({"generation": piece}), true));
    hidden.chain(pieces).chain([FakeEvent::chunk(&last, false)]).collect()
}

fn texts(response: &FakeResponse) -> Vec<&str> {
    let deltas = response.blocks.iter().flat_map(FakeBlock::deltas);
    let texts =
        deltas.filter_map(|delta| if let FakeDelta::Text(piece) = delta { Some(piece) } else { None });
    texts.collect()
}

fn stop_reason(response: &FakeResponse) -> &str {
    match response.stop_reason.as_str() {
        "end_turn" => "stop",
        other => other,
    }
}
