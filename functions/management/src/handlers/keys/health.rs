//! `POST /key/health`

use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use shared::api::{ApiError, json_response};
use stargate_core::policy::Permit;

use crate::authorize::RequestContext;
use crate::openapi::operation::{Operation, schema_of};
use crate::request::body::RequestBody;
use crate::state::ManagementState;

#[derive(JsonSchema, Serialize)]
struct KeyHealthResponse {
    key: &'static str,
    /// LiteLLM tells here what it logs to: nothing.
    logging_callbacks: Option<()>,
}

pub const OPERATION: Operation =
    Operation::new("Whether the key that asks is good", schema_of::<KeyHealthResponse>);

/// Says that the key which asks is good: it would not be answered otherwise.
pub async fn health(
    _app: ManagementState,
    _permit: Permit,
    _ask: RequestContext,
    _fields: RequestBody,
) -> Result<Response, ApiError> {
    Ok(json_response(StatusCode::OK, &KeyHealthResponse { key: "healthy", logging_callbacks: None }))
}
