//! HTTP as every function speaks it: bodies read within a limit, faults answered in the shape of their route.

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::fault::{ApiError, ErrorKind, ErrorResponse};

/// Where AWS's services name an error.
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// Every client of Anthropic's API says which version of it.
const VERSION: &str = "anthropic-version";

pub const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// The shape that a route's errors have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorFormat {
    /// `{"type":"error","error":{"type","message"},"request_id"}`
    Anthropic,
    /// `{"error":{"message","type","param","code"}}`, `code` being the status as a number.
    Plain,
    /// `{"message"}`, the rest in headers: what AWS's own services answer.
    Aws,
}

impl ErrorFormat {
    /// The shape of a route that clients of several kinds ask, or that is none: by its path, and by what only
    /// Anthropic's clients send.
    pub fn for_route(path: &str, headers: &HeaderMap) -> Self {
        if path.starts_with("/bedrock") {
            Self::Aws
        } else if path.contains("/messages") || path.starts_with("/api/") || headers.contains_key(VERSION) {
            Self::Anthropic
        } else {
            Self::Plain
        }
    }

    /// A fault's body in this shape.
    pub fn body(self, wire: &ErrorResponse, request_id: &str) -> serde_json::Value {
        match self {
            Self::Anthropic => json!({
                "type": "error",
                "error": {"type": wire.kind.anthropic(), "message": wire.message},
                "request_id": request_id,
            }),
            Self::Plain => json!({"error": {
                "message": wire.message,
                "type": wire.kind.plain(),
                "param": wire.param,
                "code": wire.status.as_u16(),
            }}),
            Self::Aws => json!({"message": wire.message}),
        }
    }

    fn status(self, wire: &ErrorResponse) -> StatusCode {
        // Claude Code in Bedrock mode repeats a 403 twelve times, whatever else is told; a 429 that may not be
        // repeated it takes for an answer.
        match wire.status {
            StatusCode::FORBIDDEN if self == Self::Aws => StatusCode::TOO_MANY_REQUESTS,
            // AWS's SDKs repeat every 5xx. This is the status of a model that failed, which they do not repeat.
            _ if self == Self::Aws && wire.kind == ErrorKind::Unreachable => StatusCode::FAILED_DEPENDENCY,
            status => status,
        }
    }

    /// A fault's whole answer. Its cause is logged here and nowhere else.
    pub fn answer(self, fault: &ApiError, request_id: &str) -> Response {
        let wire = fault.to_error_response();
        if wire.status.is_server_error() {
            let (status, cause) = (wire.status.as_u16(), fault.cause());
            tracing::error!(request = request_id, status, ?cause, "failed");
        } else {
            // Not the message: it may quote what the client sent.
            let (status, kind) = (wire.status.as_u16(), wire.kind.plain());
            tracing::info!(request = request_id, status, kind, param = wire.param, "refused");
        }
        let mut answer = json_response(self.status(&wire), &self.body(&wire, request_id));
        let headers = answer.headers_mut();
        if self == Self::Aws {
            headers.insert(ERROR_TYPE, HeaderValue::from_static(wire.kind.aws()));
        }
        if let Some(seconds) = wire.retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        if !wire.may_retry || self.status(&wire) != wire.status {
            headers.insert(SHOULD_RETRY, HeaderValue::from_static("false"));
        }
        answer
    }
}

/// A JSON answer.
pub fn json_response(status: StatusCode, body: &impl serde::Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => (status, [(CONTENT_TYPE, "application/json")], bytes).into_response(),
        Err(error) => {
            tracing::error!(cause = ?error, "an answer could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// A request's body, at most `limit` bytes of it, if it says that it is JSON.
pub async fn read_json_body(request: Request, limit: usize) -> Result<(HeaderMap, Bytes), ApiError> {
    let (parts, body) = request.into_parts();
    if !says_json(&parts.headers) {
        return Err(ApiError::MediaType);
    }
    Ok((parts.headers, bytes(body, limit).await?))
}

/// A request's body whatever it says of itself: AWS's SDKs send JSON as `application/octet-stream`.
pub async fn read_body(request: Request, limit: usize) -> Result<(HeaderMap, Bytes), ApiError> {
    let (head, body) = request.into_parts();
    Ok((head.headers, bytes(body, limit).await?))
}

async fn bytes(body: Body, limit: usize) -> Result<Bytes, ApiError> {
    axum::body::to_bytes(body, limit).await.map_err(|error| {
        let is_too_large = std::error::Error::source(&error)
            .is_some_and(|source| source.to_string().contains("length limit exceeded"));
        if is_too_large {
            ApiError::TooLarge { limit }
        } else {
            ApiError::Invalid { param: None, message: "the body could not be read".to_owned() }
        }
    })
}

fn says_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let media = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media == "application/json" || media.ends_with("+json")
}

/// Reads JSON into `T`. The error says where and what, as serde tells it: it names the field.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(bytes)
        .map_err(|error| ApiError::Invalid { param: None, message: format!("invalid request body: {error}") })
}
