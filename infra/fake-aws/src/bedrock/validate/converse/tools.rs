//! Checks on `toolConfig`, and on its absence.

use serde_json::Value;

use super::blocks;
use super::node::{CheckResult, Node, ObjectNode};

pub(super) fn check(body: &ObjectNode) -> CheckResult {
    if let Some(config) = body.get("toolConfig") {
        return tool_config(&config);
    }
    if uses_tools(body.need("messages")?.value) {
        return Err("The toolConfig field must be defined when using toolUse and toolResult content blocks."
            .to_owned());
    }
    Ok(())
}

fn uses_tools(messages: &Value) -> bool {
    let messages = messages.as_array().map_or(&[][..], Vec::as_slice);
    let mut blocks = messages.iter().filter_map(|message| message["content"].as_array()).flatten();
    blocks.any(|block| block.get("toolUse").is_some() || block.get("toolResult").is_some())
}

fn tool_config(config: &Node) -> CheckResult {
    let config = config.object(&["tools", "toolChoice"])?;
    let tools = config.need("tools")?;
    let listed = tools.list()?;
    if listed.is_empty() {
        return Err(tools.breaks("Member must have length greater than or equal to 1"));
    }
    listed.iter().try_for_each(tool)?;
    let names: Vec<&str> = listed.iter().filter_map(|tool| tool.value["toolSpec"]["name"].as_str()).collect();
    config.if_any("toolChoice", |choice| tool_choice(choice, &names))
}

fn tool(tool: &Node) -> CheckResult {
    let (member, inner) = tool.union(&["toolSpec", "cachePoint"])?;
    if member == "cachePoint" {
        return blocks::cache_point(&inner);
    }
    let spec = inner.object(&["name", "description", "inputSchema", "strict"])?;
    blocks::tool_word(&spec.need("name")?)?;
    spec.if_any("description", |description| description.not_empty().map(drop))?;
    spec.if_any("strict", Node::boolean)?;
    let schema = spec.need("inputSchema")?.object(&["json"])?.need("json")?;
    if schema.value["type"] != "object" {
        return Err(format!("The value at {}.type must be one of the following: object.", schema.path));
    }
    Ok(())
}

fn tool_choice(choice: &Node, names: &[&str]) -> CheckResult {
    let (member, inner) = choice.union(&["auto", "any", "tool"])?;
    if member != "tool" {
        return inner.object(&[]).map(drop);
    }
    let name = inner.object(&["name"])?.need("name")?;
    if !names.contains(&name.text()?) {
        return Err(format!("The tool name at {} does not match the name of any tool provided.", name.path));
    }
    Ok(())
}
