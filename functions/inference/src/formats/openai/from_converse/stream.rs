//! Tells what Converse answers as OpenAI would.

use std::collections::BTreeMap;
use std::mem::take;

use bytes::Bytes;
use shared::api::{ErrorFormat, ErrorResponse};

use super::chunk::{CallDelta, ChunkChoice, ChunkDelta, Head, ThinkingBlock, event};
use super::completion::chat_completion;
use super::usage::{CompletionUsage, effective_finish_reason, finish_reason};
use crate::formats::converse::event::{self, ConverseEvent};
use crate::formats::converse::response::ConverseResponse;
use crate::formats::{BedrockEvent, ResponseWriter};

/// Keeps the connection open: a comment, which clients pass over.
const PING: Bytes = Bytes::from_static(b": ping\n\n");

const DONE: &[u8] = b"data: [DONE]\n\n";

/// The teller of one answer.
pub struct ChatCompletionStream {
    head: Head,
    include_usage: bool,
    /// The tool whose input is the answer's text.
    answer: Option<String>,
    /// Text that is told only if that tool is not called: what a model says before it calls is no part of the answer.
    held: String,
    is_answered: bool,
    has_begun: bool,
    /// The calls of tools that are being told, by the index that Converse gives the block.
    open: BTreeMap<u64, ToolCallState>,
    /// Calls told so far: OpenAI counts them from 0, whatever else the answer holds.
    calls: u64,
    /// The thinking since the last signature, which is told once more with the next.
    thinking: String,
    finish_reason: &'static str,
    usage: Option<CompletionUsage>,
}

/// A tool's block.
#[derive(Default)]
struct ToolCallState {
    /// Its number among the calls; `None` where its input is the answer's text.
    index: Option<u64>,
    has_input: bool,
    /// Whether it answers once more: one answer is enough.
    is_late: bool,
}

impl ChatCompletionStream {
    pub fn new(head: Head, include_usage: bool, response: Option<String>) -> Self {
        Self {
            head,
            include_usage,
            answer: response,
            held: String::new(),
            is_answered: false,
            has_begun: false,
            open: BTreeMap::new(),
            calls: 0,
            thinking: String::new(),
            finish_reason: "stop",
            usage: None,
        }
    }

    /// Tells one delta, and before the first one whose it is.
    fn say(&mut self, out: &mut Vec<u8>, delta: ChunkDelta<'_>) {
        self.begin(out);
        self.write(out, delta, None);
    }

    fn begin(&mut self, out: &mut Vec<u8>) {
        if !self.has_begun {
            self.has_begun = true;
            let delta = ChunkDelta { role: Some("assistant"), content: Some(""), ..ChunkDelta::default() };
            self.write(out, delta, None);
        }
    }

    fn write(&self, out: &mut Vec<u8>, delta: ChunkDelta<'_>, finish_reason: Option<&'static str>) {
        let choice = ChunkChoice { index: 0, delta, logprobs: (), finish_reason };
        event(out, &self.head.chunk(&[choice], self.include_usage.then_some(None)));
    }

    fn start(&mut self, out: &mut Vec<u8>, block: u64, id: &str, name: &str) {
        self.stop(out, block);
        if self.answer.as_deref() == Some(name) {
            let is_late = std::mem::replace(&mut self.is_answered, true);
            self.open.insert(block, ToolCallState { is_late, ..ToolCallState::default() });
            return;
        }
        let index = self.calls;
        self.calls += 1;
        self.open.insert(block, ToolCallState { index: Some(index), ..ToolCallState::default() });
        self.say(
            out,
            ChunkDelta { tool_calls: Some([CallDelta::start(index, id, name)]), ..ChunkDelta::default() },
        );
    }

    fn input(&mut self, out: &mut Vec<u8>, block: u64, input: &str) {
        let Some(call) = self.open.get_mut(&block) else {
            return;
        };
        call.has_input = true;
        if call.is_late {
            return;
        }
        let delta = match call.index {
            Some(index) => ChunkDelta {
                tool_calls: Some([CallDelta::arguments_delta(index, input)]),
                ..ChunkDelta::default()
            },
            None => ChunkDelta { content: Some(input), ..ChunkDelta::default() },
        };
        self.say(out, delta);
    }

