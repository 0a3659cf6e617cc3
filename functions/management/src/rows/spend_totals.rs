//! Sums of spend as LiteLLM shows them.

use schemars::JsonSchema;
use serde::Serialize;
use stargate_core::money::Money;
use stargate_core::spend::SpendTotals;

/// LiteLLM's figures.
#[derive(Clone, JsonSchema, Serialize)]
pub struct Metrics {
    pub spend: Money,
    pub prompt_tokens: u64,
    pub completion_tokens: u64,
    pub cache_read_input_tokens: u64,
    pub cache_creation_input_tokens: u64,
    pub total_tokens: u64,
    pub successful_requests: i64,
    pub failed_requests: i64,
    pub api_requests: i64,
}

impl From<SpendTotals> for Metrics {
    fn from(figures: SpendTotals) -> Self {
        let usage = figures.usage;
        Self {
            spend: figures.spend,
            prompt_tokens: usage.prompt(),
            completion_tokens: usage.output,
            cache_read_input_tokens: usage.cache_read,
            cache_creation_input_tokens: usage.cache_write_5m.saturating_add(usage.cache_write_1h),
            total_tokens: usage.total(),
            successful_requests: figures.requests - figures.failures,
            failed_requests: figures.failures,
            api_requests: figures.requests,
        }
    }
}
