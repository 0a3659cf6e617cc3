//! What an answer has used so far, read from its events as they pass.

use serde::Deserialize;
use serde_json::value::RawValue;
use shared::money::Money;
use shared::pricing::{Caching, Prices};
use shared::quote::Quote;
use shared::usage::Usage;

use crate::dialect::converse::event::Event;
use crate::dialect::usage::{Counted, Metrics, Reported, Tokens};
use crate::dialect::{Api, Heard};

/// Bytes of a text delta's event that are not its text. Other deltas have more around theirs.
const FRAME: u64 = 80;

/// Bytes of a block's start that are not content: more than a tool's name and id take.
const START_FRAME: u64 = 250;

/// The longest list of content, as JSON, that says nothing: one block of text without any.
const NO_CONTENT: usize = 40;

/// Where the final count is missing, a token for every two bytes of text is charged: never less than what was
/// generated in any language that people write, and less than the bound of a token per byte.
const BYTES_PER_TOKEN: u64 = 2;

#[derive(Clone, Debug)]
pub struct Meter {
    prices: Prices,
    quote: Quote,
    caching: Caching,
    tokens: Tokens,
    text_bytes: u64,
    deltas: u64,
    final_output: bool,
    /// Whether the answer comes whole, so that nothing of it is seen before its end.
    is_blind: bool,
}

#[derive(Deserialize)]
struct Start {
    message: StartMessage,
}

#[derive(Deserialize)]
struct StartMessage {
    usage: Option<Reported>,
}

#[derive(Deserialize)]
struct Ending<'a> {
    usage: Option<Reported>,
    #[serde(rename = "amazon-bedrock-invocationMetrics")]
    metrics: Option<Metrics>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
}

/// Converse's, whole.
#[derive(Deserialize)]
struct Answered<'a> {
    usage: Option<Counted>,
    #[serde(borrow)]
    output: Option<AnsweredOutput<'a>>,
}

#[derive(Deserialize)]
struct AnsweredOutput<'a> {
    #[serde(borrow)]
    message: Option<AnsweredMessage<'a>>,
}

#[derive(Deserialize)]
struct AnsweredMessage<'a> {
    #[serde(borrow)]
    content: Option<&'a RawValue>,
}

impl Meter {
    /// A meter of a stream's events.
    pub fn new(prices: Prices, quote: Quote, caching: Caching) -> Self {
        let tokens = Tokens::default();
        Self {
            prices,
            quote,
            caching,
            tokens,
            text_bytes: 0,
            deltas: 0,
            final_output: false,
            is_blind: false,
        }
    }

    /// A meter of an answer that comes whole: until it is there, it may be as long as it was allowed to be.
    pub fn blind(self) -> Self {
        Self { is_blind: true, ..self }
    }

    /// Reads one event of a stream.
    ///
    /// `bytes` is how long it was: what nothing is known of counts by that.
    pub fn observe(&mut self, heard: &Heard<'_>, bytes: u64) {
        match heard {
            Heard::Message { kind, json } => self.message(kind, json),
            Heard::Converse(event) => self.converse(event, bytes),
            Heard::Native(chunk) => {
                self.deltas += 1;
                self.text_bytes += chunk.len() as u64;
                self.end(chunk);
            }
        }
    }

    /// Of Anthropic's events only the few that carry usage are looked into.
    fn message(&mut self, kind: &str, chunk: &[u8]) {
        match kind {
            "content_block_delta" => {
                self.deltas += 1;
                self.text_bytes += (chunk.len() as u64).saturating_sub(FRAME);
            }
            // A block may begin with content: redacted thinking does.
            "content_block_start" => self.text_bytes += (chunk.len() as u64).saturating_sub(START_FRAME),
            "message_start" => {
                let start: Option<Start> = serde_json::from_slice(chunk).ok();
                if let Some(usage) = start.and_then(|start| start.message.usage) {
                    self.tokens.report(&usage);
                }
            }
            "message_delta" | "message_stop" => self.end(chunk),
            _ => {}
        }
    }

    fn converse(&mut self, event: &Event<'_>, bytes: u64) {
        match event {
            Event::Delta { delta, .. } => {
                self.deltas += 1;
                self.text_bytes += delta.text().len() as u64;
            }
            Event::ToolStart { .. } | Event::Other => self.text_bytes += bytes.saturating_sub(START_FRAME),
            Event::Metadata(Some(counted)) => self.count(counted),
            Event::Metadata(None)
            | Event::MessageStart
            | Event::BlockStop { .. }
            | Event::MessageStop { .. } => {}
        }
    }

    fn count(&mut self, counted: &Counted) {
        self.tokens.count(counted);
        self.final_output |= counted.tells_output();
    }

