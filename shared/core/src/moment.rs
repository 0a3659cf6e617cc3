//! A point in time, handed to every decision as an argument.

use std::fmt;
use std::ops::Add;
use std::time::Duration;

use jiff::Timestamp;

/// Milliseconds since 1970, UTC. The core never asks a clock: its callers say what time it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(i64);

impl Moment {
    pub const fn from_ms(ms: i64) -> Self {
        Self(ms)
    }

    pub fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    pub fn ms(self) -> i64 {
        self.0
    }

    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The minute that RPM and TPM count in.
    pub fn minute(self) -> i64 {
        self.0.div_euclid(60_000)
    }

    /// Whole seconds until the next minute begins, at least one: what `retry-after` says of a full minute.
    pub fn seconds_to_next_minute(self) -> i64 {
        60 - self.seconds().rem_euclid(60)
    }

    /// Whole seconds from now until `other`, at least zero, rounded up.
    pub fn seconds_until(self, other: Moment) -> i64 {
        (other.0 - self.0).max(0).saturating_add(999) / 1000
    }

    pub fn duration_since(self, earlier: Moment) -> Duration {
        Duration::from_millis((self.0 - earlier.0).max(0).unsigned_abs())
    }

    /// The UTC date, `2026-11-21`: names a day of records.
    pub fn date(self) -> String {
        self.to_string().chars().take(10).collect()
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl fmt::Display for Moment {
    /// RFC 3339, whole seconds: `2025-02-25T00:00:00Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Timestamp::from_second(self.seconds()) {
            Ok(timestamp) => write!(f, "{timestamp}"),
            Err(_) => write!(f, "{}ms", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_as_a_clock_does() {
        let moment = Moment::from_ms(1_740_441_659_500);
        assert_eq!(moment.to_string(), "2025-02-25T00:00:59Z");
        assert_eq!(moment.date(), "2025-02-25");
        assert_eq!(moment.seconds_to_next_minute(), 1);
        assert_eq!(Moment::from_seconds(60).seconds_to_next_minute(), 60);
        assert_eq!(moment.seconds_until(Moment::from_ms(moment.ms() + 1)), 1);
        assert_eq!(moment.seconds_until(Moment::from_ms(0)), 0);
    }
}
