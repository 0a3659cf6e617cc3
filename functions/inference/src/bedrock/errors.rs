//! Bedrock's errors: the table of what each becomes for a client, and what it means for the bill.

use aws_sdk_bedrockruntime::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::DispatchFailure;
use http::StatusCode;
use serde::Deserialize;
use shared::fault::{Fault, Kind};

/// A call that failed, and what else is known of it.
#[derive(Debug)]
pub struct Failed {
    pub fault: Box<Fault>,
    /// Whether Bedrock may have run the model and billed it all the same.
    pub may_have_run: bool,
    /// Whether another try may well succeed, or another model: this one is throttled, not ready, or cannot be reached.
    pub passes: bool,
    is_validation: bool,
    /// Whether the operation is not offered for this model.
    pub is_not_offered: bool,
}

impl Failed {
    /// Whether Bedrock refused the body as such, and says why.
    pub fn refusal(&self) -> Option<&str> {
        match self.fault.as_ref() {
            Fault::Upstream { message, .. } if self.is_validation => Some(message),
            _ => None,
        }
    }

    /// What Bedrock says with an error of this name.
    fn of(code: &str, message: &str, may_have_run: bool) -> Self {
        Self {
            fault: Box::new(told(code, message)),
            may_have_run,
            passes: !may_have_run && passes(code),
            is_validation: code == "ValidationException",
            // Some models have no CountTokens: Bedrock says so with a validation error or does not find the model.
            is_not_offered: matches!(
                code,
                "ValidationException" | "ResourceNotFoundException" | "AccessDeniedException"
            ),
        }
    }

    /// What Bedrock says nothing of.
    fn without_word(fault: Fault, may_have_run: bool, passes: bool) -> Self {
        Self { fault: Box::new(fault), may_have_run, passes, is_validation: false, is_not_offered: false }
    }

    /// Nothing came of a request that was sent.
    pub fn unanswered() -> Self {
        lost("the model's service gave no answer", true)
    }

    /// The connection broke in mid-answer.
    pub fn broken_off(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::warn!(cause = causes(error), "bedrock_stream_broke");
        lost("the model's stream broke off", true)
    }

    /// The stream is not what the encoding allows.
    pub fn unreadable(cause: &str) -> Self {
        tracing::error!(cause, "bedrock_stream_unreadable");
        lost("the model's stream cannot be read", true)
    }

    /// The model has taken longer than it is given.
    pub fn late(message: &str) -> Self {
        let (status, kind) = (StatusCode::GATEWAY_TIMEOUT, Kind::Timeout);
        let fault = Fault::Upstream { status, kind, message: message.to_owned(), retry_after: None };
        Self::without_word(fault, true, false)
    }
}

/// The table: what each error becomes for the client.
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
    Fault::Upstream { status, kind, message: without_account(message), retry_after }
}

/// A text without the account's number and the names of what is in it: neither is a client's business.
fn without_account(message: &str) -> String {
    let is_account = |word: &str| word.len() == 12 && word.bytes().all(|byte| byte.is_ascii_digit());
    let is_inside = |letter: char| letter.is_ascii_alphanumeric() || "-_:/.".contains(letter);
    let mut clean = String::with_capacity(message.len());
    for piece in message.split_inclusive(|letter| !is_inside(letter)) {
        let word = piece.trim_end_matches(|letter| !is_inside(letter));
        let hides = word.starts_with("arn:") || word.split([':', '/', '.']).any(is_account);
        if hides {
            clean.push_str("...");
            clean.push_str(piece.get(word.len()..).unwrap_or_default());
        } else {
            clean.push_str(piece);
        }
    }
    clean
}

/// Whether an error says that the model is busy or away, and nothing of the request.
fn passes(code: &str) -> bool {
    matches!(
        code,
        "ThrottlingException"
            | "ModelNotReadyException"
            | "ServiceQuotaExceededException"
            | "ServiceUnavailableException"
    )
}

/// An error before the first byte.
pub fn refused<E>(error: &SdkError<E, HttpResponse>) -> Failed
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match error {
        SdkError::ServiceError(service) => {
            let code = service.err().code().unwrap_or_default();
            tracing::warn!(code, "bedrock_refused");
            // What Bedrock answers with an error before the first byte it does not bill. One without a name is somebody
            // else's who stands before it, and knows nothing of the model.
            let may_have_run = code.is_empty() && service.raw().status().is_server_error();
            Failed::of(code, service.err().message().unwrap_or_default(), may_have_run)
        }
        SdkError::ConstructionFailure(_) => unreachable_service(error, false),
        SdkError::DispatchFailure(dispatch) => unreachable_service(error, !was_never_sent(dispatch)),
        _ => unreachable_service(error, true),
    }
}

/// An exception in a stream: its name begins with a small letter there.
pub fn exception(kind: &str, payload: &[u8]) -> Failed {
    #[derive(Default, Deserialize)]
    struct Exception {
        #[serde(default, alias = "Message")]
        message: String,
    }

    let mut letters = kind.chars();
    let code: String =
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect();
    let Exception { message } = serde_json::from_slice(payload).unwrap_or_default();
    in_stream(&code, &message)
}

/// An error after the first byte: something was generated and billed.
pub fn in_stream(code: &str, message: &str) -> Failed {
    tracing::warn!(code, "bedrock_stream_failed");
    Failed::of(code, message, true)
}

/// Whether there was no connection that anything could have been sent on: name, route, TCP or TLS failed.
fn was_never_sent(dispatch: &DispatchFailure) -> bool {
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

fn unreachable_service(error: &(dyn std::error::Error + 'static), may_have_run: bool) -> Failed {
    tracing::error!(cause = causes(error), may_have_run, "bedrock_unreachable");
    lost("the model's service could not be reached", may_have_run)
}

fn lost(message: &str, may_have_run: bool) -> Failed {
    let (status, kind) = (StatusCode::BAD_GATEWAY, Kind::Api);
    let fault = Fault::Upstream { status, kind, message: message.to_owned(), retry_after: None };
    Failed::without_word(fault, may_have_run, !may_have_run)
}

/// An error and what caused it, by what they say of themselves: their `Debug` could show an answer's bytes.
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
