//! Round after round: a page of ended periods, a page of leases, so that neither keeps the other waiting.

use std::collections::HashSet;
use std::future::Future;

use futures_util::stream::{self, StreamExt};
use shared::runtime::clock::Clock;
use shared::store::{Store, StoreError};
use stargate_core::scope::Scope;
use tokio::time::{Instant, timeout_at};

use crate::Summary;

/// Scopes of one page, per shard of the index.
const PAGE: usize = 25;
/// Scopes that are seen to side by side.
const CONCURRENCY: usize = 16;

pub struct Worker<'a> {
    store: &'a Store,
    clock: &'a Clock,
    until: Instant,
    summary: Summary,
    rolls: HashSet<Scope>,
    sweeps: HashSet<Scope>,
}

/// What became of one scope.
enum ResetOutcome<T> {
    Done(T),
    Failed,
    /// The time was over before it was done, or begun.
    Late,
}

impl<'a> Worker<'a> {
    pub fn new(store: &'a Store, clock: &'a Clock, until: Instant) -> Self {
        let (rolls, sweeps) = (HashSet::new(), HashSet::new());
        Self { store, clock, until, summary: Summary::default(), rolls, sweeps }
    }

    pub fn summary(&self) -> Summary {
        self.summary
    }

    /// Rounds until one finds nothing new or the time is over. Fails if the indexes cannot be read.
    pub async fn run(&mut self) -> Result<(), StoreError> {
        loop {
            let (rolls, sweeps) = (self.next_rolls().await?, self.next_sweeps().await?);
            if rolls.is_empty() && sweeps.is_empty() {
                return Ok(());
            }
            let (store, clock) = (self.store, self.clock);
            let rolled =
                self.all(rolls, |scope| async move { store.reset_period(&scope, clock.now()).await });
            for seen in rolled.await {
                self.summary.rolled += usize::from(self.note(seen).unwrap_or(false));
            }
            let swept = self.all(sweeps, |scope| async move { store.sweep(&scope, clock.now()).await });
            for seen in swept.await {
                if let Some(ended) = self.note(seen) {
                    self.summary.swept += 1;
                    self.summary.ended += ended;
                }
            }
            if self.summary.more {
                return Ok(());
            }
        }
    }

    /// The next page, without what was seen before: a scope that failed stays due, and so may one that lost a race. The
    /// page grows by their number, so there is always room for others.
    async fn next_rolls(&mut self) -> Result<Vec<Scope>, StoreError> {
        let due = self.store.due_for_reset(self.clock.now(), PAGE + self.rolls.len()).await?;
        Ok(due.into_iter().filter(|scope| self.rolls.insert(scope.clone())).collect())
    }

    async fn next_sweeps(&mut self) -> Result<Vec<Scope>, StoreError> {
        let due = self.store.due_for_sweep(self.clock.now(), PAGE + self.sweeps.len()).await?;
        Ok(due.into_iter().filter(|scope| self.sweeps.insert(scope.clone())).collect())
    }

    /// Sees to some scopes side by side. Whatever is cut off by the end of the time may be done again.
    async fn all<T, Fut>(&self, scopes: Vec<Scope>, see_to: impl Fn(Scope) -> Fut) -> Vec<ResetOutcome<T>>
    where
        Fut: Future<Output = Result<T, StoreError>>,
    {
        let until = self.until;
        let one = |scope: Scope| {
            let name = scope.to_string();
            let work = see_to(scope);
            async move {
                if Instant::now() >= until {
                    return ResetOutcome::Late;
                }
                match timeout_at(until, work).await {
                    Ok(Ok(done)) => ResetOutcome::Done(done),
                    Ok(Err(error)) => {
                        tracing::error!(scope = name, cause = ?error, "a scope could not be seen to");
                        ResetOutcome::Failed
                    }
                    Err(_) => ResetOutcome::Late,
                }
            }
        };
        stream::iter(scopes).map(one).buffer_unordered(CONCURRENCY).collect().await
    }

    fn note<T>(&mut self, seen: ResetOutcome<T>) -> Option<T> {
        match seen {
            ResetOutcome::Done(done) => Some(done),
            ResetOutcome::Failed => {
                self.summary.failed += 1;
                None
            }
            ResetOutcome::Late => {
                self.summary.more = true;
                None
            }
        }
    }
}
