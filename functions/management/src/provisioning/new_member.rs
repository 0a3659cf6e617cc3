//! Users whom a request adds to a team: looked up and checked before anything is written.

use shared::api::ApiError;
use shared::store::CreateError;
use stargate_core::entity::{Member, TeamRole};
use stargate_core::id::{TeamId, UserId};
use stargate_core::moment::Moment;
use stargate_core::policy::Permit;
use stargate_core::scope::Limits;

use crate::audit_log::AuditRecorder;
use crate::provisioning::user_ref::{UserRef, ensure_user, look_up_all};
use crate::request::body::RequestBody;
use crate::request::member_fields::member_role;
use crate::rows::created_users::CreatedUsers;
use crate::state::ManagementState;

/// Who joins a team, and as what.
pub struct NewMember {
    pub whom: UserRef,
    pub role: TeamRole,
}

impl NewMember {
    pub fn plain(user: UserId) -> Self {
        Self { whom: UserRef::Id(user), role: TeamRole::User }
    }

    pub fn read(mut fields: RequestBody) -> Result<Self, ApiError> {
        let member =
            Self { whom: UserRef::read(&mut fields)?, role: member_role(&mut fields)?.unwrap_or_default() };
        fields.finish()?;
        Ok(member)
    }

    /// The members of a list, at most as many as a list may have entries.
    pub fn read_all(fields: &mut RequestBody, field: &str) -> Result<Vec<Self>, ApiError> {
        let members = fields.objects(field)?.value().unwrap_or_default();
        members.into_iter().map(Self::read).collect()
    }
}

/// Looks up who is named; refuses users who are named twice, who are missing and may not be created, or who are in the team.
/// `None`: the user is to be created.
pub async fn look_up_members(
    app: &ManagementState,
    permit: &Permit,
    team: &TeamId,
    members: &[NewMember],
) -> Result<Vec<Option<UserId>>, ApiError> {
    let named: Vec<&UserRef> = members.iter().map(|member| &member.whom).collect();
    let found = look_up_all(app, permit, "member", &named).await?;
    for user in found.iter().flatten() {
        if app.store.find_member(team, user).await?.is_some() {
            return Err(is_member(team, user));
        }
    }
    Ok(found)
}

/// Makes a user a member of a team. The user is created where that is allowed, and added to `created`.
pub async fn add_member(
    app: &ManagementState,
    scribe: &AuditRecorder<'_>,
    team: &TeamId,
    (NewMember { whom, role }, limits): (NewMember, &Limits),
    created: &mut CreatedUsers,
    now: Moment,
) -> Result<UserId, ApiError> {
    let user = ensure_user(app, scribe, &whom, created, now).await?;
    let member = Member { team: team.clone(), user, role, limits: limits.clone(), joined: now };
    match app.store.create_member(&member).await {
        Ok(()) => Ok(member.user),
        Err(error) => Err(membership_error(error, team, &member.user)),
    }
}

/// Why a user was not added to a team, or not invited.
pub fn membership_error(error: CreateError, team: &TeamId, user: &UserId) -> ApiError {
    match error {
        CreateError::Store(error) => error.into(),
        CreateError::Taken { .. } => is_member(team, user),
        CreateError::Gone { field } => {
            let message = format!("{field}: it was deleted meanwhile");
            ApiError::Invalid { param: Some("user_id".to_owned()), message }
        }
    }
}

fn is_member(team: &TeamId, user: &UserId) -> ApiError {
    let message = format!("user_id: User {user} is already in team {team}");
    ApiError::Invalid { param: Some("user_id".to_owned()), message }
}

/// Makes a user a plain member of a team, without limits there.
pub async fn join_team(
    app: &ManagementState,
    scribe: &AuditRecorder<'_>,
    team: &TeamId,
    user: &UserId,
    now: Moment,
) -> Result<(), ApiError> {
    let member = NewMember::plain(user.clone());
    let (limits, mut created) = (Limits::default(), CreatedUsers::default());
    add_member(app, scribe, team, (member, &limits), &mut created, now).await.map(|_| ())
}

pub fn no_member(team: &TeamId, user: &UserId) -> ApiError {
    let message = format!("user_id: User {user} is not in team {team}");
    ApiError::Invalid { param: Some("user_id".to_owned()), message }
}

pub fn membership_name(team: &TeamId, user: &UserId) -> String {
    format!("{team}/{user}")
}
