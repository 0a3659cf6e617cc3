//! What a scope allows of one model: a scope of its own, which the whole scope names.
//!
//! The model's scope is there before the whole names it, and stays when it is lifted, without limits: a call that meets the
//! change finds it there whichever way it goes.

use aws_sdk_dynamodb::types::AttributeValue;

use super::batch::Uniqueness;
use super::change::Change;
use super::item::Read;
use super::ledger::scope_key;
use super::{Store, StoreError, Written, schema, scopes};
use crate::moment::Moment;
use crate::scope::{Limits, Scope, Ties};

impl Store {
    /// Sets what `whole` allows of a model, by its catalogue name; `None` lifts it. What was spent of it stays known.
    ///
    /// `false`: there is no such scope. **Binds** the next request: its reservation in `whole` proves which models are
    /// named there. **Cost:** two writes, or three round trips where the model was named before.
    pub async fn limit_model(
        &self,
        whole: &Scope,
        model: &str,
        limits: Option<&Limits>,
        now: Moment,
    ) -> Result<bool, StoreError> {
        let operation = "limit_model";
        let part = Scope::Model(Box::new(whole.clone()), model.to_owned());
        let named = |change: Change| {
            change
                .value("model", AttributeValue::Ss(vec![model.to_owned()]))
                .only_if("attribute_exists(#pk) AND attribute_not_exists(#deleted)")
        };
        let Some(limits) = limits else {
            let lift = named(Change::default().take("#tied_models :model"));
            let written = self.write(operation, scope_key(whole), &lift).await?.answer;
            self.edit::<StoreError>(&part, |_| Ok(Limits::default()), now).await?;
            return Ok(matches!(written, Written::Done(())));
        };
        let item = scopes::new_item(&part, limits, self.reset_of(limits, now), None, &Ties::default());
        match self.put_all(operation, vec![("model", item)]).await {
            Ok(()) => {}
            Err(Uniqueness::Store(error)) => return Err(error),
            Err(Uniqueness::Taken(_)) => {
                self.edit::<StoreError>(&part, |_| Ok(limits.clone()), now).await?;
            }
        }
        let tie = named(Change::default().add("#tied_models :model"));
        let written = self.write(operation, scope_key(whole), &tie).await?.answer;
        Ok(matches!(written, Written::Done(())))
    }

    /// Deletes a scope, which binds the next request, and then those of its models.
    pub(super) async fn delete_scope(
        &self,
        operation: &'static str,
        scope: &Scope,
    ) -> Result<(), StoreError> {
        let models = match self.get(operation, scope_key(scope)).await? {
            Some(item) => item.names("tied_models")?,
            None => return Ok(()),
        };
        self.delete(operation, scope_key(scope)).await?;
        for model in models {
            let part = Scope::Model(Box::new(scope.clone()), model);
            self.delete(operation, schema::key(schema::scope_pk(&part), schema::SCOPE)).await?;
        }
        Ok(())
    }
}
