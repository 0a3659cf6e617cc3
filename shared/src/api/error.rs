//! Everything that a client can be told went wrong, and the one table that says it on the wire.
//!
//! `Display` is what the caller may read; causes travel in fields that are logged where the answer is made.

use std::fmt;

use http::StatusCode;
use stargate_core::ledger::{Reason, Refusal};
use stargate_core::moment::Moment;
use stargate_core::policy::PermissionError;
use stargate_core::scope::Scope;

use crate::store::{AdmissionError, StoreError, WriteEffect};

#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    #[error("{0}")]
    Unauthenticated(&'static str),
    #[error(transparent)]
    Forbidden(#[from] PermissionError),
    /// A limit refuses the request; the moment is when it did.
    #[error("{}", refusal_message(.0))]
    Refused(Refusal, Moment),
    /// `param` names the field that is wrong, `message` says the rule.
    #[error("{message}")]
    Invalid { param: Option<String>, message: String },
    #[error("{message}")]
    NotFound { param: Option<String>, message: String },
    #[error("{message}")]
    Conflict { param: Option<String>, message: String },
    #[error("no route for {method} {path}")]
    NoRoute { method: String, path: String },
    #[error("{path} does not take {method}")]
    WrongMethod { method: String, path: String },
    /// A password was tried too often; good again in so many seconds.
    #[error("Too many tries to log in: try again later")]
    TooManyTries { retry_after: i64 },
    #[error("content-type must be application/json")]
    MediaType,
    #[error("the request is larger than {limit} bytes")]
    TooLarge { limit: usize },
    /// Bedrock's error, as the table of Bedrock's errors maps it.
    #[error("{message}")]
    Upstream { status: StatusCode, kind: ErrorKind, message: String, retry_after: Option<i64> },
    /// The gateway could not reach Bedrock: nothing was sent, or nothing was accepted. Nothing is charged.
    #[error("{0}")]
    Unreachable(&'static str),
    #[error("the service is busy; retry shortly")]
    Unavailable(#[source] StoreError),
    /// Whether a token is good cannot be told; the cause is logged where the keys were asked for.
    #[error("the keys of the tokens' issuer cannot be read; retry shortly")]
    NoIssuerKeys,
    /// A handler panicked; where, is in the log.
    #[error("the gateway could not answer this request: a bug, which its log tells of")]
    Bug,
}

/// The kinds of error that clients tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    Authentication,
    Permission,
    ModelNotAllowed,
    Budget,
    Rate,
    Invalid,
    NotFound,
    Conflict,
    TooLarge,
    Overloaded,
    Timeout,
    Api,
    /// The gateway cannot reach Bedrock. Repeating the request would not help.
    Unreachable,
}

impl ErrorKind {
    /// Its name in Anthropic's error shape.
    pub fn anthropic(self) -> &'static str {
        match self {
            Self::Authentication => "authentication_error",
            Self::Permission | Self::ModelNotAllowed => "permission_error",
            Self::Budget | Self::Rate => "rate_limit_error",
            Self::Invalid | Self::Conflict => "invalid_request_error",
            Self::NotFound => "not_found_error",
            Self::TooLarge => "request_too_large",
            Self::Overloaded => "overloaded_error",
            Self::Timeout => "timeout_error",
            Self::Api | Self::Unreachable => "api_error",
        }
    }

    /// Its name in AWS's own services. SDKs repeat some names, and boto3 a 429 by any name that the operation does not have.
    pub fn aws(self) -> &'static str {
        match self {
            Self::Authentication => "UnrecognizedClientException",
            Self::Permission | Self::ModelNotAllowed | Self::Budget => "AccessDeniedException",
            Self::Rate => "ThrottlingException",
            Self::Invalid | Self::Conflict | Self::TooLarge => "ValidationException",
            Self::NotFound => "ResourceNotFoundException",
            Self::Overloaded => "ServiceUnavailableException",
            Self::Timeout => "ModelTimeoutException",
            Self::Api => "InternalServerException",
            // SDKs repeat every 5xx and most throttling names; this one goes with a 424 (see `Shape::status`).
            Self::Unreachable => "ModelErrorException",
        }
    }

    /// Its name everywhere else: the administrator's guide's words, then LiteLLM's.
    pub fn plain(self) -> &'static str {
        match self {
            Self::Authentication => "invalid_api_key",
            Self::Permission => "permission_error",
            Self::ModelNotAllowed => "model_not_allowed",
            Self::Budget => "budget_exceeded",
            Self::Rate => "rate_limit_exceeded",
            Self::Invalid | Self::Conflict => "invalid_request_error",
            Self::NotFound => "not_found_error",
            Self::TooLarge => "request_too_large",
            Self::Overloaded | Self::Timeout | Self::Api | Self::Unreachable => "internal_server_error",
        }
    }
}

