//! `POST /team/block` and `POST /team/unblock`

use axum::http::StatusCode;
use axum::response::Response;
use shared::api::{ApiError, json_response};
use stargate_core::audit::Action;
use stargate_core::policy::Permit;
use stargate_core::scope::{Limits, Scope};

use crate::audit_log::{AuditRecorder, TEAMS};
use crate::authorize::RequestContext;
use crate::openapi::operation::{Operation, schema_of};
use crate::provisioning::find_team::unknown_team;
use crate::request::body::RequestBody;
use crate::request::ids::required_team_id;
use crate::rows::team::TeamRow;
use crate::state::ManagementState;

pub const BLOCK: Operation =
    Operation::new("Refuses every request of a team's keys from now on", schema_of::<TeamRow>)
        .takes(&[&["team_id"]])
        .needs(&["team_id"]);

/// Refuses every request of the team's keys from now on.
pub async fn block(
    app: ManagementState,
    permit: Permit,
    ask: RequestContext,
    fields: RequestBody,
) -> Result<Response, ApiError> {
    set(app, permit, ask, fields, true).await
}

pub const UNBLOCK: Operation = Operation::new("Lets a blocked team's keys work again", schema_of::<TeamRow>)
    .takes(&[&["team_id"]])
    .needs(&["team_id"]);

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
    let id = required_team_id(&mut fields)?;
    fields.finish()?;
    let scope = Scope::Team(id.clone());
    let edit = |limits: &Limits| Ok::<_, ApiError>(Limits { blocked, ..limits.clone() });
    let missing = || unknown_team("team_id", &id);
    app.store.edit(&scope, edit, ask.now).await?.ok_or_else(missing)?;
    let entry = app.store.find_team(&id).await?.ok_or_else(missing)?;
    let row = TeamRow::read(&app, &entry, ask.now).await?;
    let action = if blocked { Action::Blocked } else { Action::Unblocked };
    AuditRecorder::new(&app, &permit, &ask).note(action, (TEAMS, id.as_str()), None, Some(&row)).await;
    Ok(json_response(StatusCode::OK, &row))
}
