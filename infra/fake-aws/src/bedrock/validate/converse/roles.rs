//! Checks on the conversation: who speaks when, and which calls of tools are answered.

use serde_json::Value;

use super::blocks;
use super::node::{CheckResult, Node};

/// One message that was checked by itself.
struct CheckedTurn<'a> {
    role: &'a str,
    content: Node<'a>,
}

pub(super) fn check(messages: &Node) -> CheckResult {
    let turns = messages.list()?.iter().map(turn).collect::<CheckResult<Vec<_>>>()?;
    if turns.first().is_none_or(|first| first.role != "user") {
        return Err(
            "A conversation must start with a user message. Try again with a conversation that starts with a \
             user message."
                .to_owned(),
        );
    }
    let mut calls: Vec<&str> = Vec::new();
    for (at, turn) in turns.iter().enumerate() {
        if turn.role != if at % 2 == 0 { "user" } else { "assistant" } {
            return Err("A conversation must alternate between user and assistant roles. Make sure the \
                        conversation alternates between user and assistant roles and try again."
                .to_owned());
        }
        check_results(&calls, &ids(&turn.content, "toolResult"), &turn.content.path)?;
        calls = ids(&turn.content, "toolUse");
    }
    Ok(())
}

fn turn<'a>(message: &Node<'a>) -> CheckResult<CheckedTurn<'a>> {
    let path = &message.path;
    let message = message.object(&["role", "content"])?;
    let role = message.need("role")?.one_of(&["user", "assistant"])?;
    let content = message.need("content")?;
    let blocks = content.list()?;
    if blocks.is_empty() {
        return Err(format!(
            "The content field in the Message object at {path} is empty. Add a ContentBlock object to the content \
             field and try again."
        ));
    }
    for block in &blocks {
        blocks::message(block)?;
        belongs(role, block)?;
    }
    Ok(CheckedTurn { role, content })
}

/// Whether a block of this kind comes from this side at all.
fn belongs(role: &str, block: &Node) -> CheckResult {
    let others: &[&str] = match role {
        "user" => &["toolUse", "reasoningContent", "citationsContent"],
        _ => &["toolResult"],
    };
    let Some(member) = others.iter().find(|member| block.value.get(**member).is_some()) else {
        return Ok(());
    };
    Err(format!("The {member} block at {} is not supported in messages of the role {role}.", block.path))
}

/// The ids of all blocks of a kind.
fn ids<'a>(content: &Node<'a>, member: &str) -> Vec<&'a str> {
    let blocks = content.value.as_array().map_or(&[][..], Vec::as_slice);
    blocks.iter().filter_map(|block| block.get(member)?.get("toolUseId").and_then(Value::as_str)).collect()
}

fn check_results(calls: &[&str], results: &[&str], path: &str) -> CheckResult {
    if results.len() > calls.len() {
        return Err(format!(
            "The number of toolResult blocks at {path} exceeds the number of toolUse blocks of previous turn."
        ));
    }
    let open: Vec<&str> = calls.iter().filter(|call| !results.contains(call)).copied().collect();
    if open.is_empty() {
        return Ok(());
    }
    Err(format!("Expected toolResult blocks at {path} for the following Ids: {}", open.join(", ")))
}
