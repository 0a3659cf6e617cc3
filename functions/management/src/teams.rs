//! Teams and their members.

mod block;
mod delete;
mod info;
mod invite;
mod list;
mod member;
mod member_add;
mod new;
mod new_member;
mod row;
mod update;

pub use invite::{TeamInvitationRow, record_invitation};
pub use member::object as membership_name;
pub use row::{MembershipRow, TeamRow};

use shared::api::ApiError;
use shared::store::TeamEntry;
use stargate_core::entity::TeamRole;
use stargate_core::id::{TeamId, UserId};
use stargate_core::moment::Moment;
use stargate_core::policy::{PermissionError, Permit};
use stargate_core::scope::Limits;

use crate::ManagementState;
use crate::audit::AuditRecorder;
use crate::fields::RequestBody;
use crate::routes::Routes;
use crate::users::CreatedUsers;

/// The routes of teams and their members.
pub fn routes(routes: &mut Routes) {
    routes.post("/team/new", new::OPERATION, new::new);
    routes.post("/team/update", update::OPERATION, update::update);
    routes.post("/team/delete", delete::OPERATION, delete::delete);
    routes.post("/team/block", block::BLOCK, block::block);
    routes.post("/team/unblock", block::UNBLOCK, block::unblock);
    routes.get("/team/info", info::OPERATION, info::info);
    routes.get("/team/list", list::OPERATION, list::list);
    routes.post("/team/member_add", member_add::OPERATION, member_add::member_add);
    routes.post("/team/member_update", member::UPDATE, member::member_update);
    routes.post("/team/member_delete", member::DELETE, member::member_delete);
}

/// An id as it was sent.
pub fn parse_id(field: &str, text: String) -> Result<TeamId, ApiError> {
    TeamId::parse(text).map_err(|rule| ApiError::invalid(field, rule.to_string()))
}

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
async fn require_team_admin(
    app: &ManagementState,
    permit: &Permit,
    id: &TeamId,
) -> Result<TeamEntry, ApiError> {
    if !may_administer(app, permit, id).await? {
        return Err(PermissionError("only administrators of the team may do this").into());
    }
    app.store.find_team(id).await?.ok_or_else(|| unknown_team("team_id", id))
}

fn required_id(fields: &mut RequestBody) -> Result<TeamId, ApiError> {
    let id = fields.patch("team_id", "a string")?.value();
    parse_id("team_id", id.ok_or_else(|| ApiError::invalid("team_id", "must be given"))?)
}

/// Makes a user a plain member of a team, without limits there.
pub async fn join(
    app: &ManagementState,
    scribe: &AuditRecorder<'_>,
    team: &TeamId,
    user: &UserId,
    now: Moment,
) -> Result<(), ApiError> {
    let member = new_member::NewMember::plain(user.clone());
    let (limits, mut created) = (Limits::default(), CreatedUsers::default());
    new_member::seat(app, scribe, team, (member, &limits), &mut created, now).await.map(|_| ())
}
