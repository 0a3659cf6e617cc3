//! The formats in which an answer goes over the wire.

mod anthropic;
mod converse;
mod native;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use super::response::FakeResponse;
use super::response::event::FakeEvent;
use super::wire_format::Wire;

impl Wire {
    /// The body of an answer in one piece.
    pub(super) fn buffered_body(self, response: &FakeResponse) -> Value {
        match self {
            Self::Anthropic => anthropic::buffered_body(response),
            Self::Converse => converse::buffered_body(response),
            Self::Native => native::buffered_body(response),
        }
    }

    /// The events of a stream, in order.
    pub(super) fn events(self, response: &FakeResponse) -> Vec<FakeEvent> {
        let mut events = match self {
            Self::Anthropic => anthropic::events(response),
            Self::Converse => converse::events(response),
            Self::Native => native::events(response),
        };
        share_tokens(&mut events, response.usage.output);
        events
    }

    /// What the head of an answer in one piece says about it.
    pub(super) fn whole_head(self, response: &FakeResponse) -> HeaderMap {
        match self {
            Self::Anthropic | Self::Native => response.usage.headers(),
            Self::Converse => HeaderMap::new(),
        }
    }

    /// What the head of a stream says about its events.
    pub(super) fn stream_head(self) -> HeaderMap {
        let json = HeaderValue::from_static("application/json");
        match self {
            Self::Anthropic | Self::Native => {
                HeaderMap::from_iter([(HeaderName::from_static("x-amzn-bedrock-content-type"), json)])
            }
            Self::Converse => HeaderMap::new(),
        }
    }
}

/// Spreads what is not hidden of the output over the deltas: each is billed when it is made.
fn share_tokens(events: &mut [FakeEvent], output: u64) {
    let hidden: u64 = events.iter().map(|event| event.tokens).sum();
    let visible = output.saturating_sub(hidden);
    let deltas = events.iter().filter(|event| event.is_delta).count() as u64;
    let mut shared = 0;
    for (at, event) in events.iter_mut().filter(|event| event.is_delta).enumerate() {
        let until = visible * (at as u64 + 1) / deltas;
        event.tokens = until - shared;
        shared = until;
    }
}

/// Sets a field that may be left out.
fn add(object: &mut Value, field: &str, value: Option<Value>) {
    if let Some(value) = value {
        object[field] = value;
    }
}