    /// The end of a block. A call without input has none of JSON either, which no client could read.
    fn stop(&mut self, out: &mut Vec<u8>, block: u64) {
        if self.open.get(&block).is_some_and(|call| !call.has_input) {
            self.input(out, block, "{}");
        }
        self.open.remove(&block);
        self.thinking.clear();
    }

    fn delta(&mut self, out: &mut Vec<u8>, block: u64, delta: &event::ConverseDelta<'_>) {
        let thought = |thought| ChunkDelta { thinking_blocks: Some([thought]), ..ChunkDelta::default() };
        match delta {
            event::ConverseDelta::Text(_) if self.is_answered => {}
            event::ConverseDelta::Text(text) if self.answer.is_some() => self.held.push_str(text),
            event::ConverseDelta::Text(text) if !text.is_empty() => {
                self.say(out, ChunkDelta { content: Some(text), ..ChunkDelta::default() });
            }
            event::ConverseDelta::ToolInput(input) if !input.is_empty() => self.input(out, block, input),
            event::ConverseDelta::Reasoning(text) if !text.is_empty() => {
                self.thinking.push_str(text);
                self.say(out, ChunkDelta { reasoning_content: Some(text), ..ChunkDelta::default() });
            }
            event::ConverseDelta::Signature(signature) if !signature.is_empty() => {
                let thinking = take(&mut self.thinking);
                self.say(out, thought(ThinkingBlock::Signed { thinking: &thinking, signature }));
            }
            event::ConverseDelta::Redacted(data) if !data.is_empty() => {
                self.say(out, thought(ThinkingBlock::Redacted { data }));
            }
            _ => {}
        }
    }

    /// `finish_reason`, as the client sees it: an answer that came as a tool's input is an answer.
    fn finish_reason(&self) -> &'static str {
        effective_finish_reason(self.finish_reason, self.answer.is_some(), self.calls)
    }
}

impl ResponseWriter for ChatCompletionStream {
    fn write_event(&mut self, heard: &BedrockEvent<'_>, _: &Bytes) -> Bytes {
        let BedrockEvent::Converse(event) = heard else {
            return Bytes::new();
        };
        let mut out = Vec::new();
        match event {
            ConverseEvent::MessageStart => self.begin(&mut out),
            ConverseEvent::ToolStart { index, id, name } => self.start(&mut out, *index, id, name),
            ConverseEvent::Delta { index, delta } => self.delta(&mut out, *index, delta),
            ConverseEvent::BlockStop { index } => self.stop(&mut out, *index),
            ConverseEvent::MessageStop { reason } => self.finish_reason = finish_reason(reason),
            ConverseEvent::Metadata(counted) => {
                self.usage = counted.as_ref().and_then(CompletionUsage::from_converse).or(self.usage)
            }
            ConverseEvent::Other => {}
        }
        out.into()
    }

    fn end(&mut self) -> Bytes {
        let mut out = Vec::new();
        self.begin(&mut out);
        let held = take(&mut self.held);
        if !self.is_answered && !held.is_empty() {
            self.say(&mut out, ChunkDelta { content: Some(&held), ..ChunkDelta::default() });
        }
        for block in self.open.keys().copied().collect::<Vec<_>>() {
            self.stop(&mut out, block);
        }
        self.write(&mut out, ChunkDelta::default(), Some(self.finish_reason()));
        if let Some(usage) = self.usage.filter(|_| self.include_usage) {
            event(&mut out, &self.head.chunk(&[], Some(Some(usage))));
        }
        out.extend_from_slice(DONE);
        out.into()
    }

    fn write_buffered(&mut self, response: Bytes) -> Result<Bytes, serde_json::Error> {
        chat_completion(&self.head, &ConverseResponse::read(&response)?, self.answer.as_deref())
            .map(Bytes::from)
    }

    fn ping(&self) -> Option<Bytes> {
        Some(PING)
    }

    /// Without an end after it: a client that sees the error must not believe the answer.
    fn error(&self, wire: &ErrorResponse, request_id: &str) -> Bytes {
        let mut out = Vec::new();
        event(&mut out, &ErrorFormat::Plain.body(wire, request_id));
        out.into()
    }

    fn media_type(&self) -> &'static str {
        "text/event-stream; charset=utf-8"
    }
}
