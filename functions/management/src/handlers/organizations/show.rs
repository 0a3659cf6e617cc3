//! `GET /organization/info` and `GET /organization/list`

use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use shared::api::{ApiError, json_response};
use stargate_core::policy::Permit;

use crate::authorize::RequestContext;
use crate::openapi::operation::{Operation, schema_of};
use crate::provisioning::find_organization::require_organization;
use crate::request::ids::parse_organization_id;
use crate::request::pagination::{Page, TOTAL};
use crate::rows::organization::OrgRow;
use crate::state::ManagementState;

pub const INFO: Operation = Operation::new("An organization with its members and teams", schema_of::<OrgRow>)
    .query(&["organization_id"])
    .needs(&["organization_id"]);

/// One organization, its members and its teams.
pub async fn info(app: ManagementState, _permit: Permit, ask: RequestContext) -> Result<Response, ApiError> {
    let id = ask.query.id("organization_id")?;
    let id = id.ok_or_else(|| ApiError::invalid("organization_id", "must be given"))?;
    let entry = require_organization(&app, &parse_organization_id("organization_id", id)?).await?;
    Ok(json_response(StatusCode::OK, &OrgRow::read(&app, &entry, ask.now).await?))
}

pub const LIST: Operation =
    Operation::new("Organisations, page by page", schema_of::<Vec<OrgRow>>).query(&["page", "page_size"]);

/// All organizations, the newest first: LiteLLM's bare array, a hundred at a time.
pub async fn list(app: ManagementState, _permit: Permit, ask: RequestContext) -> Result<Response, ApiError> {
    let page = Page::read(&ask.query, "page_size", Page::MAX_SIZE)?;
    let ids = app.store.org_ids().await?;
    let mut rows = Vec::new();
    for entry in app.store.orgs(page.slice(&ids)).await? {
        rows.push(OrgRow::read(&app, &entry, ask.now).await?);
    }
    let mut response = json_response(StatusCode::OK, &rows);
    response.headers_mut().insert(TOTAL, HeaderValue::from(ids.len()));
    Ok(response)
}
