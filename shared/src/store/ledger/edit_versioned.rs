//! One edit of a scope's item, by its version.

use stargate_core::moment::Moment;
use stargate_core::scope::{Scope, ScopeState};

use super::reserve::scope_key;
use super::scope_item;
use crate::store::table::item::number;
use crate::store::table::update_expression::UpdateExpression;
use crate::store::{AttemptResult, Store, StoreError, WriteEffect, WriteOutcome, pause};

/// Attempts of an edit that meets other edits of the same scope.
const MAX_ATTEMPTS: u32 = 10;

/// What became of an edit.
pub(in crate::store) enum EditOutcome {
    /// There is no such scope.
    Missing,
    /// The scope was so already.
    Unchanged(Box<ScopeState>),
    /// The scope before the edit and after it.
    Changed(Box<[ScopeState; 2]>),
}

impl EditOutcome {
    /// The scope as it is now, if there is one.
    pub(in crate::store) fn now(self) -> Option<ScopeState> {
        match self {
            Self::Missing => None,
            Self::Unchanged(state) => Some(*state),
            Self::Changed(states) => {
                let [_, after] = *states;
                Some(after)
            }
        }
    }
}

impl Store {
    /// Changes a scope by what `change` makes of it, or leaves it as it is.
    ///
    /// **Atomic and repeatable:** each edit raises the item's version, so one that lands twice or late changes nothing, and one
    /// that meets another is made again from what that left. `is_ours` says whether a scope is as this edit left it: then an
    /// earlier attempt took place whose response was lost. With `now`, a budget period that has ended is reset first.
    /// **Cost:** a read and a write per attempt.
    pub(in crate::store) async fn edit_versioned<E: From<StoreError>>(
        &self,
        (operation, scope, now): (&'static str, &Scope, Option<Moment>),
        change: impl Fn(&ScopeState) -> Result<Option<UpdateExpression>, E>,
        is_ours: impl Fn(&ScopeState, &ScopeState) -> bool,
    ) -> Result<EditOutcome, E> {
        for attempt in 1..=MAX_ATTEMPTS {
            let read = match now {
                Some(now) => self.read_in_period(operation, scope, now).await?,
                None => self.read_scope(operation, scope).await?,
            };
            let Some(before) = read else {
                return Ok(EditOutcome::Missing);
            };
            let Some(change) = change(&before)? else {
                return Ok(EditOutcome::Unchanged(Box::new(before)));
            };
            let change = change
                .set("#version = #version + :one")
                .value("one", number(1))
                .value("version", number(before.version))
                .condition("#version = :version AND attribute_not_exists(#deleted)");
            let AttemptResult { answer, uncertain } =
                self.update(operation, scope_key(scope), &change).await?;
            let (after, is_certain) = match answer {
                WriteOutcome::Done(item) => (Some(scope_item::read(&item)?), true),
                WriteOutcome::Refused(Some(item)) if uncertain => (Some(scope_item::read(&item)?), false),
                WriteOutcome::Refused(_) => (None, false),
            };
            if let Some(after) = after
                && (is_certain || after.version == before.version + 1 && is_ours(&before, &after))
            {
                return Ok(EditOutcome::Changed(Box::new([before, after])));
            }
            pause(attempt).await;
        }
        Err(StoreError::unavailable(operation, WriteEffect::No, "every try met another edit").into())
    }

    /// A scope that is there, in the period that runs now: what the old one has spent must not count in it.
    async fn read_in_period(
        &self,
        operation: &'static str,
        scope: &Scope,
        now: Moment,
    ) -> Result<Option<ScopeState>, StoreError> {
        for _ in 0..MAX_ATTEMPTS {
            let state = self.read_scope(operation, scope).await?;
            match &state {
                Some(due) if due.budget_reset_at.is_some_and(|reset| reset <= now) => {
                    self.reset_period(scope, now).await?;
                }
                _ => return Ok(state),
            }
        }
        Err(StoreError::unavailable(operation, WriteEffect::No, "every try met the end of a period"))
    }

    /// The scope as it is, unless it is deleted.
    pub(in crate::store) async fn read_scope(
        &self,
        operation: &'static str,
        scope: &Scope,
    ) -> Result<Option<ScopeState>, StoreError> {
        let item = self.get(operation, scope_key(scope)).await?;
        Ok(item.as_ref().map(scope_item::read).transpose()?.filter(|state| !state.deleted))
    }
}
