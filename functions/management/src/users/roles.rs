//! `GET /user/available_roles`

use std::collections::BTreeMap;

use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use shared::fault::Fault;
use shared::policy::Permit;
use shared::user::Role;
use shared::web::json_answer;

use crate::App;
use crate::guard::Ask;
use crate::openapi::{Operation, schema_of};

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "RoleText")]
struct Told {
    description: &'static str,
    ui_label: &'static str,
}

pub const OPERATION: Operation =
    Operation::new("The roles that a user can have", schema_of::<BTreeMap<String, Told>>);

/// The roles that a user can have, in LiteLLM's words.
pub async fn available_roles(_app: App, _permit: Permit, _ask: Ask) -> Result<Response, Fault> {
    let told = |role: Role| {
        let (description, ui_label) = match role {
            Role::ProxyAdmin => ("admin over the gateway, has all permissions", "Admin (All Permissions)"),
            Role::ProxyAdminViewer => ("view all keys, view all spend", "Admin (View Only)"),
            Role::InternalUser => (
                "view/create/delete their own keys, view their own spend",
                "Internal User (Create/Delete/View)",
            ),
            Role::InternalUserViewer => {
                ("view their own keys, view their own spend", "Internal User (View Only)")
            }
        };
        (role.word(), Told { description, ui_label })
    };
    let roles: BTreeMap<_, _> = Role::every().map(told).collect();
    Ok(json_answer(StatusCode::OK, &roles))
}
