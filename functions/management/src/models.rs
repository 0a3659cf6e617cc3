//! The deployment's own models.

mod change;
mod delete;
mod info;
mod new;
mod order;
mod row;
mod update;

pub use delete::delete;
pub use info::info;
pub use new::new;
pub use update::update;

use change::change;
use order::Order;
use row::ModelRow;

use shared::fault::Fault;
use shared::model::OwnModel;

use crate::fields::Fields;
use crate::guard::Ask;

fn unknown(id: &str) -> Fault {
    Fault::NotFound { param: Some("id".to_owned()), message: format!("id: Model {id} not found") }
}

/// The model that a change is about: by its own id, or by its name in the catalogue that ships.
fn position(own: &[OwnModel], id: &str) -> Option<usize> {
    own.iter().position(|model| model.id == id).or_else(|| own.iter().position(|model| model.name == id))
}

/// The id of a model, from the path or from the body.
fn named(ask: &Ask, fields: &mut Fields) -> Result<Option<String>, Fault> {
    Ok(ask.named.clone().or(fields.text("id")?.value()))
}
