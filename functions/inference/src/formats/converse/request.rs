//! What is sent: the body of `Converse` and `ConverseStream`.
//!
//! Texts and JSON values stay the pieces of the client's body that they came as: megabytes are copied once, into the
//! body that is sent.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConverseBody<'a> {
    pub messages: Vec<ConverseMessage<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub system: Vec<ConverseBlock<'a>>,
    pub inference_config: InferenceConfig<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_config: Option<ToolConfig<'a>>,
    /// What only some models understand: thinking, for one.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub additional_model_request_fields: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_config: Option<OutputConfig<'a>>,
}

#[derive(Debug, Serialize)]
pub struct ConverseMessage<'a> {
    pub role: ConverseRole,
    pub content: Vec<ConverseBlock<'a>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ConverseRole {
    User,
    Assistant,
}

/// A piece of content: of a message, of the system prompt (texts and cache points only), or of a tool's result.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ConverseBlock<'a> {
    /// A JSON string, as the client wrote it.
    Text(&'a RawValue),
    /// A text that is ours, or that had to be put together.
    #[serde(rename = "text")]
    OwnText(Cow<'a, str>),
    Image(Media<'a>),
    Document(Document<'a>),
    ToolUse(ToolUse<'a>),
    ToolResult(ToolResult<'a>),
    ReasoningContent(ConverseReasoning<'a>),
    CachePoint(CachePoint),
}

#[derive(Clone, Debug, Serialize)]
pub struct Media<'a> {
    /// `png`, `jpeg`, `gif` or `webp`.
    pub format: Cow<'a, str>,
    pub source: MediaSource<'a>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Document<'a> {
    /// `pdf`, `csv`, `doc`, `docx`, `xls`, `xlsx`, `html`, `txt` or `md`.
    pub format: Cow<'a, str>,
    pub name: Cow<'a, str>,
    pub source: MediaSource<'a>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MediaSource<'a> {
    /// In base64.
    Bytes(Cow<'a, str>),
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolUse<'a> {
    pub tool_use_id: Cow<'a, str>,
    pub name: Cow<'a, str>,
    /// An object.
    pub input: Cow<'a, RawValue>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolResult<'a> {
    pub tool_use_id: Cow<'a, str>,
    pub content: Vec<ConverseBlock<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<&'static str>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ConverseReasoning<'a> {
    ReasoningText(ReasoningText<'a>),
    /// In base64.
    RedactedContent(Cow<'a, str>),
}

#[derive(Clone, Debug, Serialize)]
pub struct ReasoningText<'a> {
    pub text: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<Cow<'a, str>>,
}

/// The prompt up to here is cached, for 5 minutes or an hour.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct CachePoint {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<&'static str>,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InferenceConfig<'a> {
    pub max_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_p: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stop_sequences: Vec<Cow<'a, str>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolConfig<'a> {
    pub tools: Vec<Tool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_choice: Option<ToolChoice<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Tool<'a> {
    ToolSpec(ToolSpec<'a>),
    CachePoint(CachePoint),
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolSpec<'a> {
    pub name: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Cow<'a, str>>,
    pub input_schema: InputSchema<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strict: Option<bool>,
}

#[derive(Debug, Serialize)]
pub struct InputSchema<'a> {
    /// A JSON schema of type `object`.
    pub json: Cow<'a, RawValue>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ToolChoice<'a> {
    Auto(Empty),
    Any(Empty),
    Tool { name: Cow<'a, str> },
}

/// `{}`
#[derive(Debug, Default, Serialize)]
pub struct Empty {}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OutputConfig<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text_format: Option<TextFormat<'a>>,
}

/// An answer by a JSON schema.
#[derive(Debug)]
pub struct TextFormat<'a> {
    pub name: Cow<'a, str>,
    pub description: Option<Cow<'a, str>>,
    pub schema: &'a RawValue,
}

impl Serialize for TextFormat<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Bedrock wants the schema as a text.
        let mut schema = json!({"name": self.name, "schema": self.schema.get()});
        if let Some(description) = &self.description {
            schema["description"] = json!(description);
        }
        json!({"type": "json_schema", "structure": {"jsonSchema": schema}}).serialize(serializer)
    }
}

impl CachePoint {
    /// Five minutes are what Bedrock does unless told; it takes an hour from models that have a price for it.
    pub fn new(one_hour: bool) -> Self {
        Self { kind: "default", ttl: one_hour.then_some("1h") }
    }

    pub fn lasts_an_hour(self) -> bool {
        self.ttl.is_some()
    }
}

impl ConverseBody<'_> {
    pub fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }
}
