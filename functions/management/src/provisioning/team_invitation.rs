//! Invitations to teams: written by a team's administrators, shown to them and to the users they are for.

use shared::api::ApiError;
use shared::store::StoreError;
use stargate_core::audit::Action;
use stargate_core::entity::{TeamInvitation, TeamRole};
use stargate_core::id::{TeamId, UserId, random_invitation_id};
use stargate_core::moment::Moment;
use stargate_core::scope::Limits;

use crate::audit_log::{AuditRecorder, INVITATIONS};
use crate::provisioning::new_member::{membership_error, membership_name};
use crate::rows::team_invitation::{PendingInvitation, TeamInvitationRow};
use crate::state::ManagementState;

/// Invites a user to a team, in place of an earlier invitation.
pub async fn invite(
    app: &ManagementState,
    scribe: &AuditRecorder<'_>,
    (team, user, role): (&TeamId, UserId, TeamRole),
    limits: &Limits,
    (inviter, created): (&UserId, Moment),
) -> Result<PendingInvitation, ApiError> {
    let invitation = TeamInvitation {
        id: random_invitation_id().map_err(StoreError::from)?,
        team: team.clone(),
        user,
        role,
        limits: limits.clone(),
        inviter: inviter.clone(),
        created,
    };
    let made = app.store.create_team_invitation(&invitation).await;
    made.map_err(|error| membership_error(error, team, &invitation.user))?;
    record_invitation(scribe, Action::Created, &invitation).await;
    Ok(PendingInvitation::from(&invitation))
}

/// Adds to the audit log that an invitation was created, or that it is not pending any more.
pub async fn record_invitation(scribe: &AuditRecorder<'_>, action: Action, invitation: &TeamInvitation) {
    let row = TeamInvitationRow::from(invitation);
    let (before, after) = if action == Action::Deleted { (Some(&row), None) } else { (None, Some(&row)) };
    scribe
        .note(action, (INVITATIONS, &membership_name(&invitation.team, &invitation.user)), before, after)
        .await;
}
