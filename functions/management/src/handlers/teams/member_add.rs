//! `POST /team/member_add`

use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use shared::api::{ApiError, json_response};
use stargate_core::audit::Action;
use stargate_core::id::{TeamId, UserId};
use stargate_core::policy::Permit;
use stargate_core::scope::Limits;

use crate::audit_log::{AuditRecorder, MEMBERS};
use crate::authorize::RequestContext;
use crate::openapi::operation::{LIMITS, Operation, schema_of};
use crate::provisioning::find_team::require_team_admin;
use crate::provisioning::new_member::{NewMember, add_member, look_up_members, membership_name, no_member};
use crate::provisioning::team_invitation::invite;
use crate::request::body::RequestBody;
use crate::request::ids::required_team_id;
use crate::request::member_fields::member_limits;
use crate::rows::created_users::CreatedUsers;
use crate::rows::team::{MembershipRow, TeamRow};
use crate::rows::team_invitation::PendingInvitation;
use crate::state::ManagementState;

#[derive(JsonSchema, Serialize)]
struct TeamMemberAddResponse {
    #[serde(flatten)]
    team: TeamRow,
    /// Who is a member now.
    updated_users: Vec<UserId>,
    updated_team_memberships: Vec<MembershipRow>,
    /// Who was invited, and is a member once they accept.
    pending_invitations: Vec<PendingInvitation>,
    #[serde(flatten)]
    created: CreatedUsers,
}

pub const OPERATION: Operation = Operation::new(
    "Adds users to a team, each with these limits there; a team's administrators invite them",
    schema_of::<TeamMemberAddResponse>,
)
.takes(&[&["team_id", "member", "max_budget_in_team", "allowed_models"], LIMITS])
.needs(&["team_id", "member"]);

/// Adds users to a team, each with these limits there.
///
/// Administrators of the deployment add users at once, and create those who are missing. A team's administrators invite
/// existing users, unless `STARGATE_TEAM_ADMINS_ADD_USERS` lets them add them at once.
pub async fn member_add(
    app: ManagementState,
    permit: Permit,
    ask: RequestContext,
    mut fields: RequestBody,
) -> Result<Response, ApiError> {
    let id = required_team_id(&mut fields)?;
    let members = NewMember::read_all(&mut fields, "member")?;
    let limits = member_limits(&mut fields)?.apply_to(Limits::default());
    fields.finish()?;
    if members.is_empty() {
        return Err(ApiError::invalid("member", "must name at least one user"));
    }
    let team = require_team_admin(&app, &permit, &id).await?;
    let users = look_up_members(&app, &permit, &id, &members).await?;
    let scribe = AuditRecorder::new(&app, &permit, &ask);
    let (mut created, mut rows, mut pending) = (CreatedUsers::default(), Vec::new(), Vec::new());
    let invited_by = permit.user().filter(|_| !permit.sees_all() && !app.team_admins_add_users);
    for (member, user) in members.into_iter().zip(users) {
        match (invited_by, user) {
            (Some(inviter), Some(user)) => {
                let role = member.role;
                pending.push(invite(&app, &scribe, (&id, user, role), &limits, (inviter, ask.now)).await?);
            }
            _ => {
                let user = add_member(&app, &scribe, &id, (member, &limits), &mut created, ask.now).await?;
                rows.push(record_membership(&app, &scribe, &id, &user, &ask).await?);
            }
        }
    }
    let team = TeamRow::read(&app, &team, ask.now).await?;
    let updated_users = rows.iter().map(|row: &MembershipRow| row.user_id.clone()).collect();
    let (updated_team_memberships, pending_invitations) = (rows, pending);
    let response =
        TeamMemberAddResponse { team, updated_users, updated_team_memberships, pending_invitations, created };
    Ok(json_response(StatusCode::OK, &response))
}

/// Adds a new membership to the audit log.
async fn record_membership(
    app: &ManagementState,
    scribe: &AuditRecorder<'_>,
    team: &TeamId,
    user: &UserId,
    ask: &RequestContext,
) -> Result<MembershipRow, ApiError> {
    let entry = app.store.find_member(team, user).await?.ok_or_else(|| no_member(team, user))?;
    let row = MembershipRow::new(app, &entry, ask.now);
    scribe.note(Action::Created, (MEMBERS, &membership_name(team, user)), None, Some(&row)).await;
    Ok(row)
}
