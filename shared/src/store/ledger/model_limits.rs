//! What a scope allows of one model: a scope of its own, which the whole scope names.
//!
//! The model's scope is there before the whole names it, and stays when it is lifted, without limits: a call that meets the
//! change finds it there whichever way it goes.

use aws_sdk_dynamodb::types::AttributeValue;
use stargate_core::moment::Moment;
use stargate_core::scope::{Limits, LinkedScopes, Scope};

use super::reserve::scope_key;
use super::scope_item;
use crate::store::table::batch::UniqueViolation;
use crate::store::table::item::{Read, number};
use crate::store::table::schema;
use crate::store::table::update_expression::UpdateExpression;
use crate::store::{Store, StoreError, WriteEffect, WriteOutcome, pause};

/// Tries of an edit that meets other edits of the same scope.
const MAX_ATTEMPTS: u32 = 10;

impl Store {
    /// Sets what `whole` allows of a model, by its catalog name; `None` lifts it. What was spent of it stays known.
    ///
    /// `false`: there is no such scope. **Binds** the next request: its reservation in `whole` proves which models are
    /// named there. **Cost:** two round trips, and one more where the model was limited before.
    pub async fn limit_model(
        &self,
        whole: &Scope,
        model: &str,
        limits: Option<&Limits>,
        now: Moment,
    ) -> Result<bool, StoreError> {
        if let Some(limits) = limits {
            let part = Scope::Model(Box::new(whole.clone()), model.to_owned());
            let item = scope_item::new_item(
                &part,
                limits,
                self.reset_of(limits, now),
                None,
                &LinkedScopes::default(),
            );
            match self.put_all("limit_model", vec![("model", item)]).await {
                Ok(()) => {}
                Err(UniqueViolation::Store(error)) => return Err(error),
                Err(UniqueViolation::Taken(_)) => {
                    self.edit::<StoreError>(&part, |_| Ok(limits.clone()), now).await?;
                }
            }
        }
        self.name_model(whole, model, limits.is_some()).await
    }

    /// Names a model in its whole scope, or does no more. An edit like any other: by the version, so that one which lands
    /// late or twice changes nothing.
    async fn name_model(&self, whole: &Scope, model: &str, is_named: bool) -> Result<bool, StoreError> {
        let operation = "limit_model";
        for tries in 1..=MAX_ATTEMPTS {
            let Some(item) = self.get(operation, scope_key(whole)).await? else {
                return Ok(false);
            };
            let state = scope_item::read(&item)?;
            if state.deleted {
                return Ok(false);
            }
            if state.ties.models.contains(model) == is_named {
                return Ok(true);
            }
            let change = UpdateExpression::default()
                .set("#version = #version + :one")
                .value("one", number(1))
                .value("version", number(state.version))
                .value("model", AttributeValue::Ss(vec![model.to_owned()]))
                .condition("#version = :version AND attribute_not_exists(#deleted)");
            let change = match is_named {
                true => change.add("#tied_models :model"),
                false => change.take("#tied_models :model"),
            };
            if let WriteOutcome::Done(()) = self.write(operation, scope_key(whole), &change).await?.answer {
                return Ok(true);
            }
            pause(tries).await;
        }
        let source = "every try met another edit".into();
        Err(StoreError::Unavailable { operation, applied: WriteEffect::No, source })
    }

    /// Deletes a scope, which binds the next request, and then those of its models.
    pub(in crate::store) async fn delete_scope(
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
