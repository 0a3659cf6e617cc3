//! What comes back in a stream: the events of `ConverseStream`.

use std::borrow::Cow;

use serde::Deserialize;

use crate::formats::usage::ConverseUsage;

/// One event. What Stargate has no use for is [`ConverseEvent::Other`]: Bedrock adds kinds.
#[derive(Clone, Debug, PartialEq)]
pub enum ConverseEvent<'a> {
    MessageStart,
    /// Only tools' blocks are begun by an event of their own; others begin with their first delta.
    ToolStart {
        index: u64,
        id: Cow<'a, str>,
        name: Cow<'a, str>,
    },
    Delta {
        index: u64,
        delta: ConverseDelta<'a>,
    },
    BlockStop {
        index: u64,
    },
    MessageStop {
        reason: Cow<'a, str>,
    },
    /// The last one.
    Metadata(Option<ConverseUsage>),
    Other,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ConverseDelta<'a> {
    Text(Cow<'a, str>),
    /// A piece of the JSON text of a tool's input.
    ToolInput(Cow<'a, str>),
    Reasoning(Cow<'a, str>),
    Signature(Cow<'a, str>),
    /// In base64.
    Redacted(Cow<'a, str>),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload<'a> {
    #[serde(default)]
    content_block_index: u64,
    #[serde(borrow)]
    start: Option<StartPayload<'a>>,
    #[serde(borrow)]
    delta: Option<DeltaPayload<'a>>,
    #[serde(borrow)]
    stop_reason: Option<Cow<'a, str>>,
    usage: Option<ConverseUsage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StartPayload<'a> {
    #[serde(borrow)]
    tool_use: Option<ToolPayload<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToolPayload<'a> {
    #[serde(borrow)]
    tool_use_id: Cow<'a, str>,
    #[serde(borrow)]
    name: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DeltaPayload<'a> {
    #[serde(borrow)]
    text: Option<Cow<'a, str>>,
    #[serde(borrow)]
    tool_use: Option<InputPayload<'a>>,
    #[serde(borrow)]
    reasoning_content: Option<ReasoningPayload<'a>>,
}

#[derive(Deserialize)]
struct InputPayload<'a> {
    #[serde(borrow)]
    input: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReasoningPayload<'a> {
    #[serde(borrow)]
    text: Option<Cow<'a, str>>,
    #[serde(borrow)]
    signature: Option<Cow<'a, str>>,
    #[serde(borrow)]
    redacted_content: Option<Cow<'a, str>>,
}

impl ConverseDelta<'_> {
    /// What was generated, whatever it is.
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text)
            | Self::ToolInput(text)
            | Self::Reasoning(text)
            | Self::Signature(text)
            | Self::Redacted(text) => text,
        }
    }
}

impl<'a> ConverseEvent<'a> {
    /// Reads the payload of a frame by the frame's `:event-type`.
    pub fn read(kind: &str, payload: &'a [u8]) -> Result<Self, serde_json::Error> {
        let read = || serde_json::from_slice::<Payload<'a>>(payload);
        Ok(match kind {
            "messageStart" => Self::MessageStart,
            "contentBlockStart" => {
                let Payload { content_block_index: index, start, .. } = read()?;
                match start.and_then(|start| start.tool_use) {
                    Some(tool) => Self::ToolStart { index, id: tool.tool_use_id, name: tool.name },
                    None => Self::Other,
                }
            }
            "contentBlockDelta" => {
                let Payload { content_block_index: index, delta, .. } = read()?;
                delta.and_then(DeltaPayload::read).map_or(Self::Other, |delta| Self::Delta { index, delta })
            }
            "contentBlockStop" => Self::BlockStop { index: read()?.content_block_index },
            "messageStop" => Self::MessageStop { reason: read()?.stop_reason.unwrap_or("end_turn".into()) },
            "metadata" => Self::Metadata(read()?.usage),
            _ => Self::Other,
        })
    }
}

impl<'a> DeltaPayload<'a> {
    fn read(self) -> Option<ConverseDelta<'a>> {
        let Self { text, tool_use, reasoning_content } = self;
        if let Some(text) = text {
            return Some(ConverseDelta::Text(text));
        }
        if let Some(InputPayload { input }) = tool_use {
            return Some(ConverseDelta::ToolInput(input));
        }
        let ReasoningPayload { text, signature, redacted_content } = reasoning_content?;
        text.filter(|text| !text.is_empty() || signature.is_none())
            .map(ConverseDelta::Reasoning)
            .or(signature.map(ConverseDelta::Signature))
            .or(redacted_content.map(ConverseDelta::Redacted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_kind() {
        let text =
            |text: &'static str| ConverseEvent::Delta { index: 1, delta: ConverseDelta::Text(text.into()) };
        let delta = |delta| ConverseEvent::Delta { index: 0, delta };
        for (kind, payload, want) in [
            ("messageStart", r#"{"role":"assistant","p":"ab"}"#, ConverseEvent::MessageStart),
            (
                "contentBlockStart",
                r#"{"contentBlockIndex":2,"start":{"toolUse":{"toolUseId":"t1","name":"Read"}}}"#,
                ConverseEvent::ToolStart { index: 2, id: "t1".into(), name: "Read".into() },
            ),
            ("contentBlockStart", r#"{"contentBlockIndex":2,"start":{"image":{}}}"#, ConverseEvent::Other),
            ("contentBlockDelta", r#"{"contentBlockIndex":1,"delta":{"text":"a\"b"},"p":"x"}"#, text("a\"b")),
            (
                "contentBlockDelta",
                r#"{"contentBlockIndex":0,"delta":{"toolUse":{"input":"{}"}}}"#,
                delta(ConverseDelta::ToolInput("{}".into())),
            ),
            (
                "contentBlockDelta",
                r#"{"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"hm"}}}"#,
                delta(ConverseDelta::Reasoning("hm".into())),
            ),
            (
                "contentBlockDelta",
                r#"{"contentBlockIndex":0,"delta":{"reasoningContent":{"signature":"s"}}}"#,
                delta(ConverseDelta::Signature("s".into())),
            ),
            (
                "contentBlockDelta",
                r#"{"contentBlockIndex":0,"delta":{"reasoningContent":{"redactedContent":"cg=="}}}"#,
                delta(ConverseDelta::Redacted("cg==".into())),
            ),
            ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"citation":{}}}"#, ConverseEvent::Other),
            ("contentBlockStop", r#"{"contentBlockIndex":3}"#, ConverseEvent::BlockStop { index: 3 }),
            (
                "messageStop",
                r#"{"stopReason":"tool_use"}"#,
                ConverseEvent::MessageStop { reason: "tool_use".into() },
            ),
            ("metadata", r#"{"metrics":{"latencyMs":1}}"#, ConverseEvent::Metadata(None)),
            ("somethingNew", "not even JSON", ConverseEvent::Other),
        ] {
            assert_eq!(ConverseEvent::read(kind, payload.as_bytes()).unwrap(), want, "{kind} {payload}");
        }
        assert!(ConverseEvent::read("contentBlockDelta", b"{").is_err());
    }
}
