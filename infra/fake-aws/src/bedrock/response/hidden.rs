//! Thinking that is generated and billed, and not shown as it is.

use std::time::Duration;

use serde::Deserialize;

/// How many pieces it is generated in: between two of them a client may leave.
const STEPS: u64 = 20;

/// Estimates are multiples of this, and so behind what was generated.
const QUANTUM: u64 = 50;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HiddenThinking {
    pub(crate) tokens: u64,
    /// How long it takes.
    pub(crate) ms: u64,
    #[serde(default)]
    pub(crate) shown: ThinkingDisplay,
}

/// What a client sees of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ThinkingDisplay {
    /// A block without text, as `display: omitted` has it; with Converse no event at all.
    #[default]
    Nothing,
    /// The same with running estimates, as the beta `thinking-token-count-2026-05-13` has it.
    Estimates,
    /// A summary that is much shorter than what is billed, as Claude 4 writes it.
    Summary,
    /// A redacted block, all at once when it is over.
    Redacted,
}

/// One piece of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) tokens: u64,
    pub(crate) pause: Duration,
    /// What is newly estimated, if anything is due.
    pub(crate) estimate: Option<u64>,
}

impl HiddenThinking {
    pub(crate) fn steps(&self) -> Vec<Step> {
        let share = |whole: u64, at: u64| whole * (at + 1) / STEPS - whole * at / STEPS;
        let rounded = |at: u64| self.tokens * at / STEPS / QUANTUM * QUANTUM;
        let step = |at| Step {
            tokens: share(self.tokens, at),
            pause: Duration::from_millis(share(self.ms, at)),
            estimate: Some(rounded(at + 1) - rounded(at)).filter(|tokens| *tokens > 0),
        };
        (0..STEPS).map(step).collect()
    }
}
