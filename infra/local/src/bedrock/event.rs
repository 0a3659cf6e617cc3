//! One event of a stream, before it is framed.

use std::time::Duration;

use serde_json::Value;

use super::hidden::Step;

/// The real service pads its frames, so that their length says less about what they carry.
pub(super) const PADDING: &str = "abc";

pub(super) struct FakeEvent {
    pub(super) kind: FakePayload,
    pub(super) json: String,
    pub(super) is_delta: bool,
    /// Tokens that are generated with it, and billed when its turn comes.
    pub(super) tokens: u64,
    /// How long it takes, where that is not the script's usual pace.
    pub(super) pause: Option<Duration>,
}

pub(super) enum FakePayload {
    /// JSON in the model's own format, which travels in base64 inside a `chunk`.
    Chunk,
    /// The payload of an event of this name.
    Named(&'static str),
    /// Something is generated, and nothing sent.
    Silent,
}

impl FakeEvent {
    pub(super) fn chunk(json: &Value, is_delta: bool) -> Self {
        Self { kind: FakePayload::Chunk, json: json.to_string(), is_delta, tokens: 0, pause: None }
    }

    pub(super) fn with_name(name: &'static str, mut json: Value, is_delta: bool) -> Self {
        json["p"] = PADDING.into();
        Self { kind: FakePayload::Named(name), json: json.to_string(), is_delta, tokens: 0, pause: None }
    }

    /// A piece of hidden thinking, with the event that shows something of it.
    pub(super) fn for_hidden_step(step: Step, shown: Option<Self>) -> Self {
        let silent = || Self {
            kind: FakePayload::Silent,
            json: String::new(),
            is_delta: false,
            tokens: 0,
            pause: None,
        };
        Self { is_delta: false, tokens: step.tokens, pause: Some(step.pause), ..shown.unwrap_or_else(silent) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The SDK ignores the padding; a reader of another kind must too.
    #[test]
    fn pads_what_is_named() {
        let event = FakeEvent::with_name("messageStop", json!({"stopReason": "end_turn"}), false);
        let json: Value = serde_json::from_str(&event.json).unwrap();
        assert_eq!(json, json!({"stopReason": "end_turn", "p": PADDING}));
    }
}
