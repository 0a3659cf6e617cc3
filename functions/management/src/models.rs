//! The deployment's own models.

mod change;
mod delete;
mod info;
mod new;
mod order;
mod row;
mod update;

use shared::api::ApiError;
use stargate_core::catalog::CustomModel;

use crate::fields::RequestBody;
use crate::guard::RequestContext;
use crate::routes::Routes;
use change::change;
use order::CustomModelPatch;
use row::ModelRow;

/// The routes of models.
pub fn routes(routes: &mut Routes) {
    routes.get("/model/info", info::OPERATION, info::info);
    routes.get("/v1/model/info", info::OPERATION, info::info);
    routes.post("/model/new", new::OPERATION, new::new);
    routes.post("/model/update", update::OPERATION, update::update);
    routes.patch("/model/{id}/update", update::OPERATION, update::update);
    routes.post("/model/delete", delete::OPERATION, delete::delete);
}

fn unknown_model(id: &str) -> ApiError {
    ApiError::NotFound { param: Some("id".to_owned()), message: format!("id: Model {id} not found") }
}

/// The model that a change is about: by its own id, or by its name in the catalogue that ships.
fn position(own: &[CustomModel], id: &str) -> Option<usize> {
    own.iter().position(|model| model.id == id).or_else(|| own.iter().position(|model| model.name == id))
}

/// The id of a model, from the path or from the body.
fn model_id(ask: &RequestContext, fields: &mut RequestBody) -> Result<Option<String>, ApiError> {
    Ok(ask.named.clone().or(fields.text("id")?.value()))
}
