//! While a call runs, and when it ends.

use std::time::Duration;

use futures_util::future::{join_all, try_join_all};
use tokio::time::Instant;

use super::admit::Admission;
use super::{Store, StoreError, pause};
use crate::moment::Moment;
use crate::money::Money;
use crate::record::Record;

/// How long a settlement is tried while the client waits for its last event.
const PATIENCE: Duration = Duration::from_secs(2);

/// The call's leases are not all there any more: nothing more may leave, and the call must be settled.
#[derive(Debug, thiserror::Error)]
pub enum Lost {
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
    pub fn renewed(mut self, floor: Money, expires: Moment) -> Self {
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
    pub async fn renew_all(&self, admission: &Admission, floor: Money, expires: Moment) -> Result<(), Lost> {
        let request = admission.request;
        let renewals = admission.holds.iter().map(|hold| self.renew(hold, request, floor, expires));
        let stand = try_join_all(renewals).await?;
        if stand.iter().all(|stands| *stands) { Ok(()) } else { Err(Lost::Swept) }
    }

    /// Ends a call: writes its record, then charges every scope what the record says. Answers that cost.
    ///
    /// - **Repeatable**, and safe beside a sweep that ended the leases: the record is the judge, every scope converges.
    /// - **Fails** after trying for two seconds in which this process ran: then the caller logs the record, and a sweep charges the floor.
    pub async fn settle(
        &self,
        admission: &Admission,
        record: &Record,
        now: impl Fn() -> Moment,
    ) -> Result<Money, StoreError> {
        loop {
            let begun = Instant::now();
            let tries = self.settle_patiently(admission, record, &now);
            match tokio::time::timeout(PATIENCE, tries).await {
                Ok(cost) => return Ok(cost),
                // The whole process stood still meanwhile: its patience ran out, but it has hardly tried.
                Err(_) if begun.elapsed() > PATIENCE.mul_f64(1.2) => {}
                Err(elapsed) => {
                    return Err(StoreError::Unavailable {
                        operation: "settle",
                        applied: super::Applied::Unknown,
                        source: Box::new(elapsed),
                    });
                }
            }
        }
    }

    async fn settle_patiently(
        &self,
        admission: &Admission,
        record: &Record,
        now: &impl Fn() -> Moment,
    ) -> Money {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.settle_once(admission, record, now()).await {
                Ok(cost) => return cost,
                Err(error) => tracing::warn!(request = %record.request, error = ?error, "settle_retried"),
            }
            pause(tries).await;
        }
    }

    async fn settle_once(
        &self,
        admission: &Admission,
        record: &Record,
        now: Moment,
    ) -> Result<Money, StoreError> {
        let cost = self.put_record(record).await?;
        let tokens = record.usage.total();
        let charges = admission.holds.iter().map(|hold| self.charge(hold, record.request, cost, tokens, now));
        // All of them are tried even if one fails: each that is settled is one less to sweep.
        join_all(charges).await.into_iter().collect::<Result<Vec<()>, _>>()?;
        Ok(cost)
    }
}
