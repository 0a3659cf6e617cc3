//! The few fields of Bedrock's events and responses that carry usage.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::formats::usage::{AnthropicUsage, ConverseUsage, InvocationMetrics};

#[derive(Deserialize)]
pub struct MessageStart {
    pub message: StartMessage,
}

#[derive(Deserialize)]
pub struct StartMessage {
    pub usage: Option<AnthropicUsage>,
}

#[derive(Deserialize)]
pub struct MessageEnd<'a> {
    pub usage: Option<AnthropicUsage>,
    #[serde(rename = "amazon-bedrock-invocationMetrics")]
    pub metrics: Option<InvocationMetrics>,
    #[serde(borrow)]
    pub content: Option<&'a RawValue>,
}

/// Converse's, whole.
#[derive(Deserialize)]
pub struct ConverseEnvelope<'a> {
    pub usage: Option<ConverseUsage>,
    #[serde(borrow)]
    pub output: Option<ConverseOutput<'a>>,
}

#[derive(Deserialize)]
pub struct ConverseOutput<'a> {
    #[serde(borrow)]
    pub message: Option<ConverseUsageBody<'a>>,
}

#[derive(Deserialize)]
pub struct ConverseUsageBody<'a> {
    #[serde(borrow)]
    pub content: Option<&'a RawValue>,
}

/// Whether a block begins in which the model thinks, shown or not.
pub fn is_thinking(chunk: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct BlockStartEvent<'a> {
        #[serde(borrow)]
        content_block: StartedBlock<'a>,
    }

    #[derive(Deserialize)]
    struct StartedBlock<'a> {
        #[serde(rename = "type", borrow)]
        kind: Cow<'a, str>,
    }

    let event: Option<BlockStartEvent<'_>> = serde_json::from_slice(chunk).ok();
    event.is_some_and(|event| matches!(&*event.content_block.kind, "thinking" | "redacted_thinking"))
}

/// Whether a delta is the signature of thinking. It holds all of it, encrypted, and its length says little of its tokens.
pub fn is_signature(chunk: &[u8]) -> bool {
    memchr::memmem::find(chunk, b"\"signature_delta\"").is_some()
}

/// What the model says it has thought since the last such event.
pub fn estimated_tokens(chunk: &[u8]) -> Option<u64> {
    #[derive(Deserialize)]
    struct BlockDeltaEvent {
        delta: ThinkingDelta,
    }

    #[derive(Deserialize)]
    struct ThinkingDelta {
        estimated_tokens: Option<u64>,
    }

    // Most deltas are none of these: they are not parsed.
    memchr::memmem::find(chunk, b"\"estimated_tokens\"")?;
    serde_json::from_slice::<BlockDeltaEvent>(chunk).ok()?.delta.estimated_tokens
}
