//! `GET /team/list`

use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use shared::api::{ApiError, json_response};
use stargate_core::policy::Permit;

use crate::authorize::RequestContext;
use crate::openapi::operation::{Operation, schema_of};
use crate::request::ids::parse_user_id;
use crate::request::pagination::{Page, TOTAL};
use crate::rows::team::TeamRow;
use crate::state::ManagementState;

pub const OPERATION: Operation =
    Operation::new("Teams, page by page", schema_of::<Vec<TeamRow>>).query(&["user_id", "page", "page_size"]);

/// All teams, the newest first, or those of one user: LiteLLM's bare array, a hundred at a time.
pub async fn list(app: ManagementState, permit: Permit, ask: RequestContext) -> Result<Response, ApiError> {
    let page = Page::read(&ask.query, "page_size", Page::MAX_SIZE)?;
    let asked = ask.query.id("user_id")?.map(|id| parse_user_id("user_id", id)).transpose()?;
    let user = permit.limit_to_own(asked, "only your own teams can be listed")?;
    let ids = match &user {
        None => app.store.team_ids().await?,
        Some(user) => app.store.teams_of_user(user).await?,
    };
    let mut rows = Vec::new();
    for entry in app.store.teams(page.slice(&ids)).await? {
        rows.push(TeamRow::read(&app, &entry, ask.now).await?);
    }
    let mut response = json_response(StatusCode::OK, &rows);
    response.headers_mut().insert(TOTAL, HeaderValue::from(ids.len()));
    Ok(response)
}
