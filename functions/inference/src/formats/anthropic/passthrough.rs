//! Claude's answers, which Bedrock tells in Anthropic's own form.

use bytes::Bytes;
use shared::api::ErrorResponse;

use super::sse;
use crate::formats::{BedrockEvent, ResponseWriter};

/// Passes everything on.
#[derive(Clone, Copy, Debug)]
pub struct Passthrough;

impl ResponseWriter for Passthrough {
    fn write_event(&mut self, heard: &BedrockEvent<'_>, _frame: &Bytes) -> Bytes {
        match heard {
            BedrockEvent::Message { kind, json } => sse::event(kind, json),
            BedrockEvent::Converse(_) | BedrockEvent::Native(_) => Bytes::new(),
        }
    }

    /// Nothing: `message_stop` is an event like the others.
    fn end(&mut self) -> Bytes {
        Bytes::new()
    }

    fn write_buffered(&mut self, response: Bytes) -> Result<Bytes, serde_json::Error> {
        Ok(response)
    }

    fn ping(&self) -> Option<Bytes> {
        Some(sse::PING)
    }

    fn error(&self, wire: &ErrorResponse, request_id: &str) -> Bytes {
        sse::error(wire, request_id)
    }

    fn media_type(&self) -> &'static str {
        sse::MEDIA_TYPE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_pass_as_they_come() {
        let json = br#"{"type":"message_stop","amazon-bedrock-invocationMetrics":{"x":1.50}}"#;
        let told = Passthrough
            .write_event(&BedrockEvent::Message { kind: "message_stop".into(), json }, &Bytes::new());
        assert_eq!(told, sse::event("message_stop", json));
        assert!(Passthrough.write_event(&BedrockEvent::Native(json), &Bytes::new()).is_empty());
        assert!(Passthrough.end().is_empty());
        let whole = Bytes::from_static(b" {\"any\": 1}");
        assert_eq!(Passthrough.write_buffered(whole.clone()).unwrap(), whole);
        assert_eq!(
            (Passthrough.ping(), Passthrough.media_type()),
            (Some(sse::PING), "text/event-stream; charset=utf-8")
        );
    }
}
