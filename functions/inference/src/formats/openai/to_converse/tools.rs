//! The tools that a client offers, and which of them the model is to call.

use std::borrow::Cow;

use serde_json::value::RawValue;
use serde_json::{Value, json};
use shared::api::ApiError;
use stargate_core::catalog::{Capability, Model};
use stargate_core::pricing::Caching;

use super::caching::{cache_control, fitting, longest};
use super::messages::Conversation;
use super::schema::{Schema, spec};
use super::tool_calls::is_function;
use crate::formats::converse::capabilities;
use crate::formats::converse::request::{CachePoint, Empty, Tool, ToolChoice, ToolConfig, ToolSpec};
use crate::formats::openai::read::{
    FieldError, boolean, field, object, raw_object, read_list, require_field, static_json, string, word,
};
use crate::formats::raw_json::JsonObject;

#[derive(Debug)]
pub struct Tools<'a> {
    offered: Vec<FunctionTool<'a>>,
    choice: OpenAiToolChoice<'a>,
    /// Whether several may be called at once.
    parallel: bool,
}

#[derive(Debug)]
struct FunctionTool<'a> {
    name: Cow<'a, str>,
    description: Option<Cow<'a, str>>,
    schema: &'a RawValue,
    strict: bool,
    point: Option<CachePoint>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum OpenAiToolChoice<'a> {
    Auto,
    None,
    Required,
    Named(Cow<'a, str>),
}

/// What a request says of tools to one model.
#[derive(Debug, Default)]
pub struct Toolbox<'a> {
    pub config: Option<ToolConfig<'a>>,
    /// The choice in Claude's own words, where Converse has none for it. It then stands for the choice in `config`,
    /// since Bedrock refuses a request that has both.
    pub claudes_choice: Option<Value>,
}

impl<'a> Tools<'a> {
    pub fn read(body: &JsonObject<'a>) -> Result<Self, FieldError> {
        let read = |list| read_list(list, |_, json| read_tool(&object(json)?));
        let offered: Vec<FunctionTool<'a>> = field(body, "tools", read)?.unwrap_or_default();
        let known = |name: &str| offered.iter().any(|tool| tool.name == name);
        let choice = field(body, "tool_choice", choice)?.unwrap_or(OpenAiToolChoice::Auto);
        let rule = match &choice {
            OpenAiToolChoice::Required if offered.is_empty() => "can only be required where tools are given",
            OpenAiToolChoice::Named(name) if !known(name) => "must name one of the tools",
            _ => {
                let parallel = field(body, "parallel_tool_calls", boolean)?.unwrap_or(true);
                return Ok(Self { offered, choice, parallel });
            }
        };
        Err(FieldError::new(rule).at_step("tool_choice"))
    }

    /// Whether the model is made to call a tool: then its answer is no text.
    pub fn are_forced(&self) -> bool {
        matches!(self.choice, OpenAiToolChoice::Required | OpenAiToolChoice::Named(_))
    }

    /// Whether the model may call one.
    fn are_open(&self) -> bool {
        !self.offered.is_empty() && self.choice != OpenAiToolChoice::None
    }

