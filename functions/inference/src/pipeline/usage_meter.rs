//! What an answer has used so far, read from its events as they pass.

#[cfg(test)]
mod attack_tests;
mod hidden;
mod shapes;
#[cfg(test)]
mod tests;

use serde_json::value::RawValue;
use stargate_core::money::Money;
use stargate_core::pricing::{Caching, CostBound, Prices, TokenUsage};
use tokio::time::Instant;

use crate::formats::converse::event::{ConverseDelta, ConverseEvent};
use crate::formats::usage::{ConverseUsage, InvocationMetrics, UsageAccumulator};
use crate::formats::{Api, BedrockEvent};
use hidden::HiddenOutput;
use shapes::{ConverseEnvelope, MessageEnd, MessageStart};

/// Bytes of a text delta's event that are not its text. Other deltas have more around theirs.
const FRAME: u64 = 80;

/// Bytes of a block's start that are not content: more than a tool's name and id take.
const START_FRAME: u64 = 250;

/// The longest list of content, as JSON, that says nothing: one block of text without any.
const NO_CONTENT: usize = 40;

/// Where the final count is missing, a token for every two bytes of text is charged: never less than what was
/// generated in any language that people write, and less than the bound of a token per byte.
const BYTES_PER_TOKEN: u64 = 2;

/// What a token of English text or code usually has.
const USUAL_BYTES_PER_TOKEN: u64 = 4;

#[derive(Clone, Debug)]
pub struct UsageMeter {
    prices: Prices,
    quote: CostBound,
    caching: Caching,
    tokens: UsageAccumulator,
    text_bytes: u64,
    deltas: u64,
    final_output: bool,
    hidden: HiddenOutput,
    /// Whether the model shows all that it thinks, where it shows anything of it. Claude shows a summary.
    shows_reasoning: bool,
    /// Whether a first piece of the answer was seen.
    has_begun: bool,
    /// Whether the answer comes whole, so that nothing of it is seen before its end.
    is_blind: bool,
}

impl UsageMeter {
    /// A meter of a stream's events.
    pub fn new(prices: Prices, quote: CostBound, caching: Caching) -> Self {
        let tokens = UsageAccumulator::default();
        Self {
            prices,
            quote,
            caching,
            tokens,
            text_bytes: 0,
            deltas: 0,
            final_output: false,
            hidden: HiddenOutput::new(Instant::now()),
            shows_reasoning: false,
            has_begun: false,
            is_blind: false,
        }
    }

    /// The stream begins, and the model may think before its first event, or without any that shows it.
    pub fn expect_hidden_output(&mut self, shows_reasoning: bool, now: Instant) {
        self.hidden.note_event(now);
        self.hidden.begin();
        self.shows_reasoning = shows_reasoning;
    }

    /// A meter of an answer that comes whole: until it is there, it may be as long as it was allowed to be.
    pub fn blind(self) -> Self {
        Self { is_blind: true, ..self }
    }

    /// Reads one event of a stream.
    ///
    /// `bytes` is how long it was: what nothing is known of counts by that.
    pub fn observe(&mut self, heard: &BedrockEvent<'_>, bytes: u64, now: Instant) {
        match heard {
            // It comes in silence, while something may be generated.
            BedrockEvent::Message { kind, .. } if kind == "ping" => return,
            BedrockEvent::Message { kind, json } => self.message(kind, json, now),
            BedrockEvent::Converse(event) => self.converse(event, bytes, now),
            BedrockEvent::Native(chunk) => {
                self.deltas += 1;
                self.text_bytes += chunk.len() as u64;
                self.end(chunk);
            }
        }
        self.hidden.note_event(now);
    }

    /// Of Anthropic's events only the few that carry usage are looked into.
    fn message(&mut self, kind: &str, chunk: &[u8], now: Instant) {
        self.has_begun |= kind.starts_with("content_block");
        match kind {
            "content_block_delta" => {
                self.deltas += 1;
                if let Some(tokens) = shapes::estimated_tokens(chunk) {
                    self.hidden.add_estimate(tokens);
                }
                if shapes::is_signature(chunk) {
                    return;
                }
                self.text_bytes += (chunk.len() as u64).saturating_sub(FRAME);
            }
            // Redacted thinking is encrypted: its length says little of its tokens.
            "content_block_start" if shapes::is_thinking(chunk) => self.hidden.begin(),
            "content_block_start" => self.text_bytes += (chunk.len() as u64).saturating_sub(START_FRAME),
            "content_block_stop" => self.hidden.end(now),
            "message_start" => {
                let start: Option<MessageStart> = serde_json::from_slice(chunk).ok();
                if let Some(usage) = start.and_then(|start| start.message.usage) {
                    self.tokens.report(&usage);
                }
            }
            "message_delta" | "message_stop" => self.end(chunk),
            _ => {}
        }
    }

