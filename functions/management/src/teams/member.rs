//! `POST /team/member_add`, `/team/member_update` and `/team/member_delete`

use std::collections::HashSet;

use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use shared::audit::Action;
use shared::fault::Fault;
use shared::id::{TeamId, UserId};
use shared::moment::Moment;
use shared::policy::{Forbidden, Permit};
use shared::scope::{Limits, Scope};
use shared::store::NotCreated;
use shared::team::{Member, TeamRole};
use shared::web::json_answer;

use super::row::MembershipRow;
use super::{TeamRow, administered, required_id};
use crate::App;
use crate::audit::{MEMBERS, Scribe};
use crate::fields::Fields;
use crate::guard::Ask;
use crate::limits::LimitsPatch;
use crate::openapi::{LIMITS, Operation, schema_of};
use crate::users::{Whom, must_exist};

/// Who joins a team, and as what.
pub struct NewMember {
    whom: Whom,
    role: TeamRole,
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
}

#[derive(JsonSchema, Serialize)]
struct Added {
    #[serde(flatten)]
    team: TeamRow,
    updated_users: Vec<UserId>,
    updated_team_memberships: Vec<MembershipRow>,
}

pub const ADD: Operation =
    Operation::new("Adds users to a team, each with these limits there", schema_of::<Added>)
        .takes(&[&["team_id", "member", "max_budget_in_team", "allowed_models"], LIMITS])
        .needs(&["team_id", "member"]);

/// Adds users to a team, each with these limits there. A user that is not known yet is made, without limits.
pub async fn member_add(app: App, permit: Permit, ask: Ask, mut fields: Fields) -> Result<Response, Fault> {
    let id = required_id(&mut fields)?;
    let members = fields.objects("member")?.value().unwrap_or_default();
    let members: Vec<NewMember> = members.into_iter().map(NewMember::read).collect::<Result<_, _>>()?;
    let limits = member_limits(&mut fields)?.over(Limits::default());
    fields.finish()?;
    if members.is_empty() {
        return Err(Fault::invalid("member", "must name at least one user"));
    }
    let team = administered(&app, &permit, &id).await?;
    may_join(&app, &id, &members).await?;
    let scribe = Scribe::new(&app, &permit, &ask);
    let mut added = Vec::new();
    for member in members {
        added.push(seat(&app, &scribe, &id, member, &limits, ask.now).await?);
    }
    let mut rows = Vec::new();
    for user in &added {
        let entry = app.store.find_member(&id, user).await?.ok_or_else(|| no_member(&id, user))?;
        let row = MembershipRow::of(&app, &entry, ask.now);
        scribe.note(Action::Created, (MEMBERS, &object(&id, user)), None, Some(&row)).await;
        rows.push(row);
    }
    let team = TeamRow::read(&app, &team, ask.now).await?;
    let answer = Added { team, updated_users: added, updated_team_memberships: rows };
    Ok(json_answer(StatusCode::OK, &answer))
}

/// Refuses, before anything is written, users who are in the team or named twice.
async fn may_join(app: &App, team: &TeamId, members: &[NewMember]) -> Result<(), Fault> {
    let mut seen = HashSet::new();
    for member in members {
        let name = match &member.whom {
            Whom::Id(id) => id.to_string(),
            Whom::Email(email) => email.to_lowercase(),
        };
        if !seen.insert(name.clone()) {
            return Err(Fault::invalid("member", format!("names {name} twice")));
        }
        if let Some(user) = member.whom.id(app).await?
            && app.store.find_member(team, &user).await?.is_some()
        {
            return Err(is_member(team, &user));
        }
    }
    Ok(())
}

fn is_member(team: &TeamId, user: &UserId) -> Fault {
    let message = format!("user_id: User {user} is already in team {team}");
    Fault::Invalid { param: Some("user_id".to_owned()), message }
}

/// Gives one user a seat in a team.
pub async fn seat(
    app: &App,
    scribe: &Scribe<'_>,
    team: &TeamId,
    NewMember { whom, role }: NewMember,
    limits: &Limits,
    now: Moment,
) -> Result<UserId, Fault> {
    let user = must_exist(app, scribe, &whom, now).await?;
    let member = Member { team: team.clone(), user, role, limits: limits.clone(), joined: now };
    let refused = |message: String| Fault::Invalid { param: Some("user_id".to_owned()), message };
    match app.store.create_member(&member).await {
        Ok(()) => Ok(member.user),
        Err(NotCreated::Store(error)) => Err(error.into()),
        Err(NotCreated::Taken { .. }) => Err(is_member(team, &member.user)),
        Err(NotCreated::Gone { field }) => Err(refused(format!("{field}: it was deleted meanwhile"))),
    }
}

