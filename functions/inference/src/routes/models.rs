//! `GET /v1/models`: the models that this key may use, in the shapes of Anthropic and OpenAI at once.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use shared::api::{ApiError, ErrorFormat, json_response};
use shared::store::KeyRef;
use stargate_core::catalog::{Catalog, Model};

use crate::pipeline::admission::load_scopes;
use crate::pipeline::authenticate::authenticate;
use crate::pipeline::refuse;
use crate::pipeline::state::InferenceState;

/// Both SDKs require a date. Bedrock tells none that is stable, so all models have the same.
const CREATED: &str = "2025-01-01T00:00:00Z";
const CREATED_SECONDS: i64 = 1_735_689_600;

#[derive(Serialize)]
struct ModelEntry<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    display_name: &'a str,
    created_at: &'static str,
    object: &'static str,
    created: i64,
    owned_by: &'a str,
}

#[derive(Serialize)]
struct List<'a> {
    object: &'static str,
    data: Vec<ModelEntry<'a>>,
    has_more: bool,
    first_id: Option<&'a str>,
    last_id: Option<&'a str>,
}

pub async fn list(State(app): State<InferenceState>, headers: HeaderMap) -> Response {
    match usable(&app, &headers).await {
        Ok((_, _, models)) => {
            let (first_id, last_id) = (models.first(), models.last());
            let (first_id, last_id) = (first_id.map(|m| m.name.as_str()), last_id.map(|m| m.name.as_str()));
            let data = models.iter().map(model_entry).collect();
            json_response(StatusCode::OK, &List { object: "list", data, has_more: false, first_id, last_id })
        }
        Err(fault) => refuse(&app, ErrorFormat::for_route("", &headers), &fault),
    }
}

pub async fn get(
    State(app): State<InferenceState>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    let found = usable(&app, &headers).await.and_then(|(catalog, pointer, models)| {
        let wanted = catalog.find(pointer.resolve_alias(&name));
        let found = models.into_iter().find(|model| wanted.is_some_and(|wanted| wanted.name == model.name));
        found.ok_or_else(|| ApiError::NotFound {
            param: Some("model".to_owned()),
            message: format!("model: {name} is not among the models of this key"),
        })
    });
    match found {
        Ok(model) => json_response(StatusCode::OK, &model_entry(&model)),
        Err(fault) => refuse(&app, ErrorFormat::for_route("", &headers), &fault),
    }
}

/// The models that every scope of the caller's key permits.
pub async fn usable(
    app: &InferenceState,
    headers: &HeaderMap,
) -> Result<(Arc<Catalog>, KeyRef, Vec<Model>), ApiError> {
    let (app, pointer) = authenticate(app, headers).await?;
    let (now, standing) = (app.clock.now(), load_scopes(&app, &pointer).await?);
    standing.stands(now)?;
    let is_permitted = |model: &&Model| standing.may_use(&model.name, &model.permitted_by(), now).is_ok();
    let models = app.catalog.models().filter(is_permitted).cloned().collect();
    let pointer = standing.pointer().clone();
    Ok((app.catalog, pointer, models))
}

fn model_entry(model: &Model) -> ModelEntry<'_> {
    ModelEntry {
        id: &model.name,
        kind: "model",
        display_name: &model.display_name,
        created_at: CREATED,
        object: "model",
        created: CREATED_SECONDS,
        owned_by: model.provider(),
    }
}
