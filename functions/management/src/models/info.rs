//! `GET /model/info`

use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use shared::admission::may_use;
use shared::auth::Keyring;
use shared::fault::Fault;
use shared::model::Model;
use shared::policy::{Caller, Permit};
use shared::standing::standing;
use shared::web::json_answer;

use super::ModelRow;
use crate::App;
use crate::guard::Ask;
use crate::openapi::{Operation, schema_of};

#[derive(JsonSchema, Serialize)]
struct Answer {
    data: Vec<ModelRow>,
}

pub const OPERATION: Operation =
    Operation::new("The models that are offered, with prices and limits", schema_of::<Answer>)
        .query(&["litellm_model_id"]);

/// The models that are offered, with what they cost and take: to administrators all, to users what their keys may be given,
/// to a team's key, or one of nobody, what that may use.
pub async fn info(app: App, permit: Permit, ask: Ask) -> Result<Response, Fault> {
    const ID: &str = "litellm_model_id";
    let id = ask.query.text(ID)?;
    let models = usable(&app, &permit, &ask).await?;
    let mut data: Vec<ModelRow> = models.into_iter().map(ModelRow::of).collect();
    if let Some(id) = id {
        data.retain(|row| row.id() == id);
        if data.is_empty() {
            return Err(Fault::invalid(ID, format!("Model id = {id} not found")));
        }
    }
    Ok(json_answer(StatusCode::OK, &Answer { data }))
}

async fn usable<'a>(app: &'a App, permit: &Permit, ask: &Ask) -> Result<Vec<&'a Model>, Fault> {
    const UNKNOWN: Fault = Fault::Unauthenticated("Invalid API key");
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
    let standing = standing(&app.store, &Keyring::default(), &pointer, ask.now).await?;
    let is_permitted = |model: &&Model| standing.may_use(&model.name, &model.permitted_by(), ask.now).is_ok();
    Ok(models.filter(is_permitted).collect())
}
