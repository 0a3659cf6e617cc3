//! What a body of `Converse` asks for.

use serde_json::Value;

use super::super::validate::ValidBody;
use super::super::wire_format::Wire;
use super::{RequestContent, UserTurn};

pub(super) fn content(body: &ValidBody, bytes: usize) -> RequestContent<'_> {
    let users = body.messages().iter().rev().filter(|message| message["role"] == "user");
    RequestContent {
        wire: Wire::Converse,
        turns: users.map(turn).collect(),
        schema: schema(body),
        max_tokens: body.max_tokens(),
        bytes,
    }
}

fn turn(message: &Value) -> UserTurn<'_> {
    let blocks = message["content"].as_array().map_or(&[][..], Vec::as_slice);
    UserTurn {
        texts: blocks.iter().filter_map(|block| block["text"].as_str()).collect(),
        brings_results: blocks.iter().any(|block| block.get("toolResult").is_some()),
    }
}

/// The schema, which Converse takes as a text.
fn schema(body: &ValidBody) -> Option<Value> {
    let format = body.get("outputConfig")?.get("textFormat")?;
    let text = format["structure"]["jsonSchema"]["schema"].as_str()?;
    serde_json::from_str(text).ok()
}
