//! Output that is generated and billed, and that no event shows as it is: thinking that is left out, redacted or summarized.
//!
//! Claude shows a summary of its thinking or nothing, and bills all of it. Nova and OpenAI's closed models show nothing. Only
//! the final usage counts it, unless the model itself tells running estimates (Anthropic's `estimated_tokens`, by the beta
//! `thinking-token-count-2026-05-13`).

use std::time::Duration;

use tokio::time::Instant;

/// The most that hidden thinking is taken to make in a second. No model that hides its thinking is known to be faster.
const TOKENS_PER_SECOND: u64 = 300;

/// What such models usually make in a second.
const USUAL_TOKENS_PER_SECOND: u64 = 100;

/// Estimates lag behind: "a coarse, running estimate", rate-limited and rounded down to a multiple of some number. So an
/// eighth is added, and this many tokens.
const ESTIMATE_LAG: u64 = 256;

/// The hidden output of one response so far.
#[derive(Clone, Debug)]
pub struct HiddenOutput {
    /// A part that is being generated.
    current: Option<Part>,
    /// What the model estimated of parts that are over.
    estimated: u64,
    /// How long parts took that are over and that nobody estimated; `None`: there was none.
    uncounted: Option<Duration>,
    /// When the last event came: what an event brings whole was generated since.
    last_event: Instant,
}

#[derive(Clone, Copy, Debug)]
struct Part {
    since: Instant,
    estimated: u64,
}

impl HiddenOutput {
    pub fn new(now: Instant) -> Self {
        Self { current: None, estimated: 0, uncounted: None, last_event: now }
    }

    /// A part begins, or is found to have begun after the last event.
    pub fn begin(&mut self) {
        let since = self.last_event;
        self.current.get_or_insert(Part { since, estimated: 0 });
    }

    /// The model says how many tokens were added to the current part.
    pub fn add_estimate(&mut self, tokens: u64) {
        if let Some(part) = &mut self.current {
            part.estimated = part.estimated.saturating_add(tokens);
        }
    }

    /// The current part is over, if there is one.
    pub fn end(&mut self, now: Instant) {
        match self.current.take() {
            Some(Part { estimated: 0, since }) => {
                let before = self.uncounted.unwrap_or(Duration::ZERO);
                self.uncounted = Some(before + now.duration_since(since));
            }
            Some(Part { estimated, .. }) => self.estimated = self.estimated.saturating_add(estimated),
            None => {}
        }
    }

    /// The model shows what it thinks, so that all of it is seen.
    pub fn is_shown(&mut self) {
        (self.current, self.uncounted) = (None, None);
    }

    pub fn note_event(&mut self, now: Instant) {
        self.last_event = now;
    }

    /// Whether tokens may have been generated, or are being generated, that nothing counts yet.
    pub fn is_uncounted(&self) -> bool {
        self.current.is_some() || self.uncounted.is_some()
    }

    /// About how many tokens were generated until `now`.
    pub fn estimate(&self, now: Instant) -> u64 {
        self.estimated_tokens().saturating_add(tokens_in(self.uncounted_time(now), USUAL_TOKENS_PER_SECOND))
    }

    /// The model's own estimates.
    fn estimated_tokens(&self) -> u64 {
        self.estimated + self.current.map_or(0, |part| part.estimated)
    }

    /// How long was thought that nobody estimates.
    fn uncounted_time(&self, now: Instant) -> Duration {
        let current = self.current.filter(|part| part.estimated == 0);
        current.map_or(Duration::ZERO, |part| now.duration_since(part.since))
            + self.uncounted.unwrap_or(Duration::ZERO)
    }

    /// At most how many tokens were generated until `now`.
    pub fn at_most(&self, now: Instant) -> u64 {
        let estimated = self.estimated_tokens();
        let known = if estimated > 0 { estimated + estimated / 8 + ESTIMATE_LAG } else { 0 };
        known.saturating_add(tokens_in(self.uncounted_time(now), TOKENS_PER_SECOND))
    }
}

fn tokens_in(time: Duration, per_second: u64) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).saturating_mul(per_second) / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant_after(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn counts_by_time_what_nobody_estimates() {
        let start = Instant::now();
        let mut hidden = HiddenOutput::new(start);
        assert_eq!((hidden.is_uncounted(), hidden.at_most(instant_after(start, 9))), (false, 0));
        hidden.note_event(instant_after(start, 1));
        hidden.begin();
        assert_eq!((hidden.is_uncounted(), hidden.at_most(instant_after(start, 3))), (true, 600));
        hidden.end(instant_after(start, 4));
        assert_eq!((hidden.is_uncounted(), hidden.at_most(instant_after(start, 99))), (true, 900));
        hidden.is_shown();
        assert_eq!((hidden.is_uncounted(), hidden.at_most(instant_after(start, 99))), (false, 0));
    }

    #[test]
    fn believes_the_models_own_estimate_with_what_it_lags_behind() {
        let start = Instant::now();
        let mut hidden = HiddenOutput::new(start);
        hidden.begin();
        hidden.add_estimate(300);
        hidden.add_estimate(500);
        assert_eq!(hidden.at_most(instant_after(start, 60)), 800 + 100 + ESTIMATE_LAG);
        hidden.end(instant_after(start, 60));
        assert!(!hidden.is_uncounted(), "its end says that all of it was estimated");
        // A second part that is not estimated is counted by its time.
        hidden.note_event(instant_after(start, 60));
        hidden.begin();
        assert_eq!(hidden.at_most(instant_after(start, 62)), 800 + 100 + ESTIMATE_LAG + 600);
    }
}
