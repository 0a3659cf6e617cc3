//! Tools that the client runs pass; those that Bedrock or the model's maker runs are refused.

use shared::api::ApiError;

use crate::formats::raw_json::{JsonObject, RawObject, elements};

/// What a tool without a type may have: Cohere's and Mistral's functions. A name that is not here may be a tool of its own,
/// such as `googleSearch`.
const FUNCTION: [&str; 9] = [
    "cache_control",
    "description",
    "function",
    "input_schema",
    "inputSchema",
    "name",
    "parameter_definitions",
    "parameters",
    "strict",
];

/// Tools of Converse: a specification, or a cache point. Anything else is run by Bedrock.
pub fn check_tool_config(config: &str) -> Result<(), ApiError> {
    let wrong = |_| ApiError::invalid("toolConfig", "must be an object with a list of tools");
    let config = JsonObject::parse(config.as_bytes()).map_err(wrong)?;
    let Some(tools) = config.get("tools") else { return Ok(()) };
    for tool in elements(tools.get()).map_err(wrong)? {
        let tool = RawObject::parse(tool.as_bytes()).map_err(wrong)?;
        if let Some(name) = tool.names().find(|name| !["toolSpec", "cachePoint"].contains(name)) {
            let rule =
                format!("{name:.64} is run by Bedrock and billed by the call, which no budget here covers");
            return Err(ApiError::invalid("toolConfig.tools", rule));
        }
    }
    Ok(())
}

/// Tools of OpenAI's form and of the forms that follow it: functions of the client.
pub fn check_function_tools(field: &str, tools: &str) -> Result<(), ApiError> {
    let wrong = |_| ApiError::invalid(field, "must be a list of objects, each name in them once");
    for tool in elements(tools).map_err(wrong)? {
        let tool = RawObject::parse(tool.as_bytes()).map_err(wrong)?;
        let kind: Option<String> =
            tool.read("type").map_err(|_| ApiError::invalid(field, "type must be a string"))?;
        let foreign = match &kind {
            Some(kind) if ["function", "custom"].contains(&kind.as_str()) => None,
            Some(kind) => Some(kind.as_str()),
            None => tool.names().find(|name| !["type"].iter().chain(&FUNCTION).any(|known| known == name)),
        };
        if let Some(name) = foreign {
            let rule = format!(
                "{name:.64} is no function; what the service runs and bills by the call, no budget here covers"
            );
            return Err(ApiError::invalid(field, rule));
        }
    }
    Ok(())
}
