//! Edits of a scope's limits: deltas of the headroom, never a look at the leases, so no race with reservations.

use stargate_core::moment::Moment;
use stargate_core::money::Money;
use stargate_core::scope::{Limits, Scope, ScopeState};

use super::scope_item;
use crate::store::table::item::{self, number};
use crate::store::table::update_expression::UpdateExpression;
use crate::store::{Store, StoreError};

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
        let change = |state: &ScopeState| Ok::<_, E>(Some(self.change_of(state, &edit(&state.limits)?, now)));
        // Made again, a raise would be a second one.
        let is_ours = |before: &ScopeState, after: &ScopeState| {
            edit(&before.limits).is_ok_and(|limits| limits == after.limits)
        };
        Ok(self.edit_versioned(("edit", scope, Some(now)), change, is_ours).await?.now())
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
        let change = |state: &ScopeState| {
            let change = UpdateExpression::default()
                .set("#spend = #spend + :more")
                .set("#headroom = #headroom - :more")
                .remove("#soft_told")
                .value("more", item::money(spend - state.spend));
            Ok::<_, StoreError>(Some(in_same_period(state, change)))
        };
        // What calls have settled since is in both.
        let is_ours = |before: &ScopeState, after: &ScopeState| {
            after.spend - after.total_spend == spend - before.total_spend
        };
        Ok(self.edit_versioned(("set_spend", scope, Some(now)), change, is_ours).await?.now())
    }

    fn change_of(&self, state: &ScopeState, limits: &Limits, now: Moment) -> UpdateExpression {
        let mut change = UpdateExpression::default()
            .set("#headroom = #headroom + :more")
            .value("more", item::money(limits.ceiling() - state.limits.ceiling()));
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

/// Only if the period is the same.
fn in_same_period(state: &ScopeState, change: UpdateExpression) -> UpdateExpression {
    match state.budget_reset_at {
        Some(was) => change.condition("#budget_reset_at = :was").value("was", number(was.seconds())),
        None => change.condition("attribute_not_exists(#budget_reset_at)"),
    }
}
