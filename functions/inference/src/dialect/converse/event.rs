//! What comes back in a stream: the events of `ConverseStream`.

use std::borrow::Cow;

use serde::Deserialize;

use crate::dialect::usage::Counted;

/// One event. What Stargate has no use for is [`Event::Other`]: Bedrock adds kinds.
#[derive(Clone, Debug, PartialEq)]
pub enum Event<'a> {
    MessageStart,
    /// Only tools' blocks are begun by an event of their own; others begin with their first delta.
    ToolStart {
        index: u64,
        id: Cow<'a, str>,
        name: Cow<'a, str>,
    },
    Delta {
        index: u64,
        delta: Delta<'a>,
    },
    BlockStop {
        index: u64,
    },
    MessageStop {
        reason: Cow<'a, str>,
    },
    /// The last one.
    Metadata(Option<Counted>),
    Other,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Delta<'a> {
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
    usage: Option<Counted>,
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

impl Delta<'_> {
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

impl<'a> Event<'a> {
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
    fn read(self) -> Option<Delta<'a>> {
        let Self { text, tool_use, reasoning_content } = self;
        if let Some(text) = text {
            return Some(Delta::Text(text));
        }
        if let Some(InputPayload { input }) = tool_use {
            return Some(Delta::ToolInput(input));
        }
        let ReasoningPayload { text, signature, redacted_content } = reasoning_content?;
        text.filter(|text| !text.is_empty() || signature.is_none())
            .map(Delta::Reasoning)
            .or(signature.map(Delta::Signature))
            .or(redacted_content.map(Delta::Redacted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_kind() {
        let text = |text: &'static str| Event::Delta { index: 1, delta: Delta::Text(text.into()) };
        let delta = |delta| Event::Delta { index: 0, delta };
        for (kind, payload, want) in [
            ("messageStart", r#"{"role":"assistant","p":"ab"}"#, Event::MessageStart),
            (
                "contentBlockStart",
                r#"{"contentBlockIndex":2,"start":{"toolUse":{"toolUseId":"t1","name":"Read"}}}"#,
                Event::ToolStart { index: 2, id: "t1".into(), name: "Read".into() },
            ),
            ("contentBlockStart", r#"{"contentBlockIndex":2,"start":{"image":{}}}"#, Event::Other),
            ("contentBlockDelta", r#"{"contentBlockIndex":1,"delta":{"text":"a\"b"},"p":"x"}"#, text("a\"b")),
            (
                "contentBlockDelta",
                r#"{"contentBlockIndex":0,"delta":{"toolUse":{"input":"{}"}}}"#,
                delta(Delta::ToolInput("{}".into())),
            ),
            (
                "contentBlockDelta",
                r#"{"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"hm"}}}"#,
                delta(Delta::Reasoning("hm".into())),
            ),
            (
                "contentBlockDelta",
                r#"{"contentBlockIndex":0,"delta":{"reasoningContent":{"signature":"s"}}}"#,
                delta(Delta::Signature("s".into())),
            ),
            (
                "contentBlockDelta",
                r#"{"contentBlockIndex":0,"delta":{"reasoningContent":{"redactedContent":"cg=="}}}"#,
                delta(Delta::Redacted("cg==".into())),
            ),
            ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"citation":{}}}"#, Event::Other),
            ("contentBlockStop", r#"{"contentBlockIndex":3}"#, Event::BlockStop { index: 3 }),
            ("messageStop", r#"{"stopReason":"tool_use"}"#, Event::MessageStop { reason: "tool_use".into() }),
            ("metadata", r#"{"metrics":{"latencyMs":1}}"#, Event::Metadata(None)),
            ("somethingNew", "not even JSON", Event::Other),
        ] {
            assert_eq!(Event::read(kind, payload.as_bytes()).unwrap(), want, "{kind} {payload}");
        }
        assert!(Event::read("contentBlockDelta", b"{").is_err());
    }
}
