//! When an invocation ends, whether it is done or not: Lambda's runtime tells it with every event.

use std::time::Duration;

use crate::moment::Moment;

/// How long it may last yet, by its deadline in milliseconds since 1970. `None` where nobody says: one that is past when
/// its event comes is none, since no Lambda runs on after its end, and `cargo lambda watch` tells 1970.
pub fn time_left(deadline_ms: u64, now: Moment) -> Option<Duration> {
    let deadline = Moment::from_ms(i64::try_from(deadline_ms).ok()?);
    (deadline > now).then(|| deadline.duration_since(now))
}
