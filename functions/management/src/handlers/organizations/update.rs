//! `PATCH /organization/update`

use axum::http::StatusCode;
use axum::response::Response;
use shared::api::{ApiError, json_response};
use stargate_core::audit::Action;
use stargate_core::entity::Org;
use stargate_core::policy::Permit;
use stargate_core::scope::Scope;

use crate::audit_log::{AuditRecorder, ORGS};
use crate::authorize::RequestContext;
use crate::openapi::operation::{LIMITS, Operation, schema_of};
use crate::provisioning::find_organization::{find_organization, require_organization, unknown_organization};
use crate::request::body::RequestBody;
use crate::request::limits::LimitsPatch;
use crate::rows::organization::OrgRow;
use crate::state::ManagementState;

pub const OPERATION: Operation =
    Operation::new("Changes an organization: what is absent stays, null clears", schema_of::<OrgRow>)
        .takes(&[&["organization_id", "organization_alias", "metadata"], LIMITS])
        .needs(&["organization_id"]);

/// Changes an organization: a field that is absent stays, `null` clears it, anything else sets it.
pub async fn update(
    app: ManagementState,
    permit: Permit,
    ask: RequestContext,
    mut fields: RequestBody,
) -> Result<Response, ApiError> {
    let entry = find_organization(&app, &mut fields).await?;
    let (alias, metadata) = (fields.text("organization_alias")?, fields.object("metadata")?);
    let limits = LimitsPatch::read(&mut fields)?;
    fields.finish()?;
    let before = OrgRow::read(&app, &entry, ask.now).await?;
    let org = &entry.org;
    let after = Org {
        alias: alias.apply_to(org.alias.clone()),
        metadata: metadata.apply_to(Some(org.metadata.clone())).unwrap_or_else(|| "{}".to_owned()),
        ..org.clone()
    };
    let missing = || unknown_organization("organization_id", &org.id);
    if !app.store.describe_org(org, &after).await? {
        return Err(missing());
    }
    let scope = Scope::Org(org.id.clone());
    let edited =
        app.store.edit::<ApiError>(&scope, |now| Ok(limits.clone().apply_to(now.clone())), ask.now).await?;
    edited.ok_or_else(missing)?;
    let row = OrgRow::read(&app, &require_organization(&app, &org.id).await?, ask.now).await?;
    let scribe = AuditRecorder::new(&app, &permit, &ask);
    scribe.note(Action::Updated, (ORGS, org.id.as_str()), Some(&before), Some(&row)).await;
    Ok(json_response(StatusCode::OK, &row))
}
