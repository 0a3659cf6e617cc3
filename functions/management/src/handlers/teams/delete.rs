//! `POST /team/delete`

use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use shared::api::{ApiError, json_response};
use stargate_core::audit::Action;
use stargate_core::id::TeamId;
use stargate_core::policy::Permit;
use stargate_core::scope::Scope;

use crate::audit_log::{AuditRecorder, TEAMS};
use crate::authorize::RequestContext;
use crate::openapi::operation::{Operation, schema_of};
use crate::provisioning::find_team::unknown_team;
use crate::request::body::RequestBody;
use crate::request::ids::parse_team_id;
use crate::rows::team::TeamRow;
use crate::state::ManagementState;

#[derive(JsonSchema, Serialize)]
struct DeleteTeamsResponse {
    deleted_teams: usize,
    team_ids: Vec<TeamId>,
}

pub const OPERATION: Operation = Operation::new(
    "Deletes teams with their keys and memberships: all or none",
    schema_of::<DeleteTeamsResponse>,
)
.takes(&[&["team_ids"]])
.needs(&["team_ids"]);

/// Deletes teams with their keys and memberships. If one of them is unknown, none is deleted.
///
/// A team whose deletion was cut short counts as known, so that it can be asked for again.
pub async fn delete(
    app: ManagementState,
    permit: Permit,
    ask: RequestContext,
    fields: RequestBody,
) -> Result<Response, ApiError> {
    let ids: Vec<TeamId> = fields.only_ids("team_ids", "team", parse_team_id)?.into_iter().collect();
    let scopes: Vec<Scope> = ids.iter().cloned().map(Scope::Team).collect();
    let states = app.store.scope_states(&scopes).await?;
    if let Some((id, _)) = ids.iter().zip(&states).find(|(_, state)| state.is_none()) {
        return Err(unknown_team("team_ids", id));
    }
    let scribe = AuditRecorder::new(&app, &permit, &ask);
    for id in &ids {
        let before = match app.store.find_team(id).await? {
            Some(entry) => Some(TeamRow::read(&app, &entry, ask.now).await?),
            None => None,
        };
        app.store.delete_team(id, ask.now).await?;
        scribe.note(Action::Deleted, (TEAMS, id.as_str()), before.as_ref(), None).await;
    }
    Ok(json_response(StatusCode::OK, &DeleteTeamsResponse { deleted_teams: ids.len(), team_ids: ids }))
}
