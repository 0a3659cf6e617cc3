//! What Bedrock takes in the body of an Anthropic Messages call, model by model.
//!
//! The rules are data (`rules` in `shared/data/models.json`), because they are other people's decisions and change
//! without notice: Bedrock rejects a body for a single beta or field that it does not know. Whatever a set does not list
//! is not sent. The words here only look things up; the body is rewritten where it is sent.

use std::collections::BTreeMap;

use serde::Deserialize;

/// How hard a model is asked to think: `output_config.effort`, in ascending order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Effort {
    Low,
    Medium,
    High,
    Xhigh,
    Max,
}

/// The rules of one family of models.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnthropicCompat {
    /// Where the rules come from, and how sure they are.
    source: String,
    /// Betas that may be sent, from the name that a client uses to the name that Bedrock uses.
    betas: BTreeMap<String, String>,
    /// Top-level fields of the body.
    fields: Vec<String>,
    /// Fields that Bedrock takes only along with a beta.
    field_betas: BTreeMap<String, String>,
    /// `context_management.edits` by type, each with the beta that it needs.
    context_management_edits: BTreeMap<String, String>,
    /// The values of `thinking.type`.
    thinking: Vec<String>,
    thinking_display: bool,
    /// Empty where `output_config.effort` is not taken at all.
    effort: Vec<Effort>,
    output_format: bool,
    message_output_config: bool,
    system_role_in_messages: bool,
    cache_ttl: bool,
    /// How the types of the tools begin that Anthropic's own servers run and Bedrock cannot.
    unsupported_tools: Vec<String>,
}

// === impl MessageRules ===

impl AnthropicCompat {
    /// Where these rules come from, for whoever asks why something was dropped.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The beta to send for one that was requested; `None` if it must be dropped.
    #[must_use]
    pub fn beta(&self, requested: &str) -> Option<&str> {
        self.betas.get(requested).map(String::as_str)
    }

    /// Whether a top-level field of the body may stay.
    #[must_use]
    pub fn allows_field(&self, field: &str) -> bool {
        self.fields.iter().any(|allowed| allowed == field)
    }

    /// The beta that must be sent because the body has this top-level field.
    #[must_use]
    pub fn field_beta(&self, field: &str) -> Option<&str> {
        self.field_betas.get(field).map(String::as_str)
    }

    /// Whether an edit of this type may stay in `context_management`: `Some` beta that must then be sent. Where no edit
    /// stays, neither does the field.
    #[must_use]
    pub fn edit_beta(&self, edit_type: &str) -> Option<&str> {
        self.context_management_edits.get(edit_type).map(String::as_str)
    }

    /// Whether `thinking.type` may be this: `disabled`, `enabled` (with a budget) or `adaptive`.
    #[must_use]
    pub fn allows_thinking(&self, kind: &str) -> bool {
        self.thinking.iter().any(|allowed| allowed == kind)
    }

    /// Whether `thinking.display` may stay.
    #[must_use]
    pub fn allows_thinking_display(&self) -> bool {
        self.thinking_display
    }

    /// The `output_config.effort` to send for one that was requested: the same, or else the highest that the model takes
    /// below it; `None` if the field must be dropped. A level that nobody has heard of is passed on, for Bedrock to
    /// judge.
    #[must_use]
    pub fn effort<'a>(&self, requested: &'a str) -> Option<&'a str> {
        let lowest = self.effort.iter().min()?;
        let Some(level) = Effort::from_name(requested) else {
            return Some(requested);
        };
        let sent = self.effort.iter().filter(|taken| **taken <= level).max().unwrap_or(lowest);
        Some(sent.name())
    }

    /// Whether `output_config.format`, a JSON schema for the answer, may stay.
    #[must_use]
    pub fn allows_output_format(&self) -> bool {
        self.output_format
    }

    /// Whether a message may have an `output_config` of its own.
    #[must_use]
    pub fn allows_message_output_config(&self) -> bool {
        self.message_output_config
    }

    /// Whether `messages` may hold `role: "system"`. Elsewhere its text must be folded into a user message.
    #[must_use]
    pub fn allows_system_role(&self) -> bool {
        self.system_role_in_messages
    }

    /// Whether `cache_control.ttl` may stay. Without it a cache lives 5 minutes.
    #[must_use]
    pub fn allows_cache_ttl(&self) -> bool {
        self.cache_ttl
    }

    /// Whether a tool of this type is one that only Anthropic's own servers can run.
    #[must_use]
    pub fn refuses_tool(&self, tool_type: &str) -> bool {
        self.unsupported_tools.iter().any(|prefix| tool_type.starts_with(prefix.as_str()))
    }
}

// === impl Effort ===

impl Effort {
    fn from_name(name: &str) -> Option<Self> {
        [Self::Low, Self::Medium, Self::High, Self::Xhigh, Self::Max]
            .into_iter()
            .find(|level| level.name() == name)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Xhigh => "xhigh",
            Self::Max => "max",
        }
    }
}