/// A fault as it goes onto the wire, before a API format gives it a shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorResponse {
    pub status: StatusCode,
    pub kind: ErrorKind,
    pub message: String,
    pub param: Option<String>,
    pub retry_after: Option<i64>,
    /// `false` is sent as `x-should-retry: false`: Claude Code and the SDKs would otherwise try ten times.
    pub may_retry: bool,
}

impl ApiError {
    /// A wrong field of a request, and the rule that it breaks.
    pub fn invalid(param: &str, message: impl Into<String>) -> Self {
        Self::Invalid { param: Some(param.to_owned()), message: format!("{param}: {}", message.into()) }
    }

    /// What the log is told of it: not Bedrock's own words, which may quote what the client sent.
    pub fn cause(&self) -> &dyn fmt::Debug {
        match self {
            Self::Upstream { kind, .. } => kind,
            other => other,
        }
    }

    /// The one table from fault to wire.
    pub fn to_error_response(&self) -> ErrorResponse {
        use ErrorKind as K;
        use StatusCode as S;
        let (status, kind, retry_after, may_retry) = match self {
            Self::Unauthenticated(_) => (S::UNAUTHORIZED, K::Authentication, None, false),
            Self::Forbidden(_) => (S::FORBIDDEN, K::Permission, None, false),
            Self::Refused(refusal, now) => map_refusal(&refusal.reason, *now),
            Self::Invalid { .. } => (S::BAD_REQUEST, K::Invalid, None, false),
            Self::NotFound { .. } | Self::NoRoute { .. } => (S::NOT_FOUND, K::NotFound, None, false),
            Self::WrongMethod { .. } => (S::METHOD_NOT_ALLOWED, K::Invalid, None, false),
            Self::Conflict { .. } => (S::CONFLICT, K::Conflict, None, false),
            Self::TooManyTries { retry_after } => (S::TOO_MANY_REQUESTS, K::Rate, Some(*retry_after), false),
            Self::MediaType => (S::UNSUPPORTED_MEDIA_TYPE, K::Invalid, None, false),
            Self::TooLarge { .. } => (S::PAYLOAD_TOO_LARGE, K::TooLarge, None, false),
            Self::Upstream { status, kind, retry_after, .. } => (*status, *kind, *retry_after, true),
            Self::Unreachable(_) => (S::SERVICE_UNAVAILABLE, K::Unreachable, None, false),
            Self::Bug => (S::INTERNAL_SERVER_ERROR, K::Api, None, false),
            Self::Unavailable(_) | Self::NoIssuerKeys => {
                (S::SERVICE_UNAVAILABLE, K::Overloaded, Some(2), true)
            }
        };
        let param = match self {
            Self::Invalid { param, .. } | Self::NotFound { param, .. } | Self::Conflict { param, .. } => {
                param.clone()
            }
            Self::Refused(Refusal { reason: Reason::Model(_), .. }, _) => Some("model".to_owned()),
            _ => None,
        };
        ErrorResponse { status, kind, message: self.to_string(), param, retry_after, may_retry }
    }
}

/// What a refusal of the ledger becomes: status, kind, `retry-after`, and whether to try again at all.
fn map_refusal(reason: &Reason, now: Moment) -> (StatusCode, ErrorKind, Option<i64>, bool) {
    match reason {
        Reason::Unknown | Reason::Expired(_) | Reason::Blocked => {
            (StatusCode::UNAUTHORIZED, ErrorKind::Authentication, None, false)
        }
        Reason::Model(_) => (StatusCode::FORBIDDEN, ErrorKind::ModelNotAllowed, None, false),
        Reason::Budget { resets, .. } => {
            let retry_after = resets.map(|at| now.seconds_until(at).max(1));
            (StatusCode::TOO_MANY_REQUESTS, ErrorKind::Budget, retry_after, false)
        }
        Reason::Held | Reason::Parallel { .. } => {
            (StatusCode::TOO_MANY_REQUESTS, ErrorKind::Rate, Some(2), true)
        }
        Reason::Rpm { retry_after, .. } | Reason::Tpm { retry_after, .. } => {
            (StatusCode::TOO_MANY_REQUESTS, ErrorKind::Rate, Some(*retry_after), true)
        }
        Reason::Busy => (StatusCode::SERVICE_UNAVAILABLE, ErrorKind::Overloaded, Some(2), true),
    }
}

