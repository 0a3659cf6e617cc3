//! `POST /user/delete`

use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use shared::api::{ApiError, json_response};
use stargate_core::audit::Action;
use stargate_core::id::UserId;
use stargate_core::policy::Permit;
use stargate_core::scope::Scope;

use crate::audit_log::{AuditRecorder, USERS};
use crate::authorize::RequestContext;
use crate::openapi::operation::{Operation, schema_of};
use crate::provisioning::user_ref::unknown_user;
use crate::request::body::RequestBody;
use crate::request::ids::parse_user_id;
use crate::rows::user::UserRow;
use crate::state::ManagementState;

/// LiteLLM answers the bare number; here it has a name.
#[derive(JsonSchema, Serialize)]
struct DeleteUsersResponse {
    deleted_users: usize,
    user_ids: Vec<UserId>,
}

pub const OPERATION: Operation =
    Operation::new("Deletes users with their keys: all or none", schema_of::<DeleteUsersResponse>)
        .takes(&[&["user_ids"]])
        .needs(&["user_ids"]);

/// Deletes users with their keys. If one of them is unknown, none is deleted.
///
/// A user whose deletion was cut short counts as known, so that it can be asked for again.
pub async fn delete(
    app: ManagementState,
    permit: Permit,
    ask: RequestContext,
    fields: RequestBody,
) -> Result<Response, ApiError> {
    let ids: Vec<UserId> = fields.only_ids("user_ids", "user", parse_user_id)?.into_iter().collect();
    let scopes: Vec<Scope> = ids.iter().cloned().map(Scope::User).collect();
    let states = app.store.scope_states(&scopes).await?;
    if let Some((id, _)) = ids.iter().zip(&states).find(|(_, state)| state.is_none()) {
        return Err(unknown_user("user_ids", id.as_str()));
    }
    let scribe = AuditRecorder::new(&app, &permit, &ask);
    for id in &ids {
        let before = match app.store.find_user(id).await? {
            Some(entry) => Some(UserRow::read(&app, &entry, ask.now).await?),
            None => None,
        };
        app.store.delete_user(id, ask.now).await?;
        scribe.note(Action::Deleted, (USERS, id.as_str()), before.as_ref(), None).await;
    }
    let response = DeleteUsersResponse { deleted_users: ids.len(), user_ids: ids };
    Ok(json_response(StatusCode::OK, &response))
}
