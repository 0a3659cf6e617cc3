//! The answer: an Anthropic message made from a request and its script.

use serde_json::{Value, json};

use super::ask::Ask;
use super::block::{self, Block, Event};
use super::model;
use super::usage::Usage;

/// Bytes per token, the usual rule of thumb for English and JSON.
const BYTES_PER_TOKEN: usize = 4;

/// How much of the user's words the default answer repeats, in characters.
const ECHO: usize = 80;

/// A signature only has to come back unchanged; nobody here checks it.
const SIGNATURE: &str = "c2NyaXB0ZWQtYmVkcm9jay1zaWduYXR1cmU=";

pub(super) struct Message {
    id: String,
    model: String,
    blocks: Vec<Block>,
    stop_reason: String,
    pub(super) usage: Usage,
}

impl Message {
    /// The answer to the request with this number. The number makes its ids unique.
    pub(super) fn answer(ask: &Ask, number: usize) -> Self {
        let blocks = blocks(ask, number);
        let usage = usage(ask, &blocks);
        let clipped = usage.output > ask.max_tokens;
        let calls = blocks.iter().any(|block| matches!(block, Block::ToolUse { .. }));
        let stop_reason = match &ask.script.stop_reason {
            _ if clipped => "max_tokens",
            Some(scripted) => scripted,
            None if calls => "tool_use",
            None => "end_turn",
        };
        Self {
            id: format!("msg_bdrk_scripted{number:08}"),
            model: model::anthropic(&ask.model).to_owned(),
            stop_reason: stop_reason.to_owned(),
            blocks,
            usage: Usage { output: usage.output.min(ask.max_tokens), ..usage },
        }
    }

    /// The body of `InvokeModel`.
    pub(super) fn whole(&self) -> Value {
        let content: Vec<Value> = self.blocks.iter().map(Block::whole).collect();
        let mut message = self.head(content, Some(&self.stop_reason));
        add(&mut message, "usage", self.usage.in_message());
        message
    }

    /// The events of `InvokeModelWithResponseStream`, in order.
    pub(super) fn events(&self) -> Vec<Event> {
        let mut head = self.head(Vec::new(), None);
        add(&mut head, "usage", self.usage.at_start());
        let start = json!({"type": "message_start", "message": head});

        let end = json!({"stop_reason": self.stop_reason, "stop_sequence": null});
        let mut delta = json!({"type": "message_delta", "delta": end});
        add(&mut delta, "usage", self.usage.at_end());
        let mut stop = json!({"type": "message_stop"});
        add(&mut stop, "amazon-bedrock-invocationMetrics", self.usage.metrics());

        let blocks = self.blocks.iter().enumerate().flat_map(|(index, block)| block.events(index));
        [Event::new(&start)]
            .into_iter()
            .chain(blocks)
            .chain([Event::new(&delta), Event::new(&stop)])
            .collect()
    }

    fn head(&self, content: Vec<Value>, stop_reason: Option<&str>) -> Value {
        json!({
            "id": self.id, "type": "message", "role": "assistant", "model": self.model,
            "content": content, "stop_reason": stop_reason, "stop_sequence": null,
        })
    }
}

fn add(object: &mut Value, field: &str, value: Option<Value>) {
    if let Some(value) = value {
        object[field] = value;
    }
}

fn blocks(ask: &Ask, number: usize) -> Vec<Block> {
    let mut blocks = Vec::new();
    if ask.script.thinking {
        let pieces = block::spoken("The script asks for a thought before the answer.");
        blocks.push(Block::Thinking { pieces, signature: SIGNATURE.to_owned() });
    }
    // A request for JSON gets JSON: Claude Code's title call repeats the user's words, and so
    // a directive that was meant for the conversation.
    if ask.script.tools.is_empty() || ask.structured.is_some() {
        blocks.push(Block::Text { pieces: pieces(ask) });
        return blocks;
    }
    blocks.extend(ask.script.tools.iter().enumerate().map(|(at, call)| Block::ToolUse {
        id: format!("toolu_bdrk_scripted{number:08}_{at}"),
        name: call.name.clone(),
        input: if call.input.is_null() { json!({}) } else { call.input.clone() },
    }));
    blocks
}

fn pieces(ask: &Ask) -> Vec<String> {
    if let Some(structured) = &ask.structured {
        return block::spoken(structured);
    }
    let text = ask.script.text.clone().unwrap_or_else(|| default_text(&ask.said));
    let text = text.repeat(ask.script.times.unwrap_or(1));
    match ask.script.deltas {
        Some(count) => block::split(&text, count),
        None => block::spoken(&text),
    }
}

fn default_text(said: &str) -> String {
    let echo: String = said.chars().take(ECHO).collect();
    format!(
        "Hello! This is the scripted Bedrock of the local gateway: a stand-in that answers without any model. \
         You said: \"{echo}\""
    )
}

fn usage(ask: &Ask, blocks: &[Block]) -> Usage {
    let script = &ask.script;
    let written: usize = blocks.iter().map(|block| block.whole().to_string().len()).sum();
    Usage {
        at: script.usage_at,
        input: script.input_tokens.unwrap_or_else(|| tokens(ask.body_bytes)),
        output: script.output_tokens.unwrap_or_else(|| tokens(written)),
        cache_read: script.cache_read,
        cache_write_5m: script.cache_write,
        cache_write_1h: script.cache_write_1h,
    }
}

fn tokens(bytes: usize) -> u64 {
    // Lossless: a `usize` has at most 64 bits wherever Rust runs today.
    bytes.div_ceil(BYTES_PER_TOKEN) as u64
}
