//! What one call may cost, before it is made.

use crate::money::{Money, Rate};

/// No call is admitted with fewer output tokens than this, unless it asks for fewer: an answer cut shorter helps nobody.
pub const MIN_TOKENS: u64 = 1024;

/// A bound on one call: `actual <= amount()` always.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CostBound {
    /// The dearest its prompt can cost.
    pub input: Money,
    /// The dearest an output token can cost.
    pub output_rate: Rate,
    /// The most output tokens it may make.
    pub max_tokens: u64,
    /// The fewest output tokens that are still a useful answer.
    pub least_tokens: u64,
    /// Output tokens that the first lease covers before it is renewed.
    pub window: u64,
}

impl CostBound {
    /// The worst case: what is reserved.
    pub fn max_cost(&self) -> Money {
        self.input + self.output_rate.times(self.max_tokens)
    }

    /// The worst case of the shortest useful answer: below this nothing is admitted.
    pub fn min_cost(&self) -> Money {
        self.input + self.output_rate.times(self.least_tokens.min(self.max_tokens))
    }

    /// What a lease covers once `tokens` of output have been made: those and one window more, within the worst case.
    pub fn committed_cost(&self, tokens: u64) -> Money {
        self.cost_of(tokens.saturating_add(self.window))
    }

    /// The prompt and `tokens` of output, within the worst case.
    pub fn cost_of(&self, tokens: u64) -> Money {
        self.input + self.output_rate.times(tokens.min(self.max_tokens))
    }

    /// The same call made to fit `headroom`: all of it if it fits, else at most half of what is left after the prompt,
    /// so that one call does not starve the next, but never less than a useful answer. `None` if that does not fit.
    pub fn clamp(&self, headroom: Money) -> Option<Self> {
        if self.max_cost() <= headroom {
            return Some(*self);
        }
        if self.min_cost() > headroom {
            return None;
        }
        let per_token = self.output_rate.times(1).pico().max(1);
        let affordable = (headroom - self.input).pico() / per_token;
        let half = u64::try_from(affordable / 2).unwrap_or(u64::MAX);
        let max_tokens = half.max(self.least_tokens).min(self.max_tokens);
        Some(Self { max_tokens, ..*self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quote(max_tokens: u64, least_tokens: u64) -> CostBound {
        let output_rate = Rate::parse("0.00001").unwrap(); // ten picodollars a token
        CostBound { input: Money::from_pico(1000), output_rate, max_tokens, least_tokens, window: 50 }
    }

    #[test]
    fn clamps_to_half_of_what_is_left_but_never_below_a_useful_answer() {
        for (headroom, max_tokens, want) in [
            (11_000, 1000, Some(1000)), // fits whole
            (10_999, 1000, Some(499)),  // half of what is left
            (3000, 1000, Some(100)),    // half of it
            (2990, 1000, Some(100)),    // half would be 99: the least answer instead
            (2000, 1000, Some(100)),    // just fits
            (1999, 1000, None),
            (1500, 50, Some(50)), // asks for less than the least
            (1499, 50, None),
            (0, 50, None),
        ] {
            let got = quote(max_tokens, 100).clamp(Money::from_pico(headroom));
            assert_eq!(got.map(|quote| quote.max_tokens), want, "headroom {headroom}");
            assert!(got.is_none_or(|quote| quote.max_cost() <= Money::from_pico(headroom)));
        }
    }

    #[test]
    fn a_floor_leads_by_one_window_and_never_passes_the_amount() {
        let quote = quote(120, 100);
        for (tokens, covered) in [(0, 50), (60, 110), (100, 120), (u64::MAX, 120)] {
            assert_eq!(quote.committed_cost(tokens), Money::from_pico(1000 + covered * 10));
        }
        assert_eq!(quote.committed_cost(120), quote.max_cost());
    }

    #[test]
    fn a_free_model_costs_nothing_and_is_never_clamped() {
        let free =
            CostBound { input: Money::ZERO, output_rate: Rate::parse("0").unwrap(), ..quote(1000, 100) };
        assert_eq!(free.clamp(Money::ZERO), Some(free));
    }
}
