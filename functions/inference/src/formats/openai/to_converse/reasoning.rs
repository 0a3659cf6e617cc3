//! How hard the model is to think: OpenAI's `reasoning_effort`, and LiteLLM's `thinking` for Claude.

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use stargate_core::catalog::{AnthropicCompat, Model};

use crate::formats::OutputLimits;
use crate::formats::converse::reasoning;
use crate::formats::openai::read::{FieldError, field, object, parse, require_field, string};
use crate::formats::raw_json::JsonObject;

const EFFORTS: [&str; 7] = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];
const KINDS: [&str; 3] = ["enabled", "adaptive", "disabled"];

#[derive(Debug, Default)]
pub struct ThinkingOptions {
    effort: Option<&'static str>,
    asked: Option<ThinkingParam>,
}

/// `thinking`, in Anthropic's words.
#[derive(Debug)]
struct ThinkingParam {
    kind: &'static str,
    budget: Option<u64>,
    display: Option<String>,
}

/// What is said to one model.
#[derive(Debug, Default)]
pub struct ReasoningConfig {
    /// Fields that only this model understands.
    pub fields: Map<String, Value>,
    /// Whether it is Claude, and asked to think: then it refuses some other things.
    pub claude_thinks: bool,
    /// How many tokens its thinking may take, where that is told.
    pub budget: u64,
}

impl ThinkingOptions {
    pub fn read(body: &JsonObject<'_>) -> Result<Self, FieldError> {
        Ok(Self {
            effort: field(body, "reasoning_effort", |json| one_of(json, &EFFORTS))?,
            asked: field(body, "thinking", |json| ThinkingParam::read(&object(json)?))?,
        })
    }

    /// What `model` is asked for. Claude is not asked to think where the thoughts are missing that led to its latest
    /// calls of tools: it would refuse to go on without them.
    pub fn config_for(&self, model: &Model, max_tokens: u64, lacks_thoughts: bool) -> ReasoningConfig {
        let mut fields =
            self.effort.map(|effort| reasoning::fields(model, effort, max_tokens)).unwrap_or_default();
        let Some(rules) = &model.rules else {
            return ReasoningConfig { fields, ..ReasoningConfig::default() };
        };
        if let Some(asked) = &self.asked {
            let thinking = asked.by(rules, max_tokens);
            fields.remove("thinking");
            fields.extend(thinking.map(|thinking| ("thinking".to_owned(), thinking)));
        }
        let thinks = |fields: &Map<String, Value>| {
            fields.get("thinking").is_some_and(|thinking| thinking["type"] != "disabled")
        };
        if lacks_thoughts && thinks(&fields) {
            fields.remove("thinking");
        }
        let budget = fields.get("thinking").and_then(|thinking| thinking["budget_tokens"].as_u64());
        ReasoningConfig {
            claude_thinks: thinks(&fields),
            budget: budget.map_or(0, |b| b.min(max_tokens)),
            fields,
        }
    }
}

impl ThinkingParam {
    fn read(thinking: &JsonObject<'_>) -> Result<Self, FieldError> {
        let kind = require_field(thinking, "type", |json| one_of(json, &KINDS))?;
        let tokens = |json| parse(json, OutputLimits::WHOLE_NUMBER);
        let budget = match kind {
            "enabled" => Some(require_field(thinking, "budget_tokens", tokens)?),
            _ => None,
        };
        let display = field(thinking, "display", string)?.map(|display| display.into_owned());
        Ok(Self { kind, budget, display })
    }

    /// The kind of thinking that the model knows, as on `/v1/messages`: a budget becomes adaptive and the other way
    /// round.
    fn by(&self, rules: &AnthropicCompat, max_tokens: u64) -> Option<Value> {
        let mut thinking = match self.kind {
            kind if rules.allows_thinking(kind) => match self.budget {
                Some(budget) => json!({"type": kind, "budget_tokens": budget}),
                None => json!({"type": kind}),
            },
            "enabled" if rules.allows_thinking("adaptive") => json!({"type": "adaptive"}),
            "adaptive" if rules.allows_thinking("enabled") => {
                let budget = reasoning::adaptive_budget(max_tokens)?;
                json!({"type": "enabled", "budget_tokens": budget})
            }
            _ => return None,
        };
        if let Some(display) = self.display.as_ref().filter(|_| rules.allows_thinking_display()) {
            thinking["display"] = json!(display);
        }
        Some(thinking)
    }
}

fn one_of(json: &RawValue, words: &'static [&'static str]) -> Result<&'static str, FieldError> {
    let word = string(json).ok();
    let known = words.iter().find(|known| word.as_deref() == Some(known));
    known.copied().ok_or_else(|| FieldError::new(format!("must be one of {}", words.join(", "))))
}
