//! `POST /organization/new`

use axum::http::StatusCode;
use axum::response::Response;
use shared::api::{ApiError, json_response};
use shared::store::{CreateError, StoreError};
use stargate_core::audit::Action;
use stargate_core::entity::Org;
use stargate_core::id::random_key_id;
use stargate_core::moment::Moment;
use stargate_core::policy::Permit;
use stargate_core::scope::Limits;

use crate::audit_log::{AuditRecorder, ORGS};
use crate::authorize::RequestContext;
use crate::openapi::operation::{LIMITS, Operation, schema_of};
use crate::provisioning::find_organization::require_organization;
use crate::request::body::RequestBody;
use crate::request::ids::parse_organization_id;
use crate::request::limits::LimitsPatch;
use crate::rows::organization::OrgRow;
use crate::state::ManagementState;

pub const OPERATION: Operation = Operation::new("Makes an organization", schema_of::<OrgRow>)
    .takes(&[&["organization_id", "organization_alias", "metadata", "spend"], LIMITS]);

/// Makes an organization.
pub async fn new(
    app: ManagementState,
    permit: Permit,
    ask: RequestContext,
    fields: RequestBody,
) -> Result<Response, ApiError> {
    let org = read(fields, ask.now)?;
    app.store.create_org(&org).await.map_err(|error| match error {
        CreateError::Store(error) => error.into(),
        CreateError::Taken { .. } | CreateError::Gone { .. } => ApiError::Conflict {
            param: Some("organization_id".to_owned()),
            message: format!("organization_id: Organization with id {} already exists", org.id),
        },
    })?;
    let row = OrgRow::read(&app, &require_organization(&app, &org.id).await?, ask.now).await?;
    let scribe = AuditRecorder::new(&app, &permit, &ask);
    scribe.note(Action::Created, (ORGS, org.id.as_str()), None, Some(&row)).await;
    Ok(json_response(StatusCode::OK, &row))
}

fn read(mut fields: RequestBody, now: Moment) -> Result<Org, ApiError> {
    let id = match fields.patch("organization_id", "a string")?.value() {
        Some(id) => id,
        None => random_key_id().map_err(StoreError::from)?.as_str().to_owned(),
    };
    let org = Org {
        id: parse_organization_id("organization_id", id)?,
        alias: fields.text("organization_alias")?.value(),
        limits: LimitsPatch::read(&mut fields)?.apply_to(Limits::default()),
        metadata: fields.object("metadata")?.value().unwrap_or_else(|| "{}".to_owned()),
        created: now,
    };
    fields.only_zero("spend")?;
    fields.finish()?;
    Ok(org)
}
