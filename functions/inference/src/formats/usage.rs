//! What Bedrock says of tokens, wherever it says it.

use serde::Deserialize;
use stargate_core::pricing::{Caching, TokenUsage};

/// The `usage` object of a message or of `message_delta`. Counters are cumulative: a later one includes an earlier.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct AnthropicUsage {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    cache_creation: Option<CacheWrite>,
    /// What the model was run for one after another: the counts above are only the last one's, the bill is of all.
    #[serde(default)]
    iterations: Vec<Iteration>,
}

/// One run of the model, of several that made an answer: a compaction, or the message.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Iteration {
    input_tokens: u64,
    output_tokens: u64,
    cache_read_input_tokens: u64,
    cache_creation_input_tokens: u64,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
struct CacheWrite {
    ephemeral_5m_input_tokens: Option<u64>,
    ephemeral_1h_input_tokens: Option<u64>,
}

/// `amazon-bedrock-invocationMetrics` of the last chunk; sometimes the only place that tells of the cache.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InvocationMetrics {
    pub input_token_count: Option<u64>,
    pub output_token_count: Option<u64>,
    pub cache_read_input_token_count: Option<u64>,
    pub cache_write_input_token_count: Option<u64>,
}

/// `usage` of Converse, and of the last event of its stream. `input_tokens` excludes the cache.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConverseUsage {
    pub input_tokens: Option<u64>,
    pub output_tokens: Option<u64>,
    pub cache_read_input_tokens: Option<u64>,
    pub cache_write_input_tokens: Option<u64>,
    #[serde(default)]
    cache_details: Vec<CacheDetail>,
}

/// What was written to the cache for how long.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CacheDetail {
    ttl: String,
    input_tokens: u64,
}

impl ConverseUsage {
    /// Whether it says how many tokens were made.
    pub fn tells_output(&self) -> bool {
        self.output_tokens.is_some()
    }

    /// What was written for so long, if that is told.
    pub fn cache_writes(&self, ttl: &str) -> u64 {
        self.cache_details.iter().filter(|detail| detail.ttl == ttl).map(|detail| detail.input_tokens).sum()
    }
}

impl AnthropicUsage {
    /// Whether it says how many tokens were made.
    pub fn tells_output(&self) -> bool {
        self.output_tokens.is_some()
    }
}

impl InvocationMetrics {
    /// Whether it says how many tokens were made.
    pub fn tells_output(&self) -> bool {
        self.output_token_count.is_some()
    }
}

/// The most that was reported of each counter so far: each is cumulative, and may be told more than once.
#[derive(Clone, Copy, Debug, Default)]
pub struct UsageAccumulator {
    input: Option<u64>,
    output: Option<u64>,
    cache_read: u64,
    cache_written: u64,
    cache_written_5m: u64,
    cache_written_1h: u64,
}

impl UsageAccumulator {
    pub fn report(&mut self, reported: &AnthropicUsage) {
        let written = reported.cache_creation.unwrap_or_default();
        if !reported.iterations.is_empty() {
            let sum = |tokens: fn(&Iteration) -> u64| reported.iterations.iter().map(tokens).sum::<u64>();
            self.input = self.input.max(Some(sum(|run| run.input_tokens)));
            self.output = self.output.max(Some(sum(|run| run.output_tokens)));
            self.cache_read = self.cache_read.max(sum(|run| run.cache_read_input_tokens));
            self.cache_written = self.cache_written.max(sum(|run| run.cache_creation_input_tokens));
        }
        self.input = self.input.max(reported.input_tokens);
        self.output = self.output.max(reported.output_tokens);
        self.cache_read = self.cache_read.max(or_zero(reported.cache_read_input_tokens));
        self.cache_written = self.cache_written.max(or_zero(reported.cache_creation_input_tokens));
        self.cache_written_5m = self.cache_written_5m.max(or_zero(written.ephemeral_5m_input_tokens));
        self.cache_written_1h = self.cache_written_1h.max(or_zero(written.ephemeral_1h_input_tokens));
    }

