//! A stream of Bedrock's, frame by frame: AWS's event-stream encoding, checked and kept as it came.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use aws_smithy_eventstream::frame::read_message_from;
use aws_smithy_types::byte_stream::ByteStream;
use aws_smithy_types::event_stream::Message;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use serde::Deserialize;

use super::{BedrockError, errors};
use crate::formats::Api;

/// The longest frame of the encoding: 16 MB of payload and 128 KB of headers. A length beyond is not one.
const MAX_FRAME_LEN: usize = (16 << 20) + (128 << 10) + 16;

/// Bytes before a frame's headers: its length, theirs, and a checksum of both.
const PRELUDE: usize = 12;

/// The frames of one answer.
pub struct EventStreamDecoder {
    body: ByteStream,
    buffer: BytesMut,
}

/// One frame that holds an event.
#[derive(Clone, Debug)]
pub struct Frame {
    /// `:event-type`
    pub kind: String,
    pub payload: Bytes,
    /// All of it, as it came.
    pub raw: Bytes,
}

/// What a frame of `InvokeModelWithResponseStream` holds.
#[derive(Deserialize)]
struct ChunkPayload<'a> {
    #[serde(borrow)]
    bytes: &'a str,
}

impl EventStreamDecoder {
    pub fn new(body: ByteStream) -> Self {
        Self { body, buffer: BytesMut::new() }
    }

    /// The next frame; `None` at the end. Dropping it in mid-wait loses nothing.
    pub async fn next(&mut self) -> Result<Option<Frame>, BedrockError> {
        loop {
            if let Some(raw) = split(&mut self.buffer)? {
                return read(raw).map(Some);
            }
            match self.body.next().await {
                Some(Ok(bytes)) => self.buffer.extend_from_slice(&bytes),
                Some(Err(error)) => return Err(BedrockError::broken_off(&error)),
                None if self.buffer.is_empty() => return Ok(None),
                None => return Err(BedrockError::unreadable("it ended within a frame")),
            }
        }
    }
}

impl Frame {
    /// The JSON of its event; `None` where it holds none that could be read.
    pub fn content(&self, api: Api) -> Option<Cow<'_, [u8]>> {
        match api {
            Api::Converse => Some(Cow::Borrowed(&self.payload)),
            Api::Messages | Api::Native => {
                let chunk: ChunkPayload<'_> = serde_json::from_slice(&self.payload).ok()?;
                STANDARD.decode(chunk.bytes).ok().map(Cow::Owned)
            }
        }
    }

    /// Whether nothing is known of its kind of event: then nothing of it can be passed on.
    pub fn is_unknown_event(&self, api: Api) -> bool {
        api != Api::Converse && self.kind != "chunk"
    }
}

/// The first whole frame of a buffer, taken out of it.
pub fn split(buffer: &mut BytesMut) -> Result<Option<Bytes>, BedrockError> {
    let Some(length) = buffer.first_chunk::<4>() else {
        return Ok(None);
    };
    let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    if !(PRELUDE..=MAX_FRAME_LEN).contains(&length) {
        return Err(BedrockError::unreadable("a frame's length cannot be"));
    }
    Ok((buffer.len() >= length).then(|| buffer.split_to(length).freeze()))
}

/// Checks one frame, and reads it; one that holds an exception is a failure.
pub fn read(raw: Bytes) -> Result<Frame, BedrockError> {
    let message =
        read_message_from(raw.clone()).map_err(|error| BedrockError::unreadable(&error.to_string()))?;
    let header = |name: &str| header(&message, name);
    match header(":message-type") {
        Some("event") => {
            let kind = header(":event-type").unwrap_or_default().to_owned();
            Ok(Frame { kind, payload: message.payload().clone(), raw })
        }
        Some("exception") => {
            Err(errors::exception(header(":exception-type").unwrap_or_default(), message.payload()))
        }
        Some("error") => {
            let code = header(":error-code").unwrap_or_default();
            Err(errors::in_stream(code, header(":error-message").unwrap_or_default()))
        }
        _ => Err(BedrockError::unreadable("a frame is of no known type")),
    }
}

fn header<'a>(message: &'a Message, name: &str) -> Option<&'a str> {
    let header = message.headers().iter().find(|header| header.name().as_str() == name)?;
    header.value().as_string().ok().map(|value| value.as_str())
}
