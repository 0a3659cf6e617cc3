//! Claude's answers, which Bedrock tells in Anthropic's own form.

use bytes::Bytes;
use shared::fault::Wire;

use super::sse;
use crate::dialect::{Heard, Teller};

/// Passes everything on.
#[derive(Clone, Copy, Debug)]
pub struct Passed;

impl Teller for Passed {
    fn tell(&mut self, heard: &Heard<'_>, _frame: &Bytes) -> Bytes {
        match heard {
            Heard::Message { kind, json } => sse::event(kind, json),
            Heard::Converse(_) | Heard::Native(_) => Bytes::new(),
        }
    }

    /// Nothing: `message_stop` is an event like the others.
    fn end(&mut self) -> Bytes {
        Bytes::new()
    }

    fn whole(&mut self, answer: Bytes) -> Result<Bytes, serde_json::Error> {
        Ok(answer)
    }

    fn ping(&self) -> Option<Bytes> {
        Some(sse::PING)
    }

    fn error(&self, wire: &Wire, request_id: &str) -> Bytes {
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
        let told = Passed.tell(&Heard::Message { kind: "message_stop".into(), json }, &Bytes::new());
        assert_eq!(told, sse::event("message_stop", json));
        assert!(Passed.tell(&Heard::Native(json), &Bytes::new()).is_empty());
        assert!(Passed.end().is_empty());
        let whole = Bytes::from_static(b" {\"any\": 1}");
        assert_eq!(Passed.whole(whole.clone()).unwrap(), whole);
        assert_eq!(
            (Passed.ping(), Passed.media_type()),
            (Some(sse::PING), "text/event-stream; charset=utf-8")
        );
    }
}