    pub fn measure(&mut self, metrics: &InvocationMetrics) {
        self.input = self.input.max(metrics.input_token_count);
        self.output = self.output.max(metrics.output_token_count);
        self.cache_read = self.cache_read.max(or_zero(metrics.cache_read_input_token_count));
        self.cache_written = self.cache_written.max(or_zero(metrics.cache_write_input_token_count));
    }

    pub fn count(&mut self, counted: &ConverseUsage) {
        self.input = self.input.max(counted.input_tokens);
        self.output = self.output.max(counted.output_tokens);
        self.cache_read = self.cache_read.max(or_zero(counted.cache_read_input_tokens));
        self.cache_written = self.cache_written.max(or_zero(counted.cache_write_input_tokens));
        self.cache_written_5m = self.cache_written_5m.max(counted.cache_writes("5m"));
        self.cache_written_1h = self.cache_written_1h.max(counted.cache_writes("1h"));
    }

    /// Output tokens reported so far.
    pub fn output(&self) -> u64 {
        or_zero(self.output)
    }

    /// The usage, if the prompt was reported. Cache writes whose life was not told count as the dearest that the
    /// request can have caused.
    pub fn usage(&self, caching: Caching) -> Option<TokenUsage> {
        let split = self.cache_written_5m + self.cache_written_1h;
        let untold = self.cache_written.saturating_sub(split);
        let (more_5m, more_1h) = if caching == Caching::OneHour { (0, untold) } else { (untold, 0) };
        Some(TokenUsage {
            input: self.input?,
            output: self.output(),
            cache_read: self.cache_read,
            cache_write_5m: self.cache_written_5m + more_5m,
            cache_write_1h: self.cache_written_1h + more_1h,
        })
    }
}

/// A counter that is not told is one that does not apply; the prompt's own, which always applies, is not read by this.
fn or_zero(counter: Option<u64>) -> u64 {
    counter.map_or(0, |tokens| tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(reports: &[&str], metrics: Option<&str>) -> UsageAccumulator {
        let mut tokens = UsageAccumulator::default();
        reports.iter().for_each(|json| tokens.report(&serde_json::from_str(json).unwrap()));
        metrics.into_iter().for_each(|json| tokens.measure(&serde_json::from_str(json).unwrap()));
        tokens
    }

    #[test]
    fn what_is_told_twice_counts_once() {
        let start = r#"{"input_tokens":10,"cache_read_input_tokens":5,"cache_creation_input_tokens":7,
            "cache_creation":{"ephemeral_5m_input_tokens":3,"ephemeral_1h_input_tokens":4},"output_tokens":1}"#;
        let metrics = r#"{"inputTokenCount":10,"outputTokenCount":9,"cacheReadInputTokenCount":5,
            "cacheWriteInputTokenCount":7}"#;
        let usage = tokens(&[start, r#"{"output_tokens":9}"#], Some(metrics)).usage(Caching::FiveMinutes);
        let want = TokenUsage { input: 10, output: 9, cache_read: 5, cache_write_5m: 3, cache_write_1h: 4 };
        assert_eq!(usage, Some(want));
    }

    #[test]
    fn writes_of_unknown_life_are_the_dearest_possible() {
        let metrics = Some(r#"{"inputTokenCount":1,"outputTokenCount":2,"cacheWriteInputTokenCount":7}"#);
        let of = |caching| {
            tokens(&[], metrics).usage(caching).map(|usage| (usage.cache_write_5m, usage.cache_write_1h))
        };
        assert_eq!(of(Caching::OneHour), Some((0, 7)));
        assert_eq!(of(Caching::FiveMinutes), Some((7, 0)));
    }

    #[test]
    fn an_unknown_prompt_is_not_free() {
        assert_eq!(tokens(&[r#"{"output_tokens":9}"#], None).usage(Caching::None), None);
    }
}
