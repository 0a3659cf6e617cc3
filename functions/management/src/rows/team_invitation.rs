//! Invitations to teams.

use schemars::JsonSchema;
use serde::Serialize;
use stargate_core::entity::{TeamInvitation, TeamInvitee};
use stargate_core::id::{InvitationId, TeamId, UserId};
use stargate_core::money::Money;

/// A user who is invited to a team, and is no member yet.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct PendingInvitation {
    invitation_id: InvitationId,
    user_id: UserId,
    team_id: TeamId,
    role: &'static str,
    expires_at: String,
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
