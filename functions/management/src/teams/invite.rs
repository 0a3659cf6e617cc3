//! Invitations to teams: written by a team's administrators, shown to them and to the users they are for.

use schemars::JsonSchema;
use serde::Serialize;
use shared::api::ApiError;
use shared::store::StoreError;
use stargate_core::audit::Action;
use stargate_core::entity::{TeamInvitation, TeamInvitee, TeamRole};
use stargate_core::id::{InvitationId, TeamId, UserId, random_invitation_id};
use stargate_core::moment::Moment;
use stargate_core::money::Money;
use stargate_core::scope::Limits;

use super::member::object;
use super::new_member::membership_error;
use crate::ManagementState;
use crate::audit::{AuditRecorder, INVITATIONS};

/// A user who is invited to a team, and is no member yet.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct PendingInvitation {
    invitation_id: InvitationId,
    user_id: UserId,
    team_id: TeamId,
    role: &'static str,
    expires_at: String,
}

/// An invitation to a team with what its acceptance gives, for the user whom it invites.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct TeamInvitationRow {
    #[serde(flatten)]
    pending: PendingInvitation,
    invited_by: UserId,
    created_at: String,
    models: Vec<String>,
    max_budget: Option<Money>,
    soft_budget: Option<Money>,
    budget_duration: Option<String>,
    rpm_limit: Option<u64>,
    tpm_limit: Option<u64>,
    max_parallel_requests: Option<u64>,
    blocked: bool,
}

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
    scribe.note(action, (INVITATIONS, &object(&invitation.team, &invitation.user)), before, after).await;
}

impl From<&TeamInvitation> for PendingInvitation {
    fn from(invitation: &TeamInvitation) -> Self {
        Self {
            invitation_id: invitation.id.clone(),
            user_id: invitation.user.clone(),
            team_id: invitation.team.clone(),
            role: invitation.role.word(),
            expires_at: invitation.expires().to_string(),
        }
    }
}

impl PendingInvitation {
    pub fn from_invitee(team: &TeamId, invitee: TeamInvitee) -> Self {
        let TeamInvitee { id, user, role, expires } = invitee;
        Self {
            invitation_id: id,
            user_id: user,
            team_id: team.clone(),
            role: role.word(),
            expires_at: expires.to_string(),
        }
    }
}

impl From<&TeamInvitation> for TeamInvitationRow {
    fn from(invitation: &TeamInvitation) -> Self {
        let limits = &invitation.limits;
        Self {
            pending: invitation.into(),
            invited_by: invitation.inviter.clone(),
            created_at: invitation.created.to_string(),
            models: limits.models.iter().cloned().collect(),
            max_budget: limits.max_budget,
            soft_budget: limits.soft_budget,
            budget_duration: limits.budget_duration.as_ref().map(|duration| duration.as_str().to_owned()),
            rpm_limit: limits.rpm,
            tpm_limit: limits.tpm,
            max_parallel_requests: limits.max_parallel_requests,
            blocked: limits.blocked,
        }
    }
}
