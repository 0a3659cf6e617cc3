//! `POST /model/new`

use axum::http::StatusCode;
use axum::response::Response;
use shared::api::{ApiError, json_response};
use shared::store::StoreError;
use stargate_core::audit::Action;
use stargate_core::catalog::CustomModel;
use stargate_core::id::random_key_id;
use stargate_core::policy::Permit;

use crate::audit_log::{AuditRecorder, MODELS};
use crate::authorize::RequestContext;
use crate::openapi::operation::{Operation, schema_of};
use crate::provisioning::change_catalog::{change_catalog, unknown_model};
use crate::request::body::RequestBody;
use crate::request::custom_model::CustomModelPatch;
use crate::rows::model::{ModelRow, NewModelResponse};
use crate::state::ManagementState;

pub const OPERATION: Operation = Operation::new("Offers a model under a name", schema_of::<NewModelResponse>)
    .takes(&[&["model_name", "litellm_params", "model_info"]])
    .needs(&["model_name", "litellm_params"]);

/// Offers a model under a name: another name for one of the catalog, one of the catalog at another price or under
/// another inference profile, or one that the catalog does not know, with its price and its limits.
pub async fn new(
    app: ManagementState,
    permit: Permit,
    ask: RequestContext,
    mut fields: RequestBody,
) -> Result<Response, ApiError> {
    let order = CustomModelPatch::read(&mut fields)?;
    fields.finish()?;
    let name = order.name.clone().value().ok_or_else(|| ApiError::invalid("model_name", "must be given"))?;
    let random = random_key_id().map_err(StoreError::from)?;
    let id = order.id.clone().unwrap_or_else(|| random.as_str().to_owned());
    let model = CustomModel { id, name, offer: Some(order.apply_to(None, app.offering.bundled_catalog())?) };
    let changed = change_catalog(&app, ask.now, |own| {
        // One that was left out is offered again.
        own.retain(|other| other.name != model.name || other.offer.is_some());
        if own.iter().any(|other| other.id == model.id)
            || app.offering.bundled_catalog().find(&model.id).is_some()
        {
            return Err(name_taken("id", &model.id));
        }
        if own.iter().any(|other| other.name == model.name) {
            return Err(name_taken("model_name", &model.name));
        }
        own.push(model.clone());
        Ok(())
    });
    let changed = changed.await?;
    let row = ModelRow::find(&changed.after, &model.name).ok_or_else(|| unknown_model(&model.id))?;
    let scribe = AuditRecorder::new(&app, &permit, &ask);
    scribe.note(Action::Created, (MODELS, &model.id), None, Some(&row)).await;
    Ok(json_response(StatusCode::OK, &NewModelResponse { model_id: model.id, row }))
}

fn name_taken(field: &str, value: &str) -> ApiError {
    let message = format!("{field}: Model {value} exists already");
    ApiError::Conflict { param: Some(field.to_owned()), message }
}
