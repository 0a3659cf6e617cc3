//! `GET /model/info`

use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use shared::api::{ApiError, json_response};
use shared::auth::{KeyCache, standing};
use stargate_core::catalog::Model;
use stargate_core::ledger::may_use;
use stargate_core::policy::{Caller, Permit};

use crate::authorize::RequestContext;
use crate::openapi::operation::{Operation, schema_of};
use crate::rows::model::ModelRow;
use crate::state::ManagementState;

#[derive(JsonSchema, Serialize)]
struct ModelInfoResponse {
    data: Vec<ModelRow>,
}

pub const OPERATION: Operation =
    Operation::new("The models that are offered, with prices and limits", schema_of::<ModelInfoResponse>)
        .query(&["litellm_model_id"]);

/// The models that are offered, with what they cost and take: to administrators all, to users what their keys may be given,
/// to a team's key, or one of nobody, what that may use.
pub async fn info(app: ManagementState, permit: Permit, ask: RequestContext) -> Result<Response, ApiError> {
    const ID: &str = "litellm_model_id";
    let id = ask.query.text(ID)?;
    let models = usable(&app, &permit, &ask).await?;
    let mut data: Vec<ModelRow> = models.into_iter().map(ModelRow::new).collect();
    if let Some(id) = id {
        data.retain(|row| row.id() == id);
        if data.is_empty() {
            return Err(ApiError::invalid(ID, format!("Model id = {id} not found")));
        }
    }
    Ok(json_response(StatusCode::OK, &ModelInfoResponse { data }))
}

async fn usable<'a>(
    app: &'a ManagementState,
    permit: &Permit,
    ask: &RequestContext,
) -> Result<Vec<&'a Model>, ApiError> {
    const UNKNOWN: ApiError = ApiError::Unauthenticated("Invalid API key");
    let models = app.catalog.models();
    if permit.sees_all() {
        return Ok(models.collect());
    }
    if let (Caller::User { id, .. }, false) = (permit.caller(), permit.sees_all()) {
        let state = app.store.find_user(id).await?.ok_or(UNKNOWN)?.state;
        let is_permitted =
            |model: &&Model| may_use(&state, &model.name, &model.permitted_by(), ask.now).is_ok();
        return Ok(models.filter(is_permitted).collect());
    }
    let secret = ask.presented.as_ref().ok_or(UNKNOWN)?.hash();
    let pointer = app.store.find_pointer(&secret).await?.ok_or(UNKNOWN)?;
    let standing = standing(&app.store, &KeyCache::default(), &pointer, ask.now).await?;
    let is_permitted = |model: &&Model| standing.may_use(&model.name, &model.permitted_by(), ask.now).is_ok();
    Ok(models.filter(is_permitted).collect())
}
