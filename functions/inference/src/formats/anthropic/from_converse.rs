//! Converse's answers, told as Anthropic's Messages API tells its own.

mod event;
mod message;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use shared::api::ErrorResponse;
use stargate_core::catalog::Model;

use super::sse;
use crate::formats::converse::event::{ConverseDelta as HeardDelta, ConverseEvent as HeardEvent};
use crate::formats::converse::response::ConverseResponse;
use crate::formats::{BedrockEvent, ResponseWriter};
use event::{
    AnthropicBlock, AnthropicDelta, AnthropicEvent, AnthropicMessage, AssistantRole, Input, MessageType,
    MessageUsage, StopReason,
};

/// Tells one answer. Its blocks are numbered anew from 0 without a gap, and only one is open at a time: Claude Code
/// breaks off where a block is stopped twice.
#[derive(Debug)]
pub struct ConverseToAnthropic {
    id: String,
    model: String,
    has_begun: bool,
    /// How many blocks were begun.
    blocks: u64,
    open: Option<OpenBlock>,
    ending: StopReason,
    usage: MessageUsage,
}

/// The block that is open: the last one that was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct OpenBlock {
    /// Its number in Converse's stream.
    heard: u64,
    holds: Holds,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    Text,
    Thinking,
    Tool,
}

impl ConverseToAnthropic {
    /// Tells the answer of `model` to the request of this id.
    pub fn new(model: &Model, request_id: &str) -> Self {
        let id = request_id.strip_prefix("req_").unwrap_or(request_id);
        Self {
            id: format!("msg_{id}"),
            model: model.name.clone(),
            has_begun: false,
            blocks: 0,
            open: None,
            ending: StopReason::from_converse("end_turn"),
            usage: MessageUsage::default(),
        }
    }

    fn message<'a>(
        &'a self,
        content: Vec<AnthropicBlock<'a>>,
        ending: StopReason,
        usage: MessageUsage,
    ) -> AnthropicMessage<'a> {
        AnthropicMessage {
            id: &self.id,
            kind: MessageType::Message,
            role: AssistantRole::Assistant,
            model: &self.model,
            content,
            ending,
            usage,
        }
    }

    /// `message_start`, once. Converse tells what was used at its end, so there is nothing to count yet.
    fn begin(&mut self, out: &mut Vec<u8>) {
        if self.has_begun {
            return;
        }
        self.has_begun = true;
        let usage = MessageUsage { input_tokens: Some(0), ..MessageUsage::default() };
        let message = self.message(Vec::new(), StopReason::default(), usage);
        AnthropicEvent::MessageStart { message }.tell(out);
    }

    /// The number of the block that was begun last.
    fn last_index(&self) -> u64 {
        self.blocks.saturating_sub(1)
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        if self.open.take().is_some() {
            AnthropicEvent::ContentBlockStop { index: self.last_index() }.tell(out);
        }
    }

    fn start(&mut self, open: OpenBlock, content_block: AnthropicBlock<'_>, out: &mut Vec<u8>) {
        self.close(out);
        self.blocks += 1;
        self.open = Some(open);
        AnthropicEvent::ContentBlockStart { index: self.last_index(), content_block }.tell(out);
    }

    /// A piece of a text or of thinking, in the block that is open for it or in a new one.
    fn piece(
        &mut self,
        open: OpenBlock,
        empty: AnthropicBlock<'_>,
        delta: AnthropicDelta<'_>,
        out: &mut Vec<u8>,
    ) {
        if self.open != Some(open) {
            self.start(open, empty, out);
        }
        AnthropicEvent::ContentBlockDelta { index: self.last_index(), delta }.tell(out);
    }

    fn delta(&mut self, heard: u64, delta: &HeardDelta<'_>, out: &mut Vec<u8>) {
        let nothing = AnthropicBlock::Thinking { thinking: "", signature: "" };
        let thinking = OpenBlock { heard, holds: Holds::Thinking };
        match delta {
            // Some models begin with an empty piece; a block of it could not be sent back to them.
            HeardDelta::Text(text) | HeardDelta::Reasoning(text) | HeardDelta::ToolInput(text)
                if text.is_empty() => {}
            HeardDelta::Text(text) => {
                let open = OpenBlock { heard, holds: Holds::Text };
                self.piece(open, AnthropicBlock::Text { text: "" }, AnthropicDelta::Text { text }, out);
            }
            HeardDelta::Reasoning(text) => {
                self.piece(thinking, nothing, AnthropicDelta::Thinking { thinking: text }, out);
            }
            HeardDelta::Signature(signature) => {
                self.piece(thinking, nothing, AnthropicDelta::Signature { signature }, out);
            }
            HeardDelta::ToolInput(json) => {
                // Without its start there is no name to call by.
                if self.open == Some(OpenBlock { heard, holds: Holds::Tool }) {
                    let delta = AnthropicDelta::InputJson { partial_json: json };
                    AnthropicEvent::ContentBlockDelta { index: self.last_index(), delta }.tell(out);
                }
            }
            HeardDelta::Redacted(data) => {
                self.start(thinking, AnthropicBlock::RedactedThinking { data }, out);
                self.close(out);
            }
        }
    }
}

impl ResponseWriter for ConverseToAnthropic {
    fn write_event(&mut self, heard: &BedrockEvent<'_>, _frame: &Bytes) -> Bytes {
        let BedrockEvent::Converse(heard) = heard else {
            return Bytes::new();
        };
        let mut out = Vec::new();
        match heard {
            HeardEvent::MessageStart => self.begin(&mut out),
            HeardEvent::ToolStart { index, id, name } => {
                self.begin(&mut out);
                let open = OpenBlock { heard: *index, holds: Holds::Tool };
                self.start(open, AnthropicBlock::ToolUse { id, name, input: Input::ToCome {} }, &mut out);
            }
            HeardEvent::Delta { index, delta } => {
                self.begin(&mut out);
                self.delta(*index, delta, &mut out);
            }
            HeardEvent::BlockStop { index } if self.open.is_some_and(|open| open.heard == *index) => {
                self.close(&mut out);
            }
            HeardEvent::MessageStop { reason } => self.ending = StopReason::from_converse(reason),
            HeardEvent::Metadata(Some(counted)) => self.usage = MessageUsage::from_converse(counted),
            HeardEvent::BlockStop { .. } | HeardEvent::Metadata(None) | HeardEvent::Other => {}
        }
        out.into()
    }

    fn end(&mut self) -> Bytes {
        let mut out = Vec::new();
        self.begin(&mut out);
        self.close(&mut out);
        AnthropicEvent::MessageDelta { delta: self.ending, usage: self.usage }.tell(&mut out);
        AnthropicEvent::MessageStop {}.tell(&mut out);
        out.into()
    }

    fn write_buffered(&mut self, answer: Bytes) -> Result<Bytes, serde_json::Error> {
        let response = ConverseResponse::read(&answer)?;
        let usage = response.usage.as_ref().map(MessageUsage::from_converse).unwrap_or_default();
        let content = response.content().iter().filter_map(message::content_block).collect();
        let message = self.message(content, StopReason::from_converse(&response.stop_reason), usage);
        serde_json::to_vec(&message).map(Bytes::from)
    }

    fn ping(&self) -> Option<Bytes> {
        Some(sse::PING)
    }

    fn error(&self, wire: &ErrorResponse, request_id: &str) -> Bytes {
        sse::error(wire, request_id)
    }

    fn media_type(&self) -> &'static str {
        sse::MEDIA_TYPE
    }
}
