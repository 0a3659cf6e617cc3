//! `DELETE /organization/delete`

use axum::http::StatusCode;
use axum::response::Response;
use shared::api::{ApiError, json_response};
use stargate_core::audit::Action;
use stargate_core::policy::Permit;

use crate::audit_log::{AuditRecorder, ORGS};
use crate::authorize::RequestContext;
use crate::openapi::operation::{Operation, schema_of};
use crate::provisioning::find_organization::require_organization;
use crate::request::body::RequestBody;
use crate::request::ids::parse_organization_id;
use crate::rows::organization::OrgRow;
use crate::state::ManagementState;

pub const OPERATION: Operation = Operation::new(
    "Deletes organizations that nothing is charged to any more: all or none",
    schema_of::<Vec<OrgRow>>,
)
.takes(&[&["organization_ids"]])
.needs(&["organization_ids"]);

/// Deletes organizations to which nothing is charged any more: LiteLLM would delete their teams and keys with them, which
/// is a lot for one word. If one of them is unknown or has any, none is deleted.
pub async fn delete(
    app: ManagementState,
    permit: Permit,
    ask: RequestContext,
    fields: RequestBody,
) -> Result<Response, ApiError> {
    let mut rows = Vec::new();
    for id in fields.only_ids("organization_ids", "organization", parse_organization_id)? {
        let entry = require_organization(&app, &id).await?;
        let (teams, keys) = (app.store.teams_of_org(&id).await?, app.store.keys_of_org(&id).await?);
        if !teams.is_empty() || !keys.is_empty() {
            let message = format!(
                "organization_ids: Organization {id} still has {} teams and {} keys of its own",
                teams.len(),
                keys.len()
            );
            return Err(ApiError::Conflict { param: Some("organization_ids".to_owned()), message });
        }
        rows.push((id, OrgRow::read(&app, &entry, ask.now).await?));
    }
    let scribe = AuditRecorder::new(&app, &permit, &ask);
    for (id, row) in &rows {
        app.store.delete_org(id, ask.now).await?;
        scribe.note(Action::Deleted, (ORGS, id.as_str()), Some(row), None).await;
    }
    let rows: Vec<OrgRow> = rows.into_iter().map(|(_, row)| row).collect();
    Ok(json_response(StatusCode::OK, &rows))
}
