//! Answers as Bedrock gave them: bodies and frames unchanged.

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use bytes::Bytes;
use http::HeaderMap;
use serde_json::json;
use shared::fault::{Kind, Wire};

use super::counts;
use crate::dialect::usage::Metrics;
use crate::dialect::{Heard, Teller};

pub struct Framed;

impl Teller for Framed {
    fn tell(&mut self, _: &Heard<'_>, frame: &Bytes) -> Bytes {
        frame.clone()
    }

    fn end(&mut self) -> Bytes {
        Bytes::new()
    }

    fn whole(&mut self, answer: Bytes) -> Result<Bytes, serde_json::Error> {
        Ok(answer)
    }

    fn counts(&self, metrics: &Metrics) -> HeaderMap {
        counts::headers(metrics)
    }

    /// The encoding has nothing that a client would take for a sign of life.
    fn ping(&self) -> Option<Bytes> {
        None
    }

    fn error(&self, wire: &Wire, _: &str) -> Bytes {
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
fn exception(kind: Kind) -> &'static str {
    match kind {
        Kind::Budget | Kind::Rate => "throttlingException",
        Kind::Overloaded => "serviceUnavailableException",
        Kind::Timeout => "modelTimeoutException",
        Kind::Invalid | Kind::Conflict | Kind::TooLarge | Kind::NotFound => "validationException",
        Kind::Authentication | Kind::Permission | Kind::ModelNotAllowed | Kind::Api | Kind::Unreachable => {
            "internalServerException"
        }
    }
}
