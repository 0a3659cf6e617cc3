//! `POST /model/delete`

use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use shared::api::{ApiError, json_response};
use stargate_core::audit::Action;
use stargate_core::catalog::CustomModel;
use stargate_core::policy::Permit;

use crate::audit_log::{AuditRecorder, MODELS};
use crate::authorize::RequestContext;
use crate::openapi::operation::{Operation, schema_of};
use crate::provisioning::change_catalog::{change_catalog, model_id, unknown_model};
use crate::request::body::RequestBody;
use crate::rows::model::ModelRow;
use crate::state::ManagementState;

#[derive(JsonSchema, Serialize)]
struct DeleteModelResponse {
    message: String,
}

pub const OPERATION: Operation =
    Operation::new("Takes a model out of what is offered", schema_of::<DeleteModelResponse>)
        .takes(&[&["id"]])
        .needs(&["id"]);

/// Takes a model out of what is offered. One of the deployment's own is gone; where it took a shipped model's place, that is
/// offered again. One that ships is left out, until `/model/new` offers it again.
pub async fn delete(
    app: ManagementState,
    permit: Permit,
    ask: RequestContext,
    mut fields: RequestBody,
) -> Result<Response, ApiError> {
    let id = model_id(&ask, &mut fields)?.ok_or_else(|| ApiError::invalid("id", "must be given"))?;
    fields.finish()?;
    let edit = |own: &mut Vec<CustomModel>| {
        if let Some(at) = own.iter().position(|model| model.id == id && model.offer.is_some()) {
            own.remove(at);
            return Ok(());
        }
        let ships = app.offering.bundled_catalog().models().any(|model| model.name == id);
        if !ships || own.iter().any(|model| model.name == id && model.offer.is_none()) {
            return Err(unknown_model(&id));
        }
        own.retain(|model| model.name != id);
        own.push(CustomModel { id: id.clone(), name: id.clone(), offer: None });
        Ok(())
    };
    let changed = change_catalog(&app, ask.now, edit).await?;
    let before = ModelRow::with_id(&changed.before, &id);
    let scribe = AuditRecorder::new(&app, &permit, &ask);
    scribe.note(Action::Deleted, (MODELS, &id), before.as_ref(), None).await;
    Ok(json_response(
        StatusCode::OK,
        &DeleteModelResponse { message: format!("Model: {id} deleted successfully") },
    ))
}
