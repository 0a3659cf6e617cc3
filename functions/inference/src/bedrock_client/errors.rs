//! Bedrock's errors: the table of what each becomes for a client, and what it means for the bill.

use aws_sdk_bedrockruntime::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use http::StatusCode;
use serde::Deserialize;
use shared::api::{ApiError, ErrorKind};

use super::status;
use super::transmission::Transmission;
use super::unsent::{UnsentCause, chain};

/// A call that failed, and what else is known of it.
#[derive(Debug)]
pub struct BedrockError {
    pub fault: Box<ApiError>,
    /// Whether Bedrock may have run the model and billed it all the same.
    pub may_have_run: bool,
    /// Whether another try may well succeed, or another model: this one is throttled, not ready, or cannot be reached.
    pub passes: bool,
    is_validation: bool,
    /// Whether the operation is not offered for this model.
    pub is_not_offered: bool,
}

impl BedrockError {
    /// Whether Bedrock refused the body as such, and says why.
    pub fn refusal(&self) -> Option<&str> {
        match self.fault.as_ref() {
            ApiError::Upstream { message, .. } if self.is_validation => Some(message),
            _ => None,
        }
    }

    /// An error of Bedrock, by its type and, before the first byte, its HTTP status.
    fn from_code(code: &str, http_status: Option<u16>, message: &str, may_have_run: bool) -> Self {
        if is_about_credentials(code) {
            return Self::unreachable(CREDENTIALS_REFUSED, false);
        }
        let (status, kind, retry_after) = map_error(code, http_status);
        let is_known_to_pass = passes(code) || (!is_known(code) && http_status.is_some_and(status::may_pass));
        let message = public_message(kind, message);
        Self {
            fault: Box::new(ApiError::Upstream { status, kind, message, retry_after }),
            may_have_run,
            passes: !may_have_run && is_known_to_pass,
            is_validation: kind == ErrorKind::Invalid,
            // Some models have no CountTokens: Bedrock says so with a validation error or does not find the model.
            is_not_offered: matches!(kind, ErrorKind::Invalid | ErrorKind::NotFound | ErrorKind::Permission),
        }
    }

    /// Nothing was sent, or nothing was accepted: the gateway itself cannot reach Bedrock.
    fn unreachable(message: &'static str, passes: bool) -> Self {
        Self::without_word(ApiError::Unreachable(message), false, passes)
    }

    /// What Bedrock says nothing of.
    fn without_word(fault: ApiError, may_have_run: bool, passes: bool) -> Self {
        Self { fault: Box::new(fault), may_have_run, passes, is_validation: false, is_not_offered: false }
    }

    /// Nothing came of a request that was sent.
    pub fn without_response() -> Self {
        lost_response("the model's service gave no answer")
    }

    /// The connection broke in mid-answer.
    pub fn broken_off(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::warn!(cause = causes(error), "bedrock_stream_broke");
        lost_response("the model's stream broke off")
    }

    /// The stream is not what the encoding allows.
    pub fn unreadable(cause: &str) -> Self {
        tracing::error!(cause, "bedrock_stream_unreadable");
        lost_response("the model's stream cannot be read")
    }

    /// The model has taken longer than it is given. A request that was still on its way out costs nothing.
    pub fn late(message: &str, transmission: &Transmission) -> Self {
        if !transmission.may_have_left() {
            return Self::unreachable(UnsentCause::Connection.message(), true);
        }
        let (status, kind) = (StatusCode::GATEWAY_TIMEOUT, ErrorKind::Timeout);
        let fault = ApiError::Upstream { status, kind, message: message.to_owned(), retry_after: None };
        Self::without_word(fault, true, false)
    }
}

/// What a client is told when Bedrock does not accept the signature.
const CREDENTIALS_REFUSED: &str = "Amazon Bedrock did not accept the gateway's AWS credentials. The request costs nothing. \
    Tell the gateway's administrator.";

