//! Errors before the stream begins, as Bedrock Runtime sends them.

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Error names and their status, from the service's own model.
/// A status alone takes the first name that has it.
const ERRORS: [(&str, u16); 10] = [
    ("ValidationException", 400),
    ("ServiceQuotaExceededException", 400),
    ("AccessDeniedException", 403),
    ("ResourceNotFoundException", 404),
    ("ModelTimeoutException", 408),
    ("ModelErrorException", 424),
    ("ThrottlingException", 429),
    ("ModelNotReadyException", 429),
    ("InternalServerException", 500),
    ("ServiceUnavailableException", 503),
];

/// A refusal: an HTTP status, a name in `x-amzn-errortype`, and a message.
#[derive(Debug)]
pub(super) struct FakeError {
    pub(super) status: StatusCode,
    /// `None` for an answer that did not come from Bedrock itself, such as a proxy's 502.
    pub(super) name: Option<String>,
    pub(super) message: String,
}

impl FakeError {
    /// 400 `ValidationException`, the answer to every body that Bedrock does not take.
    pub(super) fn validation(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            name: Some("ValidationException".to_owned()),
            message: message.into(),
        }
    }

    /// The error a script asks for; what it leaves out is filled in from the table. An unknown
    /// name is a 400, which is how the SDK meets an error newer than itself.
    pub(super) fn from_script(status: Option<StatusCode>, name: Option<&str>, message: Option<&str>) -> Self {
        let of_name = ERRORS.iter().find(|(known, _)| Some(*known) == name).map(|(_, status)| *status);
        let status = status
            .or_else(|| of_name.and_then(|code| StatusCode::from_u16(code).ok()))
            .unwrap_or(StatusCode::BAD_REQUEST);
        let of_status = ERRORS.iter().find(|(_, code)| *code == status.as_u16()).map(|(known, _)| *known);
        Self {
            status,
            // An empty name stands for a response without a type.
            name: name.or(of_status).filter(|name| !name.is_empty()).map(str::to_owned),
            message: message.unwrap_or("scripted failure").to_owned(),
        }
    }
}

impl IntoResponse for FakeError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(json!({ "message": self.message }))).into_response();
        let name = self.name.and_then(|name| HeaderValue::from_str(&name).ok());
        if let Some(name) = name {
            response.headers_mut().insert(HeaderName::from_static("x-amzn-errortype"), name);
        }
        response
    }
}
