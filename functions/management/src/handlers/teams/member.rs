//! `POST /team/member_update` and `POST /team/member_delete`; what each way to join a team has in common.

use axum::http::StatusCode;
use axum::response::Response;
use shared::api::{ApiError, json_response};
use stargate_core::audit::Action;
use stargate_core::policy::{PermissionError, Permit};
use stargate_core::scope::Scope;

use crate::audit_log::{AuditRecorder, MEMBERS};
use crate::authorize::RequestContext;
use crate::openapi::operation::{LIMITS, Operation, schema_of};
use crate::provisioning::find_team::require_team_admin;
use crate::provisioning::new_member::{membership_name, no_member};
use crate::provisioning::user_ref::UserRef;
use crate::request::body::RequestBody;
use crate::request::ids::required_team_id;
use crate::request::limits::LimitsPatch;
use crate::request::member_fields::{member_limits, member_role};
use crate::rows::team::{MembershipRow, TeamRow};
use crate::state::ManagementState;

pub const UPDATE: Operation =
    Operation::new("Changes a member's role and limits in a team", schema_of::<MembershipRow>)
        .takes(&[
            &["team_id", "user_id", "user_email", "role", "max_budget_in_team", "allowed_models"],
            LIMITS,
        ])
        .needs(&["team_id"]);

/// Changes a member's role and limits in a team.
pub async fn member_update(
    app: ManagementState,
    permit: Permit,
    ask: RequestContext,
    mut fields: RequestBody,
) -> Result<Response, ApiError> {
    let id = required_team_id(&mut fields)?;
    let whom = UserRef::read(&mut fields)?;
    let role = member_role(&mut fields)?;
    let limits = member_limits(&mut fields)?;
    fields.finish()?;
    require_team_admin(&app, &permit, &id).await?;
    let user = whom.find(&app).await?;
    let missing = || no_member(&id, &user);
    let entry = app.store.find_member(&id, &user).await?.ok_or_else(missing)?;
    if !permit.sees_all() && permit.user() == Some(&user) && limits.changes(&entry.state.limits) {
        return Err(PermissionError("nobody changes their own limits").into());
    }
    let is_own = !permit.sees_all() && permit.user() == Some(&user);
    // What changes nothing now might undo what an administrator changes meanwhile.
    let limits = if is_own { LimitsPatch::unset() } else { limits };
    let before = MembershipRow::new(&app, &entry, ask.now);
    if let Some(role) = role
        && !app.store.set_team_role(&id, &user, role).await?
    {
        return Err(missing());
    }
    let scope = Scope::Member(id.clone(), user.clone());
    let edited =
        app.store.edit::<ApiError>(&scope, |now| Ok(limits.clone().apply_to(now.clone())), ask.now).await?;
    edited.ok_or_else(missing)?;
    let entry = app.store.find_member(&id, &user).await?.ok_or_else(missing)?;
    let row = MembershipRow::new(&app, &entry, ask.now);
    let scribe = AuditRecorder::new(&app, &permit, &ask);
    scribe.note(Action::Updated, (MEMBERS, &membership_name(&id, &user)), Some(&before), Some(&row)).await;
    Ok(json_response(StatusCode::OK, &row))
}

pub const DELETE: Operation =
    Operation::new("Takes a user out of a team, with the keys that the user has there", schema_of::<TeamRow>)
        .takes(&[&["team_id", "user_id", "user_email"]])
        .needs(&["team_id"]);

/// Takes a user out of a team, with the keys that the user has there.
pub async fn member_delete(
    app: ManagementState,
    permit: Permit,
    ask: RequestContext,
    mut fields: RequestBody,
) -> Result<Response, ApiError> {
    let id = required_team_id(&mut fields)?;
    let whom = UserRef::read(&mut fields)?;
    fields.finish()?;
    let team = require_team_admin(&app, &permit, &id).await?;
    let user = whom.id(&app).await?.ok_or_else(|| whom.unknown_user())?;
    if app.tokens.is_some() && !permit.sees_all() && permit.user() == Some(&user) {
        // The next token would make them a member again, without the limits that they had.
        return Err(PermissionError("nobody takes themselves out of a team here").into());
    }
    let entry = app.store.find_member(&id, &user).await?;
    let before = entry.map(|entry| MembershipRow::new(&app, &entry, ask.now));
    // One whose removal was cut short is no member any more, and is removed all the same.
    if !app.store.delete_member(&id, &user).await? {
        return Err(no_member(&id, &user));
    }
    let scribe = AuditRecorder::new(&app, &permit, &ask);
    scribe.note(Action::Deleted, (MEMBERS, &membership_name(&id, &user)), before.as_ref(), None).await;
    Ok(json_response(StatusCode::OK, &TeamRow::read(&app, &team, ask.now).await?))
}
