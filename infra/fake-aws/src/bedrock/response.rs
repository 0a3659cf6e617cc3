//! The answer: what a request and its script make the model say, in no wire's format yet.

pub mod block;
pub mod event;
pub mod frames;
pub mod hidden;
pub mod streaming;
pub mod usage;

use serde_json::json;

use super::request::FakeRequest;
use block::FakeBlock;
use usage::FakeUsage;

/// Bytes per token, the usual rule of thumb for English and JSON.
const BYTES_PER_TOKEN: usize = 4;

/// How much of the user's words the default answer repeats, in characters.
const ECHO: usize = 80;

/// A signature only has to come back unchanged; nobody here checks it.
const SIGNATURE: &str = "c2NyaXB0ZWQtYmVkcm9jay1zaWduYXR1cmU=";

pub(super) struct FakeResponse {
    /// Makes its ids unique.
    pub(super) number: usize,
    pub(super) model: String,
    pub(super) blocks: Vec<FakeBlock>,
    pub(super) stop_reason: String,
    pub(super) usage: FakeUsage,
}

impl FakeResponse {
    /// The answer to the request with this number.
    pub(super) fn new(ask: &FakeRequest, number: usize) -> Self {
        let blocks = blocks(ask, number);
        let usage = usage(ask, &blocks);
        let most = ask.max_tokens.unwrap_or(u64::MAX);
        let calls = blocks.iter().any(|block| matches!(block, FakeBlock::ToolUse { .. }));
        let stop_reason = match &ask.script.stop_reason {
            _ if usage.output > most => "max_tokens",
            Some(scripted) => scripted,
            None if calls => "tool_use",
            None => "end_turn",
        };
        Self {
            number,
            model: ask.model.clone(),
            stop_reason: stop_reason.to_owned(),
            blocks,
            usage: FakeUsage { output: usage.output.min(most), ..usage },
        }
    }
}

fn blocks(ask: &FakeRequest, number: usize) -> Vec<FakeBlock> {
    let mut blocks = Vec::new();
    if let Some(hidden) = ask.script.hidden.clone() {
        // The real one holds all that was thought, encrypted.
        let groups = usize::try_from(hidden.tokens).unwrap_or(usize::MAX);
        blocks.push(FakeBlock::Hidden { hidden, signature: "c2Nj".repeat(groups) });
    }
    if ask.script.thinking {
        let pieces = block::split_text("The script asks for a thought before the answer.");
        blocks.push(FakeBlock::Thinking { pieces, signature: SIGNATURE.to_owned() });
    }
    // A request for JSON gets JSON: Claude Code's title call repeats the user's words, and so
    // a directive that was meant for the conversation.
    if ask.script.tools.is_empty() || ask.structured.is_some() {
        blocks.push(FakeBlock::Text { pieces: pieces(ask) });
        return blocks;
    }
    blocks.extend(ask.script.tools.iter().enumerate().map(|(at, call)| FakeBlock::ToolUse {
        id: format!("toolu_bdrk_scripted{number:08}_{at}"),
        name: call.name.clone(),
        input: if call.input.is_null() { json!({}) } else { call.input.clone() },
    }));
    blocks
}

fn pieces(ask: &FakeRequest) -> Vec<String> {
    if let Some(structured) = &ask.structured {
        return block::split_text(structured);
    }
    let text = ask.script.text.clone().unwrap_or_else(|| default_text(&ask.said));
    let text = text.repeat(ask.script.times.unwrap_or(1));
    match ask.script.deltas {
        Some(count) => block::split(&text, count),
        None => block::split_text(&text),
    }
}

fn default_text(said: &str) -> String {
    let echo: String = said.chars().take(ECHO).collect();
    format!(
        "Hello! This is the scripted Bedrock of the local gateway: a stand-in that answers without any model. \
         You said: \"{echo}\""
    )
}

fn usage(ask: &FakeRequest, blocks: &[FakeBlock]) -> FakeUsage {
    let script = &ask.script;
    let written: usize = blocks.iter().map(FakeBlock::written_bytes).sum();
    let hidden = script.hidden.as_ref().map_or(0, |hidden| hidden.tokens);
    FakeUsage {
        at: script.usage_at,
        input: script.input_tokens.unwrap_or_else(|| tokens(ask.body_bytes)),
        output: script.output_tokens.unwrap_or_else(|| tokens(written)) + hidden,
        cache_read: script.cache_read,
        cache_write_5m: script.cache_write,
        cache_write_1h: script.cache_write_1h,
    }
}

fn tokens(bytes: usize) -> u64 {
    // Lossless: a `usize` has at most 64 bits wherever Rust runs today.
    bytes.div_ceil(BYTES_PER_TOKEN) as u64
}
