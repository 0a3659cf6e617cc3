//! `POST /key/block` and `POST /key/unblock`

use axum::http::StatusCode;
use axum::response::Response;
use shared::api::{ApiError, json_response};
use stargate_core::audit::Action;
use stargate_core::policy::Permit;
use stargate_core::scope::{Limits, Scope};

use crate::audit_log::{AuditRecorder, KEYS};
use crate::authorize::RequestContext;
use crate::openapi::operation::{Operation, schema_of};
use crate::provisioning::find_key::{of_body, unknown_key};
use crate::request::body::RequestBody;
use crate::rows::key::KeyRow;
use crate::state::ManagementState;

pub const BLOCK: Operation =
    Operation::new("Refuses every request of a key from now on", schema_of::<KeyRow>)
        .takes(&[&["key"]])
        .needs(&["key"]);

/// Refuses every request of a key from now on.
pub async fn block(
    app: ManagementState,
    permit: Permit,
    ask: RequestContext,
    fields: RequestBody,
) -> Result<Response, ApiError> {
    set(app, permit, ask, fields, true).await
}

pub const UNBLOCK: Operation =
    Operation::new("Lets a blocked key work again", schema_of::<KeyRow>).takes(&[&["key"]]).needs(&["key"]);

pub async fn unblock(
    app: ManagementState,
    permit: Permit,
    ask: RequestContext,
    fields: RequestBody,
) -> Result<Response, ApiError> {
    set(app, permit, ask, fields, false).await
}

async fn set(
    app: ManagementState,
    permit: Permit,
    ask: RequestContext,
    mut fields: RequestBody,
    blocked: bool,
) -> Result<Response, ApiError> {
    let mut entry = of_body(&app, &permit, &mut fields).await?;
    fields.finish()?;
    let edit = |limits: &Limits| Ok::<_, ApiError>(Limits { blocked, ..limits.clone() });
    let edited = app.store.edit(&Scope::Key(entry.key.id.clone()), edit, ask.now).await?;
    entry.state = edited.ok_or_else(|| unknown_key("key", &entry.key.hint))?;
    let row = KeyRow::new(&entry, ask.now, &app.store.terms().zone)?;
    let action = if blocked { Action::Blocked } else { Action::Unblocked };
    AuditRecorder::new(&app, &permit, &ask).note(action, (KEYS, row.hash()), None, Some(&row)).await;
    Ok(json_response(StatusCode::OK, &row))
}
