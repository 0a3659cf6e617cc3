//! How long a run may last.

use std::time::Duration;

use stargate_core::deadline;
use stargate_core::moment::Moment;

/// What a run has where nobody says when it must end, as under `cargo lambda watch`.
const USUAL: Duration = Duration::from_secs(55);
/// What is left for the summary and the answer.
const MARGIN: Duration = Duration::from_secs(3);

/// How long to work before a deadline, in milliseconds since 1970.
pub fn time_left(deadline_ms: u64, now: Moment) -> Duration {
    deadline::time_left(deadline_ms, now).map_or(USUAL, |left| left.saturating_sub(MARGIN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_past_deadline_is_none() {
        let now = Moment::from_seconds(1_763_000_000);
        for (deadline_ms, seconds) in
            [(0, 55), (1_763_000_000_000, 55), (1_763_000_060_000, 57), (1_763_000_001_000, 0)]
        {
            assert_eq!(time_left(deadline_ms, now).as_secs(), seconds, "{deadline_ms}");
        }
    }
}
