//! Bedrock's chunks as server-sent events.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserialize;
use shared::api::{ErrorFormat, ErrorResponse};

/// What a stream says that it is.
pub const MEDIA_TYPE: &str = "text/event-stream; charset=utf-8";

/// Keeps the connection open: CloudFront and Claude Code give up on silence, and Bedrock sends none of these.
pub const PING: Bytes = Bytes::from_static(b"event: ping\ndata: {\"type\": \"ping\"}\n\n");

#[derive(Deserialize)]
struct EventType<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
}

/// The `type` of an event, or `None` where the chunk is no event.
pub fn kind(chunk: &[u8]) -> Option<Cow<'_, str>> {
    serde_json::from_slice::<EventType<'_>>(chunk).ok().map(|event| event.kind)
}

/// One chunk as one event. The JSON passes as it came.
pub fn event(kind: &str, chunk: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(chunk.len() + kind.len() + 16);
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(kind.as_bytes());
    out.extend_from_slice(b"\ndata: ");
    // A line end between JSON tokens would end the event's line; inside a JSON string there can be none.
    out.extend(chunk.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }));
    out.extend_from_slice(b"\n\n");
    out.into()
}

/// A fault after the status was sent.
pub fn error(wire: &ErrorResponse, request_id: &str) -> Bytes {
    event("error", ErrorFormat::Anthropic.body(wire, request_id).to_string().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_is_found_wherever_it_stands() {
        for (chunk, want) in [
            (r#"{"type":"ping"}"#, Some("ping")),
            (r#"{"delta":{"type":"text_delta"},"type":"content_block_delta"}"#, Some("content_block_delta")),
            (r#"{"delta":1}"#, None),
            ("nonsense", None),
        ] {
            assert_eq!(kind(chunk.as_bytes()).as_deref(), want, "{chunk}");
        }
    }

    #[test]
    fn an_event_is_two_lines_and_an_empty_one() {
        assert_eq!(event("ping", b"{\n\"type\": \"ping\"}"), "event: ping\ndata: { \"type\": \"ping\"}\n\n");
    }
}
