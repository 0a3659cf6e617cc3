//! A key's own names of models: part of what its reservation proves, so that a new one binds the next request.

use std::collections::BTreeMap;

use stargate_core::id::KeyId;
use stargate_core::scope::Scope;

use crate::store::ledger::reserve::scope_key;
use crate::store::ledger::scope_item;
use crate::store::table::item::number;
use crate::store::table::update_expression::UpdateExpression;
use crate::store::{Store, StoreError, WriteEffect, WriteOutcome, pause};

/// Tries of an edit that meets other edits of the same key.
const MAX_ATTEMPTS: u32 = 10;

impl Store {
    /// Gives a key these names of models in place of those that it has. `false`: there is no such key.
    ///
    /// An edit like any other: by the version, so that one which lands late or twice changes nothing. **Cost:** two round trips.
    pub async fn set_aliases(
        &self,
        key: &KeyId,
        aliases: &BTreeMap<String, String>,
    ) -> Result<bool, StoreError> {
        let (operation, scope) = ("set_aliases", scope_key(&Scope::Key(key.clone())));
        for tries in 1..=MAX_ATTEMPTS {
            let item = self.get(operation, scope.clone()).await?;
            let state = item.as_ref().map(scope_item::read).transpose()?.filter(|state| !state.deleted);
            let Some(state) = state else {
                return Ok(false);
            };
            if state.ties.aliases == *aliases {
                return Ok(true);
            }
            let change = UpdateExpression::default()
                .set("#version = #version + :one")
                .value("one", number(1))
                .value("version", number(state.version))
                .put("aliases", scope_item::aliases(aliases))
                .condition("#version = :version AND attribute_not_exists(#deleted)");
            if let WriteOutcome::Done(()) = self.write(operation, scope.clone(), &change).await?.answer {
                return Ok(true);
            }
            pause(tries).await;
        }
        let source = "every try met another edit".into();
        Err(StoreError::Unavailable { operation, applied: WriteEffect::No, source })
    }
}
