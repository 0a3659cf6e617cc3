//! Edits of a scope's limits: deltas of the headroom, never a look at the leases, so no race with reservations.

use stargate_core::moment::Moment;
use stargate_core::money::Money;
use stargate_core::scope::{Limits, Scope, ScopeState};

use super::reserve::scope_key;
use super::scope_item;
use crate::store::table::item::{self, number};
use crate::store::table::update_expression::UpdateExpression;
use crate::store::{AttemptResult, Store, StoreError, WriteOutcome, pause};

/// Tries of an edit that meets other edits of the same scope.
const MAX_ATTEMPTS: u32 = 10;

impl Store {
    /// Changes a scope's limits; `None` if there is no such scope. Answers the scope as it is now.
    ///
    /// **Atomic and repeatable:** each edit raises the item's version, so one that lands twice or late changes nothing,
    /// and one that meets another is made again from what that left. **Cost:** a read, and a write per try.
    pub async fn edit<E: From<StoreError>>(
        &self,
        scope: &Scope,
        edit: impl Fn(&Limits) -> Result<Limits, E>,
        now: Moment,
    ) -> Result<Option<ScopeState>, E> {
        for tries in 1..=MAX_ATTEMPTS {
            let Some(state) = self.to_be_edited("edit", scope, now).await? else {
                return Ok(None);
            };
            let limits = edit(&state.limits)?;
            let change = self.change_of(&state, &limits, now);
            let AttemptResult { answer, uncertain } = self.update("edit", scope_key(scope), &change).await?;
            match answer {
                WriteOutcome::Done(item) => return Ok(Some(scope_item::read(&item)?)),
                // An earlier try of ours, whose answer was lost: made again, a raise would be a second one.
                WriteOutcome::Refused(Some(item)) if uncertain => {
                    let now = scope_item::read(&item)?;
                    if now.version == state.version + 1 && now.limits == limits {
                        return Ok(Some(now));
                    }
                }
                WriteOutcome::Refused(_) => {}
            }
            pause(tries).await;
        }
        Err(too_many("edit", "every try met another edit").into())
    }

    /// Says what a scope has spent in this period, as an administrator sees it; `None` if there is no such scope. The headroom
    /// moves by the difference; what calls settle meanwhile is added to it; what was charged ever stays.
    ///
    /// **Cost and repeats:** as [`Store::edit`].
    pub async fn set_spend(
        &self,
        scope: &Scope,
        spend: Money,
        now: Moment,
    ) -> Result<Option<ScopeState>, StoreError> {
        for tries in 1..=MAX_ATTEMPTS {
            let Some(state) = self.to_be_edited("set_spend", scope, now).await? else {
                return Ok(None);
            };
            let change = UpdateExpression::default()
                .set("#version = #version + :one")
                .set("#spend = #spend + :more")
                .set("#headroom = #headroom - :more")
                .remove("#soft_told")
                .value("one", number(1))
                .value("more", item::money(spend - state.spend))
                .value("version", number(state.version));
            let change = in_same_period(&state, change);
            let AttemptResult { answer, uncertain } =
                self.update("set_spend", scope_key(scope), &change).await?;
            match answer {
                WriteOutcome::Done(item) => return Ok(Some(scope_item::read(&item)?)),
                // An earlier try of ours, whose answer was lost.
                WriteOutcome::Refused(Some(item)) if uncertain => {
                    let now = scope_item::read(&item)?;
                    // What calls have settled since is in both.
                    let is_ours = now.spend - now.total_spend == spend - state.total_spend;
                    if now.version == state.version + 1 && is_ours {
                        return Ok(Some(now));
                    }
                }
                WriteOutcome::Refused(_) => {}
            }
            pause(tries).await;
        }
        Err(too_many("set_spend", "every try met another edit"))
    }

    /// A scope that is there, in the period that runs now: what the old one has spent must not count in it.
    async fn to_be_edited(
        &self,
        operation: &'static str,
        scope: &Scope,
        now: Moment,
    ) -> Result<Option<ScopeState>, StoreError> {
        for _ in 0..MAX_ATTEMPTS {
            let item = self.get(operation, scope_key(scope)).await?;
            let state = item.as_ref().map(scope_item::read).transpose()?.filter(|state| !state.deleted);
            match &state {
                Some(due) if due.budget_reset_at.is_some_and(|reset| reset <= now) => {
                    self.reset_period(scope, now).await?;
                }
                _ => return Ok(state),
            }
        }
        Err(too_many(operation, "every try met the end of a period"))
    }

    fn change_of(&self, state: &ScopeState, limits: &Limits, now: Moment) -> UpdateExpression {
        let mut change = UpdateExpression::default()
            .set("#version = #version + :one")
            .set("#headroom = #headroom + :more")
            .value("one", number(1))
            .value("more", item::money(limits.ceiling() - state.limits.ceiling()))
            .value("version", number(state.version))
            .condition("#version = :version AND attribute_not_exists(#deleted)");
        let before = scope_item::limit_attributes(&state.limits);
        for ((name, value), (_, was)) in scope_item::limit_attributes(limits).into_iter().zip(before) {
            if value != was {
                change = change.put(name, value);
            }
        }
        if limits.soft_budget != state.limits.soft_budget {
            change = change.remove("#soft_told");
        }
        if limits.budget_duration != state.limits.budget_duration {
            let resets = self.reset_of(limits, now);
            change = change.put("budget_reset_at", resets.map(|at| number(at.seconds())));
            change = match state.budget_reset_at {
                Some(was) => change.condition("#budget_reset_at = :was").value("was", number(was.seconds())),
                None => change.condition("attribute_not_exists(#budget_reset_at)"),
            };
        }
        change
    }
}

fn too_many(operation: &'static str, what: &'static str) -> StoreError {
    StoreError::Unavailable { operation, applied: crate::store::WriteEffect::No, source: what.into() }
}

/// Only if no other edit came between, and the period is the same.
fn in_same_period(state: &ScopeState, change: UpdateExpression) -> UpdateExpression {
    let change = change.condition("#version = :version AND attribute_not_exists(#deleted)");
    match state.budget_reset_at {
        Some(was) => change.condition("#budget_reset_at = :was").value("was", number(was.seconds())),
        None => change.condition("attribute_not_exists(#budget_reset_at)"),
    }
}
