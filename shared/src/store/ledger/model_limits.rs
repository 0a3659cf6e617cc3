//! What a scope allows of one model: a scope of its own, which the whole scope names.
//!
//! The model's scope is there before the whole names it, and stays when it is lifted, without limits: a call that meets the
//! change finds it there whichever way it goes.

use aws_sdk_dynamodb::types::AttributeValue;
use stargate_core::moment::Moment;
use stargate_core::scope::{Limits, LinkedScopes, Scope, ScopeState};

use super::edit_versioned::EditOutcome;
use super::reserve::scope_key;
use super::scope_item;
use crate::store::table::batch::UniqueViolation;
use crate::store::table::item::Read;
use crate::store::table::schema;
use crate::store::table::update_expression::UpdateExpression;
use crate::store::{Store, StoreError};

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
        let change = |state: &ScopeState| {
            let change =
                UpdateExpression::default().value("model", AttributeValue::Ss(vec![model.to_owned()]));
            Ok::<_, StoreError>(match (state.ties.models.contains(model), is_named) {
                (was_named, is_named) if was_named == is_named => None,
                (_, true) => Some(change.add("#tied_models :model")),
                (_, false) => Some(change.take("#tied_models :model")),
            })
        };
        let is_ours = |_: &ScopeState, after: &ScopeState| after.ties.models.contains(model) == is_named;
        let edited = self.edit_versioned(("limit_model", whole, None), change, is_ours).await?;
        Ok(!matches!(edited, EditOutcome::Missing))
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
