//! What the head of an answer in one piece says of tokens: for models whose bodies tell nothing, it is all that is told.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::formats::usage::InvocationMetrics;

const INPUT: &str = "x-amzn-bedrock-input-token-count";
const OUTPUT: &str = "x-amzn-bedrock-output-token-count";
const CACHE_READ: &str = "x-amzn-bedrock-cache-read-input-token-count";
const CACHE_WRITE: &str = "x-amzn-bedrock-cache-write-input-token-count";

/// The counts among Bedrock's headers.
pub fn from_headers<'a>(header: impl Fn(&str) -> Option<&'a str>) -> InvocationMetrics {
    let count = |name| header(name).and_then(|value| value.parse().ok());
    InvocationMetrics {
        input_token_count: count(INPUT),
        output_token_count: count(OUTPUT),
        cache_read_input_token_count: count(CACHE_READ),
        cache_write_input_token_count: count(CACHE_WRITE),
    }
}

/// The same headers, for a client of Bedrock's own API.
pub fn headers(metrics: &InvocationMetrics) -> HeaderMap {
    let InvocationMetrics {
        input_token_count,
        output_token_count,
        cache_read_input_token_count,
        cache_write_input_token_count,
    } = *metrics;
    [
        (INPUT, input_token_count),
        (OUTPUT, output_token_count),
        (CACHE_READ, cache_read_input_token_count),
        (CACHE_WRITE, cache_write_input_token_count),
    ]
    .into_iter()
    .filter_map(|(name, count)| Some((HeaderName::from_static(name), HeaderValue::from(count?))))
    .collect()
}
