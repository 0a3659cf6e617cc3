//! Answers as Bedrock gave them: bodies and frames unchanged.

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use bytes::Bytes;
use http::HeaderMap;
use serde_json::json;
use shared::api::{ErrorKind, ErrorResponse};

use super::token_headers;
use crate::formats::usage::InvocationMetrics;
use crate::formats::{BedrockEvent, ResponseWriter};

pub struct EventStreamPassthrough;

impl ResponseWriter for EventStreamPassthrough {
    fn write_event(&mut self, _: &BedrockEvent<'_>, frame: &Bytes) -> Bytes {
        frame.clone()
    }

    fn end(&mut self) -> Bytes {
        Bytes::new()
    }

    fn write_buffered(&mut self, response: Bytes) -> Result<Bytes, serde_json::Error> {
        Ok(response)
    }

    fn counts(&self, metrics: &InvocationMetrics) -> HeaderMap {
        token_headers::headers(metrics)
    }

    /// The encoding has nothing that a client would take for a sign of life.
    fn ping(&self) -> Option<Bytes> {
        None
    }

    fn error(&self, wire: &ErrorResponse, _: &str) -> Bytes {
        let headers = [
            (":exception-type", exception(wire.kind)),
            (":content-type", "application/json"),
            (":message-type", "exception"),
        ];
        let mut message = Message::new(json!({"message": wire.message}).to_string());
        for (name, value) in headers {
            message = message.add_header(Header::new(name, HeaderValue::String(value.into())));
        }
        let mut frame = Vec::new();
        match write_message_to(&message, &mut frame) {
            Ok(()) => frame.into(),
            Err(error) => {
                // Only a message of gigabytes could be; the client then sees the stream break off, which is the truth.
                tracing::error!(%error, "an exception could not be written");
                Bytes::new()
            }
        }
    }

    fn media_type(&self) -> &'static str {
        "application/vnd.amazon.eventstream"
    }
}

/// What a stream of Bedrock's calls an error of this kind.
fn exception(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Budget | ErrorKind::Rate => "throttlingException",
        ErrorKind::Overloaded => "serviceUnavailableException",
        ErrorKind::Timeout => "modelTimeoutException",
        ErrorKind::Invalid | ErrorKind::Conflict | ErrorKind::TooLarge | ErrorKind::NotFound => {
            "validationException"
        }
        ErrorKind::Authentication
        | ErrorKind::Permission
        | ErrorKind::ModelNotAllowed
        | ErrorKind::Api
        | ErrorKind::Unreachable => "internalServerException",
    }
}
