//! For whom a caller may make a key.

use shared::api::ApiError;
use stargate_core::entity::TeamRole;
use stargate_core::id::{TeamId, UserId};
use stargate_core::policy::{PermissionError, Permit};

use crate::provisioning::find_team;
use crate::provisioning::new_key::NewKey;
use crate::state::ManagementState;

const TEAM_ADMIN_RULE: PermissionError = PermissionError(
    "user_id: a team's administrators make its keys for themselves (leave user_id out) or for the team (user_id: null); \
     each member makes their own keys, and administrators of the deployment make any",
);
const MEMBER_RULE: PermissionError = PermissionError(
    "user_id: members make keys of the team for themselves only (leave user_id out); its administrators make service keys",
);
const OWN_KEYS_RULE: PermissionError = PermissionError("User can only create keys for themselves");

/// What the caller may order: administrators of the deployment everything, others a key of their own, or one of their team.
/// Whoever makes a key knows its secret, so nobody makes one that spends what is another user's.
pub async fn check_owner(app: &ManagementState, permit: &Permit, order: NewKey) -> Result<NewKey, ApiError> {
    if permit.sees_all() {
        return Ok(order);
    }
    if order.org.is_some() {
        return Err(PermissionError("only administrators charge a key to an organization").into());
    }
    let caller = permit.user().ok_or(OWN_KEYS_RULE)?;
    match &order.team {
        Some(team) => {
            let member = app.store.find_member(team, caller).await?;
            let role = member.ok_or(PermissionError("only members of the team make its keys"))?.member.role;
            app.rules.makers.allow_of_team(role)?;
            order_team_key(order, caller, role)
        }
        None => {
            app.rules.makers.allow_personal(permit.role())?;
            own(order, caller, OWN_KEYS_RULE)
        }
    }
}

/// A key of a team for one of its members, or a service key for one of its administrators.
fn order_team_key(order: NewKey, caller: &UserId, role: TeamRole) -> Result<NewKey, ApiError> {
    match (role, order.is_service_key) {
        (TeamRole::Admin, true) => Ok(order),
        (TeamRole::Admin, false) => own(order, caller, TEAM_ADMIN_RULE),
        (TeamRole::User, true) => Err(MEMBER_RULE.into()),
        (TeamRole::User, false) => own(order, caller, MEMBER_RULE),
    }
}

/// A key for the caller.
fn own(order: NewKey, caller: &UserId, refusal: PermissionError) -> Result<NewKey, ApiError> {
    match &order.user {
        Some(user) if user != caller => Err(refusal.into()),
        _ => Ok(NewKey { user: Some(caller.clone()), ..order }),
    }
}

/// A team's key is the team's own or a member's.
pub async fn check_team_membership(
    app: &ManagementState,
    team: &TeamId,
    user: Option<&UserId>,
) -> Result<(), ApiError> {
    app.store.find_team(team).await?.ok_or_else(|| find_team::unknown_team("team_id", team))?;
    match user {
        Some(user) if app.store.find_member(team, user).await?.is_none() => {
            let message = format!("user_id: User={user} not assigned to team={team}");
            Err(ApiError::Invalid { param: Some("user_id".to_owned()), message })
        }
        _ => Ok(()),
    }
}
