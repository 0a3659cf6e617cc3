//! `GET /team/info`

use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use shared::api::{ApiError, json_response};
use stargate_core::id::TeamId;
use stargate_core::policy::{PermissionError, Permit};

use crate::authorize::RequestContext;
use crate::openapi::operation::{Operation, schema_of};
use crate::provisioning::find_team::{may_administer, unknown_team};
use crate::request::ids::parse_team_id;
use crate::rows::key::KeyRow;
use crate::rows::team::{MembershipRow, TeamRow};
use crate::rows::team_invitation::PendingInvitation;
use crate::state::ManagementState;

#[derive(JsonSchema, Serialize)]
struct TeamInfoResponse {
    team_id: TeamId,
    team_info: TeamRow,
    keys: Vec<KeyRow>,
    team_memberships: Vec<MembershipRow>,
    /// Who is invitees and has not accepted yet: for those who administer the team.
    pending_invitations: Vec<PendingInvitation>,
}

pub const OPERATION: Operation =
    Operation::new("A team with its members and keys", schema_of::<TeamInfoResponse>)
        .query(&["team_id"])
        .needs(&["team_id"]);

/// A team, its members and its keys. Its members may see it.
pub async fn info(app: ManagementState, permit: Permit, ask: RequestContext) -> Result<Response, ApiError> {
    let id = ask.query.id("team_id")?.ok_or_else(|| ApiError::invalid("team_id", "must be given"))?;
    let id = parse_team_id("team_id", id)?;
    let members = app.store.members(&id).await?;
    let is_member = permit.user().is_some_and(|user| members.iter().any(|entry| entry.member.user == *user));
    if !permit.sees_all() && !is_member {
        return Err(PermissionError("only its members may see a team").into());
    }
    let entry = app.store.find_team(&id).await?.ok_or_else(|| unknown_team("team_id", &id))?;
    let mut keys = app.store.keys(&app.store.keys_of_team(&id).await?).await?;
    let (mut shown, mut invitees) = (members.clone(), Vec::new());
    if permit.sees_all() || may_administer(&app, &permit, &id).await? {
        invitees = app.store.invitees_of_team(&id).await?;
        invitees.retain(|invitee| invitee.expires > ask.now);
    } else {
        // A plain member sees who is there, and of keys and spend its own.
        keys.retain(|entry| entry.key.holder.user.as_ref() == permit.user());
        shown.retain(|entry| Some(&entry.member.user) == permit.user());
    }
    let pending = |invitee| PendingInvitation::from_invitee(&id, invitee);
    let zone = &app.store.terms().zone;
    let response = TeamInfoResponse {
        team_info: TeamRow::new(&app, &entry, &members, ask.now)?.with_models(&app, &entry, ask.now).await?,
        pending_invitations: invitees.into_iter().map(pending).collect(),
        team_id: id.clone(),
        keys: keys.iter().map(|entry| KeyRow::new(entry, ask.now, zone)).collect::<Result<_, _>>()?,
        team_memberships: shown.iter().map(|entry| MembershipRow::new(&app, entry, ask.now)).collect(),
    };
    Ok(json_response(StatusCode::OK, &response))
}
