//! Reported usage, in the four shapes in which Bedrock reports it.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use crate::bedrock::script::UsageAt;

#[derive(Clone, Copy, Debug)]
pub(crate) struct FakeUsage {
    pub(crate) at: UsageAt,
    pub(crate) input: u64,
    pub(crate) output: u64,
    pub(crate) cache_read: u64,
    pub(crate) cache_write_5m: u64,
    pub(crate) cache_write_1h: u64,
}

impl FakeUsage {
    /// Everything the model read, cached or not: what a token count says.
    pub(crate) fn all_input(&self) -> u64 {
        self.input + self.cache_read + self.cache_write()
    }

    /// For `message_start`, where the output is only the first token so far.
    pub(crate) fn at_start(&self) -> Option<Value> {
        matches!(self.at, UsageAt::Both | UsageAt::Start).then(|| self.anthropic(self.output.min(1)))
    }

    /// For `message_delta`, where the totals are final.
    pub(crate) fn at_end(&self) -> Option<Value> {
        (self.at == UsageAt::Both).then(|| self.anthropic(self.output))
    }

    /// For a whole message. Its head carries what a stream's invocation metrics would.
    pub(crate) fn in_message(&self) -> Option<Value> {
        matches!(self.at, UsageAt::Both | UsageAt::Start).then(|| self.anthropic(self.output))
    }

    /// `amazon-bedrock-invocationMetrics`, which Bedrock adds to `message_stop`.
    pub(crate) fn metrics(&self) -> Option<Value> {
        self.counted_by_bedrock().then(|| {
            json!({
                "inputTokenCount": self.input,
                "outputTokenCount": self.output,
                "cacheReadInputTokenCount": self.cache_read,
                "cacheWriteInputTokenCount": self.cache_write(),
                "invocationLatency": 1,
                "firstByteLatency": 1,
            })
        })
    }

    /// For Converse, which reports once: in `metadata`, or beside a whole message.
    pub(crate) fn converse(&self) -> Option<Value> {
        self.counted_by_bedrock().then(|| {
            let written = [("1h", self.cache_write_1h), ("5m", self.cache_write_5m)];
            let details = written.into_iter().filter(|(_, tokens)| *tokens > 0);
            json!({
                "inputTokens": self.input,
                "outputTokens": self.output,
                "totalTokens": self.all_input() + self.output,
                "cacheReadInputTokens": self.cache_read,
                "cacheWriteInputTokens": self.cache_write(),
                "cacheDetails": details
                    .map(|(ttl, tokens)| json!({"ttl": ttl, "inputTokens": tokens}))
                    .collect::<Value>(),
            })
        })
    }

    /// The same counts as headers, for a whole message.
    pub(crate) fn headers(&self) -> HeaderMap {
        if !self.counted_by_bedrock() {
            return HeaderMap::new();
        }
        [
            ("x-amzn-bedrock-input-token-count", self.input),
            ("x-amzn-bedrock-output-token-count", self.output),
            ("x-amzn-bedrock-cache-read-input-token-count", self.cache_read),
            ("x-amzn-bedrock-cache-write-input-token-count", self.cache_write()),
            ("x-amzn-bedrock-invocation-latency", 1),
        ]
        .map(|(name, count)| (HeaderName::from_static(name), HeaderValue::from(count)))
        .into_iter()
        .collect()
    }

    fn counted_by_bedrock(&self) -> bool {
        matches!(self.at, UsageAt::Both | UsageAt::Stop)
    }

    fn cache_write(&self) -> u64 {
        self.cache_write_5m + self.cache_write_1h
    }

    fn anthropic(&self, output: u64) -> Value {
        json!({
            "input_tokens": self.input,
            "cache_creation_input_tokens": self.cache_write(),
            "cache_read_input_tokens": self.cache_read,
            "cache_creation": {
                "ephemeral_5m_input_tokens": self.cache_write_5m,
                "ephemeral_1h_input_tokens": self.cache_write_1h,
            },
            "output_tokens": output,
        })
    }
}
