//! `POST /model/update` and `PATCH /model/{model_id}/update`

use axum::http::StatusCode;
use axum::response::Response;
use shared::audit::Action;
use shared::fault::Fault;
use shared::model::{Catalog, Offer, OwnModel};
use shared::policy::Permit;
use shared::web::json_answer;

use super::new::Answer;
use super::{ModelRow, Order, change, position, unknown};
use crate::App;
use crate::audit::{MODELS, Scribe};
use crate::fields::Fields;
use crate::guard::Ask;
use crate::openapi::{Operation, schema_of};

pub const OPERATION: Operation =
    Operation::new("Changes a model; prices are replaced together", schema_of::<Answer>).takes(&[&[
        "model_name",
        "litellm_params",
        "model_info",
    ]]);

/// Changes a model: what is absent stays, prices are replaced as a whole. A model that ships is changed by its name, and is
/// the deployment's own from then on.
pub async fn update(app: App, permit: Permit, ask: Ask, mut fields: Fields) -> Result<Response, Fault> {
    let order = Order::read(&mut fields)?;
    fields.finish()?;
    let id = ask.named.clone().or_else(|| order.id.clone());
    let id = id.ok_or_else(|| Fault::invalid("model_info.id", "must be given"))?;
    let edit = |own: &mut Vec<OwnModel>| {
        let at = position(own, &id);
        let before = at.map_or_else(|| shipped(&app, &id), |at| own.get(at).cloned());
        let before = before.ok_or_else(|| unknown(&id))?;
        let name = order.name.clone().value().unwrap_or_else(|| before.name.clone());
        if at.is_none() && name != before.name {
            return Err(Fault::invalid(
                "model_name",
                "a model that ships keeps its name: offer it under another too",
            ));
        }
        let offer = Some(order.over(before.offer.clone(), app.offering.shipped())?);
        let after = OwnModel { name, offer, ..before };
        match at.and_then(|at| own.get_mut(at)) {
            Some(place) => *place = after,
            None => own.push(after),
        }
        Ok(())
    };
    let changed = change(&app, ask.now, edit).await?;
    let find = |catalog: &Catalog| ModelRow::with_id(catalog, &id);
    let (before, row) = (find(&changed.before), find(&changed.after).ok_or_else(|| unknown(&id))?);
    let scribe = Scribe::new(&app, &permit, &ask);
    scribe.note(Action::Updated, (MODELS, row.id()), before.as_ref(), Some(&row)).await;
    Ok(json_answer(StatusCode::OK, &Answer { model_id: row.id().to_owned(), row }))
}

/// A model that ships, as the deployment's own would be it.
fn shipped(app: &App, name: &str) -> Option<OwnModel> {
    let model = app.offering.shipped().models().find(|model| model.name == name)?;
    let (invoke_id, base) = (model.invoke_id.clone(), Some(model.name.clone()));
    let offer = Offer { invoke_id, base, prices: None, max_input_tokens: None, max_output_tokens: None };
    Some(OwnModel { id: model.name.clone(), name: model.name.clone(), offer: Some(offer) })
}