pub const UPDATE: Operation =
    Operation::new("Changes a member's role and limits in a team", schema_of::<MembershipRow>)
        .takes(&[
            &["team_id", "user_id", "user_email", "role", "max_budget_in_team", "allowed_models"],
            LIMITS,
        ])
        .needs(&["team_id"]);

/// Changes a member's role and limits in a team.
pub async fn member_update(
    app: App,
    permit: Permit,
    ask: Ask,
    mut fields: Fields,
) -> Result<Response, Fault> {
    let id = required_id(&mut fields)?;
    let whom = Whom::read(&mut fields)?;
    let role = role(&mut fields)?;
    let limits = member_limits(&mut fields)?;
    fields.finish()?;
    administered(&app, &permit, &id).await?;
    let user = whom.find(&app).await?;
    let missing = || no_member(&id, &user);
    let entry = app.store.find_member(&id, &user).await?.ok_or_else(missing)?;
    if !permit.sees_all() && permit.user() == Some(&user) && limits.changes(&entry.state.limits) {
        return Err(Forbidden("nobody changes their own limits").into());
    }
    let is_own = !permit.sees_all() && permit.user() == Some(&user);
    // What changes nothing now might undo what an administrator changes meanwhile.
    let limits = if is_own { LimitsPatch::nothing() } else { limits };
    let before = MembershipRow::of(&app, &entry, ask.now);
    if let Some(role) = role
        && !app.store.set_team_role(&id, &user, role).await?
    {
        return Err(missing());
    }
    let scope = Scope::Member(id.clone(), user.clone());
    let edited = app.store.edit::<Fault>(&scope, |now| Ok(limits.clone().over(now.clone())), ask.now).await?;
    edited.ok_or_else(missing)?;
    let entry = app.store.find_member(&id, &user).await?.ok_or_else(missing)?;
    let row = MembershipRow::of(&app, &entry, ask.now);
    let scribe = Scribe::new(&app, &permit, &ask);
    scribe.note(Action::Updated, (MEMBERS, &object(&id, &user)), Some(&before), Some(&row)).await;
    Ok(json_answer(StatusCode::OK, &row))
}

pub const DELETE: Operation =
    Operation::new("Takes a user out of a team, with the keys that the user has there", schema_of::<TeamRow>)
        .takes(&[&["team_id", "user_id", "user_email"]])
        .needs(&["team_id"]);

/// Takes a user out of a team, with the keys that the user has there.
pub async fn member_delete(
    app: App,
    permit: Permit,
    ask: Ask,
    mut fields: Fields,
) -> Result<Response, Fault> {
    let id = required_id(&mut fields)?;
    let whom = Whom::read(&mut fields)?;
    fields.finish()?;
    let team = administered(&app, &permit, &id).await?;
    let user = whom.id(&app).await?.ok_or_else(|| whom.unknown())?;
    if app.tokens.is_some() && !permit.sees_all() && permit.user() == Some(&user) {
        // The next token would make them a member again, without the limits that they had.
        return Err(Forbidden("nobody takes themselves out of a team here").into());
    }
    let entry = app.store.find_member(&id, &user).await?;
    let before = entry.map(|entry| MembershipRow::of(&app, &entry, ask.now));
    // One whose removal was cut short is no member any more, and is removed all the same.
    if !app.store.delete_member(&id, &user).await? {
        return Err(no_member(&id, &user));
    }
    let scribe = Scribe::new(&app, &permit, &ask);
    scribe.note(Action::Deleted, (MEMBERS, &object(&id, &user)), before.as_ref(), None).await;
    Ok(json_answer(StatusCode::OK, &TeamRow::read(&app, &team, ask.now).await?))
}

/// A member's limits: LiteLLM has names of its own for two of them here.
fn member_limits(fields: &mut Fields) -> Result<LimitsPatch, Fault> {
    fields.rename("max_budget_in_team", "max_budget")?;
    fields.rename("allowed_models", "models")?;
    LimitsPatch::read(fields)
}

fn role(fields: &mut Fields) -> Result<Option<TeamRole>, Fault> {
    let rule = || Fault::invalid("role", "must be admin or user");
    Ok(fields.text("role")?.checked(|word| TeamRole::parse(&word).ok_or_else(rule))?.value())
}

fn no_member(team: &TeamId, user: &UserId) -> Fault {
    let message = format!("user_id: User {user} is not in team {team}");
    Fault::Invalid { param: Some("user_id".to_owned()), message }
}

fn object(team: &TeamId, user: &UserId) -> String {
    format!("{team}/{user}")
}
