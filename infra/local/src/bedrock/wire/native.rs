//! A model's own JSON, for models of other makers. Each maker has a format of its own, and the
//! gateway passes them on unread: one plain format, which can only say text, stands for all.

use serde_json::{Value, json};

use super::super::answer::Answer;
use super::super::block::{Block, Delta};
use super::super::event::Event;
use super::add;

pub(super) fn whole(answer: &Answer) -> Value {
    let text: String = texts(answer).concat();
    json!({"generation": text, "stop_reason": stop_reason(answer)})
}

pub(super) fn events(answer: &Answer) -> Vec<Event> {
    let mut last = json!({"generation": "", "stop_reason": stop_reason(answer)});
    add(&mut last, "amazon-bedrock-invocationMetrics", answer.usage.metrics());
    let hidden = answer.blocks.iter().flat_map(|block| match block {
        Block::Hidden { hidden, .. } => hidden.steps(),
        _ => Vec::new(),
    });
    let hidden = hidden.map(|step| Event::hidden(step, None));
    let pieces = texts(answer).into_iter().map(|piece| Event::chunk(&json!({"generation": piece}), true));
    hidden.chain(pieces).chain([Event::chunk(&last, false)]).collect()
}

fn texts(answer: &Answer) -> Vec<&str> {
    let deltas = answer.blocks.iter().flat_map(Block::deltas);
    let texts = deltas.filter_map(|delta| if let Delta::Text(piece) = delta { Some(piece) } else { None });
    texts.collect()
}

fn stop_reason(answer: &Answer) -> &str {
    match answer.stop_reason.as_str() {
        "end_turn" => "stop",
        other => other,
    }
}
