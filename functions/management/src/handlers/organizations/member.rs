//! `POST /organization/member_add`, `PATCH /organization/member_update` and `DELETE /organization/member_delete`

use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use shared::api::{ApiError, json_response};
use stargate_core::audit::Action;
use stargate_core::entity::OrgMember;
use stargate_core::id::{OrgId, UserId};
use stargate_core::moment::Moment;
use stargate_core::policy::Permit;

use crate::audit_log::{AuditRecorder, ORG_MEMBERS};
use crate::authorize::RequestContext;
use crate::openapi::operation::{Operation, schema_of};
use crate::provisioning::find_organization::find_organization;
use crate::provisioning::user_ref::{UserRef, ensure_user, look_up_all};
use crate::request::body::RequestBody;
use crate::rows::created_users::CreatedUsers;
use crate::rows::organization::MemberRow;
use crate::state::ManagementState;

/// LiteLLM's words for what a user is in an organization.
const ROLES: [&str; 3] = ["org_admin", "internal_user", "internal_user_viewer"];

#[derive(JsonSchema, Serialize)]
struct OrgMemberAddResponse {
    organization_id: OrgId,
    updated_organization_memberships: Vec<MemberRow>,
    #[serde(flatten)]
    created: CreatedUsers,
}

pub const ADD: Operation =
    Operation::new("Names users with an organization", schema_of::<OrgMemberAddResponse>)
        .takes(&[&["organization_id", "member"]])
        .needs(&["organization_id", "member"]);

/// Names users with an organization. It is a note: it gives them no right, and charges nothing to it.
pub async fn member_add(
    app: ManagementState,
    permit: Permit,
    ask: RequestContext,
    mut fields: RequestBody,
) -> Result<Response, ApiError> {
    let org = find_organization(&app, &mut fields).await?.org.id;
    let members = fields.objects("member")?.value().unwrap_or_default();
    let members = members.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    fields.finish()?;
    if members.is_empty() {
        return Err(ApiError::invalid("member", "must name at least one user"));
    }
    let named: Vec<&UserRef> = members.iter().map(|(whom, _)| whom).collect();
    look_up_all(&app, &permit, "member", &named).await?;
    let (mut created, mut rows) = (CreatedUsers::default(), Vec::new());
    for (whom, role) in members {
        let scribe = AuditRecorder::new(&app, &permit, &ask);
        let user = ensure_user(&app, &scribe, &whom, &mut created, ask.now).await?;
        rows.push(put(&app, &permit, &ask, &org, user, role).await?);
    }
    let response =
        OrgMemberAddResponse { organization_id: org, updated_organization_memberships: rows, created };
    Ok(json_response(StatusCode::OK, &response))
}

pub const UPDATE: Operation =
    Operation::new("Changes what a user is in an organization", schema_of::<MemberRow>)
        .takes(&[&["organization_id", "user_id", "user_email", "role"]])
        .needs(&["organization_id"]);

/// Changes what a user is in an organization.
pub async fn member_update(
    app: ManagementState,
    permit: Permit,
    ask: RequestContext,
    mut fields: RequestBody,
) -> Result<Response, ApiError> {
    let org = find_organization(&app, &mut fields).await?.org.id;
    let (whom, role) = read(fields)?;
    let user = whom.find(&app).await?;
    let before = member(&app, &org, &user).await?;
    let row = put(&app, &permit, &ask, &before.org, user, role).await?;
    Ok(json_response(StatusCode::OK, &row))
}

pub const DELETE: Operation =
    Operation::new("Names a user with an organization no more", schema_of::<MemberRow>)
        .takes(&[&["organization_id", "user_id", "user_email"]])
        .needs(&["organization_id"]);

/// Names a user with an organization no more.
pub async fn member_delete(
    app: ManagementState,
    permit: Permit,
    ask: RequestContext,
    mut fields: RequestBody,
) -> Result<Response, ApiError> {
    let org = find_organization(&app, &mut fields).await?.org.id;
    let whom = UserRef::read(&mut fields)?;
    fields.finish()?;
    // A user who was deleted may still be named here.
    let user = whom.id(&app).await?.ok_or_else(|| whom.unknown_user())?;
    let row = MemberRow::from(member(&app, &org, &user).await?);
    app.store.delete_org_member(&org, &user).await?;
    let scribe = AuditRecorder::new(&app, &permit, &ask);
    scribe.note(Action::Deleted, (ORG_MEMBERS, &format!("{org}/{user}")), Some(&row), None).await;
    Ok(json_response(StatusCode::OK, &row))
}

/// Who, and as what.
fn read(mut fields: RequestBody) -> Result<(UserRef, String), ApiError> {
    let whom = UserRef::read(&mut fields)?;
    let role = fields.text("role")?.try_map(|role| match ROLES.contains(&&*role) {
        true => Ok(role),
        false => Err(ApiError::invalid("role", format!("must be one of {}", ROLES.join(", ")))),
    })?;
    fields.finish()?;
    Ok((whom, role.value().unwrap_or_else(|| "internal_user".to_owned())))
}

async fn put(
    app: &ManagementState,
    permit: &Permit,
    ask: &RequestContext,
    org: &OrgId,
    user: UserId,
    role: String,
) -> Result<MemberRow, ApiError> {
    let joined: Moment = ask.now;
    let member = OrgMember { org: org.clone(), user, role, joined };
    app.store.put_org_member(&member).await?;
    let object = format!("{org}/{}", member.user);
    let row = MemberRow::from(member);
    AuditRecorder::new(app, permit, ask)
        .note(Action::Updated, (ORG_MEMBERS, &object), None, Some(&row))
        .await;
    Ok(row)
}

async fn member(app: &ManagementState, org: &OrgId, user: &UserId) -> Result<OrgMember, ApiError> {
    let members = app.store.org_members(org).await?;
    members.into_iter().find(|member| member.user == *user).ok_or_else(|| ApiError::Invalid {
        param: Some("user_id".to_owned()),
        message: format!("user_id: User {user} is not in organization {org}"),
    })
}
