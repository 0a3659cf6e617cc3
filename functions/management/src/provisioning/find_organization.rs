//! An organization that a request names.

use shared::api::ApiError;
use shared::store::OrgEntry;
use stargate_core::id::OrgId;

use crate::request::body::RequestBody;
use crate::request::ids::parse_organization_id;
use crate::state::ManagementState;

pub fn unknown_organization(field: &str, id: &OrgId) -> ApiError {
    let message = format!("{field}: Organization {id} not found");
    ApiError::NotFound { param: Some(field.to_owned()), message }
}

/// The organization of a body's `organization_id`.
pub async fn find_organization(
    app: &ManagementState,
    fields: &mut RequestBody,
) -> Result<OrgEntry, ApiError> {
    let id = fields.patch("organization_id", "a string")?.value();
    let id = id.ok_or_else(|| ApiError::invalid("organization_id", "must be given"))?;
    require_organization(app, &parse_organization_id("organization_id", id)?).await
}

/// An organization that must be there.
pub async fn require_organization(app: &ManagementState, id: &OrgId) -> Result<OrgEntry, ApiError> {
    app.store.find_org(id).await?.ok_or_else(|| unknown_organization("organization_id", id))
}
