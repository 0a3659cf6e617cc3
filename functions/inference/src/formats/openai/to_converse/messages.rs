//! The conversation: OpenAI's messages as the turns that Converse takes, which alternate.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::value::RawValue;
use shared::api::ApiError;
use stargate_core::catalog::{Capability, Model};
use stargate_core::pricing::Caching;

use super::caching::{cache_control, fitting, longest};
use super::parts::{Kinds, SeenMedia, blocks};
use super::tool_calls;
use crate::formats::converse::request::{ConverseBlock, ConverseMessage, ConverseRole, ToolResult};
use crate::formats::openai::read::{FieldError, object, read_list, require_field, string, word};
use crate::formats::raw_json::JsonObject;

const SYSTEM: Kinds = &["text"];
const USER: Kinds = &["text", "image_url", "file"];
const ASSISTANT: Kinds = &["text", "refusal"];
const TOOL: Kinds = &["text", "image_url"];

/// The messages of a request, put into the order and the words of Converse.
#[derive(Debug, Default)]
pub struct Conversation<'a> {
    system: Vec<ConverseBlock<'a>>,
    turns: Vec<ConverseMessage<'a>>,
    met: SeenMedia,
    /// The tools that were called, by name.
    pub called: BTreeSet<Cow<'a, str>>,
    /// Whether tools were called, or results of theirs are there.
    pub uses_tools: bool,
    /// Whether the thoughts are missing that led to the latest calls of tools.
    pub lacks_thoughts: bool,
}

impl<'a> Conversation<'a> {
    pub fn read(messages: &'a RawValue) -> Result<Self, FieldError> {
        let mut conversation = Self::default();
        let read = read_list(messages, |at, json| conversation.take(at, &object(json)?))?;
        if read.is_empty() {
            return Err(FieldError::new("must not be empty"));
        }
        if conversation.turns.is_empty() {
            return Err(FieldError::new("must hold more than system messages and blank texts"));
        }
        Ok(conversation)
    }

    fn take(&mut self, at: usize, message: &JsonObject<'a>) -> Result<(), FieldError> {
        let role = require_field(message, "role", string)?;
        match role.as_ref() {
            "system" | "developer" => {
                let content = self.content(at, message, SYSTEM)?;
                let content = with_point(content, message)?;
                self.system.extend(content);
            }
            "user" => {
                let content = self.content(at, message, USER)?;
                self.push(ConverseRole::User, with_point(content, message)?);
            }
            "assistant" => self.assistant(at, message)?,
            "tool" => self.tool(at, message)?,
            "function" => {
                let rule = "function is not available on Amazon Bedrock: use tool";
                return Err(FieldError::new(rule).at_step("role"));
            }
            _ => {
                let rule = "must be system, developer, user, assistant or tool";
                return Err(FieldError::new(rule).at_step("role"));
            }
        }
        Ok(())
    }

    fn content(
        &mut self,
        at: usize,
        message: &JsonObject<'a>,
        kinds: Kinds,
    ) -> Result<Vec<ConverseBlock<'a>>, FieldError> {
        require_field(message, "content", |content| blocks(content, kinds, at, &mut self.met))
    }

    fn assistant(&mut self, at: usize, message: &JsonObject<'a>) -> Result<(), FieldError> {
        if message.get("function_call").is_some() {
            let rule = "is not available on Amazon Bedrock: use tool_calls";
            return Err(FieldError::new(rule).at_step("function_call"));
        }
        let mut content = tool_calls::thoughts(message)?;
        let thinks = !content.is_empty();
        if message.get("content").is_some() {
            content.extend(self.content(at, message, ASSISTANT)?);
        }
        let calls = tool_calls::calls(message)?;
        if !calls.is_empty() {
            self.uses_tools = true;
            self.lacks_thoughts = !thinks;
        }
        for call in calls {
            self.called.insert(call.name.clone());
            content.push(ConverseBlock::ToolUse(call));
        }
        self.push(ConverseRole::Assistant, with_point(content, message)?);
        Ok(())
    }

    /// A tool's result is the user's word in Converse. It is told even if it is empty: the call waits for it.
    fn tool(&mut self, at: usize, message: &JsonObject<'a>) -> Result<(), FieldError> {
        let tool_use_id = require_field(message, "tool_call_id", word)?;
        let content = self.content(at, message, TOOL)?;
        // Inside a result, Converse knows no cache points.
        let (points, content): (Vec<_>, Vec<_>) = content.into_iter().partition(is_point);
        let result = ConverseBlock::ToolResult(ToolResult { tool_use_id, content, status: None });
        let blocks = std::iter::once(result).chain(points.into_iter().next()).collect();
        self.push(ConverseRole::User, with_point(blocks, message)?);
        self.uses_tools = true;
        Ok(())
    }

    /// Adds to the turn of the same role, or begins one.
    fn push(&mut self, role: ConverseRole, content: Vec<ConverseBlock<'a>>) {
        match self.turns.last_mut() {
            Some(turn) if turn.role == role => turn.content.extend(content),
            _ if content.is_empty() => {}
            _ => self.turns.push(ConverseMessage { role, content }),
        }
    }

    /// The turns as `model` takes them.
    pub fn turns(&self, model: &Model) -> Result<Vec<ConverseMessage<'a>>, ApiError> {
        if let Some(path) = self.met.image.as_ref().filter(|_| !model.can(Capability::Vision)) {
            return Err(ApiError::invalid(path, format!("{} does not read images", model.name)));
        }
        let caching = longest(model);
        let fit = |turn: &ConverseMessage<'a>| ConverseMessage {
            role: turn.role,
            content: fit_caching(&turn.content, caching),
        };
        Ok(self.turns.iter().map(fit).collect())
    }

    /// The system prompt as `model` takes it.
    pub fn system(&self, model: &Model) -> Vec<ConverseBlock<'a>> {
        fit_caching(&self.system, longest(model))
    }
}

/// The content with the cache point that its message asks for, if there is something to cache.
fn with_point<'a>(
    mut content: Vec<ConverseBlock<'a>>,
    message: &JsonObject<'a>,
) -> Result<Vec<ConverseBlock<'a>>, FieldError> {
    let point = cache_control(message)?.map(ConverseBlock::CachePoint);
    if content.last().is_some_and(|last| !is_point(last)) {
        content.extend(point);
    }
    Ok(content)
}

fn is_point(block: &ConverseBlock<'_>) -> bool {
    matches!(block, ConverseBlock::CachePoint(_))
}

fn fit_caching<'a>(blocks: &[ConverseBlock<'a>], caching: Caching) -> Vec<ConverseBlock<'a>> {
    let fit = |block: &ConverseBlock<'a>| match block {
        ConverseBlock::CachePoint(point) => fitting(*point, caching).map(ConverseBlock::CachePoint),
        other => Some(other.clone()),
    };
    blocks.iter().filter_map(fit).collect()
}
