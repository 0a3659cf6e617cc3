//! `POST /invitation/delete`

use axum::http::StatusCode;
use axum::response::Response;
use shared::api::{ApiError, json_response};
use stargate_core::audit::Action;
use stargate_core::entity::TeamInvitation;
use stargate_core::policy::Permit;
use stargate_core::secret::Secret;

use crate::audit_log::{AuditRecorder, INVITATIONS};
use crate::authorize::RequestContext;
use crate::openapi::operation::{Operation, schema_of};
use crate::provisioning::find_invitation::{
    INVITATION_ID, find_invitation, find_team_invitation, invitation_not_found,
};
use crate::provisioning::find_team::may_administer;
use crate::provisioning::team_invitation::record_invitation;
use crate::request::body::RequestBody;
use crate::rows::invitation::{AnyInvitation, InvitationResponse, InvitationRow};
use crate::state::ManagementState;

pub const OPERATION: Operation =
    Operation::new("Withdraws an invitation, or declines one to a team", schema_of::<AnyInvitation<'_>>)
        .takes(&[&[INVITATION_ID]])
        .needs(&[INVITATION_ID]);

/// Withdraws an invitation, or declines one. Administrators of the deployment withdraw any; a team's administrators
/// withdraw those to their team; users decline their own.
pub async fn delete(
    app: ManagementState,
    permit: Permit,
    ask: RequestContext,
    mut fields: RequestBody,
) -> Result<Response, ApiError> {
    let id = fields
        .text(INVITATION_ID)?
        .value()
        .ok_or_else(|| ApiError::invalid(INVITATION_ID, "must be given"))?;
    fields.finish()?;
    let scribe = AuditRecorder::new(&app, &permit, &ask);
    let deleted = match find_team_invitation(&app, &id).await? {
        Some(invitation) => delete_team_invitation(&app, &permit, &scribe, &invitation).await?,
        // Only administrators see that there is such an invitation.
        None if !permit.sees_all() => return Err(invitation_not_found(INVITATION_ID)),
        None => {
            let invitation = find_invitation(&app, &Secret::new(&id)).await?;
            app.store.delete_invitation(&invitation.id).await?;
            let row = InvitationRow::new(&invitation);
            let object = (INVITATIONS, invitation.user.as_str());
            scribe.note(Action::Deleted, object, Some(&row), None).await;
            AnyInvitation::Password(InvitationResponse { id: &id, row })
        }
    };
    Ok(json_response(StatusCode::OK, &deleted))
}

async fn delete_team_invitation(
    app: &ManagementState,
    permit: &Permit,
    scribe: &AuditRecorder<'_>,
    invitation: &TeamInvitation,
) -> Result<AnyInvitation<'static>, ApiError> {
    let is_own = permit.user() == Some(&invitation.user);
    if !is_own && !may_administer(app, permit, &invitation.team).await? {
        return Err(invitation_not_found(INVITATION_ID));
    }
    if !app.store.delete_team_invitation(invitation).await? {
        // It was accepted or deleted meanwhile.
        return Err(invitation_not_found(INVITATION_ID));
    }
    record_invitation(scribe, Action::Deleted, invitation).await;
    Ok(AnyInvitation::Team(Box::new(invitation.into())))
}
