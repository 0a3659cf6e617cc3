//! `POST /session/logout`

use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use shared::api::{ApiError, json_response};
use stargate_core::policy::{Caller, Permit};

use crate::authorize::RequestContext;
use crate::openapi::operation::{Operation, schema_of};
use crate::request::body::RequestBody;
use crate::state::ManagementState;

#[derive(JsonSchema, Serialize)]
struct LogoutResponse {
    logged_out: bool,
}

pub const OPERATION: Operation = Operation::new("Ends the session that asks", schema_of::<LogoutResponse>);

/// Ends the session that asks.
pub async fn logout(
    app: ManagementState,
    permit: Permit,
    _ask: RequestContext,
    _fields: RequestBody,
) -> Result<Response, ApiError> {
    let session = match permit.caller() {
        Caller::User { key, .. } => app.store.keys(std::slice::from_ref(key)).await?.pop(),
        Caller::Administrator { .. } | Caller::Key { .. } | Caller::Person { .. } => None,
    };
    let session = session.filter(|entry| entry.key.is_session).ok_or_else(|| ApiError::Invalid {
        param: None,
        message: "what was sent is a key, and no session that could end".to_owned(),
    })?;
    app.store.delete_key(&session.key.id).await?;
    Ok(json_response(StatusCode::OK, &LogoutResponse { logged_out: true }))
}
