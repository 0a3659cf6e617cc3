//! What an Anthropic body asks for.

use serde_json::Value;

use super::super::validate::Body;
use super::super::wire::Wire;
use super::{Content, Turn};

pub(super) fn content(body: &Body, bytes: usize) -> Content<'_> {
    let users = body.messages().iter().rev().filter(|message| message["role"] == "user");
    Content {
        wire: Wire::Anthropic,
        turns: users.map(turn).collect(),
        schema: schema(body),
        max_tokens: body.max_tokens(),
        bytes,
    }
}

fn turn(message: &Value) -> Turn<'_> {
    let blocks = match &message["content"] {
        Value::String(text) => return Turn { texts: vec![text], brings_results: false },
        Value::Array(blocks) => blocks.as_slice(),
        _ => &[],
    };
    let texts = blocks.iter().filter(|block| block["type"] == "text");
    Turn {
        texts: texts.filter_map(|block| block["text"].as_str()).collect(),
        brings_results: blocks.iter().any(|block| block["type"] == "tool_result"),
    }
}

fn schema(body: &Body) -> Option<Value> {
    let format = body.get("output_config")?.get("format")?;
    (format["type"] == "json_schema").then(|| format["schema"].clone())
}
