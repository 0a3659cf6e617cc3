//! `GET /user/info`

use std::collections::BTreeMap;

use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use shared::api::{ApiError, json_response};
use shared::store::PageStart;
use stargate_core::entity::TeamInvitation;
use stargate_core::id::{KeyId, TeamId, UserId};
use stargate_core::policy::Permit;

use crate::authorize::RequestContext;
use crate::openapi::operation::{Operation, schema_of};
use crate::provisioning::user_ref::unknown_user;
use crate::request::ids::parse_user_id;
use crate::rows::key::KeyRow;
use crate::rows::team::TeamRow;
use crate::rows::team_invitation::TeamInvitationRow;
use crate::rows::user::{PlainUser, UserRow};
use crate::state::ManagementState;

/// What everything is cut to where nobody is named: LiteLLM shows an administrator all keys and all teams.
const MAX_KEYS: usize = 1000;

/// Document 000's flat fields and LiteLLM's nested ones.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "UserInfo")]
struct UserInfoResponse {
    #[serde(flatten)]
    flat: PlainUser,
    user_info: UserRow,
    keys: Vec<KeyRow>,
    teams: Vec<TeamRow>,
    /// Invitations that the user has neither accepted nor declined.
    team_invitations: Vec<InvitationWithAlias>,
}

/// An invitation, and what the team is called.
#[derive(JsonSchema, Serialize)]
struct InvitationWithAlias {
    #[serde(flatten)]
    row: TeamInvitationRow,
    team_alias: Option<String>,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Everything")]
struct AllUsersInfo {
    user_id: Option<()>,
    user_info: Option<()>,
    keys: Vec<KeyRow>,
    teams: Vec<TeamRow>,
}

#[derive(JsonSchema, Serialize)]
#[serde(untagged)]
enum UserInfoBody {
    One(Box<UserInfoResponse>),
    Everything(AllUsersInfo),
}

pub const OPERATION: Operation = Operation::new(
    "A user with its keys and teams; the caller, where nobody is named",
    schema_of::<UserInfoBody>,
)
.query(&["user_id"]);

/// A user with its keys and its teams; the caller, where nobody is named; and to those who see everything, all keys and
/// all teams.
pub async fn info(app: ManagementState, permit: Permit, ask: RequestContext) -> Result<Response, ApiError> {
    let asked = ask.query.id("user_id")?.map(|id| parse_user_id("user_id", id)).transpose()?;
    let Some(id) = permit.limit_to_own(asked, "key not allowed to access this user's info")? else {
        return own_or_all(&app, &ask).await;
    };
    let entry = app.store.find_user(&id).await?.ok_or_else(|| unknown_user("user_id", id.as_str()))?;
    let teams = app.store.teams_of_user(&id).await?;
    let user_info = UserRow::new(&app, &entry, teams.clone(), ask.now)?;
    let user_info = user_info.with_models(&app, &entry, ask.now).await?;
    let keys = app.store.keys_of_user(&id).await?;
    let response = UserInfoResponse {
        flat: user_info.user.clone(),
        user_info,
        keys: key_rows(&app, &keys, &ask).await?,
        teams: team_rows(&app, &teams, &ask).await?,
        team_invitations: pending_invitations(&app, &id, &ask).await?,
    };
    Ok(json_response(StatusCode::OK, &UserInfoBody::One(Box::new(response))))
}

async fn own_or_all(app: &ManagementState, ask: &RequestContext) -> Result<Response, ApiError> {
    let (keys, mut teams) =
        (app.store.key_page(&PageStart::Skip(0), MAX_KEYS).await?.ids, app.store.team_ids().await?);
    teams.truncate(MAX_KEYS);
    let (keys, teams) = (key_rows(app, &keys, ask).await?, team_rows(app, &teams, ask).await?);
    Ok(json_response(
        StatusCode::OK,
        &UserInfoBody::Everything(AllUsersInfo { user_id: None, user_info: None, keys, teams }),
    ))
}

/// The invitations that the user can still accept: those to teams that are here.
async fn pending_invitations(
    app: &ManagementState,
    user: &UserId,
    ask: &RequestContext,
) -> Result<Vec<InvitationWithAlias>, ApiError> {
    let mut pending = app.store.team_invitations_of_user(user).await?;
    pending.retain(|invitation| invitation.expires() > ask.now);
    let ids: Vec<TeamId> = pending.iter().map(|invitation| invitation.team.clone()).collect();
    let teams = app.store.teams(&ids).await?;
    let aliases: BTreeMap<TeamId, Option<String>> =
        teams.into_iter().map(|entry| (entry.team.id, entry.team.alias)).collect();
    let with_alias = |invitation: &TeamInvitation| {
        let team_alias = aliases.get(&invitation.team)?.clone();
        Some(InvitationWithAlias { row: invitation.into(), team_alias })
    };
    Ok(pending.iter().filter_map(with_alias).collect())
}

async fn key_rows(
    app: &ManagementState,
    ids: &[KeyId],
    ask: &RequestContext,
) -> Result<Vec<KeyRow>, ApiError> {
    let zone = &app.store.terms().zone;
    app.store.keys(ids).await?.iter().map(|entry| KeyRow::new(entry, ask.now, zone)).collect()
}

async fn team_rows(
    app: &ManagementState,
    ids: &[TeamId],
    ask: &RequestContext,
) -> Result<Vec<TeamRow>, ApiError> {
    let mut rows = Vec::with_capacity(ids.len());
    for entry in app.store.teams(ids).await? {
        rows.push(TeamRow::read(app, &entry, ask.now).await?);
    }
    // As LiteLLM sorts them: those without a name first.
    rows.sort_by(|one, other| one.team_alias.cmp(&other.team_alias));
    Ok(rows)
}
