//! While a call runs, and when it ends.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::{join_all, try_join_all};
use stargate_core::moment::Moment;
use stargate_core::money::Money;
use stargate_core::scope::Scope;
use stargate_core::spend::SpendRecord;
use tokio::time::Instant;

use super::admit::Admission;
use super::reserve::{Reservation, scope_key};
use super::scope_item;
use crate::store::table::update_expression::UpdateExpression;
use crate::store::{AttemptResult, Store, StoreError, WriteEffect, WriteOutcome, pause};

/// How long a settlement is tried while the client waits for its last event.
const TIMEOUT: Duration = Duration::from_secs(2);

/// A call that was settled.
#[derive(Clone, Debug)]
pub struct Settlement {
    pub cost: Money,
    pub reached: Vec<SoftBudget>,
}

/// A soft budget that is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoftBudget {
    pub scope: Scope,
    pub limit: Money,
    pub spend: Money,
}

/// The call's leases are not all there any more: nothing more may leave, and the call must be settled.
#[derive(Debug, thiserror::Error)]
pub enum LeaseLost {
    #[error("a lease was ended by a sweep")]
    Swept,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Admission {
    /// Up to where bytes may leave: the cost that every scope's lease covers.
    pub fn floor(&self) -> Money {
        self.holds.iter().map(|hold| hold.lease.floor).min().unwrap_or(Money::ZERO)
    }

    /// When every lease still stands.
    pub fn expires(&self) -> Option<Moment> {
        self.holds.iter().map(|hold| hold.lease.expires).min()
    }

    /// The same admission after a renewal.
    #[must_use]
    pub fn with_renewal(mut self, floor: Money, expires: Moment) -> Self {
        for hold in &mut self.holds {
            hold.lease.floor = floor;
            hold.lease.expires = expires;
        }
        self
    }
}

impl Store {
    /// Raises what the call's leases cover to `floor` and puts off their end, in every scope, side by side.
    ///
    /// **Cost:** one round trip, one write unit per scope and started KB. After an error some scopes may be renewed
    /// and others not: the call must not send more than the old floor covers.
    pub async fn renew_all(
        &self,
        admission: &Admission,
        floor: Money,
        expires: Moment,
    ) -> Result<(), LeaseLost> {
        let request = admission.request;
        let renewals = admission.holds.iter().map(|hold| self.renew(hold, request, floor, expires));
        let stand = try_join_all(renewals).await?;
        if stand.iter().all(|stands| *stands) { Ok(()) } else { Err(LeaseLost::Swept) }
    }

    /// Ends a call: writes its record, then charges every scope what the record says. Answers that cost, and the soft
    /// budgets that are found reached and of which nobody was told in this period.
    ///
    /// - **Repeatable**, and safe beside a sweep that ended the leases: the record is the judge, every scope converges.
    /// - **Fails** after trying for two seconds in which this process ran: then the caller logs the record, and a sweep charges the floor.
    pub async fn settle(
        &self,
        admission: &Admission,
        record: &SpendRecord,
        now: impl Fn() -> Moment,
    ) -> Result<Settlement, StoreError> {
        loop {
            let begun = Instant::now();
            let tries = self.settle_patiently(admission, record, &now);
            match tokio::time::timeout(TIMEOUT, tries).await {
                Ok(settled) => return Ok(settled),
                // The whole process stood still meanwhile: its patience ran out, but it has hardly tried.
                Err(_) if begun.elapsed() > TIMEOUT.mul_f64(1.2) => {}
                Err(elapsed) => {
                    return Err(StoreError::unavailable("settle", WriteEffect::Unknown, elapsed));
                }
            }
        }
    }

    async fn settle_patiently(
        &self,
        admission: &Admission,
        record: &SpendRecord,
        now: &impl Fn() -> Moment,
    ) -> Settlement {
        let (mut tries, mut reached) = (0, Vec::new());
        loop {
            tries += 1;
            match self.settle_once(admission, record, now(), &mut reached).await {
                Ok(cost) => return Settlement { cost, reached },
                Err(error) => tracing::warn!(request = %record.request, error = ?error, "settle_retried"),
            }
            pause(tries).await;
        }
    }

    async fn settle_once(
        &self,
        admission: &Admission,
        record: &SpendRecord,
        now: Moment,
        reached: &mut Vec<SoftBudget>,
    ) -> Result<Money, StoreError> {
        let cost = self.put_record_of(record, &admission.holds, now).await?;
        let tokens = record.usage.total();
        let charges = admission.holds.iter().map(|hold| async move {
            let spend = self.charge(hold, record.request, cost, tokens, now).await?;
            self.soft_budget_reached(hold, spend).await
        });
        // All of them are tried even if one fails: each that is settled is one less to sweep. And what was found reached is told
        // even if another try must follow, which would not find it again.
        let mut failed = Ok(cost);
        for charged in join_all(charges).await {
            match charged {
                Ok(found) => reached.extend(found),
                Err(error) => failed = Err(error),
            }
        }
        failed
    }

    /// Whether this call is the one that tells of the scope's soft budget: it is reached, and of all that see it the
    /// first to say so tells. **Cost:** a write where it is reached and was not told yet.
    async fn soft_budget_reached(
        &self,
        hold: &Reservation,
        spend: Option<Money>,
    ) -> Result<Option<SoftBudget>, StoreError> {
        // A call that reached it and died is made good by the next one: that finds it in what its reservation showed.
        let spend = spend.map_or(hold.state.spend, |spend| spend.max(hold.state.spend));
        if !hold.watches_soft_budget() || hold.state.limits.soft_budget.is_none_or(|limit| spend < limit) {
            return Ok(None);
        }
        let told = UpdateExpression::default()
            .set("#soft_told = :true")
            .value("true", AttributeValue::Bool(true))
            .condition("attribute_not_exists(#soft_told) AND #soft_budget <= #spend");
        let item = match self.update("soft_budget_reached", scope_key(&hold.scope), &told).await {
            Ok(AttemptResult { answer: WriteOutcome::Done(item), .. }) => item,
            // Told already; by us, if an answer of ours was lost.
            Ok(AttemptResult { answer: WriteOutcome::Refused(Some(item)), uncertain: true }) => item,
            Ok(_) => return Ok(None),
            // The call is settled all the same. The next one finds the mark missing, and tells.
            Err(error) => {
                tracing::warn!(scope = %hold.scope, error = ?error, "soft_budget_not_marked");
                return Ok(None);
            }
        };
        let state = scope_item::read(&item)?;
        let Some(limit) = state.limits.soft_budget else {
            return Ok(None);
        };
        // Here and not by the caller, whose patience may end before another scope is charged.
        tracing::warn!(scope = %hold.scope, %limit, spend = %state.spend, "soft_budget_reached");
        Ok(Some(SoftBudget { scope: hold.scope.clone(), limit, spend: state.spend }))
    }
}
