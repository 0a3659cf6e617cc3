//! An invitation that a request names.

use shared::api::ApiError;
use stargate_core::entity::{Invitation, TeamInvitation};
use stargate_core::id::InvitationId;
use stargate_core::moment::Moment;
use stargate_core::secret::Secret;

use crate::state::ManagementState;

/// The field that names an invitation.
pub const INVITATION_ID: &str = "invitation_id";

/// An invitation to set a password by its id, for administrators.
pub async fn find_invitation(app: &ManagementState, id: &Secret) -> Result<Invitation, ApiError> {
    app.store.find_invitation(&id.hash()).await?.ok_or_else(|| invitation_not_found(INVITATION_ID))
}

/// A pending invitation to a team by its id.
pub async fn find_team_invitation(
    app: &ManagementState,
    id: &str,
) -> Result<Option<TeamInvitation>, ApiError> {
    match InvitationId::parse(id) {
        Ok(id) => Ok(app.store.find_team_invitation(&id).await?),
        Err(_) => Ok(None),
    }
}

/// Nobody learns of an invitation that is not theirs.
pub fn invitation_not_found(field: &str) -> ApiError {
    ApiError::NotFound { param: Some(field.to_owned()), message: format!("{field}: Invitation not found") }
}

/// An invitation that can still be accepted.
pub async fn require_valid_invitation(
    app: &ManagementState,
    id: &Secret,
    now: Moment,
) -> Result<Invitation, ApiError> {
    let found = app.store.find_invitation(&id.hash()).await?;
    let invitation = found.ok_or(ApiError::Unauthenticated("Invitation link does not exist"))?;
    if invitation.expires() <= now {
        return Err(ApiError::Unauthenticated("Invitation link has expired"));
    }
    Ok(invitation)
}

pub const USED: ApiError = ApiError::Unauthenticated("Invitation link has already been used");