    fn converse(&mut self, event: &ConverseEvent<'_>, bytes: u64, now: Instant) {
        match event {
            ConverseEvent::Delta { delta, .. } => {
                self.deltas += 1;
                if !matches!(delta, ConverseDelta::Signature(_) | ConverseDelta::Redacted(_)) {
                    self.text_bytes += delta.text().len() as u64;
                }
                match delta {
                    ConverseDelta::Text(_) | ConverseDelta::ToolInput(_) => self.hidden.end(now),
                    ConverseDelta::Reasoning(text) if self.shows_reasoning && is_shown(text) => {
                        self.hidden.is_shown()
                    }
                    // What it thinks is left out, redacted or told in short.
                    ConverseDelta::Reasoning(_)
                    | ConverseDelta::Signature(_)
                    | ConverseDelta::Redacted(_) => self.hidden.begin(),
                }
            }
            ConverseEvent::ToolStart { .. } | ConverseEvent::Other => {
                self.text_bytes += bytes.saturating_sub(START_FRAME)
            }
            ConverseEvent::Metadata(Some(counted)) => self.count(counted),
            ConverseEvent::Metadata(None)
            | ConverseEvent::MessageStart
            | ConverseEvent::BlockStop { .. }
            | ConverseEvent::MessageStop { .. } => {}
        }
    }

    fn count(&mut self, counted: &ConverseUsage) {
        self.tokens.count(counted);
        self.final_output |= counted.tells_output();
    }

    fn measure(&mut self, metrics: &InvocationMetrics) {
        self.tokens.measure(metrics);
        self.final_output |= metrics.tells_output();
    }

    /// Reads a whole answer of `api`, and what its head told of tokens. An answer that cannot be read is none.
    pub fn read_buffered(
        &mut self,
        api: Api,
        response: &[u8],
        metrics: &InvocationMetrics,
    ) -> Result<(), serde_json::Error> {
        self.measure(metrics);
        match api {
            Api::Messages => {
                let ending: MessageEnd<'_> = serde_json::from_slice(response)?;
                self.ending(&ending);
                self.saw(ending.content);
            }
            Api::Converse => {
                let ConverseEnvelope { usage, output } = serde_json::from_slice(response)?;
                usage.iter().for_each(|counted| self.count(counted));
                self.saw(output.and_then(|output| output.message).and_then(|message| message.content));
            }
            Api::Native => self.deltas += 1,
        }
        Ok(())
    }

    /// Notes whether a whole answer says something: then a count of nothing is none.
    fn saw(&mut self, content: Option<&RawValue>) {
        self.deltas += u64::from(content.is_some_and(|content| content.get().len() > NO_CONTENT));
    }

    /// Reads the end of a stream: its counts are final.
    fn end(&mut self, json: &[u8]) {
        if let Ok(ending) = serde_json::from_slice(json) {
            self.ending(&ending);
        }
    }

    fn ending(&mut self, ending: &MessageEnd<'_>) {
        if let Some(usage) = &ending.usage {
            self.tokens.report(usage);
            self.final_output |= usage.tells_output();
        }
        if let Some(metrics) = &ending.metrics {
            self.measure(metrics);
        }
    }

    /// At most how many output tokens have been made until `now`: a token is at least a byte of what was seen.
    pub fn at_most(&self, now: Instant) -> u64 {
        let generated = self.visible_at_most().saturating_add(self.hidden.at_most(now));
        generated.max(self.tokens.output())
    }

    /// About how many tokens were generated until `now`: what reading on has used.
    pub fn estimate(&self, api: Api, now: Instant) -> u64 {
        // Of a model's own form nobody knows which bytes are text.
        let text = if api == Api::Native { 0 } else { self.text_bytes / USUAL_BYTES_PER_TOKEN };
        text.max(self.deltas).saturating_add(self.hidden.estimate(now))
    }

    fn visible_at_most(&self) -> u64 {
        self.text_bytes.max(self.deltas)
    }

    /// Whether something was used that only a later event can tell: hidden output, and of a message also its prompt.
    pub fn lacks_a_count(&self, api: Api) -> bool {
        let lacks_prompt = api == Api::Messages && !self.has_begun;
        !self.is_final() && (lacks_prompt || self.hidden.is_uncounted())
    }

    /// A count of nothing is believed unless something was seen.
    fn is_final(&self) -> bool {
        self.final_output && (self.tokens.output() > 0 || self.deltas == 0)
    }

    /// What the call has used and costs at `now`. What was not reported is charged so that it is safe: the whole bound of
    /// the prompt, the text that was seen, and what was thought unseen.
    pub fn charge(&self, now: Instant) -> (TokenUsage, Money) {
        let seen = self.text_bytes.div_ceil(BYTES_PER_TOKEN).max(self.deltas);
        let hidden = self.hidden.at_most(now);
        let seen = seen.saturating_add(hidden).min(self.quote.max_tokens);
        let seen = if self.is_blind { self.quote.max_tokens } else { seen };
        let output = if self.is_final() { self.tokens.output() } else { self.tokens.output().max(seen) };
        match self.tokens.usage(self.caching) {
            Some(usage) => {
                let usage = TokenUsage { output, ..usage };
                (usage, self.prices.charge(&usage))
            }
            None => {
                let usage = TokenUsage { output, ..TokenUsage::default() };
                (usage, self.quote.input + self.quote.output_rate.times(output))
            }
        }
    }

    pub fn prices(&self) -> &Prices {
        &self.prices
    }
}

/// Whether a text is what a model thought, and not a sign in its place.
fn is_shown(text: &str) -> bool {
    !text.is_empty() && text != "[REDACTED]"
}
