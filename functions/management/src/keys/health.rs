//! `POST /key/health`

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;
use shared::fault::Fault;
use shared::policy::Permit;
use shared::web::json_answer;

use crate::App;
use crate::guard::Ask;

/// Says that the key which asks is good: it would not be answered otherwise.
pub async fn health(_app: App, _permit: Permit, ask: Ask) -> Result<Response, Fault> {
    ask.query.only(&[])?;
    Ok(json_answer(StatusCode::OK, &json!({"key": "healthy", "logging_callbacks": null})))
}
