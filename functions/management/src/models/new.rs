//! `POST /model/new`

use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use shared::audit::Action;
use shared::fault::Fault;
use shared::id::random_key_id;
use shared::model::OwnModel;
use shared::policy::Permit;
use shared::store::StoreError;
use shared::web::json_answer;

use super::{ModelRow, Order, change, unknown};
use crate::App;
use crate::audit::{MODELS, Scribe};
use crate::fields::Fields;
use crate::guard::Ask;
use crate::openapi::{Operation, schema_of};

#[derive(JsonSchema, Serialize)]
pub struct Answer {
    pub model_id: String,
    #[serde(flatten)]
    pub row: ModelRow,
}

pub const OPERATION: Operation = Operation::new("Offers a model under a name", schema_of::<Answer>)
    .takes(&[&["model_name", "litellm_params", "model_info"]])
    .needs(&["model_name", "litellm_params"]);

/// Offers a model under a name: another name for one of the catalogue, one of the catalogue at another price or under
/// another inference profile, or one that the catalogue does not know, with its price and its limits.
pub async fn new(app: App, permit: Permit, ask: Ask, mut fields: Fields) -> Result<Response, Fault> {
    let order = Order::read(&mut fields)?;
    fields.finish()?;
    let name = order.name.clone().value().ok_or_else(|| Fault::invalid("model_name", "must be given"))?;
    let random = random_key_id().map_err(StoreError::from)?;
    let id = order.id.clone().unwrap_or_else(|| random.as_str().to_owned());
    let model = OwnModel { id, name, offer: Some(order.over(None, app.offering.shipped())?) };
    let changed = change(&app, ask.now, |own| {
        // One that was left out is offered again.
        own.retain(|other| other.name != model.name || other.offer.is_some());
        if own.iter().any(|other| other.id == model.id) || app.offering.shipped().find(&model.id).is_some() {
            return Err(taken("id", &model.id));
        }
        if own.iter().any(|other| other.name == model.name) {
            return Err(taken("model_name", &model.name));
        }
        own.push(model.clone());
        Ok(())
    });
    let changed = changed.await?;
    let row = ModelRow::find(&changed.after, &model.name).ok_or_else(|| unknown(&model.id))?;
    let scribe = Scribe::new(&app, &permit, &ask);
    scribe.note(Action::Created, (MODELS, &model.id), None, Some(&row)).await;
    Ok(json_answer(StatusCode::OK, &Answer { model_id: model.id, row }))
}

fn taken(field: &str, value: &str) -> Fault {
    let message = format!("{field}: Model {value} exists already");
    Fault::Conflict { param: Some(field.to_owned()), message }
}
