//! One event of a stream, before it is framed.

use serde_json::Value;

/// The real service pads its frames, so that their length says less about what they carry.
pub(super) const PADDING: &str = "abc";

pub(super) struct Event {
    pub(super) kind: Kind,
    pub(super) json: String,
    pub(super) is_delta: bool,
}

pub(super) enum Kind {
    /// JSON in the model's own format, which travels in base64 inside a `chunk`.
    Chunk,
    /// The payload of an event of this name.
    Named(&'static str),
}

impl Event {
    pub(super) fn chunk(json: &Value, is_delta: bool) -> Self {
        Self { kind: Kind::Chunk, json: json.to_string(), is_delta }
    }

    pub(super) fn named(name: &'static str, mut json: Value, is_delta: bool) -> Self {
        json["p"] = PADDING.into();
        Self { kind: Kind::Named(name), json: json.to_string(), is_delta }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The SDK ignores the padding; a reader of another kind must too.
    #[test]
    fn pads_what_is_named() {
        let event = Event::named("messageStop", json!({"stopReason": "end_turn"}), false);
        let json: Value = serde_json::from_str(&event.json).unwrap();
        assert_eq!(json, json!({"stopReason": "end_turn", "p": PADDING}));
    }
}
