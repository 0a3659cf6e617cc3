//! The scheduled job: begins budget periods that nobody has begun, and ends leases that nobody has ended.
//!
//! Nothing waits for it: requests roll and sweep the scopes that they meet. It sees to the idle ones. Every step may be
//! repeated and may meet another run of itself.

mod deadline;
mod worker;

use shared::runtime::clock::Clock;
use shared::store::{Store, StoreError};
use tokio::time::Instant;

pub use deadline::time_left;
use worker::Worker;

/// What one run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Scopes whose new period it began.
    pub rolled: usize,
    /// Scopes whose leases it looked at.
    pub swept: usize,
    /// Leases that it ended.
    pub ended: usize,
    /// Scopes that it could not see to. They remain due.
    pub failed: usize,
    /// Whether the time was over before the work was.
    pub more: bool,
}

/// The job did what it could, and that was not all: the next run takes up the rest.
#[derive(Debug, thiserror::Error)]
pub enum IncompleteRun {
    #[error("{} scopes could not be seen to", .0.failed)]
    Failed(Summary),
    #[error("the time was over before the work was")]
    OutOfTime(Summary),
    #[error("what is due could not be found")]
    NotFound(#[source] StoreError),
}

/// Sees to all that is due, until the time is over.
///
/// - **Repeatable:** what is done is no longer due.
/// - **Never stuck:** a scope that fails is counted and passed over, and the run goes on.
/// - **Fails** at its end if any scope failed or is left, so that an alarm can count it.
pub async fn reset(store: &Store, clock: &Clock, until: Instant) -> Result<Summary, IncompleteRun> {
    let mut rounds = Worker::new(store, clock, until);
    let found = rounds.run().await;
    let summary = rounds.summary();
    let Summary { rolled, swept, ended, failed, more } = summary;
    tracing::info!(rolled, swept, ended, failed, more, "budget_reset");
    found.map_err(IncompleteRun::NotFound)?;
    match summary {
        Summary { failed: 1.., .. } => Err(IncompleteRun::Failed(summary)),
        Summary { more: true, .. } => Err(IncompleteRun::OutOfTime(summary)),
        _ => Ok(summary),
    }
}
