//! `POST /session/logout`

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;
use shared::fault::Fault;
use shared::policy::{Caller, Permit};
use shared::web::json_answer;

use crate::App;
use crate::fields::Fields;
use crate::guard::Ask;

/// Ends the session that asks.
pub async fn logout(app: App, permit: Permit, ask: Ask) -> Result<Response, Fault> {
    ask.query.only(&[])?;
    Fields::read(&ask.body)?.finish()?;
    let session = match permit.caller() {
        Caller::User { key, .. } => app.store.keys(std::slice::from_ref(key)).await?.pop(),
        Caller::Administrator { .. } | Caller::Key { .. } | Caller::Person { .. } => None,
    };
    let session = session.filter(|entry| entry.key.is_session).ok_or_else(|| Fault::Invalid {
        param: None,
        message: "what was sent is a key, and no session that could end".to_owned(),
    })?;
    app.store.delete_key(&session.key.id).await?;
    Ok(json_answer(StatusCode::OK, &json!({"logged_out": true})))
}
