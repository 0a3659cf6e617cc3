//! What Bedrock refuses: the checks on the bodies it takes, with its own texts.

pub(super) mod anthropic;
pub(super) mod converse;

use serde_json::{Map, Value};

use super::refusal::FakeError;

/// A body that Bedrock would take. Only the checks in this room make one.
pub(super) struct ValidBody {
    fields: Map<String, Value>,
    max_tokens: Option<u64>,
}

impl ValidBody {
    pub(super) fn get(&self, field: &str) -> Option<&Value> {
        self.fields.get(field)
    }

    pub(super) fn messages(&self) -> &[Value] {
        self.get("messages").and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// `None` when the request leaves it to the model.
    pub(super) fn max_tokens(&self) -> Option<u64> {
        self.max_tokens
    }
}

/// The JSON object that every body is.
pub(super) fn object(bytes: &[u8]) -> Result<Map<String, Value>, FakeError> {
    serde_json::from_slice(bytes).map_err(|error| {
        FakeError::validation(format!(
            "Malformed input request: {error}, please reformat your input and try again."
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_objects_only() {
        for (body, good) in [("{}", true), ("{", false), ("[]", false), ("", false)] {
            let refused = object(body.as_bytes()).err().map(|refusal| refusal.message);
            let malformed = refused.as_ref().is_some_and(|why| why.starts_with("Malformed input request: "));
            assert_eq!((refused.is_none(), malformed), (good, !good), "{body}");
        }
    }
}
