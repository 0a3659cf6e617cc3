//! Tools, and which of them may be called.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::value::RawValue;
use shared::api::ApiError;
use stargate_core::catalog::{Capability, Model};

use super::field;
use super::read::{FieldPath, any_string, list, object, raw_object, string};
use crate::formats::anthropic::strip_blocks::unsupported_server_tool;
use crate::formats::converse::capabilities;
use crate::formats::converse::request::{
    CachePoint, ConverseBlock, ConverseMessage, Empty, InputSchema, Tool, ToolChoice, ToolConfig, ToolSpec,
};
use crate::formats::raw_json::RawObject;

/// How the types of the tools begin that Anthropic's own servers run.
const SERVER_TOOLS: [&str; 5] =
    ["web_search_", "web_fetch_", "code_execution_", "tool_search_tool_", "mcp_toolset"];

/// Tools that load later are tools like the others here: `defer_loading` is not read.
#[derive(Deserialize)]
struct ToolParam<'a> {
    #[serde(rename = "type", borrow)]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    #[serde(borrow)]
    description: Option<&'a RawValue>,
    #[serde(borrow)]
    input_schema: Option<&'a RawValue>,
    #[serde(borrow)]
    cache_control: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct ToolChoiceBody<'a> {
    #[serde(rename = "type", borrow)]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    name: Option<&'a RawValue>,
}

/// The tools that the model may call. Converse wants some wherever the conversation tells of calls: then they stay
/// even if none shall be called, and if the client gives none, they are made from the names that were called.
pub fn config<'a>(
    fields: &'a RawObject<'_>,
    model: &Model,
    messages: &[ConverseMessage<'a>],
) -> Result<Option<ToolConfig<'a>>, ApiError> {
    let choice = choice(fields, model)?;
    let blocks = || messages.iter().flat_map(|message| &message.content);
    let tells_of_calls =
        blocks().any(|block| matches!(block, ConverseBlock::ToolUse(_) | ConverseBlock::ToolResult(_)));
    if choice.is_none() && !tells_of_calls {
        return Ok(None);
    }
    let mut tools = read_tools(fields, model)?;
    let tool_choice = choice.filter(|choice| !matches!(choice, ToolChoice::Auto(_)));
    if tools.is_empty() {
        if tool_choice.is_some() {
            return Err(ApiError::invalid("tool_choice", "there are no tools to choose from"));
        }
        let called: BTreeSet<&Cow<'a, str>> = blocks().filter_map(called_tool).collect();
        tools = called.into_iter().map(|name| placeholder_tool(name.clone())).collect::<Result<_, _>>()?;
    }
    Ok((!tools.is_empty()).then_some(ToolConfig { tools, tool_choice }))
}

fn called_tool<'b, 'a>(block: &'b ConverseBlock<'a>) -> Option<&'b Cow<'a, str>> {
    match block {
        ConverseBlock::ToolUse(tool) => Some(&tool.name),
        _ => None,
    }
}

/// A tool of which only the name is known.
fn placeholder_tool(name: Cow<'_, str>) -> Result<Tool<'_>, ApiError> {
    let schema = RawValue::from_string(r#"{"type":"object"}"#.to_owned());
    let json = Cow::Owned(schema.map_err(|error| ApiError::invalid("tools", error.to_string()))?);
    let input_schema = InputSchema { json };
    Ok(Tool::ToolSpec(ToolSpec { name, description: None, input_schema, strict: None }))
}

fn read_tools<'a>(fields: &'a RawObject<'_>, model: &Model) -> Result<Vec<Tool<'a>>, ApiError> {
    let raw = field(fields, "tools")?.map(|raw| list(raw, "tools")).transpose()?.unwrap_or_default();
    if !raw.is_empty() && !model.can(Capability::FunctionCalling) {
        return Err(ApiError::invalid("tools", format!("{} does not call tools", model.name)));
    }
    let mut tools = Vec::with_capacity(raw.len());
    for (number, raw) in raw.into_iter().enumerate() {
        let path = format!("tools.{number}");
        let given: ToolParam<'a> = object(raw, &path)?;
        let at = |name| FieldPath { path: &path, name };
        let kind = any_string(given.kind, at("type"))?;
        if let Some(kind) = kind.filter(|kind| kind != "custom") {
            return Err(ApiError::invalid(&path, not_taken(&kind, model)));
        }
        let json = Cow::Borrowed(raw_object(given.input_schema, at("input_schema"))?);
        let description = any_string(given.description, at("description"))?;
        tools.push(Tool::ToolSpec(ToolSpec {
            name: string(given.name, at("name"))?,
            description: description.filter(|text| !text.trim().is_empty()),
            input_schema: InputSchema { json },
            strict: None,
        }));
        if given.cache_control.is_some() && capabilities::tool_cache_points(model) {
            tools.push(Tool::CachePoint(CachePoint::new(false)));
        }
    }
    Ok(tools)
}

/// Why a tool that has a type of Anthropic's is refused.
fn not_taken(kind: &str, model: &Model) -> String {
    if SERVER_TOOLS.iter().any(|server| kind.starts_with(server)) {
        return unsupported_server_tool(kind);
    }
    format!("{kind:.64} is a tool that only Claude knows and is not available with {}", model.name)
}

/// What may be called; `None`: nothing.
fn choice<'a>(fields: &'a RawObject<'_>, model: &Model) -> Result<Option<ToolChoice<'a>>, ApiError> {
    let Some(raw) = field(fields, "tool_choice")? else {
        return Ok(Some(ToolChoice::Auto(Empty {})));
    };
    let choice: ToolChoiceBody<'a> = object(raw, "tool_choice")?;
    let at = |name| FieldPath { path: "tool_choice", name };
    let chosen = match string(choice.kind, at("type"))?.as_ref() {
        "auto" => return Ok(Some(ToolChoice::Auto(Empty {}))),
        "none" => return Ok(None),
        "any" => ToolChoice::Any(Empty {}),
        "tool" => ToolChoice::Tool { name: string(choice.name, at("name"))? },
        _ => return Err(at("type").wrong("must be auto, any, tool or none")),
    };
    if !model.can(Capability::ToolChoice) {
        let rule = format!("{} cannot be made to call a tool: it takes auto and none", model.name);
        return Err(ApiError::invalid("tool_choice", rule));
    }
    Ok(Some(chosen))
}
