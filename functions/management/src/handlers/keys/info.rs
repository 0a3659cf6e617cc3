//! `GET /key/info`

use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use shared::api::{ApiError, json_response};
use shared::store::KeyEntry;
use stargate_core::policy::{Caller, Permit};

use crate::authorize::RequestContext;
use crate::openapi::operation::{Operation, schema_of};
use crate::provisioning::find_key::{by_alias, by_secret, unknown_key, within_reach};
use crate::rows::key::KeyRow;
use crate::state::ManagementState;

#[derive(JsonSchema, Serialize)]
struct KeyInfoResponse {
    /// What names the key, as it was asked for; its hash, where the caller asks about itself.
    key: String,
    info: KeyInfo,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "KeyInfo")]
struct KeyInfo {
    #[serde(flatten)]
    row: KeyRow,
    status: &'static str,
}

pub const OPERATION: Operation = Operation::new(
    "A key by its secret, hash or alias; the one that asks, where none is named",
    schema_of::<KeyInfoResponse>,
)
.query(&["key", "key_alias"]);

/// A key by its secret, hash or alias; the caller's own, where none is named. A budget that is spent hides nothing.
pub async fn info(app: ManagementState, permit: Permit, ask: RequestContext) -> Result<Response, ApiError> {
    let (key, alias) = (ask.query.id("key")?, ask.query.text("key_alias")?);
    let (name, entry) = match (key, alias) {
        (Some(key), _) => (key.clone(), by_secret(&app, &permit, "key", &key).await?),
        (None, Some(alias)) => {
            let entry = by_alias(&app, &permit, "key_alias", &alias).await?;
            (alias, entry)
        }
        (None, None) => {
            let entry = own(&app, &permit).await?;
            (entry.key.holder.secret.as_str().to_owned(), entry)
        }
    };
    let row = KeyRow::read(&app, &entry, ask.now).await?;
    let response = KeyInfoResponse { key: name, info: KeyInfo { row, status: status(&entry, &ask) } };
    Ok(json_response(StatusCode::OK, &response))
}

async fn own(app: &ManagementState, permit: &Permit) -> Result<KeyEntry, ApiError> {
    let id = match permit.caller() {
        Caller::User { key, .. } | Caller::Key { key } => key,
        Caller::Administrator { .. } | Caller::Person { .. } => {
            return Err(ApiError::invalid("key", "must be given"));
        }
    };
    within_reach(app, permit, id).await?.ok_or_else(|| unknown_key("key", id.as_str()))
}

fn status(entry: &KeyEntry, ask: &RequestContext) -> &'static str {
    let limits = &entry.state.limits;
    if limits.expires.is_some_and(|expires| expires <= ask.now) {
        "expired"
    } else if limits.blocked {
        "blocked"
    } else {
        "active"
    }
}