fn refusal_message(Refusal { scope, reason }: &Refusal) -> String {
    let whose = describe_scope(scope);
    match reason {
        Reason::Unknown => "Invalid API key".to_owned(),
        Reason::Expired(at) => format!("Invalid API key: it expired at {at}"),
        Reason::Blocked => format!("Invalid API key: {whose} is blocked"),
        Reason::Model(model) => format!("Model {model} not allowed for {whose}"),
        Reason::Budget { spend, limit, resets } => {
            let resets = resets.map_or_else(|| "does not reset".to_owned(), |at| format!("resets {at}"));
            let too_dear = if spend < limit { ", and this request may cost more than is left" } else { "" };
            format!("Budget exceeded for {whose}: {spend} spent of {limit}{too_dear} ({resets})")
        }
        Reason::Held => format!("Budget of {whose} is held by running requests; retry shortly"),
        Reason::Rpm { limit, .. } => format!("Rate limit exceeded: {limit} RPM for {whose}"),
        Reason::Tpm { limit, .. } => format!("Rate limit exceeded: {limit} TPM for {whose}"),
        Reason::Parallel { limit } => format!("Rate limit exceeded: {limit} parallel requests for {whose}"),
        Reason::Busy => format!("Scope busy: {whose} has too many requests running"),
    }
}

fn describe_scope(scope: &Scope) -> String {
    match scope {
        // Its id means nothing to the person who holds it.
        Scope::Key(_) => "this key".to_owned(),
        Scope::Model(whole, model) => format!("{} for model {model}", describe_scope(whole)),
        other => other.to_string(),
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error)
    }
}

impl ApiError {
    /// Why a request was not admitted, told at `now`.
    pub fn not_admitted(error: AdmissionError, now: Moment) -> Self {
        match error {
            AdmissionError::Refused(refusal) => Self::Refused(refusal, now),
            AdmissionError::Stale => Self::Unauthenticated("Invalid API key"),
            AdmissionError::Renamed => Self::Unavailable(StoreError::unavailable(
                "admit",
                WriteEffect::No,
                "the key's names of models keep changing",
            )),
            AdmissionError::Store(error) => Self::Unavailable(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stargate_core::id::UserId;
    use stargate_core::money::Money;

    #[test]
    fn what_bedrock_quotes_is_not_logged() {
        let (status, message) =
            (StatusCode::INTERNAL_SERVER_ERROR, "cannot read \"my secret plan\"".to_owned());
        let fault = ApiError::Upstream { status, kind: ErrorKind::Api, message, retry_after: None };
        assert_eq!(
            (format!("{:?}", fault.cause()), fault.to_error_response().status),
            ("Api".to_owned(), status)
        );
        assert_eq!(format!("{:?}", ApiError::Bug.cause()), "Bug");
    }

    #[test]
    fn refusals_read_as_the_documents_say() {
        let now = Moment::from_seconds(1_763_000_010);
        let user = || Scope::User(UserId::parse("mario@company.com").unwrap());
        let budget = Reason::Budget {
            spend: Money::parse("10.02").unwrap(),
            limit: Money::from_usd(10),
            resets: Some(Moment::from_seconds(1_763_000_070)),
        };
        for (reason, status, kind, message, retry_after, may_retry) in [
            (
                budget,
                429,
                "budget_exceeded",
                "Budget exceeded for user mario@company.com: $10.02 spent of $10.00 (resets 2025-11-13T02:14:30Z)",
                Some(60),
                false,
            ),
            (
                Reason::Rpm { limit: 50, retry_after: 7 },
                429,
                "rate_limit_exceeded",
                "Rate limit exceeded: 50 RPM for user mario@company.com",
                Some(7),
                true,
            ),
            (
                Reason::Model("claude-opus-4-5".into()),
                403,
                "model_not_allowed",
                "Model claude-opus-4-5 not allowed for user mario@company.com",
                None,
                false,
            ),
            (Reason::Unknown, 401, "invalid_api_key", "Invalid API key", None, false),
            (
                Reason::Held,
                429,
                "rate_limit_exceeded",
                "Budget of user mario@company.com is held by running requests; retry shortly",
                Some(2),
                true,
            ),
        ] {
            let wire = ApiError::Refused(Refusal { scope: user(), reason }, now).to_error_response();
            assert_eq!(
                (
                    wire.status.as_u16(),
                    wire.kind.plain(),
                    wire.message.as_str(),
                    wire.retry_after,
                    wire.may_retry
                ),
                (status, kind, message, retry_after, may_retry)
            );
        }
    }

    #[test]
    fn what_cannot_be_told_now_is_no_refusal() {
        for (fault, message) in [
            (ApiError::NoIssuerKeys, "the keys of the tokens' issuer cannot be read; retry shortly"),
            (
                ApiError::Unavailable(StoreError::Corrupt { attribute: "spend".to_owned() }),
                "the service is busy; retry shortly",
            ),
        ] {
            let wire = fault.to_error_response();
            assert_eq!(
                (wire.status.as_u16(), wire.kind, wire.message.as_str(), wire.retry_after, wire.may_retry),
                (503, ErrorKind::Overloaded, message, Some(2), true)
            );
        }
    }
}
