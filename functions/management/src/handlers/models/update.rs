//! `POST /model/update` and `PATCH /model/{model_id}/update`

use axum::http::StatusCode;
use axum::response::Response;
use shared::api::{ApiError, json_response};
use stargate_core::audit::Action;
use stargate_core::catalog::{Catalog, CustomModel, CustomModelSpec};
use stargate_core::policy::Permit;

use crate::audit_log::{AuditRecorder, MODELS};
use crate::authorize::RequestContext;
use crate::openapi::operation::{Operation, schema_of};
use crate::provisioning::change_catalog::{change_catalog, position_of_model, unknown_model};
use crate::request::body::RequestBody;
use crate::request::custom_model::CustomModelPatch;
use crate::rows::model::{ModelRow, NewModelResponse};
use crate::state::ManagementState;

pub const OPERATION: Operation =
    Operation::new("Changes a model; prices are replaced together", schema_of::<NewModelResponse>)
        .takes(&[&["model_name", "litellm_params", "model_info"]]);

/// Changes a model: what is absent stays, prices are replaced as a whole. A model that ships is changed by its name, and is
/// the deployment's own from then on.
pub async fn update(
    app: ManagementState,
    permit: Permit,
    ask: RequestContext,
    mut fields: RequestBody,
) -> Result<Response, ApiError> {
    let order = CustomModelPatch::read(&mut fields)?;
    fields.finish()?;
    let id = ask.named.clone().or_else(|| order.id.clone());
    let id = id.ok_or_else(|| ApiError::invalid("model_info.id", "must be given"))?;
    let edit = |own: &mut Vec<CustomModel>| {
        let at = position_of_model(own, &id);
        let before = at.map_or_else(|| bundled_as_custom(&app, &id), |at| own.get(at).cloned());
        let before = before.ok_or_else(|| unknown_model(&id))?;
        let name = order.name.clone().value().unwrap_or_else(|| before.name.clone());
        if at.is_none() && name != before.name {
            return Err(ApiError::invalid(
                "model_name",
                "a model that ships keeps its name: offer it under another too",
            ));
        }
        let offer = Some(order.apply_to(before.offer.clone(), app.offering.bundled_catalog())?);
        let after = CustomModel { name, offer, ..before };
        match at.and_then(|at| own.get_mut(at)) {
            Some(place) => *place = after,
            None => own.push(after),
        }
        Ok(())
    };
    let changed = change_catalog(&app, ask.now, edit).await?;
    let find = |catalog: &Catalog| ModelRow::with_id(catalog, &id);
    let (before, row) = (find(&changed.before), find(&changed.after).ok_or_else(|| unknown_model(&id))?);
    let scribe = AuditRecorder::new(&app, &permit, &ask);
    scribe.note(Action::Updated, (MODELS, row.id()), before.as_ref(), Some(&row)).await;
    Ok(json_response(StatusCode::OK, &NewModelResponse { model_id: row.id().to_owned(), row }))
}

/// A model that ships, as the deployment's own would be it.
fn bundled_as_custom(app: &ManagementState, name: &str) -> Option<CustomModel> {
    let model = app.offering.bundled_catalog().models().find(|model| model.name == name)?;
    let (invoke_id, base) = (model.invoke_id.clone(), Some(model.name.clone()));
    let offer =
        CustomModelSpec { invoke_id, base, prices: None, max_input_tokens: None, max_output_tokens: None };
    Some(CustomModel { id: model.name.clone(), name: model.name.clone(), offer: Some(offer) })
}
