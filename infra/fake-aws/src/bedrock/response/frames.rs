//! The wire: event-stream frames as Bedrock Runtime writes them.

use aws_smithy_eventstream::error::Error;
use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::json;

use super::event::{FakeEvent, FakePayload, PADDING};

/// The frame around an event; `None` for one that is not sent.
pub(crate) fn event(event: FakeEvent) -> Result<Option<Bytes>, Error> {
    let (name, payload) = match event.kind {
        FakePayload::Chunk => {
            ("chunk", json!({ "bytes": STANDARD.encode(event.json), "p": PADDING }).to_string())
        }
        FakePayload::Named(name) => (name, event.json),
        FakePayload::Silent => return Ok(None),
    };
    frame([(":event-type", name), (":message-type", "event")], payload).map(Some)
}

/// An exception frame. Bedrock writes its name with a small first letter here, and with a
/// capital one in `x-amzn-errortype`; a script may use either.
pub(crate) fn exception(name: &str, message: &str) -> Result<Bytes, Error> {
    let mut letters = name.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
    let name: String = first.into_iter().chain(letters).collect();
    let payload = json!({ "message": message }).to_string();
    frame([(":exception-type", &name), (":message-type", "exception")], payload)
}

/// The same frame with its last checksum wrong.
pub(crate) fn damage_checksum(frame: &Bytes) -> Bytes {
    let mut bytes = frame.to_vec();
    if let Some(last) = bytes.last_mut() {
        *last ^= 0xff;
    }
    bytes.into()
}

fn frame(headers: [(&'static str, &str); 2], payload: String) -> Result<Bytes, Error> {
    let mut message = Message::new(payload);
    for (name, value) in headers.into_iter().chain([(":content-type", "application/json")]) {
        message = message.add_header(Header::new(name, HeaderValue::String(value.to_owned().into())));
    }
    let mut bytes = Vec::new();
    write_message_to(&message, &mut bytes)?;
    Ok(bytes.into())
}
