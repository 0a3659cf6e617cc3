//! The turns of a conversation: Converse wants users and assistants to take theirs one after the other.

use serde::Deserialize;
use serde_json::value::RawValue;
use shared::api::ApiError;
use stargate_core::catalog::Model;

use super::content::Contents;
use super::read::{FieldPath, list, object, require, string};
use crate::formats::converse::request::{ConverseMessage, ConverseRole};

#[derive(Deserialize)]
struct MessageBody<'a> {
    #[serde(borrow)]
    role: Option<&'a RawValue>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
}

/// The messages: what is said in mid-conversation as the system becomes the user's, and turns of the same role one.
pub fn messages<'a>(raw: Option<&'a RawValue>, model: &Model) -> Result<Vec<ConverseMessage<'a>>, ApiError> {
    let mut contents = Contents::new(model);
    let mut messages: Vec<ConverseMessage<'a>> = Vec::new();
    let raw = raw.ok_or_else(|| ApiError::invalid("messages", "Field required"))?;
    for (number, raw) in list(raw, "messages")?.into_iter().enumerate() {
        let path = format!("messages.{number}");
        let turn: MessageBody<'a> = object(raw, &path)?;
        let at = FieldPath { path: &path, name: "role" };
        let role = match string(turn.role, at)?.as_ref() {
            "user" => ConverseRole::User,
            // Claude Code sends some without content: they only set the effort.
            "system" if turn.content.is_none() => continue,
            "system" => ConverseRole::User,
            "assistant" => ConverseRole::Assistant,
            _ => return Err(at.wrong("must be user, assistant or system")),
        };
        let content = require(turn.content, FieldPath { name: "content", ..at })?;
        let content = contents.read(content, &format!("{path}.content"))?;
        match messages.last_mut() {
            _ if content.is_empty() => {}
            Some(last) if last.role == role => last.content.extend(content),
            _ => messages.push(ConverseMessage { role, content }),
        }
    }
    if messages.is_empty() {
        return Err(ApiError::invalid("messages", "at least one message must have content"));
    }
    Ok(messages)
}
