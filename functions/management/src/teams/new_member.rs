//! Users whom a request adds to a team: looked up and checked before anything is written.

use shared::fault::Fault;
use shared::id::{TeamId, UserId};
use shared::moment::Moment;
use shared::policy::Permit;
use shared::scope::Limits;
use shared::store::NotCreated;
use shared::team::{Member, TeamRole};

use super::member::role;
use crate::App;
use crate::audit::Scribe;
use crate::fields::Fields;
use crate::users::{CreatedUsers, Whom, look_up_all, must_exist};

/// Who joins a team, and as what.
pub struct NewMember {
    pub whom: Whom,
    pub role: TeamRole,
}

impl NewMember {
    pub fn plain(user: UserId) -> Self {
        Self { whom: Whom::Id(user), role: TeamRole::User }
    }

    pub fn read(mut fields: Fields) -> Result<Self, Fault> {
        let member = Self { whom: Whom::read(&mut fields)?, role: role(&mut fields)?.unwrap_or_default() };
        fields.finish()?;
        Ok(member)
    }

    /// The members of a list, at most as many as a list may have entries.
    pub fn read_all(fields: &mut Fields, field: &str) -> Result<Vec<Self>, Fault> {
        let members = fields.objects(field)?.value().unwrap_or_default();
        members.into_iter().map(Self::read).collect()
    }
}

/// Looks up who is named; refuses users who are named twice, who are missing and may not be created, or who are in the team.
/// `None`: the user is to be created.
pub async fn look_up_members(
    app: &App,
    permit: &Permit,
    team: &TeamId,
    members: &[NewMember],
) -> Result<Vec<Option<UserId>>, Fault> {
    let named: Vec<&Whom> = members.iter().map(|member| &member.whom).collect();
    let found = look_up_all(app, permit, "member", &named).await?;
    for user in found.iter().flatten() {
        if app.store.find_member(team, user).await?.is_some() {
            return Err(is_member(team, user));
        }
    }
    Ok(found)
}

/// Makes a user a member of a team. The user is created where that is allowed, and added to `created`.
pub async fn seat(
    app: &App,
    scribe: &Scribe<'_>,
    team: &TeamId,
    (NewMember { whom, role }, limits): (NewMember, &Limits),
    created: &mut CreatedUsers,
    now: Moment,
) -> Result<UserId, Fault> {
    let user = must_exist(app, scribe, &whom, created, now).await?;
    let member = Member { team: team.clone(), user, role, limits: limits.clone(), joined: now };
    match app.store.create_member(&member).await {
        Ok(()) => Ok(member.user),
        Err(error) => Err(membership_error(error, team, &member.user)),
    }
}

/// Why a user was not added to a team, or not invited.
pub fn membership_error(error: NotCreated, team: &TeamId, user: &UserId) -> Fault {
    match error {
        NotCreated::Store(error) => error.into(),
        NotCreated::Taken { .. } => is_member(team, user),
        NotCreated::Gone { field } => {
            let message = format!("{field}: it was deleted meanwhile");
            Fault::Invalid { param: Some("user_id".to_owned()), message }
        }
    }
}

fn is_member(team: &TeamId, user: &UserId) -> Fault {
    let message = format!("user_id: User {user} is already in team {team}");
    Fault::Invalid { param: Some("user_id".to_owned()), message }
}
