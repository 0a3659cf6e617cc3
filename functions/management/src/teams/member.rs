//! `POST /team/member_update` and `POST /team/member_delete`; what each way to join a team has in common.

use axum::http::StatusCode;
use axum::response::Response;
use shared::audit::Action;
use shared::fault::Fault;
use shared::id::{TeamId, UserId};
use shared::policy::{Forbidden, Permit};
use shared::scope::Scope;
use shared::team::TeamRole;
use shared::web::json_answer;

use super::row::MembershipRow;
use super::{TeamRow, administered, required_id};
use crate::App;
use crate::audit::{MEMBERS, Scribe};
use crate::fields::Fields;
use crate::guard::Ask;
use crate::limits::LimitsPatch;
use crate::openapi::{LIMITS, Operation, schema_of};
use crate::users::Whom;

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
pub fn member_limits(fields: &mut Fields) -> Result<LimitsPatch, Fault> {
    fields.rename("max_budget_in_team", "max_budget")?;
    fields.rename("allowed_models", "models")?;
    LimitsPatch::read(fields)
}

pub fn role(fields: &mut Fields) -> Result<Option<TeamRole>, Fault> {
    let rule = || Fault::invalid("role", "must be admin or user");
    Ok(fields.text("role")?.checked(|word| TeamRole::parse(&word).ok_or_else(rule))?.value())
}

pub fn no_member(team: &TeamId, user: &UserId) -> Fault {
    let message = format!("user_id: User {user} is not in team {team}");
    Fault::Invalid { param: Some("user_id".to_owned()), message }
}

pub fn object(team: &TeamId, user: &UserId) -> String {
    format!("{team}/{user}")
}
