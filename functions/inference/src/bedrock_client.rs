//! Amazon Bedrock: the only code that names its SDK.
//!
//! The SDK resolves, signs and sends; bodies stay bytes in both directions. So one operation of it serves every API of
//! Bedrock Runtime, whose requests differ in nothing but the last part of their path, and what passes through a gateway
//! is parsed by whoever tells it, once.

pub mod config;
mod errors;
mod event_stream;
pub mod guardrail;
pub mod request_options;
mod status;
mod transmission;
mod unsent;

use std::sync::Arc;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::config::{Builder, Region};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use bytes::Bytes;
use serde::Deserialize;
use shared::runtime::telemetry::BENCH_TARGET;
use tracing::{Instrument, info_span};

pub use errors::BedrockError;
pub use event_stream::{EventStreamDecoder, Frame, read as read_frame, split as split_frame};
pub use transmission::Transmission;

use crate::formats::usage::InvocationMetrics;

/// The operation that carries all others.
const CARRIER: &str = "/invoke-with-response-stream";

/// A client of Bedrock. It never retries: only the caller knows what may have been billed.
#[derive(Clone)]
pub struct BedrockClient {
    client: Client,
}

/// What Bedrock Runtime is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BedrockOperation {
    Invoke,
    InvokeStream,
    Converse,
    ConverseStream,
    CountTokens,
}

/// One request. Cloning it copies nothing large.
#[derive(Clone, Debug)]
pub struct BedrockCall {
    pub operation: BedrockOperation,
    /// A model's id, or an inference profile's.
    pub model: String,
    /// Another region than the function's own.
    pub region: Option<String>,
    pub body: Bytes,
    pub headers: Vec<(&'static str, String)>,
}

/// An answer whose head is there.
pub struct BedrockResponse {
    /// What the head says of tokens: only answers in one piece do.
    pub metrics: InvocationMetrics,
    body: ByteStream,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Count {
    input_tokens: u64,
}

impl BedrockOperation {
    /// The last part of its path.
    fn path(self) -> &'static str {
        match self {
            Self::Invoke => "/invoke",
            Self::InvokeStream => CARRIER,
            Self::Converse => "/converse",
            Self::ConverseStream => "/converse-stream",
            Self::CountTokens => "/count-tokens",
        }
    }
}

impl BedrockClient {
    pub fn new(config: &SdkConfig) -> Self {
        let config = Builder::from(config)
            .retry_config(RetryConfig::disabled())
            // A model may think for minutes without a byte. The flow has its own idle timer.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .build();
        Self { client: Client::from_conf(config) }
    }

    /// Sends a request; returns once Bedrock has answered with its status. `transmission` tells how far it came, also
    /// when this future is dropped.
    pub async fn send(
        &self,
        call: &BedrockCall,
        transmission: &Transmission,
    ) -> Result<BedrockResponse, BedrockError> {
        let request = self.client.invoke_model_with_response_stream().model_id(&call.model);
        let wanted = Arc::new(call.clone());
        let mut request = request
            .customize()
            .mutate_request(move |request| shape(request, &wanted))
            .interceptor(transmission.clone());
        if let Some(region) = &call.region {
            request = request.config_override(Builder::default().region(Region::new(region.clone())));
        }
        let span = info_span!(target: BENCH_TARGET, "bedrock", operation = ?call.operation);
        let sent = request.send().instrument(span).await;
        sent.map_err(|error| errors::map_sdk_error(&error, transmission))?;
        transmission.take_answer().ok_or_else(BedrockError::without_response)
    }

    /// How many tokens a prompt has, by the body of `CountTokens`. Free. `None`: not offered for this model.
    pub async fn count(&self, model: &str, body: Bytes) -> Result<Option<u64>, BedrockError> {
        let operation = BedrockOperation::CountTokens;
        let call =
            BedrockCall { operation, model: model.to_owned(), region: None, body, headers: Vec::new() };
        let response = match self.send(&call, &Transmission::default()).await {
            Err(failed) if failed.is_not_offered => {
                tracing::warn!(model, "count_tokens_not_offered");
                return Ok(None);
            }
            sent => sent?.read_all().await?,
        };
        let count: Option<Count> = serde_json::from_slice(&response).ok();
        count.map(|count| Some(count.input_tokens)).ok_or_else(BedrockError::without_response)
    }
}

impl BedrockResponse {
    /// All of it.
    pub async fn read_all(self) -> Result<Bytes, BedrockError> {
        let body = self.body.collect().await.map_err(|error| BedrockError::broken_off(&error))?;
        Ok(body.into_bytes())
    }

    /// Its frames, one after another.
    pub fn frames(self) -> EventStreamDecoder {
        EventStreamDecoder::new(self.body)
    }
}

/// Makes the carrier's request the one that is wanted. It runs before the request is signed.
fn shape(request: &mut HttpRequest, call: &BedrockCall) {
    let uri = request.uri().strip_suffix(CARRIER).map(|base| format!("{base}{}", call.operation.path()));
    if let Some(uri) = uri
        && let Err(error) = request.set_uri(uri)
    {
        // The base came from the SDK and the path is ours.
        tracing::error!(%error, "a path could not be set");
    }
    *request.body_mut() = SdkBody::from(call.body.clone());
    let headers = request.headers_mut();
    headers.insert("content-type", "application/json");
    headers.insert("content-length", call.body.len().to_string());
    for (name, value) in &call.headers {
        if let Err(error) = headers.try_insert(*name, value.clone()) {
            tracing::error!(%error, header = name, "a header could not be set");
        }
    }
}
