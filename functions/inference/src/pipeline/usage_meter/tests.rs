use stargate_core::money::Rate;
use stargate_core::pricing::Rates;

use super::*;

const START: &str = r#"{"type":"message_start","message":{"usage":{"input_tokens":10,"output_tokens":1}}}"#;
const END: &str = r#"{"type":"message_delta","usage":{"output_tokens":7}}"#;
const METRICS: &str = r#"{"type":"message_stop","amazon-bedrock-invocationMetrics":
    {"inputTokenCount":10,"outputTokenCount":7,"cacheReadInputTokenCount":3}}"#;

fn delta(text: &str) -> String {
    format!(r#"{{"type":"content_block_delta","index":0,"delta":{{"type":"text_delta","text":"{text}"}}}}"#)
}

fn charge_of(events: &[(&str, &str)]) -> (TokenUsage, i128) {
    let dollar = Rate::parse("0.000001").unwrap();
    let rates = Rates::complete(dollar, dollar, None, None, None);
    let quote = CostBound {
        input: Money::from_pico(1000),
        output_rate: dollar,
        max_tokens: 100,
        least_tokens: 1,
        window: 10,
    };
    let mut meter = UsageMeter::new(Prices { base: rates, above: None }, quote, Caching::None);
    for (kind, chunk) in events {
        let heard = BedrockEvent::Message { kind: (*kind).into(), json: chunk.as_bytes() };
        meter.observe(&heard, chunk.len() as u64, Instant::now());
    }
    let (usage, cost) = meter.charge(Instant::now());
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
    let usage = |input, output, cache_read| TokenUsage { input, output, cache_read, ..TokenUsage::default() };
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
        assert_eq!(charge_of(&events), want, "{name}");
    }
}
