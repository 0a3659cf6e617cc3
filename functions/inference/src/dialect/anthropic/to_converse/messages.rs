//! The turns of a conversation: Converse wants users and assistants to take theirs one after the other.

use serde::Deserialize;
use serde_json::value::RawValue;
use shared::fault::Fault;
use shared::model::Model;

use super::content::Contents;
use super::read::{At, list, object, required, string};
use crate::dialect::converse::body::{Message, Role};

#[derive(Deserialize)]
struct Turn<'a> {
    #[serde(borrow)]
    role: Option<&'a RawValue>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
}

/// The messages: what is said in mid-conversation as the system becomes the user's, and turns of the same role one.
pub fn messages<'a>(raw: Option<&'a RawValue>, model: &Model) -> Result<Vec<Message<'a>>, Fault> {
    let mut contents = Contents::new(model);
    let mut messages: Vec<Message<'a>> = Vec::new();
    let raw = raw.ok_or_else(|| Fault::invalid("messages", "Field required"))?;
    for (number, raw) in list(raw, "messages")?.into_iter().enumerate() {
        let path = format!("messages.{number}");
        let turn: Turn<'a> = object(raw, &path)?;
        let at = At { path: &path, name: "role" };
        let role = match string(turn.role, at)?.as_ref() {
            "user" => Role::User,
            // Claude Code sends some without content: they only set the effort.
            "system" if turn.content.is_none() => continue,
            "system" => Role::User,
            "assistant" => Role::Assistant,
            _ => return Err(at.wrong("must be user, assistant or system")),
        };
        let content = required(turn.content, At { name: "content", ..at })?;
        let content = contents.read(content, &format!("{path}.content"))?;
        match messages.last_mut() {
            _ if content.is_empty() => {}
            Some(last) if last.role == role => last.content.extend(content),
            _ => messages.push(Message { role, content }),
        }
    }
    if messages.is_empty() {
        return Err(Fault::invalid("messages", "at least one message must have content"));
    }
    Ok(messages)
}
