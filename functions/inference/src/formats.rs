//! The languages of clients: what they ask, put into what Bedrock takes, and what Bedrock answers, told in theirs.
//!
//! Bytes in, bytes out. A request is something [`ChatRequest`]; whoever tells its answer is a [`ResponseWriter`].

pub mod anthropic;
pub mod bedrock_native;
pub mod converse;
pub mod openai;
pub mod raw_json;
pub mod usage;

use std::borrow::Cow;
use std::collections::BTreeMap;

use axum::extract::Request;
use bytes::Bytes;
use http::HeaderMap;
use shared::api::{ApiError, ErrorFormat, ErrorResponse, read_body, read_json_body};
use stargate_core::catalog::Model;

use converse::event::ConverseEvent;
use usage::InvocationMetrics;

/// A request, read as far as can be without its model.
pub trait ChatRequest: Send + Sync {
    /// What the client calls the model.
    fn model(&self) -> &str;

    /// Whether the answer shall come event by event.
    fn streams(&self) -> bool;

    /// What it asks of the output of `model`.
    fn output(&self, model: &Model) -> Result<OutputLimits, ApiError>;

    /// What is said to `model` that may answer with at most `max_tokens`, or the field that it cannot take.
    fn to_bedrock(&self, model: &Model, max_tokens: u64) -> Result<BedrockRequest, ApiError>;

    /// Whether what was asked of one model can be asked of another.
    fn supports_fallback(&self, _from: &Model, _to: &Model) -> bool {
        true
    }

    /// Who tells the answer of `model` to a request of this id, begun at this second.
    fn teller(&self, model: &Model, request_id: &str, began: i64) -> Box<dyn ResponseWriter>;
}

/// What a request asks of the model's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputLimits {
    /// What the client wrote, which may be more than the model makes.
    pub asked: u64,
    pub max_tokens: u64,
    /// What the answer must have at least: beyond the thinking budget, which comes first.
    pub thinking_budget: u64,
}

impl OutputLimits {
    /// What a number of tokens must be.
    pub const WHOLE_NUMBER: &str = "must be a whole number above 0";

    /// So many tokens, as `field` asks for them, if `model` can make them.
    pub fn check_max_tokens(field: &str, max_tokens: u64, model: &Model) -> Result<u64, ApiError> {
        let most = model.max_output_tokens;
        if max_tokens == 0 {
            return Err(ApiError::invalid(field, Self::WHOLE_NUMBER));
        }
        if max_tokens > most {
            let rule = format!(
                "{max_tokens} > {most}, which is the maximum allowed number of output tokens for {}",
                model.name
            );
            return Err(ApiError::invalid(field, rule));
        }
        Ok(max_tokens)
    }
}

/// A body for Bedrock, and the API that takes it.
#[derive(Debug)]
pub struct BedrockRequest {
    pub api: Api,
    /// A JSON object, without spaces around it.
    pub body: Vec<u8>,
    /// Whether what Bedrock refuses by name may be left out.
    pub heals: bool,
    /// A guardrail that the client chose itself, as Converse has it. It is compared with the deployment's, and never sent.
    pub guardrail: Option<String>,
    /// What the client wants to find in Bedrock's own logs.
    pub metadata: BTreeMap<String, String>,
}

/// What clients speak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApiFormat {
    /// Anthropic's Messages API.
    Messages,
    /// OpenAI's chat completions.
    Chat,
    /// Bedrock's `InvokeModel`, whose path says the rest.
    Invoke { model: String, streams: bool },
    /// Bedrock's `Converse`.
    Converse { model: String, streams: bool },
}

