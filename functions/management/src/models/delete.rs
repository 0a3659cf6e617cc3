//! `POST /model/delete`

use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use shared::audit::Action;
use shared::fault::Fault;
use shared::model::OwnModel;
use shared::policy::Permit;
use shared::web::json_answer;

use super::{ModelRow, change, named, unknown};
use crate::App;
use crate::audit::{MODELS, Scribe};
use crate::fields::Fields;
use crate::guard::Ask;
use crate::openapi::{Operation, schema_of};

#[derive(JsonSchema, Serialize)]
struct Answer {
    message: String,
}

pub const OPERATION: Operation = Operation::new("Takes a model out of what is offered", schema_of::<Answer>)
    .takes(&[&["id"]])
    .needs(&["id"]);

/// Takes a model out of what is offered. One of the deployment's own is gone; where it took a shipped model's place, that is
/// offered again. One that ships is left out, until `/model/new` offers it again.
pub async fn delete(app: App, permit: Permit, ask: Ask, mut fields: Fields) -> Result<Response, Fault> {
    let id = named(&ask, &mut fields)?.ok_or_else(|| Fault::invalid("id", "must be given"))?;
    fields.finish()?;
    let edit = |own: &mut Vec<OwnModel>| {
        if let Some(at) = own.iter().position(|model| model.id == id && model.offer.is_some()) {
            own.remove(at);
            return Ok(());
        }
        let ships = app.offering.shipped().models().any(|model| model.name == id);
        if !ships || own.iter().any(|model| model.name == id && model.offer.is_none()) {
            return Err(unknown(&id));
        }
        own.retain(|model| model.name != id);
        own.push(OwnModel { id: id.clone(), name: id.clone(), offer: None });
        Ok(())
    };
    let changed = change(&app, ask.now, edit).await?;
    let before = ModelRow::with_id(&changed.before, &id);
    let scribe = Scribe::new(&app, &permit, &ask);
    scribe.note(Action::Deleted, (MODELS, &id), before.as_ref(), None).await;
    Ok(json_answer(StatusCode::OK, &Answer { message: format!("Model: {id} deleted successfully") }))
}
