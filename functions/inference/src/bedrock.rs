//! Amazon Bedrock: the only code that names its SDK.

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_bedrockruntime::primitives::{Blob, event_stream::EventReceiver};
use aws_sdk_bedrockruntime::types::error::ResponseStreamError;
use aws_sdk_bedrockruntime::types::{CountTokensInput, InvokeModelTokensRequest, ResponseStream};
use bytes::Bytes;
use http::StatusCode;
use shared::fault::{Fault, Kind};
use tracing::{Instrument, debug_span};

const JSON: &str = "application/json";

/// A client of Bedrock. It never retries: only the caller knows what may have been billed.
#[derive(Clone)]
pub struct Bedrock {
    client: Client,
}

/// A call that failed, and whether Bedrock may have run the model and billed it all the same.
#[derive(Debug)]
pub struct Failed {
    pub fault: Fault,
    pub may_have_run: bool,
}

/// The chunks of a streamed answer, each the JSON of one event.
pub struct Chunks {
    receiver: EventReceiver<ResponseStream, ResponseStreamError>,
}

impl Bedrock {
    pub fn new(config: &SdkConfig) -> Self {
        let config = aws_sdk_bedrockruntime::config::Builder::from(config)
            .retry_config(RetryConfig::disabled())
            // A model may think for minutes without a byte. The flow has its own idle timer.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .build();
        Self { client: Client::from_conf(config) }
    }

    /// One whole answer.
    pub async fn invoke(&self, model: &str, body: Vec<u8>) -> Result<Bytes, Failed> {
        let request = self.client.invoke_model().model_id(model).content_type(JSON).accept(JSON);
        let sent =
            request.body(Blob::new(body)).send().instrument(debug_span!("bedrock", operation = "invoke"));
        let answer = sent.await.map_err(|error| failed(&error))?;
        Ok(answer.body.into_inner().into())
    }

    /// Starts a streamed answer; returns once Bedrock has answered with its status.
    pub async fn open(&self, model: &str, body: Vec<u8>) -> Result<Chunks, Failed> {
        let request =
            self.client.invoke_model_with_response_stream().model_id(model).content_type(JSON).accept(JSON);
        let sent =
            request.body(Blob::new(body)).send().instrument(debug_span!("bedrock", operation = "open"));
        let answer = sent.await.map_err(|error| failed(&error))?;
        Ok(Chunks { receiver: answer.body })
    }

    /// How many tokens the prompt of an `InvokeModel` body has. Free. `None`: not offered for this model.
    pub async fn count_tokens(&self, model: &str, body: Vec<u8>) -> Result<Option<u64>, Failed> {
        let input = InvokeModelTokensRequest::builder().body(Blob::new(body)).build();
        let input = CountTokensInput::InvokeModel(input.map_err(|error| Failed {
            fault: Fault::Invalid { param: None, message: error.to_string() },
            may_have_run: false,
        })?);
        let sent = self.client.count_tokens().model_id(model).input(input).send();
        match sent.instrument(debug_span!("bedrock", operation = "count_tokens")).await {
            Ok(answer) => Ok(u64::try_from(answer.input_tokens).ok()),
            Err(error) if is_not_offered(&error) => {
                tracing::warn!(model, code = error.code(), "count_tokens_not_offered");
                Ok(None)
            }
            Err(error) => Err(failed(&error)),
        }
    }
}

impl Chunks {
    /// The next chunk; `None` at the end. Dropping it in mid-wait loses nothing.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Failed> {
        loop {
            match self.receiver.recv().await {
                Ok(Some(ResponseStream::Chunk(part))) => {
                    return Ok(part.bytes.map(|bytes| bytes.into_inner().into()));
                }
                // A kind of event that this SDK does not know: nothing of it can be passed on.
                Ok(Some(_)) => {}
                Ok(None) => return Ok(None),
                Err(error) => return Err(failed_in_stream(&error)),
            }
        }
    }
}

/// Some models have no CountTokens: Bedrock says so with a validation error or does not find the model.
fn is_not_offered<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    matches!(
        error.code(),
        Some("ValidationException" | "ResourceNotFoundException" | "AccessDeniedException")
    )
}

