//! The stand-in for the EventBridge schedule: runs the budget reset twice a minute.

use std::time::Duration;

use shared::runtime::clock::Clock;
use shared::store::Store;
use tokio::time::Instant;

const EVERY: Duration = Duration::from_secs(30);

/// Runs for ever; the caller ends it.
pub async fn run_scheduler(store: Store, clock: Clock) {
    loop {
        tokio::time::sleep(EVERY).await;
        // What it did and what failed it logs itself; the next run takes up the rest.
        if let Err(error) = budget_reset::reset(&store, &clock, Instant::now() + EVERY).await {
            tracing::warn!(cause = ?error, "reset_failed");
        }
    }
}
