//! What an Anthropic body asks for.

use serde_json::Value;

use super::super::validate::ValidBody;
use super::super::wire_format::Wire;
use super::{RequestContent, UserTurn};

pub(super) fn content(body: &ValidBody, bytes: usize) -> RequestContent<'_> {
    RequestContent {
        wire: Wire::Anthropic,
        turns: turns(body.messages()),
        schema: schema(body),
        max_tokens: body.max_tokens(),
        bytes,
    }
}

/// What the user said, the last turn first. Messages in a row are one turn, as they are to Claude.
fn turns(messages: &[Value]) -> Vec<UserTurn<'_>> {
    let mut turns = Vec::new();
    for run in messages.chunk_by(|one, next| one["role"] == next["role"]).rev() {
        if run.iter().all(|message| message["role"] == "user") {
            let run: Vec<UserTurn> = run.iter().map(turn).collect();
            let brings_results = run.iter().any(|turn| turn.brings_results);
            turns.push(UserTurn {
                texts: run.into_iter().flat_map(|turn| turn.texts).collect(),
                brings_results,
            });
        }
    }
    turns
}

fn turn(message: &Value) -> UserTurn<'_> {
    let blocks = match &message["content"] {
        Value::String(text) => return UserTurn { texts: vec![text], brings_results: false },
        Value::Array(blocks) => blocks.as_slice(),
        _ => &[],
    };
    let texts = blocks.iter().filter(|block| block["type"] == "text");
    UserTurn {
        texts: texts.filter_map(|block| block["text"].as_str()).collect(),
        brings_results: blocks.iter().any(|block| block["type"] == "tool_result"),
    }
}

fn schema(body: &ValidBody) -> Option<Value> {
    let format = body.get("output_config")?.get("format")?;
    (format["type"] == "json_schema").then(|| format["schema"].clone())
}
