//! The formats of errors: Anthropic's, OpenAI's and AWS's.

use axum::response::Response;
use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::json;

use super::{ApiError, ErrorKind, ErrorResponse, json_response};

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
        let mut response = json_response(self.status(&wire), &self.body(&wire, request_id));
        let headers = response.headers_mut();
        if self == Self::Aws {
            headers.insert(ERROR_TYPE, HeaderValue::from_static(wire.kind.aws()));
        }
        if let Some(seconds) = wire.retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        if !wire.may_retry || self.status(&wire) != wire.status {
            headers.insert(SHOULD_RETRY, HeaderValue::from_static("false"));
        }
        response
    }
}
