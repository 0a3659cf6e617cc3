//! `POST /invitation/accept`

use axum::http::StatusCode;
use axum::response::Response;
use shared::api::{ApiError, json_response};
use shared::store::CreateError;
use stargate_core::audit::Action;
use stargate_core::entity::{TeamInvitation, TeamRole};
use stargate_core::id::{InvitationId, TeamId, UserId};
use stargate_core::moment::Moment;
use stargate_core::policy::{PermissionError, Permit};

use crate::audit_log::{AuditRecorder, MEMBERS};
use crate::authorize::RequestContext;
use crate::openapi::operation::{Operation, schema_of};
use crate::provisioning::find_invitation::{INVITATION_ID, invitation_not_found};
use crate::provisioning::new_member::membership_name;
use crate::provisioning::team_invitation::record_invitation;
use crate::request::body::RequestBody;
use crate::request::ids;
use crate::rows::team::MembershipRow;
use crate::state::ManagementState;

pub const OPERATION: Operation =
    Operation::new("Accepts an invitation to a team, by its id or by the team's", schema_of::<MembershipRow>)
        .takes(&[&[INVITATION_ID, "team_id"]]);

/// How a request names the invitation that is accepted.
struct InvitationRef {
    id: Option<InvitationId>,
    team: Option<TeamId>,
}

/// Accepts an invitation to a team: makes the caller a member with the role and the limits that it says. A repeated request
/// gets the same response.
pub async fn accept(
    app: ManagementState,
    permit: Permit,
    ask: RequestContext,
    fields: RequestBody,
) -> Result<Response, ApiError> {
    let named = InvitationRef::read(fields)?;
    let user = permit.user().ok_or(PermissionError(
        "only the invited user accepts an invitation, with a key of their own (not a team's), a session or a token",
    ))?;
    let pending = app.store.team_invitations_of_user(user).await?;
    let team = match pending.into_iter().find(|invitation| named.matches(invitation)) {
        Some(invitation) => {
            create_membership(&app, &AuditRecorder::new(&app, &permit, &ask), &named, &invitation, ask.now)
                .await?;
            invitation.team
        }
        None => named.find_joined_team(&app, user).await?,
    };
    let entry = app.store.find_member(&team, user).await?.ok_or_else(|| named.not_found())?;
    Ok(json_response(StatusCode::OK, &MembershipRow::new(&app, &entry, ask.now)))
}

/// Creates the membership, if the invitation is still valid.
async fn create_membership(
    app: &ManagementState,
    scribe: &AuditRecorder<'_>,
    named: &InvitationRef,
    invitation: &TeamInvitation,
    now: Moment,
) -> Result<(), ApiError> {
    let TeamInvitation { team, user, inviter, .. } = invitation;
    if invitation.expires() <= now {
        return Err(named.no_longer_valid(team, "has expired"));
    }
    let sender = app.store.find_member(team, inviter).await?;
    if sender.is_none_or(|entry| entry.member.role != TeamRole::Admin) {
        return Err(
            named.no_longer_valid(team, "came from somebody who does not administer the team any more")
        );
    }
    let entry = app.store.find_team(team).await?.ok_or_else(|| named.not_found())?;
    if entry.state.limits.blocked {
        let message = format!(
            "team_id: Team {team} is blocked. Ask its administrators, and accept once it is unblocked"
        );
        return Err(ApiError::Conflict { param: Some("team_id".to_owned()), message });
    }
    match app.store.accept_team_invitation(invitation, now).await {
        Ok(()) => {}
        // Another request of the same user was faster.
        Err(CreateError::Taken { .. }) => return Ok(()),
        Err(CreateError::Gone { .. }) => return Err(named.not_found()),
        Err(CreateError::Store(error)) => return Err(error.into()),
    }
    if let Some(entry) = app.store.find_member(team, user).await? {
        let row = MembershipRow::new(app, &entry, now);
        scribe.note(Action::Created, (MEMBERS, &membership_name(team, user)), None, Some(&row)).await;
    }
    record_invitation(scribe, Action::Deleted, invitation).await;
    Ok(())
}

impl InvitationRef {
    fn read(mut fields: RequestBody) -> Result<Self, ApiError> {
        let id = fields.patch(INVITATION_ID, "a string")?.try_map(|id: String| {
            InvitationId::parse(id).map_err(|rule| ApiError::invalid(INVITATION_ID, rule.to_string()))
        })?;
        let team = fields.patch("team_id", "a string")?.try_map(|id| ids::parse_team_id("team_id", id))?;
        fields.finish()?;
        match (id.value(), team.value()) {
            (None, None) => Err(ApiError::invalid(INVITATION_ID, "invitation_id or team_id must be given")),
            (id, team) => Ok(Self { id, team }),
        }
    }

    fn matches(&self, invitation: &TeamInvitation) -> bool {
        self.id.as_ref().is_none_or(|id| *id == invitation.id)
            && self.team.as_ref().is_none_or(|team| *team == invitation.team)
    }

    /// The team that the user has joined by this invitation already.
    async fn find_joined_team(&self, app: &ManagementState, user: &UserId) -> Result<TeamId, ApiError> {
        let team = match &self.id {
            Some(id) => app.store.find_team_joined_by(user, id).await?,
            None => self.team.clone(),
        };
        let is_meant = |team: &TeamId| self.team.as_ref().is_none_or(|named| named == team);
        team.filter(is_meant).ok_or_else(|| self.not_found())
    }

    fn field(&self) -> &'static str {
        if self.id.is_some() { INVITATION_ID } else { "team_id" }
    }

    fn not_found(&self) -> ApiError {
        invitation_not_found(self.field())
    }

    fn no_longer_valid(&self, team: &TeamId, why: &str) -> ApiError {
        let field = self.field();
        let message =
            format!("{field}: The invitation {why}. Ask an administrator of team {team} for another");
        ApiError::NotFound { param: Some(field.to_owned()), message }
    }
}