    /// What `model` is told of tools. `answer` is the tool whose input is the answer, where a schema is asked for that
    /// way; a model that `thinks` is Claude.
    pub fn toolbox<'b>(
        &'b self,
        conversation: &Conversation<'b>,
        model: &Model,
        response: Option<&Schema<'b>>,
        thinks: bool,
    ) -> Result<Toolbox<'b>, ApiError> {
        let mut tools = self.tools(conversation, model);
        if let Some(schema) = response {
            if self.offered.iter().any(|tool| tool.name == schema.name) {
                let rule = "must not be the name of a tool";
                return Err(ApiError::invalid("response_format.json_schema.name", rule));
            }
            tools.push(schema.tool());
        }
        if tools.is_empty() {
            return Ok(Toolbox::default());
        }
        if !model.can(Capability::FunctionCalling) {
            let field = if self.offered.is_empty() { "messages" } else { "tools" };
            return Err(ApiError::invalid(field, format!("{} does not call tools", model.name)));
        }
        if self.are_forced() && !model.can(Capability::ToolChoice) {
            let rule = format!("{} cannot be made to call a tool", model.name);
            return Err(ApiError::invalid("tool_choice", rule));
        }
        let choice = self.choice(response, thinks);
        let one_by_one = self.are_open() && !self.parallel && model.rules.is_some();
        let claudes_choice = one_by_one.then(|| anthropic_tool_choice(choice.as_ref()));
        let tool_choice = choice.filter(|_| claudes_choice.is_none());
        Ok(Toolbox { config: Some(ToolConfig { tools, tool_choice }), claudes_choice })
    }

    /// The tools to send. Converse wants them described wherever the conversation has used some.
    fn tools<'b>(&'b self, conversation: &Conversation<'b>, model: &Model) -> Vec<Tool<'b>> {
        if !self.are_open() && !conversation.uses_tools {
            return Vec::new();
        }
        if self.offered.is_empty() {
            let known = |name: &Cow<'b, str>| spec(name.clone(), static_json(r#"{"type":"object"}"#));
            return conversation.called.iter().map(known).map(Tool::ToolSpec).collect();
        }
        // Among tools, Bedrock's pages have only Claude take cache points; to others they would be an error.
        let caching = if capabilities::tool_cache_points(model) { longest(model) } else { Caching::None };
        let mut tools = Vec::with_capacity(self.offered.len());
        for tool in &self.offered {
            tools.push(Tool::ToolSpec(tool.spec(model)));
            let point = tool.point.and_then(|point| fitting(point, caching));
            tools.extend(point.map(Tool::CachePoint));
        }
        tools
    }

    /// Which tool must be called; `None` leaves it to the model.
    fn choice<'b>(&'b self, response: Option<&Schema<'b>>, thinks: bool) -> Option<ToolChoice<'b>> {
        // Claude refuses to be made to call a tool while it thinks.
        if thinks {
            return None;
        }
        match (&self.choice, response) {
            (OpenAiToolChoice::Required, _) => Some(ToolChoice::Any(Empty {})),
            (OpenAiToolChoice::Named(name), _) => Some(ToolChoice::Tool { name: Cow::Borrowed(name) }),
            // A call of the client's own tools is as good as an answer.
            (OpenAiToolChoice::Auto, Some(_)) if self.are_open() => Some(ToolChoice::Any(Empty {})),
            (_, Some(schema)) => Some(ToolChoice::Tool { name: schema.name.clone() }),
            (OpenAiToolChoice::Auto | OpenAiToolChoice::None, None) => None,
        }
    }
}

/// One call at a time: only Claude can be told, and only in its own words.
fn anthropic_tool_choice(choice: Option<&ToolChoice<'_>>) -> Value {
    let mut own = match choice {
        None | Some(ToolChoice::Auto(_)) => json!({"type": "auto"}),
        Some(ToolChoice::Any(_)) => json!({"type": "any"}),
        Some(ToolChoice::Tool { name }) => json!({"type": "tool", "name": name}),
    };
    own["disable_parallel_tool_use"] = json!(true);
    own
}

fn read_tool<'a>(tool: &JsonObject<'a>) -> Result<FunctionTool<'a>, FieldError> {
    is_function(tool)?;
    let point = cache_control(tool)?;
    require_field(tool, "function", |json| {
        let function = object(json)?;
        let schema = field(&function, "parameters", raw_object)?;
        let is_given = |schema: &&RawValue| object(schema).is_ok_and(|schema| !schema.is_empty());
        Ok(FunctionTool {
            name: require_field(&function, "name", word)?,
            description: field(&function, "description", string)?.filter(|text| !text.trim().is_empty()),
            schema: schema
                .filter(is_given)
                .unwrap_or_else(|| static_json(r#"{"type":"object","properties":{}}"#)),
            strict: field(&function, "strict", boolean)?.unwrap_or(false),
            point,
        })
    })
}

fn choice(json: &RawValue) -> Result<OpenAiToolChoice<'_>, FieldError> {
    let rule = "must be auto, none, required, or a function by its name";
    if json.get().starts_with('{') {
        let choice = object(json)?;
        if require_field(&choice, "type", string)? != "function" {
            return Err(FieldError::new("only function is available on Amazon Bedrock").at_step("type"));
        }
        return require_field(&choice, "function", |json| require_field(&object(json)?, "name", word))
            .map(OpenAiToolChoice::Named);
    }
    match string(json).map_err(|_| FieldError::new(rule))?.as_ref() {
        "auto" => Ok(OpenAiToolChoice::Auto),
        "none" => Ok(OpenAiToolChoice::None),
        "required" => Ok(OpenAiToolChoice::Required),
        _ => Err(FieldError::new(rule)),
    }
}

impl<'a> FunctionTool<'a> {
    fn spec<'b>(&'b self, model: &Model) -> ToolSpec<'b> {
        ToolSpec {
            description: self.description.as_deref().map(Cow::Borrowed),
            // Who cannot answer by a schema cannot call by one.
            strict: (self.strict && capabilities::supports_json_schema(model)).then_some(true),
            ..spec(Cow::Borrowed(&self.name), self.schema)
        }
    }
}
