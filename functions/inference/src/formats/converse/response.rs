//! What comes back in one piece: the answer of `Converse`.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::formats::usage::ConverseUsage;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConverseResponse<'a> {
    #[serde(borrow)]
    output: ResponseOutput<'a>,
    #[serde(borrow)]
    pub stop_reason: Cow<'a, str>,
    pub usage: Option<ConverseUsage>,
}

#[derive(Debug, Deserialize)]
struct ResponseOutput<'a> {
    #[serde(borrow)]
    message: ResponseMessage<'a>,
}

#[derive(Debug, Deserialize)]
struct ResponseMessage<'a> {
    #[serde(borrow)]
    content: Vec<ResponseContent<'a>>,
}

/// One block: exactly one of these is there, or none where Bedrock has added a kind.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ResponseContent<'a> {
    #[serde(borrow)]
    pub text: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub tool_use: Option<ResponseToolUse<'a>>,
    #[serde(borrow)]
    pub reasoning_content: Option<ResponseReasoning<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResponseToolUse<'a> {
    #[serde(borrow)]
    pub tool_use_id: Cow<'a, str>,
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    #[serde(borrow)]
    pub input: &'a RawValue,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ResponseReasoning<'a> {
    #[serde(borrow)]
    pub reasoning_text: Option<ResponseReasoningText<'a>>,
    /// In base64.
    #[serde(borrow)]
    pub redacted_content: Option<Cow<'a, str>>,
}

#[derive(Debug, Deserialize)]
pub struct ResponseReasoningText<'a> {
    #[serde(borrow)]
    pub text: Cow<'a, str>,
    #[serde(borrow)]
    pub signature: Option<Cow<'a, str>>,
}

impl<'a> ConverseResponse<'a> {
    pub fn read(json: &'a [u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(json)
    }

    pub fn content(&self) -> &[ResponseContent<'a>] {
        &self.output.message.content
    }
}
