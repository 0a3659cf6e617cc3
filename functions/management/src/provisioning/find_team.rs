//! A team that a request names, if the caller may administer it.

use shared::api::ApiError;
use shared::store::TeamEntry;
use stargate_core::entity::TeamRole;
use stargate_core::id::TeamId;
use stargate_core::policy::{PermissionError, Permit};

use crate::state::ManagementState;

pub fn unknown_team(field: &str, id: &TeamId) -> ApiError {
    let message = format!("{field}: Team {id} not found");
    ApiError::NotFound { param: Some(field.to_owned()), message }
}

/// Whether the caller may change who and what is in a team: an administrator of everything, or of the team.
pub async fn may_administer(app: &ManagementState, permit: &Permit, team: &TeamId) -> Result<bool, ApiError> {
    let Some(user) = permit.user().filter(|_| !permit.sees_all()) else {
        return Ok(permit.sees_all());
    };
    let member = app.store.find_member(team, user).await?;
    Ok(member.is_some_and(|entry| entry.member.role == TeamRole::Admin))
}

/// A team that the caller may change.
pub async fn require_team_admin(
    app: &ManagementState,
    permit: &Permit,
    id: &TeamId,
) -> Result<TeamEntry, ApiError> {
    if !may_administer(app, permit, id).await? {
        return Err(PermissionError("only administrators of the team may do this").into());
    }
    app.store.find_team(id).await?.ok_or_else(|| unknown_team("team_id", id))
}
