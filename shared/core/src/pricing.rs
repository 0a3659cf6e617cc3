//! What a call costs, and the most that it can cost.
//!
//! [`Prices::charge`] is what is billed; [`Prices::worst_input`] and [`Prices::output_rate`] bound it before the call is
//! made. The bound holds for every usage that stays within the prompt bound and the class of caching that it was made
//! for; a property test says so.

pub mod cost_bound;
#[cfg(test)]
mod tests;
pub mod token_usage;

pub use cost_bound::{CostBound, MIN_TOKENS};
pub use token_usage::TokenUsage;

use crate::money::{Money, Rate};

/// A model's prices: the ordinary ones, and those of long prompts if they differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prices {
    /// For prompts up to the tier's threshold, or for all.
    pub base: Rates,
    /// For longer prompts.
    pub above: Option<Tier>,
}

/// The prices of long prompts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tier {
    /// A prompt of **more** than this many tokens, cached ones included, is charged at this tier: all of it, and its
    /// output too.
    pub threshold: u64,
    /// What it is charged.
    pub rates: Rates,
}

/// What a token of each class costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// See [`TokenUsage::input`].
    pub input: Rate,
    /// See [`TokenUsage::output`].
    pub output: Rate,
    /// See [`TokenUsage::cache_read`].
    pub cache_read: Rate,
    /// See [`TokenUsage::cache_write_5m`].
    pub cache_write_5m: Rate,
    /// See [`TokenUsage::cache_write_1h`].
    pub cache_write_1h: Rate,
}

/// The cache writes that a request can cause, by what it asks for. Each allows those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Caching {
    /// No cache is written. One may still be read: a provider may cache on its own.
    None,
    /// Caches of 5 minutes are written.
    FiveMinutes,
    /// Caches of an hour are written.
    OneHour,
}

// === impl Rates ===

impl Rates {
    /// Fills in the prices that a price map leaves out, upward: unknown is never zero.
    ///
    /// - A cache read costs what plain input costs. No provider asks more for it.
    /// - A cache write costs twice the input, what Anthropic charges for an hour and more than anybody charges for 5
    ///   minutes; an hour never costs less than 5 minutes.
    #[must_use]
    pub fn complete(
        input: Rate,
        output: Rate,
        cache_read: Option<Rate>,
        cache_write_5m: Option<Rate>,
        cache_write_1h: Option<Rate>,
    ) -> Self {
        let cache_write_5m_or_unknown = cache_write_5m.unwrap_or(input.multiply(2));
        Self {
            input,
            output,
            cache_read: cache_read.unwrap_or(input),
            cache_write_5m: cache_write_5m_or_unknown,
            cache_write_1h: cache_write_1h.unwrap_or(input.multiply(2).max(cache_write_5m_or_unknown)),
        }
    }

    fn dearer(self, other: Self) -> Self {
        Self {
            input: self.input.max(other.input),
            output: self.output.max(other.output),
            cache_read: self.cache_read.max(other.cache_read),
            cache_write_5m: self.cache_write_5m.max(other.cache_write_5m),
            cache_write_1h: self.cache_write_1h.max(other.cache_write_1h),
        }
    }

    fn percent(self, percent: u64) -> Self {
        let Self { input, output, cache_read, cache_write_5m, cache_write_1h } = self;
        Self {
            input: input.percent(percent),
            output: output.percent(percent),
            cache_read: cache_read.percent(percent),
            cache_write_5m: cache_write_5m.percent(percent),
            cache_write_1h: cache_write_1h.percent(percent),
        }
    }

    /// The five rates as one text, for a record: `3/15/0.3/3.75/6`.
    #[must_use]
    pub fn pack(&self) -> String {
        let Self { input, output, cache_read, cache_write_5m, cache_write_1h } = self;
        format!("{input}/{output}/{cache_read}/{cache_write_5m}/{cache_write_1h}")
    }

    /// Reads what [`Rates::pack`] wrote.
    #[must_use]
    pub fn unpack(packed: &str) -> Option<Self> {
        let rates: Vec<Rate> = packed.split('/').map(|rate| Rate::parse(rate).ok()).collect::<Option<_>>()?;
        let [input, output, cache_read, cache_write_5m, cache_write_1h] = rates.try_into().ok()?;
        Some(Self { input, output, cache_read, cache_write_5m, cache_write_1h })
    }

    fn charge(&self, usage: &TokenUsage) -> Money {
        // Destructured so that a new class does not compile until it is priced.
        let TokenUsage { input, output, cache_read, cache_write_5m, cache_write_1h } = *usage;
        self.input.times(input)
            + self.output.times(output)
            + self.cache_read.times(cache_read)
            + self.cache_write_5m.times(cache_write_5m)
            + self.cache_write_1h.times(cache_write_1h)
    }

    /// The dearest class that a prompt token can fall into.
    fn dearest_prompt(&self, caching: Caching) -> Rate {
        let unwritten = self.input.max(self.cache_read);
        match caching {
            Caching::None => unwritten,
            Caching::FiveMinutes => unwritten.max(self.cache_write_5m),
            Caching::OneHour => unwritten.max(self.cache_write_5m).max(self.cache_write_1h),
        }
    }
}

// === impl Prices ===

impl Prices {
    /// The dearer of two, class by class: long prompts begin where they begin first.
    #[must_use]
    pub fn dearer(self, other: Self) -> Self {
        let above = match (self.above, other.above) {
            (Some(one), Some(two)) => {
                Some(Tier { threshold: one.threshold.min(two.threshold), rates: one.rates.dearer(two.rates) })
            }
            (one, two) => one.or(two),
        };
        Self { base: self.base.dearer(other.base), above }
    }

    /// So much of them, as a service tier has it; rounded up.
    #[must_use]
    pub fn percent(self, percent: u64) -> Self {
        let tier = |tier: Tier| Tier { rates: tier.rates.percent(percent), ..tier };
        Self { base: self.base.percent(percent), above: self.above.map(tier) }
    }

    /// What a call costs, exactly. The length of its prompt chooses the tier for all its tokens.
    #[must_use]
    pub fn charge(&self, usage: &TokenUsage) -> Money {
        self.rates(usage.prompt()).charge(usage)
    }

    /// The most that a prompt of at most `tokens` tokens can cost, however it is split over the classes that `caching`
    /// allows. Never falls as `tokens` grows.
    #[must_use]
    pub fn worst_input(&self, tokens: u64, caching: Caching) -> Money {
        self.dearest(tokens, |rates| rates.dearest_prompt(caching)).times(tokens)
    }

    /// The most that one output token can cost after a prompt of at most `input_tokens_bound` tokens.
    #[must_use]
    pub fn output_rate(&self, input_tokens_bound: u64) -> Rate {
        self.dearest(input_tokens_bound, |rates| rates.output)
    }

    /// The dearer of the tiers that a prompt of at most `tokens` tokens can fall into. The prompt may turn out shorter,
    /// so the base stays possible whatever the bound, and nothing says that the tier above it is dearer.
    fn dearest(&self, tokens: u64, class: impl Fn(&Rates) -> Rate) -> Rate {
        let base = class(&self.base);
        self.tier_above(tokens).map_or(base, |rates| class(rates).max(base))
    }

    /// The rates that a prompt of so many tokens is charged at.
    #[must_use]
    pub fn rates(&self, prompt: u64) -> &Rates {
        self.tier_above(prompt).unwrap_or(&self.base)
    }

    fn tier_above(&self, prompt: u64) -> Option<&Rates> {
        self.above.as_ref().filter(|tier| prompt > tier.threshold).map(|tier| &tier.rates)
    }
}
