//! The few fields of Bedrock's events and responses that carry usage.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::dialect::usage::{Counted, Metrics, Reported};

#[derive(Deserialize)]
pub struct Start {
    pub message: StartMessage,
}

#[derive(Deserialize)]
pub struct StartMessage {
    pub usage: Option<Reported>,
}

#[derive(Deserialize)]
pub struct Ending<'a> {
    pub usage: Option<Reported>,
    #[serde(rename = "amazon-bedrock-invocationMetrics")]
    pub metrics: Option<Metrics>,
    #[serde(borrow)]
    pub content: Option<&'a RawValue>,
}

/// Converse's, whole.
#[derive(Deserialize)]
pub struct Answered<'a> {
    pub usage: Option<Counted>,
    #[serde(borrow)]
    pub output: Option<AnsweredOutput<'a>>,
}

#[derive(Deserialize)]
pub struct AnsweredOutput<'a> {
    #[serde(borrow)]
    pub message: Option<AnsweredMessage<'a>>,
}

#[derive(Deserialize)]
pub struct AnsweredMessage<'a> {
    #[serde(borrow)]
    pub content: Option<&'a RawValue>,
}

/// Whether a block begins in which the model thinks, shown or not.
pub fn is_thinking(chunk: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Event<'a> {
        #[serde(borrow)]
        content_block: Block<'a>,
    }

    #[derive(Deserialize)]
    struct Block<'a> {
        #[serde(rename = "type", borrow)]
        kind: Cow<'a, str>,
    }

    let event: Option<Event<'_>> = serde_json::from_slice(chunk).ok();
    event.is_some_and(|event| matches!(&*event.content_block.kind, "thinking" | "redacted_thinking"))
}

/// Whether a delta is the signature of thinking. It holds all of it, encrypted, and its length says little of its tokens.
pub fn is_signature(chunk: &[u8]) -> bool {
    memchr::memmem::find(chunk, b"\"signature_delta\"").is_some()
}

/// What the model says it has thought since the last such event.
pub fn estimated_tokens(chunk: &[u8]) -> Option<u64> {
    #[derive(Deserialize)]
    struct Event {
        delta: Thought,
    }

    #[derive(Deserialize)]
    struct Thought {
        estimated_tokens: Option<u64>,
    }

    // Most deltas are none of these: they are not parsed.
    memchr::memmem::find(chunk, b"\"estimated_tokens\"")?;
    serde_json::from_slice::<Event>(chunk).ok()?.delta.estimated_tokens
}
