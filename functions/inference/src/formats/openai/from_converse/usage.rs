//! Tokens and endings, in OpenAI's words.

use serde::Serialize;

use crate::formats::usage::ConverseUsage;

/// `usage`, with the fields that LiteLLM adds for the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct CompletionUsage {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    prompt_tokens_details: PromptDetails,
    cache_creation_input_tokens: u64,
    cache_read_input_tokens: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct PromptDetails {
    cached_tokens: u64,
    cache_creation_tokens: u64,
}

impl CompletionUsage {
    /// `None` where the prompt or the answer was not counted: unknown is never zero. Of a cache that is not told of,
    /// nothing was used.
    pub fn from_converse(counted: &ConverseUsage) -> Option<Self> {
        let read = counted.cache_read_input_tokens.map_or(0, |tokens| tokens);
        let written = counted.cache_write_input_tokens.map_or(0, |tokens| tokens);
        // Converse counts the cache apart from the prompt; OpenAI counts it in.
        let prompt_tokens = counted.input_tokens?.saturating_add(read).saturating_add(written);
        let completion_tokens = counted.output_tokens?;
        Some(Self {
            prompt_tokens,
            completion_tokens,
            total_tokens: prompt_tokens.saturating_add(completion_tokens),
            prompt_tokens_details: PromptDetails { cached_tokens: read, cache_creation_tokens: written },
            cache_creation_input_tokens: written,
            cache_read_input_tokens: read,
        })
    }
}

/// `finish_reason` for a `stopReason` of Converse.
pub fn finish_reason(stop_reason: &str) -> &'static str {
    match stop_reason {
        "max_tokens" | "model_context_window_exceeded" => "length",
        "tool_use" => "tool_calls",
        "guardrail_intervened" | "content_filtered" => "content_filter",
        _ => "stop",
    }
}

/// `finish_reason` where the answer may have come as the input of a tool, besides so many calls of the client's tools.
pub fn effective_finish_reason(reason: &'static str, is_by_tool: bool, calls: u64) -> &'static str {
    if reason == "tool_calls" && is_by_tool && calls == 0 { "stop" } else { reason }
}
