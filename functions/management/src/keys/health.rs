//! `POST /key/health`

use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use shared::fault::Fault;
use shared::policy::Permit;
use shared::web::json_answer;

use crate::App;
use crate::fields::Fields;
use crate::guard::Ask;
use crate::openapi::{Operation, schema_of};

#[derive(JsonSchema, Serialize)]
struct Answer {
    key: &'static str,
    /// LiteLLM tells here what it logs to: nothing.
    logging_callbacks: Option<()>,
}

pub const OPERATION: Operation = Operation::new("Whether the key that asks is good", schema_of::<Answer>);

/// Says that the key which asks is good: it would not be answered otherwise.
pub async fn health(_app: App, _permit: Permit, _ask: Ask, _fields: Fields) -> Result<Response, Fault> {
    Ok(json_answer(StatusCode::OK, &Answer { key: "healthy", logging_callbacks: None }))
}
