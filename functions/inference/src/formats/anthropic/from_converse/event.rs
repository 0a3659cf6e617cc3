//! What Anthropic's Messages API answers: events of a stream, and whole messages.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::formats::anthropic::sse;
use crate::formats::usage::ConverseUsage;

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum AnthropicEvent<'a> {
    MessageStart { message: AnthropicMessage<'a> },
    ContentBlockStart { index: u64, content_block: AnthropicBlock<'a> },
    ContentBlockDelta { index: u64, delta: AnthropicDelta<'a> },
    ContentBlockStop { index: u64 },
    MessageDelta { delta: StopReason, usage: MessageUsage },
    MessageStop {},
}

#[derive(Debug, Serialize)]
pub struct AnthropicMessage<'a> {
    pub id: &'a str,
    #[serde(rename = "type")]
    pub kind: MessageType,
    pub role: AssistantRole,
    pub model: &'a str,
    pub content: Vec<AnthropicBlock<'a>>,
    #[serde(flatten)]
    pub ending: StopReason,
    pub usage: MessageUsage,
}

/// `message`
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageType {
    Message,
}

/// `assistant`
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AssistantRole {
    Assistant,
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum AnthropicBlock<'a> {
    Text {
        text: &'a str,
    },
    Thinking {
        thinking: &'a str,
        signature: &'a str,
    },
    /// In base64.
    RedactedThinking {
        data: &'a str,
    },
    ToolUse {
        id: &'a str,
        name: &'a str,
        input: Input<'a>,
    },
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Input<'a> {
    Whole(&'a RawValue),
    /// `{}`: it comes in deltas.
    ToCome {},
}

#[derive(Debug, Serialize)]
#[serde(tag = "type")]
pub enum AnthropicDelta<'a> {
    #[serde(rename = "text_delta")]
    Text { text: &'a str },
    #[serde(rename = "thinking_delta")]
    Thinking { thinking: &'a str },
    #[serde(rename = "signature_delta")]
    Signature { signature: &'a str },
    #[serde(rename = "input_json_delta")]
    InputJson { partial_json: &'a str },
}

/// Why a message ended. Which sequence stopped it Converse does not tell.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct StopReason {
    pub stop_reason: Option<&'static str>,
    pub stop_sequence: Option<&'static str>,
}

/// What is known of the tokens. `output_tokens` is always there: the SDKs read it without looking.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct MessageUsage {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<u64>,
    pub output_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_creation_input_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_read_input_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_creation: Option<CacheCreation>,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub struct CacheCreation {
    pub ephemeral_5m_input_tokens: u64,
    pub ephemeral_1h_input_tokens: u64,
}

// === impl Event ===

impl AnthropicEvent<'_> {
    /// Adds it to what is told.
    pub fn tell(&self, out: &mut Vec<u8>) {
        // Names and strings can always be written.
        if let Ok(json) = serde_json::to_vec(self) {
            out.extend_from_slice(&sse::event(self.kind(), &json));
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::MessageStart { .. } => "message_start",
            Self::ContentBlockStart { .. } => "content_block_start",
            Self::ContentBlockDelta { .. } => "content_block_delta",
            Self::ContentBlockStop { .. } => "content_block_stop",
            Self::MessageDelta { .. } => "message_delta",
            Self::MessageStop {} => "message_stop",
        }
    }
}

// === impl Ending ===

impl StopReason {
    /// Converse's reason in Anthropic's words.
    pub fn from_converse(reason: &str) -> Self {
        let told = match reason {
            "stop_sequence" => "stop_sequence",
            "max_tokens" => "max_tokens",
            "tool_use" => "tool_use",
            "model_context_window_exceeded" => "model_context_window_exceeded",
            "guardrail_intervened" | "content_filtered" => "refusal",
            // Malformed calls among them: nothing in Anthropic's words says that.
            _ => "end_turn",
        };
        Self { stop_reason: Some(told), stop_sequence: None }
    }
}

// === impl Usage ===

impl MessageUsage {
    pub fn from_converse(counted: &ConverseUsage) -> Self {
        let creation = CacheCreation {
            ephemeral_5m_input_tokens: counted.cache_writes("5m"),
            ephemeral_1h_input_tokens: counted.cache_writes("1h"),
        };
        let split = creation.ephemeral_5m_input_tokens.saturating_add(creation.ephemeral_1h_input_tokens);
        Self {
            input_tokens: counted.input_tokens,
            output_tokens: counted.output_tokens.unwrap_or_default(),
            cache_creation_input_tokens: counted.cache_write_input_tokens,
            cache_read_input_tokens: counted.cache_read_input_tokens,
            // Only where it adds up: Bedrock does not always tell how long it keeps what.
            cache_creation: (counted.cache_write_input_tokens == Some(split)).then_some(creation),
        }
    }
}
