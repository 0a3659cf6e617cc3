//! The end of every call: charged, told, written to the log.

use std::task::Poll;

use futures_util::StreamExt;
use futures_util::stream::poll_fn;
use shared::runtime::clock::Clock;
use shared::store::{Admission, Settlement, Store};
use stargate_core::money::Money;
use stargate_core::spend::{SpendRecord, Status};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::{Semaphore, watch};

use crate::InferenceState;
use crate::notices::SoftBudgetAlerts;
use crate::running::AbandonedCall;

/// How many dropped calls are settled at once: a server that stops has hundreds, and ten seconds.
const SIDE_BY_SIDE: usize = 64;

/// What a settlement needs. Cloning it is cheap.
#[derive(Clone)]
pub struct Settler {
    store: Store,
    clock: Clock,
    notices: SoftBudgetAlerts,
}

impl Settler {
    pub fn new(app: &InferenceState) -> Self {
        Self { store: app.store.clone(), clock: app.clock.clone(), notices: app.notices.clone() }
    }

    /// Settles dropped calls until every sender is gone: a server's companion, to be awaited before it exits.
    ///
    /// Streams are read on until what they used is counted. When the last sender is gone the server ends, and they are settled
    /// as they are then.
    pub async fn settle_abandoned(self, mut dropped: UnboundedReceiver<AbandonedCall>) {
        let (stop, stopping) = watch::channel(false);
        let dropped = poll_fn(|task| {
            let next = dropped.poll_recv(task);
            if matches!(next, Poll::Ready(None)) {
                stop.send_replace(true);
            }
            next
        });
        let settling = Semaphore::new(SIDE_BY_SIDE);
        let settled = dropped.for_each_concurrent(None, |abandoned| {
            let (settler, stopping, settling) = (&self, stopping.clone(), &settling);
            async move {
                match abandoned {
                    AbandonedCall::Streaming(call) => {
                        let mut running = call.read_on(stopping).await;
                        let _permit = settling.acquire().await;
                        running.settle(Status::Cancelled).await;
                    }
                    AbandonedCall::Ended { admission, record } => {
                        let _permit = settling.acquire().await;
                        settler.settle(&admission, &record).await;
                    }
                }
            }
        });
        settled.await;
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
