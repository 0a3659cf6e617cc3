//! The end of every call: charged, told, written to the log.

mod abandoned_calls;
pub mod soft_budget_alerts;

use shared::runtime::clock::Clock;
use shared::store::{Admission, Settlement, Store};
use stargate_core::money::Money;
use stargate_core::spend::SpendRecord;

use crate::pipeline::settlement::soft_budget_alerts::SoftBudgetAlerts;

/// What a settlement needs. Cloning it is cheap.
#[derive(Clone)]
pub struct Settler {
    store: Store,
    clock: Clock,
    notices: SoftBudgetAlerts,
}

impl Settler {
    pub fn new(store: Store, clock: Clock, notices: SoftBudgetAlerts) -> Self {
        Self { store, clock, notices }
    }

    pub fn store(&self) -> &Store {
        &self.store
    }

    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Ends a call with what its record says. After two seconds without the store the answer goes on: the record is in the
    /// log, and a sweep charges the floor.
    pub async fn settle(&self, admission: &Admission, record: &SpendRecord) -> Money {
        let reserved = admission.quote().max_cost();
        if record.cost > reserved {
            // It must never happen. It is charged all the same, and somebody must look.
            tracing::error!(request = %record.request, cost = %record.cost, %reserved, "actual_over_reserved");
        }
        match self.store.settle(admission, record, || self.clock.now()).await {
            Ok(Settlement { cost, reached }) => {
                log(record, cost);
                if !reached.is_empty() {
                    Box::pin(self.notices.tell(&reached)).await;
                }
                cost
            }
            Err(error) => {
                tracing::error!(record = ?record, error = ?error, "settle_failed");
                record.cost
            }
        }
    }
}

/// The one line of a call that came to Bedrock: who, what, how much, how long; nothing of what was said.
fn log(record: &SpendRecord, cost: Money) {
    let (usage, started) = (record.usage, record.started_at().ms());
    tracing::info!(
        request = %record.request,
        key = %record.key,
        user = record.user.as_ref().map(display),
        team = record.team.as_ref().map(display),
        session = record.session,
        model = record.model,
        fallback_from = record.fallback_from,
        region = record.region,
        status = record.status.word(),
        input = usage.input,
        output = usage.output,
        cache_read = usage.cache_read,
        cache_write = usage.cache_write_5m + usage.cache_write_1h,
        cost = %cost,
        first_byte_ms = record.first_byte.map(|at| at.ms() - started),
        ms = record.ended.ms() - started,
        "settled"
    );
}
