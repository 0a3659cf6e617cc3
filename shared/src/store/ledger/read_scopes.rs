//! Reads of several scopes at once.

use stargate_core::scope::{Scope, ScopeState};

use super::reserve::scope_key;
use super::scope_item;
use crate::store::table::item::Item;
use crate::store::table::schema;
use crate::store::{Store, StoreError};

impl Store {
    /// The scope and the `about` item of each of `scopes` that has both, in that order; strongly consistent.
    pub(in crate::store) async fn entries(
        &self,
        operation: &'static str,
        scopes: &[Scope],
    ) -> Result<Vec<(Scope, Item, ScopeState)>, StoreError> {
        let keys = scopes.iter().flat_map(|scope| {
            let pk = schema::scope_pk(scope);
            [schema::key(&pk, schema::SCOPE), schema::key(pk, schema::ABOUT)]
        });
        let mut found = self.batch_get(operation, keys.collect()).await?;
        let mut entries = Vec::with_capacity(scopes.len());
        for scope in scopes {
            let pk = schema::scope_pk(scope);
            let about = found.remove(&(pk.clone(), schema::ABOUT.to_owned()));
            let state = found.remove(&(pk, schema::SCOPE.to_owned()));
            if let (Some(about), Some(state)) = (about, state) {
                entries.push((scope.clone(), about, scope_item::read(&state)?));
            }
        }
        Ok(entries)
    }

    /// The scopes that have an item now, in that order: for requests that reserve nothing. One round trip.
    pub async fn scope_states(&self, scopes: &[Scope]) -> Result<Vec<Option<ScopeState>>, StoreError> {
        let keys = scopes.iter().map(scope_key).collect();
        let found = self.batch_get("scope_states", keys).await?;
        let of = |scope: &Scope| found.get(&(schema::scope_pk(scope), schema::SCOPE.to_owned()));
        scopes.iter().map(|scope| of(scope).map(scope_item::read).transpose()).collect()
    }
}
