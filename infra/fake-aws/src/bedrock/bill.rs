//! What Bedrock would bill: counted while an answer is generated, so that a test can compare it with a charge.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many bills are kept at most.
const BILLS: usize = 4096;

/// What one request used so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bill {
    pub model: String,
    /// The directive that it was sent with: what a test finds it by.
    pub directive: String,
    pub input: u64,
    pub cache_read: u64,
    pub cache_write_5m: u64,
    pub cache_write_1h: u64,
    /// What was generated until now, shown or not. A closed stream generates nothing more.
    pub output: u64,
}

/// The bills of the most recent requests, oldest first.
#[derive(Default)]
pub(super) struct Bills(Mutex<Vec<Arc<Mutex<Bill>>>>);

/// The bill of a running request.
pub(super) struct Running(Arc<Mutex<Bill>>);

impl Bills {
    pub(super) fn open(&self, bill: Bill) -> Running {
        let bill = Arc::new(Mutex::new(bill));
        let mut bills = lock(&self.0);
        if bills.len() == BILLS {
            bills.remove(0);
        }
        bills.push(Arc::clone(&bill));
        Running(bill)
    }

    pub(super) fn all(&self) -> Vec<Bill> {
        lock(&self.0).iter().map(|bill| lock(bill).clone()).collect()
    }
}

impl Running {
    pub(super) fn generate(&self, tokens: u64) {
        lock(&self.0).output += tokens;
    }
}

/// Nothing here panics midway, so a poisoned lock is still good.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
