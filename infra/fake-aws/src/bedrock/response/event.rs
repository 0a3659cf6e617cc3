//! One event of a stream, before it is framed.

use std::time::Duration;

use serde_json::Value;

use super::hidden::Step;

/// The real service pads its frames, so that their length says less about what they carry.
pub(crate) const PADDING: &str = "abc";

pub(crate) struct FakeEvent {
    pub(crate) kind: FakePayload,
    pub(crate) json: String,
    pub(crate) is_delta: bool,
    /// Tokens that are generated with it, and billed when its turn comes.
    pub(crate) tokens: u64,
    /// How long it takes, where that is not the script's usual pace.
    pub(crate) pause: Option<Duration>,
}

pub(crate) enum FakePayload {
    /// JSON in the model's own format, which travels in base64 inside a `chunk`.
    Chunk,
    /// The payload of an event of this name.
    Named(&'static str),
    /// Something is generated, and nothing sent.
    Silent,
}

impl FakeEvent {
    pub(crate) fn chunk(json: &Value, is_delta: bool) -> Self {
        Self { kind: FakePayload::Chunk, json: json.to_string(), is_delta, tokens: 0, pause: None }
    }

    pub(crate) fn with_name(name: &'static str, mut json: Value, is_delta: bool) -> Self {
        json["p"] = PADDING.into();
        Self { kind: FakePayload::Named(name), json: json.to_string(), is_delta, tokens: 0, pause: None }
    }

    /// A piece of hidden thinking, with the event that shows something of it.
    pub(crate) fn for_hidden_step(step: Step, shown: Option<Self>) -> Self {
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
