//! What is asked of the table, counted: round trips and capacity are exact on any machine, times are not.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use aws_sdk_dynamodb::types::ConsumedCapacity;

/// Counters since the store was made. Capacity is kept in halves, the smallest unit that DynamoDB bills.
#[derive(Debug, Default)]
pub struct CapacityCounter {
    calls: AtomicU64,
    written_halves: AtomicU64,
    read_halves: AtomicU64,
}

/// What a [`CapacityCounter`] has counted up to a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Used {
    pub calls: u64,
    pub write_units: f64,
    pub read_units: f64,
}

impl CapacityCounter {
    pub fn used(&self) -> Used {
        let units =
            |halves: &AtomicU64| f64::from(u32::try_from(halves.load(Relaxed)).unwrap_or(u32::MAX)) / 2.0;
        Used {
            calls: self.calls.load(Relaxed),
            write_units: units(&self.written_halves),
            read_units: units(&self.read_halves),
        }
    }

    pub(in crate::store) fn count_call(&self) {
        self.calls.fetch_add(1, Relaxed);
    }

    pub(in crate::store) fn count_written(&self, capacity: Option<&ConsumedCapacity>) {
        self.written_halves.fetch_add(halves(capacity), Relaxed);
    }

    pub(in crate::store) fn count_read(&self, capacity: Option<&ConsumedCapacity>) {
        self.read_halves.fetch_add(halves(capacity), Relaxed);
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a small positive number of halves by DynamoDB's contract, and `as` saturates"
)]
fn halves(capacity: Option<&ConsumedCapacity>) -> u64 {
    let units = capacity.and_then(|capacity| capacity.capacity_units).unwrap_or_default();
    (units * 2.0).round() as u64
}
