//! `POST /session/logout`

use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use shared::fault::Fault;
use shared::policy::{Caller, Permit};
use shared::web::json_answer;

use crate::App;
use crate::fields::Fields;
use crate::guard::Ask;
use crate::openapi::{Operation, schema_of};

#[derive(JsonSchema, Serialize)]
struct Answer {
    logged_out: bool,
}

pub const OPERATION: Operation = Operation::new("Ends the session that asks", schema_of::<Answer>);

/// Ends the session that asks.
pub async fn logout(app: App, permit: Permit, _ask: Ask, _fields: Fields) -> Result<Response, Fault> {
    let session = match permit.caller() {
        Caller::User { key, .. } => app.store.keys(std::slice::from_ref(key)).await?.pop(),
        Caller::Administrator { .. } | Caller::Key { .. } | Caller::Person { .. } => None,
    };
    let session = session.filter(|entry| entry.key.is_session).ok_or_else(|| Fault::Invalid {
        param: None,
        message: "what was sent is a key, and no session that could end".to_owned(),
    })?;
    app.store.delete_key(&session.key.id).await?;
    Ok(json_answer(StatusCode::OK, &Answer { logged_out: true }))
}
