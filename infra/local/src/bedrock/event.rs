//! One event of a stream, before it is framed.

use serde_json::Value;

/// The real service pads its frames, so that their length says less about what they carry.
pub(super) const PADDING: &str = "abc";

/// JSON in the model's own format, which travels in base64 inside a `chunk`.
pub(super) struct Event {
    pub(super) json: String,
    pub(super) is_delta: bool,
}

impl Event {
    pub(super) fn chunk(json: &Value, is_delta: bool) -> Self {
        Self { json: json.to_string(), is_delta }
    }
}