/// The table: what each error type becomes for the client. One that is not in it is mapped by its HTTP status.
fn map_error(code: &str, http_status: Option<u16>) -> (StatusCode, ErrorKind, Option<i64>) {
    use ErrorKind as K;
    let overloaded = StatusCode::from_u16(529).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    match code {
        // Claude Code reads this text, drops the feature that it names, and tries again: it must pass as it is.
        "ValidationException" => (StatusCode::BAD_REQUEST, K::Invalid, None),
        "AccessDeniedException" => (StatusCode::FORBIDDEN, K::Permission, None),
        "ResourceNotFoundException" => (StatusCode::NOT_FOUND, K::NotFound, None),
        "ModelTimeoutException" => (StatusCode::GATEWAY_TIMEOUT, K::Timeout, None),
        "ThrottlingException" | "ModelNotReadyException" | "ServiceQuotaExceededException" => {
            (StatusCode::TOO_MANY_REQUESTS, K::Rate, Some(2))
        }
        "ServiceUnavailableException" => (overloaded, K::Overloaded, Some(2)),
        _ if is_known(code) => (StatusCode::INTERNAL_SERVER_ERROR, K::Api, None),
        _ => http_status.map_or((StatusCode::INTERNAL_SERVER_ERROR, K::Api, None), status::map_status),
    }
}

/// Whether an error type is one that Bedrock's own service model has.
fn is_known(code: &str) -> bool {
    const FAILURES: [&str; 4] = [
        "InternalServerException",
        "ModelErrorException",
        "ModelStreamErrorException",
        "ModelTimeoutException",
    ];
    const REFUSALS: [&str; 3] = ["ValidationException", "AccessDeniedException", "ResourceNotFoundException"];
    FAILURES.contains(&code) || REFUSALS.contains(&code) || passes(code)
}

/// Whether an error type says that the signature, and so the gateway's credentials, were not accepted.
///
/// Source: the Bedrock user guide, "Troubleshooting Amazon Bedrock API error codes", and the common errors of AWS APIs.
fn is_about_credentials(code: &str) -> bool {
    let bare = code.strip_suffix("Exception").unwrap_or(code);
    const CODES: [&str; 8] = [
        "ExpiredToken",
        "IncompleteSignature",
        "InvalidClientTokenId",
        "InvalidSignature",
        "MissingAuthenticationToken",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClient",
    ];
    CODES.contains(&bare)
}

/// Bedrock's text as a client may read it.
fn public_message(kind: ErrorKind, message: &str) -> String {
    match kind {
        // It names roles and resources of the account, which are not the client's business.
        ErrorKind::Permission => "the gateway may not use this model; tell its administrator".to_owned(),
        _ if message.is_empty() => "the model's service failed".to_owned(),
        _ => redact_account_ids(message),
    }
}

/// A text without the account's number and the names of what is in it: neither is a client's business.
fn redact_account_ids(message: &str) -> String {
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
pub fn map_sdk_error<E>(error: &SdkError<E, HttpResponse>, transmission: &Transmission) -> BedrockError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let SdkError::ServiceError(service) = error else {
        return map_missing_response(error, UnsentCause::find(error, transmission));
    };
    let code = service.err().code().unwrap_or_default();
    let status = service.raw().status().as_u16();
    tracing::warn!(code, status, "bedrock_refused");
    let read = service.err().message().map(str::to_owned);
    let message = read.or_else(|| status::find_message(service.raw())).unwrap_or_default();
    let may_have_run = !is_known(code) && status::may_have_run(status);
    BedrockError::from_code(code, Some(status), &message, may_have_run)
}

/// An exception in a stream: its name begins with a small letter there.
pub fn exception(kind: &str, payload: &[u8]) -> BedrockError {
    #[derive(Default, Deserialize)]
    struct StreamException {
        #[serde(default, alias = "Message")]
        message: String,
    }

    let mut letters = kind.chars();
    let code: String =
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect();
    let StreamException { message } = serde_json::from_slice(payload).unwrap_or_default();
    in_stream(&code, &message)
}

/// An error after the first byte: something was generated and billed.
pub fn in_stream(code: &str, message: &str) -> BedrockError {
    tracing::warn!(code, "bedrock_stream_failed");
    BedrockError::from_code(code, None, message, true)
}

/// No response at all.
fn map_missing_response(
    error: &(dyn std::error::Error + 'static),
    unsent: Option<UnsentCause>,
) -> BedrockError {
    tracing::error!(cause = causes(error), ?unsent, may_have_run = unsent.is_none(), "bedrock_unreachable");
    match unsent {
        Some(cause) => BedrockError::unreachable(cause.message(), cause.may_pass()),
        None => lost_response("the model's service could not be reached"),
    }
}

/// The request may have been sent, and its response is lost.
fn lost_response(message: &str) -> BedrockError {
    let (status, kind) = (StatusCode::BAD_GATEWAY, ErrorKind::Api);
    let fault = ApiError::Upstream { status, kind, message: message.to_owned(), retry_after: None };
    BedrockError::without_word(fault, true, false)
}

/// An error and what caused it, by what they say of themselves: their `Debug` could show an answer's bytes.
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    chain(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
