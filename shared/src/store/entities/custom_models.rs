//! A deployment's own models: one item holds them all, so that a change of one is checked against the others.

use aws_sdk_dynamodb::types::AttributeValue;
use stargate_core::catalog::CustomModel;

use crate::store::table::item::{Item, Read, number, text};
use crate::store::table::schema;
use crate::store::table::update_expression::UpdateExpression;
use crate::store::{Store, StoreError, WriteOutcome};

impl Store {
    /// The deployment's own models, the oldest first, and the version of that list. **Cost:** a read unit for each 4 KB.
    pub async fn own_models(&self) -> Result<(u64, Vec<CustomModel>), StoreError> {
        let Some(item) = self.get("own_models", key()).await? else {
            return Ok((0, Vec::new()));
        };
        let own = item.texts("models")?.iter().map(|model| read(model)).collect::<Result<_, _>>()?;
        Ok((item.number("version")?, own))
    }

    /// Replaces the list, if it is still that of `version`. `false`: somebody else was faster.
    pub async fn set_own_models(&self, version: u64, own: &[CustomModel]) -> Result<bool, StoreError> {
        let models = own.iter().map(|model| Ok(text(write(model)?))).collect::<Result<_, StoreError>>()?;
        let models = AttributeValue::L(models);
        let change = UpdateExpression::default()
            .put("models", Some(models.clone()))
            .put("version", Some(number(version + 1)));
        let change = match version {
            0 => change.condition("attribute_not_exists(#version)"),
            _ => change.condition("#version = :was").value("was", number(version)),
        };
        match self.write("set_own_models", key(), &change).await?.answer {
            WriteOutcome::Done(()) => Ok(true),
            // An earlier try of ours, whose answer was lost, if it says the same.
            WriteOutcome::Refused(item) => Ok(item.is_some_and(|item| item.raw("models") == Some(&models))),
        }
    }
}

fn key() -> Item {
    schema::key("C#models", schema::MODELS)
}

fn read(text: &str) -> Result<CustomModel, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::corrupt("models"))
}

fn write(model: &CustomModel) -> Result<String, StoreError> {
    serde_json::to_string(model).map_err(|_| StoreError::corrupt("models"))
}