impl ApiFormat {
    /// Reads a request in it.
    pub fn read<'a>(
        &self,
        headers: &HeaderMap,
        body: &'a [u8],
    ) -> Result<Box<dyn ChatRequest + 'a>, ApiError> {
        Ok(match self {
            Self::Messages => Box::new(anthropic::Messages::parse(body, anthropic::betas(headers))?),
            Self::Chat => Box::new(openai::Chat::parse(body)?),
            Self::Invoke { model, streams } => {
                Box::new(bedrock_native::InvokeRequest::read(headers, body, model, *streams)?)
            }
            Self::Converse { model, streams } => {
                Box::new(bedrock_native::ConverseRequest::read(body, model, *streams)?)
            }
        })
    }

    /// A request's headers and body, as its clients send them.
    pub async fn body(&self, request: Request, limit: usize) -> Result<(HeaderMap, Bytes), ApiError> {
        match self {
            Self::Messages | Self::Chat => read_json_body(request, limit).await,
            Self::Invoke { .. } | Self::Converse { .. } => read_body(request, limit).await,
        }
    }

    /// The shape of its errors.
    pub fn shape(&self) -> ErrorFormat {
        match self {
            Self::Messages => ErrorFormat::Anthropic,
            Self::Chat => ErrorFormat::Plain,
            Self::Invoke { .. } | Self::Converse { .. } => ErrorFormat::Aws,
        }
    }
}

impl BedrockRequest {
    pub fn new(api: Api, body: Vec<u8>) -> Self {
        Self { api, body, heals: false, guardrail: None, metadata: BTreeMap::new() }
    }
}

/// What a body is written for, and what its answer is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// `InvokeModel` with a body of Anthropic's Messages API.
    Messages,
    /// `Converse`, for every model.
    Converse,
    /// `InvokeModel` with a body of the model's own form, which is not looked into.
    Native,
}

/// Ends the stream of a model's own form: every model's last chunk has it.
const METRICS: &[u8] = b"\"amazon-bedrock-invocationMetrics\"";

/// One event of Bedrock's, read.
#[derive(Debug)]
pub enum BedrockEvent<'a> {
    /// An event of Anthropic's Messages API: its type, and its JSON.
    Message {
        kind: Cow<'a, str>,
        json: &'a [u8],
    },
    Converse(ConverseEvent<'a>),
    /// A chunk of a model's own form.
    Native(&'a [u8]),
}

impl<'a> BedrockEvent<'a> {
    /// Reads an event of an answer to `api` by the type of its frame; `None` where it cannot be read.
    pub fn read(api: Api, kind: &str, content: &'a [u8]) -> Option<Self> {
        match api {
            Api::Messages => anthropic::sse::kind(content).map(|kind| Self::Message { kind, json: content }),
            Api::Converse => ConverseEvent::read(kind, content).ok().map(Self::Converse),
            Api::Native => Some(Self::Native(content)),
        }
    }

    /// Whether the answer ends with it.
    pub fn is_last(&self) -> bool {
        match self {
            Self::Message { kind, .. } => kind == "message_stop",
            Self::Converse(event) => matches!(event, ConverseEvent::Metadata(_)),
            Self::Native(chunk) => memchr::memmem::find(chunk, METRICS).is_some(),
        }
    }

    /// Whether the answer is complete with it, though something may follow.
    pub fn completes(&self) -> bool {
        self.is_last() || matches!(self, Self::Converse(ConverseEvent::MessageStop { .. }))
    }
}

/// Tells one answer, event by event or whole.
pub trait ResponseWriter: Send {
    /// One event, as it goes to the client; nothing, if there is nothing to tell yet. `frame` is what it came in.
    fn write_event(&mut self, heard: &BedrockEvent<'_>, frame: &Bytes) -> Bytes;

    /// What is left to tell when the call is settled: after this the client believes that all is there.
    fn end(&mut self) -> Bytes;

    /// A whole answer.
    fn write_buffered(&mut self, response: Bytes) -> Result<Bytes, serde_json::Error>;

    /// What the head of a whole answer says of tokens, where the API format has headers for it.
    fn counts(&self, _: &InvocationMetrics) -> HeaderMap {
        HeaderMap::new()
    }

    /// What keeps the connection open in silence, where the API format has something for it.
    fn ping(&self) -> Option<Bytes>;

    /// A fault after the status was sent.
    fn error(&self, wire: &ErrorResponse, request_id: &str) -> Bytes;

    /// The media type of an answer that comes event by event.
    fn media_type(&self) -> &'static str;
}
