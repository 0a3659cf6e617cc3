//! `GET /user/available_roles`

use std::collections::BTreeMap;

use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use shared::api::{ApiError, json_response};
use stargate_core::entity::UserRole;
use stargate_core::policy::Permit;

use crate::authorize::RequestContext;
use crate::openapi::operation::{Operation, schema_of};
use crate::state::ManagementState;

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "RoleText")]
struct RoleDescription {
    description: &'static str,
    ui_label: &'static str,
}

pub const OPERATION: Operation =
    Operation::new("The roles that a user can have", schema_of::<BTreeMap<String, RoleDescription>>);

/// The roles that a user can have, in LiteLLM's words.
pub async fn available_roles(
    _app: ManagementState,
    _permit: Permit,
    _ask: RequestContext,
) -> Result<Response, ApiError> {
    let told = |role: UserRole| {
        let (description, ui_label) = match role {
            UserRole::ProxyAdmin => {
                ("admin over the gateway, has all permissions", "Admin (All Permissions)")
            }
            UserRole::ProxyAdminViewer => ("view all keys, view all spend", "Admin (View Only)"),
            UserRole::InternalUser => (
                "view/create/delete their own keys, view their own spend",
                "Internal User (Create/Delete/View)",
            ),
            UserRole::InternalUserViewer => {
                ("view their own keys, view their own spend", "Internal User (View Only)")
            }
        };
        (role.word(), RoleDescription { description, ui_label })
    };
    let roles: BTreeMap<_, _> = UserRole::every().map(told).collect();
    Ok(json_response(StatusCode::OK, &roles))
}
