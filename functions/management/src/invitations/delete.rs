//! `POST /invitation/delete`

use axum::http::StatusCode;
use axum::response::Response;
use shared::api::{ApiError, json_response};
use stargate_core::audit::Action;
use stargate_core::entity::TeamInvitation;
use stargate_core::policy::Permit;
use stargate_core::secret::Secret;

use super::row::{AnyInvitation, InvitationResponse};
use super::{ID, InvitationRow, find, find_team_invitation, not_found};
use crate::ManagementState;
use crate::audit::{AuditRecorder, INVITATIONS};
use crate::fields::RequestBody;
use crate::guard::RequestContext;
use crate::openapi::{Operation, schema_of};
use crate::teams::{may_administer, record_invitation};

pub const OPERATION: Operation =
    Operation::new("Withdraws an invitation, or declines one to a team", schema_of::<AnyInvitation<'_>>)
        .takes(&[&[ID]])
        .needs(&[ID]);

/// Withdraws an invitation, or declines one. Administrators of the deployment withdraw any; a team's administrators
/// withdraw those to their team; users decline their own.
pub async fn delete(
    app: ManagementState,
    permit: Permit,
    ask: RequestContext,
    mut fields: RequestBody,
) -> Result<Response, ApiError> {
    let id = fields.text(ID)?.value().ok_or_else(|| ApiError::invalid(ID, "must be given"))?;
    fields.finish()?;
    let scribe = AuditRecorder::new(&app, &permit, &ask);
    let deleted = match find_team_invitation(&app, &id).await? {
        Some(invitation) => delete_team_invitation(&app, &permit, &scribe, &invitation).await?,
        // Only administrators see that there is such an invitation.
        None if !permit.sees_all() => return Err(not_found(ID)),
        None => {
            let invitation = find(&app, &Secret::new(&id)).await?;
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
        return Err(not_found(ID));
    }
    if !app.store.delete_team_invitation(invitation).await? {
        // It was accepted or deleted meanwhile.
        return Err(not_found(ID));
    }
    record_invitation(scribe, Action::Deleted, invitation).await;
    Ok(AnyInvitation::Team(Box::new(invitation.into())))
}
