//! Organisations: what teams and keys can be charged to besides.

mod delete;
mod member;
mod new;
mod row;
mod show;
mod update;

use shared::api::ApiError;
use shared::store::OrgEntry;
use stargate_core::id::OrgId;

use crate::ManagementState;
use crate::fields::RequestBody;
use crate::routes::Routes;

/// The routes of organisations and their members.
pub fn routes(routes: &mut Routes) {
    routes.post("/organization/new", new::OPERATION, new::new);
    routes.patch("/organization/update", update::OPERATION, update::update);
    routes.delete("/organization/delete", delete::OPERATION, delete::delete);
    routes.get("/organization/info", show::INFO, show::info);
    routes.get("/organization/list", show::LIST, show::list);
    routes.post("/organization/member_add", member::ADD, member::member_add);
    routes.patch("/organization/member_update", member::UPDATE, member::member_update);
    routes.delete("/organization/member_delete", member::DELETE, member::member_delete);
}

/// An id as it was sent.
pub fn parse_id(field: &str, text: String) -> Result<OrgId, ApiError> {
    OrgId::parse(text).map_err(|rule| ApiError::invalid(field, rule.to_string()))
}

pub fn unknown_organization(field: &str, id: &OrgId) -> ApiError {
    let message = format!("{field}: Organization {id} not found");
    ApiError::NotFound { param: Some(field.to_owned()), message }
}

/// The organisation of a body's `organization_id`.
async fn find_organization(app: &ManagementState, fields: &mut RequestBody) -> Result<OrgEntry, ApiError> {
    let id = fields.patch("organization_id", "a string")?.value();
    let id = id.ok_or_else(|| ApiError::invalid("organization_id", "must be given"))?;
    find(app, &parse_id("organization_id", id)?).await
}

/// An organisation that must be there.
pub async fn find(app: &ManagementState, id: &OrgId) -> Result<OrgEntry, ApiError> {
    app.store.find_org(id).await?.ok_or_else(|| unknown_organization("organization_id", id))
}
