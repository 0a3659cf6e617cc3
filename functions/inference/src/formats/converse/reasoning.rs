//! How a model is asked to think: every family has its own words for it.

use serde_json::{Map, Value, json};
use stargate_core::catalog::{Capability, Model};

/// The least budget of thinking that Claude takes.
const MIN_BUDGET: u64 = 1024;

/// The fields that ask `model` to think as hard as `effort` says (OpenAI's words: `none`, `minimal`, `low`, `medium`,
/// `high`, `xhigh`, `max`), with room left for an answer. Empty where the model cannot be asked: it then thinks as it does.
///
/// Sources: Anthropic's `thinking` and `output_config` as the model's rules have them; OpenAI's open models take
/// `reasoning_effort`, Nova 2 `reasoningConfig`, as their pages in Bedrock's documentation say. Not tried on Bedrock.
pub fn fields(model: &Model, effort: &str, max_tokens: u64) -> Map<String, Value> {
    let mut fields = Map::new();
    if !model.can(Capability::Reasoning) {
        return fields;
    }
    let mut set = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    if let Some(rules) = &model.rules {
        if effort == "none" {
            if rules.allows_thinking("disabled") {
                set("thinking", json!({"type": "disabled"}));
            }
        } else if rules.allows_thinking("adaptive") {
            set("thinking", json!({"type": "adaptive"}));
            if let Some(level) = rules.effort(if effort == "minimal" { "low" } else { effort }) {
                set("output_config", json!({"effort": level}));
            }
        } else if let Some(budget) = budget(effort, max_tokens) {
            set("thinking", json!({"type": "enabled", "budget_tokens": budget}));
        }
    } else if model.base_id.starts_with("openai.gpt-oss") {
        set("reasoning_effort", json!(at_most_high(effort)));
    } else if model.base_id.starts_with("openai.") {
        set("reasoning_effort", json!(effort));
    } else if model.base_id.starts_with("amazon.nova-2") {
        let config = match effort {
            "none" => json!({"type": "disabled"}),
            _ => json!({"type": "enabled", "maxReasoningEffort": at_most_medium(effort)}),
        };
        set("reasoningConfig", config);
    }
    fields
}

/// How many tokens of thinking an effort stands for, as LiteLLM counts them; at most half of the output.
pub fn budget(effort: &str, max_tokens: u64) -> Option<u64> {
    let tokens = match effort {
        "none" => return None,
        "minimal" | "low" => MIN_BUDGET,
        "medium" => 2 * MIN_BUDGET,
        _ => 4 * MIN_BUDGET,
    };
    let budget = tokens.min(max_tokens / 2);
    (budget >= MIN_BUDGET).then_some(budget)
}

/// The budget that stands for adaptive thinking, where the model only knows budgets: half of the output, so that an answer is
/// left. `None` where half is less than Claude takes.
pub fn adaptive_budget(max_tokens: u64) -> Option<u64> {
    (max_tokens > 2 * MIN_BUDGET).then_some(max_tokens / 2)
}

/// Nova's levels without `high`: with that it refuses `maxTokens`, and no answer is unbounded here.
fn at_most_medium(effort: &str) -> &str {
    match at_most_high(effort) {
        "high" => "medium",
        other => other,
    }
}

/// The three levels that some families know.
fn at_most_high(effort: &str) -> &str {
    match effort {
        "none" | "minimal" => "low",
        "xhigh" | "max" => "high",
        other => other,
    }
}