/// The table of Bedrock's errors: what each becomes for the client.
fn told(code: &str, message: &str) -> Fault {
    use Kind as K;
    let overloaded = StatusCode::from_u16(529).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let (status, kind, retry_after) = match code {
        // Claude Code reads this text, drops the feature that it names, and tries again: it must pass as it is.
        "ValidationException" => (StatusCode::BAD_REQUEST, K::Invalid, None),
        "AccessDeniedException" => (StatusCode::FORBIDDEN, K::Permission, None),
        "ResourceNotFoundException" => (StatusCode::NOT_FOUND, K::NotFound, None),
        "ModelTimeoutException" => (StatusCode::GATEWAY_TIMEOUT, K::Timeout, None),
        "ThrottlingException" | "ModelNotReadyException" | "ServiceQuotaExceededException" => {
            (StatusCode::TOO_MANY_REQUESTS, K::Rate, Some(2))
        }
        "ServiceUnavailableException" => (overloaded, K::Overloaded, Some(2)),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, K::Api, None),
    };
    let message = match code {
        // It names roles and resources of the account, which are not the client's business.
        "AccessDeniedException" => "the gateway may not use this model; tell its administrator",
        _ if message.is_empty() => "the model's service failed",
        _ => message,
    };
    Fault::Upstream { status, kind, message: message.to_owned(), retry_after }
}

fn failed<E, R>(error: &SdkError<E, R>) -> Failed
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    match error {
        SdkError::ServiceError(service) => {
            let (code, message) = (service.err().code(), service.err().message());
            tracing::warn!(code, "bedrock_refused");
            // What Bedrock answers with an error before the first byte it does not bill.
            Failed { fault: told(code.unwrap_or_default(), message.unwrap_or_default()), may_have_run: false }
        }
        SdkError::ConstructionFailure(_) => lost(error, false),
        SdkError::DispatchFailure(dispatch) => lost(error, !was_never_sent(dispatch)),
        _ => lost(error, true),
    }
}

/// Whether there was no connection that anything could have been sent on: name, route, TCP or TLS failed.
fn was_never_sent(dispatch: &aws_smithy_runtime_api::client::result::DispatchFailure) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> =
        dispatch.as_connector_error().map(|error| error as _);
    while let Some(error) = cause {
        let client = error.downcast_ref::<hyper_util::client::legacy::Error>();
        if client.is_some_and(hyper_util::client::legacy::Error::is_connect) {
            return true;
        }
        cause = error.source();
    }
    false
}

fn lost(error: &(dyn std::error::Error + 'static), may_have_run: bool) -> Failed {
    tracing::error!(cause = causes(error), may_have_run, "bedrock_unreachable");
    let message = "the model's service could not be reached".to_owned();
    let (status, kind) = (StatusCode::BAD_GATEWAY, Kind::Api);
    Failed { fault: Fault::Upstream { status, kind, message, retry_after: None }, may_have_run }
}

/// An error and what caused it, by what they say of themselves: their `Debug` could show an answer's bytes.
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// In a stream, exceptions come typed and without a code.
fn failed_in_stream<R: std::fmt::Debug + 'static>(error: &SdkError<ResponseStreamError, R>) -> Failed {
    let SdkError::ServiceError(service) = error else {
        tracing::warn!(cause = causes(error), "bedrock_stream_broke");
        let message = "the model's stream broke off".to_owned();
        let (status, kind) = (StatusCode::BAD_GATEWAY, Kind::Api);
        return Failed {
            fault: Fault::Upstream { status, kind, message, retry_after: None },
            may_have_run: true,
        };
    };
    let code = match service.err() {
        ResponseStreamError::ValidationException(_) => "ValidationException",
        ResponseStreamError::ThrottlingException(_) => "ThrottlingException",
        ResponseStreamError::ModelTimeoutException(_) => "ModelTimeoutException",
        ResponseStreamError::ServiceUnavailableException(_) => "ServiceUnavailableException",
        ResponseStreamError::ModelStreamErrorException(_) => "ModelStreamErrorException",
        _ => "InternalServerException",
    };
    tracing::warn!(code, "bedrock_failed_in_stream");
    Failed { fault: told(code, service.err().message().unwrap_or_default()), may_have_run: true }
}
