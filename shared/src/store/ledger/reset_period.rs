//! The end of a budget period.
//!
//! The counter is reset by whoever meets the end first, on the condition that it has not been; calls in flight survive
//! it and are charged to the period in which they settle. What the old period cost waits in `last_*` until its history
//! item is written, and the next roll waits for that.

use stargate_core::moment::Moment;
use stargate_core::money::Money;
use stargate_core::scope::{Scope, ScopeState};

use super::reserve::scope_key;
use super::scope_item;
use crate::store::table::item::{self, number};
use crate::store::table::schema;
use crate::store::table::update_expression::UpdateExpression;
use crate::store::{Store, StoreError, WriteOutcome};

impl Store {
    /// Begins a scope's new budget period if the old one is over; answers whether this call did it.
    ///
    /// **Repeatable:** a second or a late call finds another `budget_reset_at` and changes nothing.
    /// **Cost:** one update, and an update and a put for the history.
    pub async fn reset_period(&self, scope: &Scope, now: Moment) -> Result<bool, StoreError> {
        let Some(item) = self.get("roll", scope_key(scope)).await? else {
            return Ok(false);
        };
        let state = scope_item::read(&item)?;
        self.write_history(scope, &state).await?;
        let (Some(over), Some(duration)) = (state.budget_reset_at, &state.limits.budget_duration) else {
            return Ok(false);
        };
        if over > now {
            return Ok(false);
        }
        let next = duration.next_reset(over.seconds(), now.seconds(), &self.terms.zone);
        let change = UpdateExpression::default()
            .set("#headroom = #headroom + #spend")
            .set("#last_spend = #spend")
            .set("#last_period = #budget_reset_at")
            .set("#spend = :zero")
            .set("#budget_reset_at = :next")
            .remove("#soft_told")
            .value("zero", item::money(Money::ZERO))
            .value("next", number(next))
            .value("over", number(over.seconds()))
            .condition("#budget_reset_at = :over AND attribute_not_exists(#last_period)");
        match self.update("roll", scope_key(scope), &change).await?.answer {
            WriteOutcome::Done(item) => {
                self.write_history(scope, &scope_item::read(&item)?).await?;
                Ok(true)
            }
            WriteOutcome::Refused(_) => Ok(false),
        }
    }

    /// Writes what the last period cost, if it is not written yet, and lets the next roll happen.
    async fn write_history(&self, scope: &Scope, state: &ScopeState) -> Result<(), StoreError> {
        let Some((end, spend)) = state.unwritten else {
            return Ok(());
        };
        let history = UpdateExpression::default()
            .set("#spend = if_not_exists(#spend, :spend)")
            .value("spend", item::money(spend));
        let sk = format!("period#{}", end.seconds());
        self.write("write_history", schema::key(schema::scope_pk(scope), sk), &history).await?;
        let done = UpdateExpression::default()
            .remove("#last_period")
            .remove("#last_spend")
            .value("end", number(end.seconds()))
            .condition("#last_period = :end");
        self.write("write_history", scope_key(scope), &done).await.map(|_| ())
    }
}
