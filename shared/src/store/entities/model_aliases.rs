//! A key's own names of models: part of what its reservation proves, so that a new one binds the next request.

use std::collections::BTreeMap;

use stargate_core::id::KeyId;
use stargate_core::scope::{Scope, ScopeState};

use crate::store::ledger::edit_versioned::EditOutcome;
use crate::store::ledger::scope_item;
use crate::store::table::update_expression::UpdateExpression;
use crate::store::{Store, StoreError};

impl Store {
    /// Gives a key these names of models in place of those that it has. `false`: there is no such key.
    ///
    /// An edit like any other: by the version, so that one which lands late or twice changes nothing. **Cost:** two round trips.
    pub async fn set_aliases(
        &self,
        key: &KeyId,
        aliases: &BTreeMap<String, String>,
    ) -> Result<bool, StoreError> {
        let scope = Scope::Key(key.clone());
        let change = |state: &ScopeState| {
            let change = UpdateExpression::default().put("aliases", scope_item::aliases(aliases));
            Ok::<_, StoreError>((state.ties.aliases != *aliases).then_some(change))
        };
        let is_ours = |_: &ScopeState, after: &ScopeState| after.ties.aliases == *aliases;
        let edited = self.edit_versioned(("set_aliases", &scope, None), change, is_ours).await?;
        Ok(!matches!(edited, EditOutcome::Missing))
    }
}
