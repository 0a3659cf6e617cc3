//! What a call used: tokens, by the classes that are priced apart.

use std::ops::Add;

/// The tokens of one call. Every class is disjoint from the others, as Anthropic and Bedrock report them: **`input`
/// excludes cache tokens**. Dialects whose prompt count includes them (OpenAI's) must subtract before they build this,
/// or a cached token is charged twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenUsage {
    /// Prompt tokens that were neither read from nor written to a cache.
    pub input: u64,
    /// Generated tokens, thinking included.
    pub output: u64,
    /// Prompt tokens read from a cache.
    pub cache_read: u64,
    /// Prompt tokens written to a cache that lives 5 minutes.
    pub cache_write_5m: u64,
    /// Prompt tokens written to a cache that lives an hour.
    pub cache_write_1h: u64,
}

impl TokenUsage {
    /// The length of the prompt: every class but `output`. It decides the price tier.
    #[must_use]
    pub const fn prompt(&self) -> u64 {
        self.input
            .saturating_add(self.cache_read)
            .saturating_add(self.cache_write_5m)
            .saturating_add(self.cache_write_1h)
    }

    /// All tokens.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.prompt().saturating_add(self.output)
    }
}

impl Add for TokenUsage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            input: self.input.saturating_add(other.input),
            output: self.output.saturating_add(other.output),
            cache_read: self.cache_read.saturating_add(other.cache_read),
            cache_write_5m: self.cache_write_5m.saturating_add(other.cache_write_5m),
            cache_write_1h: self.cache_write_1h.saturating_add(other.cache_write_1h),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_every_class_once() {
        let usage = TokenUsage {
            input: 1,
            output: 10,
            cache_read: 100,
            cache_write_5m: 1_000,
            cache_write_1h: 10_000,
        };
        assert_eq!((usage.prompt(), usage.total()), (11_101, 11_111));
        assert_eq!((usage + usage).total(), 22_222);
        assert_eq!((usage + TokenUsage { input: u64::MAX, ..usage }).total(), u64::MAX);
    }
}
