//! The directive: how a request says what its answer shall be.
//!
//! `<<fake {"deltas": 5, "output_tokens": 40}>>` anywhere in a text of the last user message,
//! or in the last text of a native body that has one. Every field is optional. "Deltas" are content deltas of every kind, in order: thinking,
//! signature, text, tool input.

use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::response::hidden::HiddenThinking;

const OPENING: &str = "<<fake";
const CLOSING: &str = ">>";
const MAX_TIMES: usize = 100_000;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Script {
    /// What to say. With `tools`, what to say once their results are in.
    pub(super) text: Option<String>,
    /// How often to say it, at most a hundred thousand times.
    pub(super) times: Option<usize>,
    /// How many text deltas. The text is repeated whole until every delta has at least one
    /// character of it, then split evenly.
    pub(super) deltas: Option<usize>,
    /// A thinking block with its signature before anything else: Converse's `reasoningContent`.
    pub(super) thinking: bool,
    /// Thinking before anything else that is billed and not shown as it is. Its tokens come on top of `output_tokens`.
    pub(super) hidden: Option<HiddenThinking>,
    /// The tools to call, in this order. A native answer cannot: it stays empty.
    pub(super) tools: Vec<ScriptToolCall>,
    pub(super) stop_reason: Option<String>,

    /// Reported usage. Output is clipped to the request's `max_tokens`, as the real one never
    /// passes it.
    pub(super) input_tokens: Option<u64>,
    pub(super) output_tokens: Option<u64>,
    pub(super) cache_read: u64,
    /// Written for five minutes. Anthropic's total is this plus `cache_write_1h`.
    pub(super) cache_write: u64,
    pub(super) cache_write_1h: u64,
    pub(super) usage_at: UsageAt,

    /// Milliseconds before the response head.
    pub(super) head_ms: u64,
    /// Milliseconds before the first delta.
    pub(super) first_ms: Option<u64>,
    /// Milliseconds before every later delta.
    pub(super) delay_ms: Option<u64>,
    /// Waits for `Fake::release` before the last delta that will be sent; before everything
    /// if none will be.
    pub(super) gate: Option<String>,

    /// An error instead of an answer. Either of `status` and `error` implies the other.
    pub(super) status: Option<u16>,
    pub(super) error: Option<String>,
    pub(super) message: Option<String>,
    /// How many requests with this very directive get that error, or a fault below; those behind them get an answer.
    pub(super) failures: Option<usize>,
    /// The error above and the faults below are only for models whose id contains this.
    pub(super) only_for: Option<String>,

    /// 200 without any frame; a fault below then comes first of all.
    pub(super) empty: bool,
    /// An exception frame in the stream.
    pub(super) exception: Option<Exception>,
    /// After so many deltas the connection breaks.
    pub(super) cut_after: Option<usize>,
    /// After so many deltas the stream ends in good order, but without its last events.
    pub(super) end_after: Option<usize>,
    /// After so many deltas nothing more comes, and the connection stays open.
    pub(super) silence_after: Option<usize>,
    /// After so many deltas one frame has a wrong checksum; the stream goes on behind it.
    pub(super) malformed_after: Option<usize>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScriptToolCall {
    pub(super) name: String,
    #[serde(default)]
    pub(super) input: Value,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Exception {
    /// Such as `throttlingException`; any other name is sent as it is.
    #[serde(rename = "type")]
    pub(super) name: String,
    #[serde(default)]
    pub(super) message: String,
    #[serde(default)]
    pub(super) after: usize,
}

/// Where the usage is reported. Converse has one place, its metadata, and a native answer its
/// invocation metrics: both say the same under `Both` and `Stop`, and nothing otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum UsageAt {
    /// `message_start`, `message_delta` and the invocation metrics, as the real one does.
    #[default]
    Both,
    /// Only `message_start`, so the final output stays unknown.
    Start,
    /// Only Bedrock's own count: the invocation metrics of `message_stop`, or Converse's metadata.
    Stop,
    None,
}

/// What goes wrong in the stream.
#[derive(Clone, Debug)]
pub(super) enum Fault {
    Exception { name: String, message: String },
    Cut,
    End,
    Silence,
    Malformed,
}

/// A directive, and its text without it.
#[derive(Default)]
pub(super) struct FoundDirective {
    pub(super) script: Script,
    /// Its JSON, as it was written.
    pub(super) directive: String,
    pub(super) rest: String,
}

/// Whether a text has a directive, readable or not.
pub(super) fn is_in(text: &str) -> bool {
    text.contains(OPENING)
}

/// The first directive in `text`, or why it cannot be read.
pub(super) fn find(text: &str) -> Option<Result<FoundDirective, String>> {
    let (before, behind) = text.split_once(OPENING)?;
    // Read as JSON rather than searched for the closing: a string in it may hold `>>`.
    let mut values = serde_json::Deserializer::from_str(behind).into_iter::<Script>();
    let script = match values.next() {
        Some(Ok(script)) => script,
        Some(Err(error)) => return Some(Err(error.to_string())),
        None => return Some(Err("no JSON object follows `<<fake`".to_owned())),
    };
    let (directive, after) = behind.split_at_checked(values.byte_offset()).unwrap_or((behind, ""));
    let Some(after) = after.trim_start().strip_prefix(CLOSING) else {
        return Some(Err("`>>` does not follow the JSON object".to_owned()));
    };
    Some(script.check().map(|script| FoundDirective {
        script,
        directive: directive.trim_start().to_owned(),
        rest: format!("{before}{after}").trim().to_owned(),
    }))
}

impl Script {
    fn check(self) -> Result<Self, String> {
        if self.faults().count() > 1 {
            return Err(
                "more than one of exception, cut_after, end_after, silence_after, malformed_after".to_owned()
            );
        }
        if self.times.is_some_and(|times| times > MAX_TIMES) {
            return Err(format!("times is more than {MAX_TIMES}"));
        }
        if self.failures.is_some() && !self.fails() {
            return Err("failures of which there are none".to_owned());
        }
        match self.status {
            Some(status) if !(400..600).contains(&status) => Err(format!("status {status} is not an error")),
            _ => Ok(self),
        }
    }

    /// The script for this model: without errors and faults, if they are only for others.
    pub(super) fn for_model(self, model: &str) -> Self {
        if self.only_for.as_ref().is_none_or(|part| model.contains(part)) { self } else { self.flawless() }
    }

    /// Whether there is an error or a fault in it.
    pub(super) fn fails(&self) -> bool {
        self.status.is_some() || self.error.is_some() || self.empty || self.faults().next().is_some()
    }

    /// The same without errors and faults.
    pub(super) fn flawless(self) -> Self {
        Self {
            status: None,
            error: None,
            empty: false,
            exception: None,
            cut_after: None,
            end_after: None,
            silence_after: None,
            malformed_after: None,
            ..self
        }
    }

    /// The fault in the stream, and after how many deltas it comes.
    pub(super) fn fault(&self) -> Option<(usize, Fault)> {
        self.faults().next()
    }

    fn faults(&self) -> impl Iterator<Item = (usize, Fault)> {
        let exception = self.exception.as_ref().map(|exception| {
            let Exception { name, message, after } = exception.clone();
            (after, Fault::Exception { name, message })
        });
        [
            exception,
            self.cut_after.map(|after| (after, Fault::Cut)),
            self.end_after.map(|after| (after, Fault::End)),
            self.silence_after.map(|after| (after, Fault::Silence)),
            self.malformed_after.map(|after| (after, Fault::Malformed)),
        ]
        .into_iter()
        .flatten()
    }

    /// The scripted error's status, when there is an error at all.
    pub(super) fn refuses(&self) -> Option<Option<StatusCode>> {
        let status = self.status.and_then(|code| StatusCode::from_u16(code).ok());
        (status.is_some() || self.error.is_some()).then_some(status)
    }
}
