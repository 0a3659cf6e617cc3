//! Edits of a scope's limits: deltas of the headroom, never a look at the leases, so no race with reservations.

use super::change::Change;
use super::item::{self, number};
use super::ledger::scope_key;
use super::{Store, StoreError, Tried, Written, pause, scopes};
use crate::moment::Moment;
use crate::money::Money;
use crate::scope::{Limits, Scope, ScopeState};

/// Tries of an edit that meets other edits of the same scope.
const TRIES: u32 = 10;

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
        for tries in 1..=TRIES {
            let Some(item) = self.get("edit", scope_key(scope)).await? else {
                return Ok(None);
            };
            let state = scopes::read(&item)?;
            if state.deleted {
                return Ok(None);
            }
            if state.budget_reset_at.is_some_and(|reset| reset <= now) {
                // What the old period has spent must not count in the one that this edit begins.
                self.roll(scope, now).await?;
                continue;
            }
            let limits = edit(&state.limits)?;
            let change = self.change_of(&state, &limits, now);
            let Tried { answer, uncertain } = self.update("edit", scope_key(scope), &change).await?;
            match answer {
                Written::Done(item) => return Ok(Some(scopes::read(&item)?)),
                // An earlier try of ours, whose answer was lost: made again, a raise would be a second one.
                Written::Refused(Some(item)) if uncertain => {
                    let now = scopes::read(&item)?;
                    if now.version == state.version + 1 && now.limits == limits {
                        return Ok(Some(now));
                    }
                }
                Written::Refused(_) => {}
            }
            pause(tries).await;
        }
        let source = "every try met another edit".into();
        Err(StoreError::Unavailable { operation: "edit", applied: super::Applied::No, source }.into())
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
        for tries in 1..=TRIES {
            let Some(item) = self.get("set_spend", scope_key(scope)).await? else {
                return Ok(None);
            };
            let state = scopes::read(&item)?;
            if state.deleted {
                return Ok(None);
            }
            if state.budget_reset_at.is_some_and(|reset| reset <= now) {
                self.roll(scope, now).await?;
                continue;
            }
            let change = Change::default()
                .set("#version = #version + :one")
                .set("#spend = #spend + :more")
                .set("#headroom = #headroom - :more")
                .remove("#soft_told")
                .value("one", number(1))
                .value("more", item::money(spend - state.spend))
                .value("version", number(state.version));
            let change = during(&state, change);
            let Tried { answer, uncertain } = self.update("set_spend", scope_key(scope), &change).await?;
            match answer {
                Written::Done(item) => return Ok(Some(scopes::read(&item)?)),
                // An earlier try of ours, whose answer was lost.
                Written::Refused(Some(item)) if uncertain => {
                    let now = scopes::read(&item)?;
                    if now.version == state.version + 1 {
                        return Ok(Some(now));
                    }
                }
                Written::Refused(_) => {}
            }
            pause(tries).await;
        }
        let source = "every try met another edit".into();
        Err(StoreError::Unavailable { operation: "set_spend", applied: super::Applied::No, source })
    }

    fn change_of(&self, state: &ScopeState, limits: &Limits, now: Moment) -> Change {
        let mut change = Change::default()
            .set("#version = #version + :one")
            .set("#headroom = #headroom + :more")
            .value("one", number(1))
            .value("more", item::money(limits.ceiling() - state.limits.ceiling()))
            .value("version", number(state.version))
            .only_if("#version = :version AND attribute_not_exists(#deleted)");
        let before = scopes::limit_attributes(&state.limits);
        for ((name, value), (_, was)) in scopes::limit_attributes(limits).into_iter().zip(before) {
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
                Some(was) => change.only_if("#budget_reset_at = :was").value("was", number(was.seconds())),
                None => change.only_if("attribute_not_exists(#budget_reset_at)"),
            };
        }
        change
    }
}

/// Only if no other edit came between, and the period is the same.
fn during(state: &ScopeState, change: Change) -> Change {
    let change = change.only_if("#version = :version AND attribute_not_exists(#deleted)");
    match state.budget_reset_at {
        Some(was) => change.only_if("#budget_reset_at = :was").value("was", number(was.seconds())),
        None => change.only_if("attribute_not_exists(#budget_reset_at)"),
    }
}
