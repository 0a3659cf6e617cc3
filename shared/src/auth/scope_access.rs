//! What a key may do, for requests that reserve nothing: its scopes are read, not written.

use stargate_core::ledger::{self, Reason, Refusal};
use stargate_core::moment::Moment;
use stargate_core::scope::{Scope, ScopeState};

use crate::api::ApiError;
use crate::auth::KeyCache;
use crate::store::{KeyRef, Store};

/// The scopes of a key as they stand.
pub struct ScopeAccess {
    pointer: KeyRef,
    scopes: Vec<(Scope, ScopeState)>,
}

/// Reads the scopes of a key; one consistent read for all. A key that is gone, or another's, is unknown.
pub async fn standing(
    store: &Store,
    keyring: &KeyCache,
    pointer: &KeyRef,
    now: Moment,
) -> Result<ScopeAccess, ApiError> {
    let mut pointer = pointer.clone();
    loop {
        let scopes = pointer.standing();
        let states = store.scope_states(&scopes).await?;
        let mut is_news = false;
        for (scope, state) in scopes.iter().zip(&states) {
            is_news |=
                state.as_ref().is_some_and(|state| pointer.update_links(scope.clone(), state.ties.clone()));
        }
        if is_news {
            // Before anything is missed: what is gone may be what the key is not charged to any more.
            keyring.remember(&pointer);
            continue;
        }
        let is_ours = |scope: &Scope, state: &ScopeState| {
            !matches!(scope, Scope::Key(_)) || state.is_held_by(&pointer.holder, now)
        };
        let mut found = Vec::with_capacity(scopes.len());
        for (scope, state) in scopes.into_iter().zip(states) {
            match state.filter(|state| is_ours(&scope, state)) {
                Some(state) => found.push((scope, state)),
                None => {
                    keyring.forget(&pointer.holder.secret);
                    return Err(ApiError::Refused(Refusal { scope, reason: Reason::Unknown }, now));
                }
            }
        }
        return Ok(ScopeAccess { pointer, scopes: found });
    }
}

impl ScopeAccess {
    /// The key, with what its scopes told of it.
    pub fn pointer(&self) -> &KeyRef {
        &self.pointer
    }

    /// Every scope, the narrowest first.
    pub fn scopes(&self) -> &[(Scope, ScopeState)] {
        &self.scopes
    }

    /// Whether no scope is blocked, expired or deleted.
    pub fn stands(&self, now: Moment) -> Result<(), ApiError> {
        self.every(now, |_, state| ledger::check_active(state, now))
    }

    /// Whether every scope lets a model be used.
    pub fn may_use(&self, model: &str, permitted_by: &[String], now: Moment) -> Result<(), ApiError> {
        let permitted_by = self.pointer.permitted_by(permitted_by);
        self.every(now, |scope, state| match self.pointer.any_model(scope) {
            true => ledger::check_active(state, now),
            false => ledger::may_use(state, model, &permitted_by, now),
        })
    }

    fn every(
        &self,
        now: Moment,
        asked: impl Fn(&Scope, &ScopeState) -> Result<(), Reason>,
    ) -> Result<(), ApiError> {
        let refused = |(scope, state): &(Scope, ScopeState)| {
            let reason = asked(scope, state).err()?;
            Some(ApiError::Refused(Refusal { scope: scope.clone(), reason }, now))
        };
        self.scopes.iter().find_map(refused).map_or(Ok(()), Err)
    }
}
