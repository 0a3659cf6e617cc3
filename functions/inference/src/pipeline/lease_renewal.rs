//! Keeping a call's leases while it runs: nothing leaves whose cost they do not cover.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use shared::runtime::clock::Clock;
use shared::store::{Admission, LeaseLost, Store};
use stargate_core::moment::Moment;
use stargate_core::money::Money;
use tokio::time::Instant;

/// The pause after a renewal that the store did not answer.
const AGAIN: Duration = Duration::from_millis(250);

type Renewal = Pin<Box<dyn Future<Output = Result<(), LeaseLost>> + Send>>;

/// A running call's leases, renewed from within its stream.
pub struct Leases {
    store: Store,
    clock: Clock,
    admission: Admission,
    /// Output tokens that the leases cover.
    covered: u64,
    due: Instant,
    /// A renewal asked for and not yet answered; the same one is asked again until it is.
    target: Option<(Money, Moment, u64)>,
    running: Option<Renewal>,
}

impl Leases {
    pub fn new(store: Store, clock: Clock, admission: Admission) -> Self {
        let quote = admission.quote();
        let covered = quote.window.min(quote.max_tokens);
        let due = Instant::now() + store.terms().renew_every;
        Self { store, clock, admission, covered, due, target: None, running: None }
    }

    pub fn admission(&self) -> &Admission {
        &self.admission
    }

    /// Whether what costs `tokens` of output may leave now: the leases cover it, and a sweep cannot have ended them.
    pub fn allow(&self, tokens: u64) -> bool {
        let max_tokens = self.admission.quote().max_tokens;
        // Tokens are counted by bytes, more than there are; the whole reservation covers them all.
        (tokens <= self.covered || self.covered >= max_tokens) && self.stand()
    }

    fn stand(&self) -> bool {
        let margin = self.store.terms().lease_margin;
        self.admission.expires().is_none_or(|expires| self.clock.now() + margin < expires)
    }

    /// Waits until a renewal is due, and makes it; returns after one. It may be dropped and called again at any time.
    ///
    /// Due is: a quarter of the leases' life has passed, or half of the window that they cover ahead is used.
    pub async fn renew_when_due(&mut self, tokens: u64) -> Result<(), LeaseLost> {
        loop {
            if self.running.is_none() {
                if !self.is_short(tokens) || self.target.is_some() {
                    tokio::time::sleep_until(self.due).await;
                }
                self.start(tokens);
            }
            let Some(running) = &mut self.running else {
                continue;
            };
            let outcome = running.await;
            self.running = None;
            match outcome {
                Ok(()) => {
                    self.note_renewal();
                    return Ok(());
                }
                Err(LeaseLost::Store(error)) if self.stand() => {
                    tracing::warn!(request = %self.admission.request(), error = ?error, "renewal_retried");
                    self.due = Instant::now() + AGAIN;
                }
                Err(lost) => return Err(lost),
            }
        }
    }

    fn is_short(&self, tokens: u64) -> bool {
        let quote = self.admission.quote();
        self.covered < quote.max_tokens && tokens + quote.window / 2 >= self.covered
    }

    fn start(&mut self, tokens: u64) {
        let quote = *self.admission.quote();
        let life = self.store.terms().lease_life;
        let (floor, expires, _) = *self.target.get_or_insert_with(|| {
            let covered = tokens.saturating_add(quote.window).max(self.covered).min(quote.max_tokens);
            (quote.cost_of(covered), self.clock.now() + life, covered)
        });
        let (store, admission) = (self.store.clone(), self.admission.clone());
        self.running = Some(Box::pin(async move { store.renew_all(&admission, floor, expires).await }));
    }

    fn note_renewal(&mut self) {
        if let Some((floor, expires, covered)) = self.target.take() {
            self.admission = self.admission.clone().with_renewal(floor, expires);
            self.covered = covered;
        }
        self.due = Instant::now() + self.store.terms().renew_every;
    }
}
