//! One change of the deployment's own models, checked against all of them.

use std::sync::Arc;

use shared::api::ApiError;
use stargate_core::catalog::{Catalog, CustomModel};
use stargate_core::moment::Moment;

use crate::authorize::RequestContext;
use crate::request::body::RequestBody;
use crate::state::ManagementState;

/// The most models of a deployment's own: one item holds them all.
const MAX_MODELS: usize = 200;
/// Tries of a change that meets another.
const MAX_ATTEMPTS: u32 = 4;

/// The catalog before a change and after it.
pub struct CatalogChange {
    pub before: Arc<Catalog>,
    pub after: Arc<Catalog>,
}

/// Makes a change: all or nothing. Other processes offer what it leaves within ten seconds.
pub async fn change_catalog(
    app: &ManagementState,
    now: Moment,
    edit: impl Fn(&mut Vec<CustomModel>) -> Result<(), ApiError>,
) -> Result<CatalogChange, ApiError> {
    for _ in 0..MAX_ATTEMPTS {
        let (version, mut own) = app.store.own_models().await?;
        let before = app.offering.read(&app.store, now).await?;
        edit(&mut own)?;
        if own.len() > MAX_MODELS {
            return Err(ApiError::invalid(
                "model_name",
                format!("a deployment has at most {MAX_MODELS} models of its own"),
            ));
        }
        app.offering
            .bundled_catalog()
            .with(&own)
            .map_err(|(_, problem)| ApiError::invalid(problem.field, problem.rule))?;
        if app.store.set_own_models(version, &own).await? {
            let after = app.offering.read(&app.store, now).await?;
            return Ok(CatalogChange { before, after });
        }
    }
    let message = "model_name: other models are being changed; try again".to_owned();
    Err(ApiError::Conflict { param: Some("model_name".to_owned()), message })
}

pub fn unknown_model(id: &str) -> ApiError {
    ApiError::NotFound { param: Some("id".to_owned()), message: format!("id: Model {id} not found") }
}

/// The model that a change is about: by its own id, or by its name in the catalog that ships.
pub fn position_of_model(own: &[CustomModel], id: &str) -> Option<usize> {
    own.iter().position(|model| model.id == id).or_else(|| own.iter().position(|model| model.name == id))
}

/// The id of a model, from the path or from the body.
pub fn model_id(ask: &RequestContext, fields: &mut RequestBody) -> Result<Option<String>, ApiError> {
    Ok(ask.named.clone().or(fields.text("id")?.value()))
}
