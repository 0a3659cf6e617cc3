//! `GET /user/filter/ui`

use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use shared::api::{ApiError, json_response};
use stargate_core::entity::TeamRole;
use stargate_core::id::UserId;
use stargate_core::policy::{PermissionError, Permit};

use crate::authorize::RequestContext;
use crate::openapi::operation::{Operation, schema_of};
use crate::provisioning::user_search::{read_matching, search};
use crate::request::pagination::Page;
use crate::state::ManagementState;

/// Entries of a page, unless `page_size` says otherwise: LiteLLM's default.
const PAGE: usize = 50;

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "FoundUser")]
struct FoundUserRow {
    user_id: UserId,
    user_email: Option<String>,
}

pub const OPERATION: Operation =
    Operation::new("Ids and addresses of users, for a form that picks one", schema_of::<Vec<FoundUserRow>>)
        .query(&["user_id", "user_email", "search", "page", "page_size"]);

/// Who there is, for a form that picks a user: by how a part of the id or the address begins, or all, the newest first. For
/// administrators, and for those of a team: a directory of everybody is not for everybody.
pub async fn filter(app: ManagementState, permit: Permit, ask: RequestContext) -> Result<Response, ApiError> {
    let query = &ask.query;
    let page = Page::read(query, "page_size", PAGE)?;
    if !permit.sees_all() && !administers_a_team(&app, &permit).await? {
        return Err(PermissionError("only administrators, and those of a team, search for users").into());
    }
    let mut wanted = Vec::new();
    for field in ["user_id", "user_email", "search"] {
        wanted.extend(query.id(field)?.map(|prefix| (field, prefix)));
    }
    let entries = match wanted.as_slice() {
        [] => app.store.users(&app.store.user_page(&page.start(None)?, page.size).await?.ids).await?,
        [(field, prefix)] => {
            read_matching(&app, page.slice(&search(&app, field, prefix).await?), prefix).await?
        }
        [_, (field, _), ..] => {
            return Err(ApiError::invalid(field, "send one of user_id, user_email and search"));
        }
    };
    let response: Vec<FoundUserRow> = entries
        .into_iter()
        .map(|entry| FoundUserRow { user_id: entry.user.id, user_email: entry.user.email })
        .collect();
    Ok(json_response(StatusCode::OK, &response))
}

async fn administers_a_team(app: &ManagementState, permit: &Permit) -> Result<bool, ApiError> {
    let Some(user) = permit.user() else {
        return Ok(false);
    };
    for team in app.store.teams_of_user(user).await? {
        let member = app.store.find_member(&team, user).await?;
        if member.is_some_and(|entry| entry.member.role == TeamRole::Admin) {
            return Ok(true);
        }
    }
    Ok(false)
}
