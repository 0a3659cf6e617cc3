//! Converse's answers, told as Anthropic's Messages API tells its own.

mod event;
mod whole;

use bytes::Bytes;
use shared::fault::Wire;
use shared::model::Model;

use super::sse;
use crate::dialect::converse::answer::Answer;
use crate::dialect::converse::event::{Delta as HeardDelta, Event as HeardEvent};
use crate::dialect::{Heard, Teller};
use event::{Block, Delta, Ending, Event, Input, Kind, Message, Role, Usage};

/// Tells one answer. Its blocks are numbered anew from 0 without a gap, and only one is open at a time: Claude Code
/// breaks off where a block is stopped twice.
#[derive(Debug)]
pub struct Told {
    id: String,
    model: String,
    has_begun: bool,
    /// How many blocks were begun.
    blocks: u64,
    open: Option<Open>,
    ending: Ending,
    usage: Usage,
}

/// The block that is open: the last one that was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Open {
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

impl Told {
    /// Tells the answer of `model` to the request of this id.
    pub fn new(model: &Model, request_id: &str) -> Self {
        let id = request_id.strip_prefix("req_").unwrap_or(request_id);
        Self {
            id: format!("msg_{id}"),
            model: model.name.clone(),
            has_begun: false,
            blocks: 0,
            open: None,
            ending: Ending::of("end_turn"),
            usage: Usage::default(),
        }
    }

    fn message<'a>(&'a self, content: Vec<Block<'a>>, ending: Ending, usage: Usage) -> Message<'a> {
        Message {
            id: &self.id,
            kind: Kind::Message,
            role: Role::Assistant,
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
        let usage = Usage { input_tokens: Some(0), ..Usage::default() };
        let message = self.message(Vec::new(), Ending::default(), usage);
        Event::MessageStart { message }.tell(out);
    }

    /// The number of the block that was begun last.
    fn last(&self) -> u64 {
        self.blocks.saturating_sub(1)
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        if self.open.take().is_some() {
            Event::ContentBlockStop { index: self.last() }.tell(out);
        }
    }

    fn start(&mut self, open: Open, content_block: Block<'_>, out: &mut Vec<u8>) {
        self.close(out);
        self.blocks += 1;
        self.open = Some(open);
        Event::ContentBlockStart { index: self.last(), content_block }.tell(out);
    }

    /// A piece of a text or of thinking, in the block that is open for it or in a new one.
    fn piece(&mut self, open: Open, empty: Block<'_>, delta: Delta<'_>, out: &mut Vec<u8>) {
        if self.open != Some(open) {
            self.start(open, empty, out);
        }
        Event::ContentBlockDelta { index: self.last(), delta }.tell(out);
    }

    fn delta(&mut self, heard: u64, delta: &HeardDelta<'_>, out: &mut Vec<u8>) {
        let nothing = Block::Thinking { thinking: "", signature: "" };
        let thinking = Open { heard, holds: Holds::Thinking };
        match delta {
            // Some models begin with an empty piece; a block of it could not be sent back to them.
            HeardDelta::Text(text) | HeardDelta::Reasoning(text) | HeardDelta::ToolInput(text)
                if text.is_empty() => {}
            HeardDelta::Text(text) => {
                let open = Open { heard, holds: Holds::Text };
                self.piece(open, Block::Text { text: "" }, Delta::Text { text }, out);
            }
            HeardDelta::Reasoning(text) => {
                self.piece(thinking, nothing, Delta::Thinking { thinking: text }, out);
            }
            HeardDelta::Signature(signature) => {
                self.piece(thinking, nothing, Delta::Signature { signature }, out);
            }
            HeardDelta::ToolInput(json) => {
                // Without its start there is no name to call by.
                if self.open == Some(Open { heard, holds: Holds::Tool }) {
                    let delta = Delta::InputJson { partial_json: json };
                    Event::ContentBlockDelta { index: self.last(), delta }.tell(out);
                }
            }
            HeardDelta::Redacted(data) => {
                self.start(thinking, Block::RedactedThinking { data }, out);
                self.close(out);
            }
        }
    }
}

impl Teller for Told {
    fn tell(&mut self, heard: &Heard<'_>, _frame: &Bytes) -> Bytes {
        let Heard::Converse(heard) = heard else {
            return Bytes::new();
        };
        let mut out = Vec::new();
        match heard {
            HeardEvent::MessageStart => self.begin(&mut out),
            HeardEvent::ToolStart { index, id, name } => {
                self.begin(&mut out);
                let open = Open { heard: *index, holds: Holds::Tool };
                self.start(open, Block::ToolUse { id, name, input: Input::ToCome {} }, &mut out);
            }
            HeardEvent::Delta { index, delta } => {
                self.begin(&mut out);
                self.delta(*index, delta, &mut out);
            }
            HeardEvent::BlockStop { index } if self.open.is_some_and(|open| open.heard == *index) => {
                self.close(&mut out);
            }
            HeardEvent::MessageStop { reason } => self.ending = Ending::of(reason),
            HeardEvent::Metadata(Some(counted)) => self.usage = Usage::of(counted),
            HeardEvent::BlockStop { .. } | HeardEvent::Metadata(None) | HeardEvent::Other => {}
        }
        out.into()
    }

    fn end(&mut self) -> Bytes {
        let mut out = Vec::new();
        self.begin(&mut out);
        self.close(&mut out);
        Event::MessageDelta { delta: self.ending, usage: self.usage }.tell(&mut out);
        Event::MessageStop {}.tell(&mut out);
        out.into()
    }

    fn whole(&mut self, answer: Bytes) -> Result<Bytes, serde_json::Error> {
        let answer = Answer::read(&answer)?;
        let usage = answer.usage.as_ref().map(Usage::of).unwrap_or_default();
        let content = answer.content().iter().filter_map(whole::block).collect();
        let message = self.message(content, Ending::of(&answer.stop_reason), usage);
        serde_json::to_vec(&message).map(Bytes::from)
    }

    fn ping(&self) -> Option<Bytes> {
        Some(sse::PING)
    }

    fn error(&self, wire: &Wire, request_id: &str) -> Bytes {
        sse::error(wire, request_id)
    }

    fn media_type(&self) -> &'static str {
        sse::MEDIA_TYPE
    }
}

#[cfg(test)]
mod tests;
