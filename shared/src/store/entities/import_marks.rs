//! What was imported from another gateway: marks of it, so that it is not brought back once it is gone, and what was spent there.

use stargate_core::moment::Moment;
use stargate_core::money::Money;
use stargate_core::scope::Scope;

use crate::store::ledger::reserve::scope_key;
use crate::store::ledger::scope_item;
use crate::store::table::item::{Item, Read, money, number};
use crate::store::table::schema;
use crate::store::table::update_expression::UpdateExpression;
use crate::store::{AttemptResult, Store, StoreError, WriteEffect, WriteOutcome, pause};

/// Tries of a change that meets others.
const MAX_ATTEMPTS: u32 = 10;

/// The partition of the marks.
const MARKS: &str = "I#litellm";

impl Store {
    /// Marks something as imported, by a name of the importer's. **Repeatable.**
    pub async fn mark_imported(&self, name: &str, now: Moment) -> Result<(), StoreError> {
        let mark = UpdateExpression::default().put("at", Some(number(now.seconds())));
        self.write("mark_imported", mark_key(name), &mark).await.map(|_| ())
    }

    pub async fn was_imported(&self, name: &str) -> Result<bool, StoreError> {
        Ok(self.get("was_imported", mark_key(name)).await?.is_some())
    }

    /// The names that begin so and were marked.
    pub async fn list_imported(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.query("imported", MARKS, prefix).await?.iter().map(|mark| mark.text("sk")).collect()
    }

    /// Charges a scope with what was spent elsewhere in the period that runs now: with what is more than was carried over
    /// before. Answers whether there was more; `is_dry` looks and writes nothing.
    ///
    /// **Atomic and repeatable:** the amount that was carried is written with the charge, and only if it is what was read.
    /// Calls that settle meanwhile are added.
    pub async fn carry_spend(
        &self,
        scope: &Scope,
        spend: Money,
        is_dry: bool,
        now: Moment,
    ) -> Result<bool, StoreError> {
        let mut was_uncertain = false;
        for tries in 1..=MAX_ATTEMPTS {
            let Some(item) = self.get("carry_spend", scope_key(scope)).await? else {
                return Ok(false);
            };
            let state = scope_item::read(&item)?;
            if state.budget_reset_at.is_some_and(|reset| reset <= now) && !is_dry {
                self.reset_period(scope, now).await?;
                continue;
            }
            let period = state.budget_reset_at.map_or(0, Moment::seconds);
            let is_of_period = item.opt_number::<i64>("imported_until")? == Some(period);
            let before = item.opt_money("imported")?.filter(|_| is_of_period);
            if spend <= before.unwrap_or(Money::ZERO) {
                return Ok(was_uncertain);
            }
            if is_dry {
                return Ok(true);
            }
            let change = UpdateExpression::default()
                .set("#spend = #spend + :more")
                .set("#headroom = #headroom - :more")
                .value("more", money(spend - before.unwrap_or(Money::ZERO)))
                .put("imported", Some(money(spend)))
                .put("imported_until", Some(number(period)))
                .condition("attribute_exists(#pk) AND attribute_not_exists(#deleted)");
            let change = match before {
                Some(before) => change
                    .condition("#imported = :before AND #imported_until = :imported_until")
                    .value("before", money(before)),
                None => change
                    .condition("(attribute_not_exists(#imported) OR #imported_until <> :imported_until)"),
            };
            let change = match state.budget_reset_at {
                Some(_) => change.condition("#budget_reset_at = :imported_until"),
                None => change.condition("attribute_not_exists(#budget_reset_at)"),
            };
            let AttemptResult { answer, uncertain } =
                self.write("carry_spend", scope_key(scope), &change).await?;
            if let WriteOutcome::Done(()) = answer {
                return Ok(true);
            }
            was_uncertain |= uncertain;
            pause(tries).await;
        }
        let source = "every try met another change";
        Err(StoreError::unavailable("carry_spend", WriteEffect::No, source))
    }
}

fn mark_key(name: &str) -> Item {
    schema::key(MARKS, name)
}
