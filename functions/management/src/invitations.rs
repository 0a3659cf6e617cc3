//! Invitations, and how they are accepted: to set a password, and to join a team.

mod accept;
mod claim;
mod delete;
mod info;
mod new;
mod open;
mod row;

pub use row::InvitationRow;

use axum::http::Method;
use shared::api::ApiError;
use stargate_core::entity::{Invitation, TeamInvitation};
use stargate_core::id::InvitationId;
use stargate_core::moment::Moment;
use stargate_core::secret::Secret;

use crate::ManagementState;
use crate::routes::Routes;

/// The routes of invitations.
pub fn routes(routes: &mut Routes) {
    routes.post("/invitation/new", new::OPERATION, new::new);
    routes.get("/invitation/info", info::OPERATION, info::info);
    routes.post("/invitation/accept", accept::OPERATION, accept::accept);
    routes.post("/invitation/delete", delete::OPERATION, delete::delete);
    routes.open(Method::GET, "/onboarding/get_token", open::OPERATION, open::get_onboarding_token);
    routes.open(Method::POST, "/onboarding/claim_token", claim::OPERATION, claim::claim);
}

/// The field that names an invitation.
const ID: &str = "invitation_id";

/// An invitation to set a password by its id, for administrators.
async fn find(app: &ManagementState, id: &Secret) -> Result<Invitation, ApiError> {
    app.store.find_invitation(&id.hash()).await?.ok_or_else(|| not_found(ID))
}

/// A pending invitation to a team by its id.
async fn find_team_invitation(app: &ManagementState, id: &str) -> Result<Option<TeamInvitation>, ApiError> {
    match InvitationId::parse(id) {
        Ok(id) => Ok(app.store.find_team_invitation(&id).await?),
        Err(_) => Ok(None),
    }
}

/// Nobody learns of an invitation that is not theirs.
fn not_found(field: &str) -> ApiError {
    ApiError::NotFound { param: Some(field.to_owned()), message: format!("{field}: Invitation not found") }
}

/// An invitation that can still be accepted.
async fn good(app: &ManagementState, id: &Secret, now: Moment) -> Result<Invitation, ApiError> {
    let found = app.store.find_invitation(&id.hash()).await?;
    let invitation = found.ok_or(ApiError::Unauthenticated("Invitation link does not exist"))?;
    if invitation.expires() <= now {
        return Err(ApiError::Unauthenticated("Invitation link has expired"));
    }
    Ok(invitation)
}

const USED: ApiError = ApiError::Unauthenticated("Invitation link has already been used");
