//! The one place that reads the clock.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use stargate_core::moment::Moment;

/// Tells the time: the system's, shifted by an offset that only tests set.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    offset_ms: Arc<AtomicI64>,
}

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    pub fn now(&self) -> Moment {
        let system = jiff::Timestamp::now().as_millisecond();
        Moment::from_ms(system.saturating_add(self.offset_ms.load(Relaxed)))
    }

    /// Moves this clock and its clones by `ms`: a test's way to skew a process or to reach the next month.
    pub fn shift(&self, ms: i64) {
        self.offset_ms.fetch_add(ms, Relaxed);
    }
}

/// A part of `longest`, at least half of it: those who were refused together come back one by one.
#[must_use]
pub fn jitter(longest: Duration) -> Duration {
    let random = getrandom::u32().unwrap_or(u32::MAX);
    longest.mul_f64(0.5 + f64::from(random) / f64::from(u32::MAX) / 2.0)
}