    fn measure(&mut self, metrics: &Metrics) {
        self.tokens.measure(metrics);
        self.final_output |= metrics.tells_output();
    }

    /// Reads a whole answer of `api`, and what its head told of tokens. An answer that cannot be read is none.
    pub fn whole(&mut self, api: Api, answer: &[u8], metrics: &Metrics) -> Result<(), serde_json::Error> {
        self.measure(metrics);
        match api {
            Api::Messages => {
                let ending: Ending<'_> = serde_json::from_slice(answer)?;
                self.ending(&ending);
                self.saw(ending.content);
            }
            Api::Converse => {
                let Answered { usage, output } = serde_json::from_slice(answer)?;
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

    fn ending(&mut self, ending: &Ending<'_>) {
        if let Some(usage) = &ending.usage {
            self.tokens.report(usage);
            self.final_output |= usage.tells_output();
        }
        if let Some(metrics) = &ending.metrics {
            self.measure(metrics);
        }
    }

    /// At most how many output tokens have been made: a token is at least a byte of text.
    pub fn at_most(&self) -> u64 {
        self.text_bytes.max(self.deltas).max(self.tokens.output())
    }

    /// What the call has used and costs, as it stands. What was not reported is charged so that it is safe: the whole
    /// bound of the prompt, and the text that was seen.
    pub fn charge(&self) -> (Usage, Money) {
        let seen = self.text_bytes.div_ceil(BYTES_PER_TOKEN).max(self.deltas).min(self.quote.max_tokens);
        let seen = if self.is_blind { self.quote.max_tokens } else { seen };
        // A count of nothing is believed unless something was seen.
        let is_final = self.final_output && (self.tokens.output() > 0 || self.deltas == 0);
        let output = if is_final { self.tokens.output() } else { self.tokens.output().max(seen) };
        match self.tokens.usage(self.caching) {
            Some(usage) => {
                let usage = Usage { output, ..usage };
                (usage, self.prices.charge(&usage))
            }
            None => {
                let usage = Usage { output, ..Usage::default() };
                (usage, self.quote.input + self.quote.output_rate.times(output))
            }
        }
    }

    pub fn prices(&self) -> &Prices {
        &self.prices
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::money::Rate;
    use shared::pricing::Rates;

    const START: &str =
        r#"{"type":"message_start","message":{"usage":{"input_tokens":10,"output_tokens":1}}}"#;
    const END: &str = r#"{"type":"message_delta","usage":{"output_tokens":7}}"#;
    const METRICS: &str = r#"{"type":"message_stop","amazon-bedrock-invocationMetrics":
        {"inputTokenCount":10,"outputTokenCount":7,"cacheReadInputTokenCount":3}}"#;

    fn delta(text: &str) -> String {
        format!(
            r#"{{"type":"content_block_delta","index":0,"delta":{{"type":"text_delta","text":"{text}"}}}}"#
        )
    }

    fn charged(events: &[(&str, &str)]) -> (Usage, i128) {
        let dollar = Rate::parse("0.000001").unwrap();
        let rates = Rates::complete(dollar, dollar, None, None, None);
        let quote = Quote {
            input: Money::from_pico(1000),
            output_rate: dollar,
            max_tokens: 100,
            least_tokens: 1,
            window: 10,
        };
        let mut meter = Meter::new(Prices { base: rates, above: None }, quote, Caching::None);
        for (kind, chunk) in events {
            let heard = Heard::Message { kind: (*kind).into(), json: chunk.as_bytes() };
            meter.observe(&heard, chunk.len() as u64);
        }
        let (usage, cost) = meter.charge();
        (usage, cost.pico())
    }

    #[test]
    fn a_frame_is_what_surrounds_the_text() {
        assert_eq!(delta("").len() as u64, FRAME);
    }

    #[test]
    fn charges_what_was_used_or_what_is_safe() {
        let text = delta("abcdef");
        let delta = ("content_block_delta", text.as_str());
        let usage = |input, output, cache_read| Usage { input, output, cache_read, ..Usage::default() };
        for (name, events, want) in [
            (
                "a whole stream",
                vec![("message_start", START), delta, ("message_delta", END)],
                (usage(10, 7, 0), 17),
            ),
            ("usage only in the last chunk", vec![delta, ("message_stop", METRICS)], (usage(10, 7, 3), 20)),
            (
                "told twice",
                vec![("message_start", START), ("message_delta", END), ("message_stop", METRICS)],
                (usage(10, 7, 3), 20),
            ),
            ("cut after a delta", vec![("message_start", START), delta], (usage(10, 3, 0), 13)),
            ("cut before any usage", vec![delta, delta], (usage(0, 6, 0), 1006)),
            ("nothing at all", vec![], (usage(0, 0, 0), 1000)),
        ] {
            assert_eq!(charged(&events), want, "{name}");
        }
    }
}
