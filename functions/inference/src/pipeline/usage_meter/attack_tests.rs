//! What somebody tries who knows the code: see also `tests/integration/inference/attacks.rs`.

use bytes::Bytes;
use serde_json::json;
use stargate_core::catalog::Catalog;
use stargate_core::money::Money;
use stargate_core::pricing::{Caching, CostBound};
use tokio::time::Instant;

use crate::formats::converse::event::ConverseEvent;
use crate::formats::usage::InvocationMetrics;
use crate::formats::{Api, ApiFormat, BedrockEvent};
use crate::pipeline::usage_meter::UsageMeter;

fn meter(max_tokens: u64) -> (UsageMeter, CostBound) {
    let catalog = Catalog::load_bundled("global").unwrap();
    let prices = catalog.find("claude-opus-4-6").unwrap().prices;
    let quote = CostBound {
        input: prices.worst_input(5000, Caching::None),
        output_rate: prices.output_rate(5000),
        max_tokens,
        least_tokens: 1,
        window: 8192,
    };
    (UsageMeter::new(prices, quote, Caching::None), quote)
}

/// Anthropic: "To calculate total tokens consumed and billed for a request, sum across all entries in `usage.iterations`".
#[test]
fn iterations_of_a_compaction_are_charged() {
    let (meter, _) = meter(4096);
    let mut whole = meter.blind();
    let response = json!({"type": "message", "content": [], "usage": {
        "input_tokens": 23_000, "output_tokens": 1000,
        "iterations": [
            {"type": "compaction", "input_tokens": 180_000, "output_tokens": 3500},
            {"type": "message", "input_tokens": 23_000, "output_tokens": 1000},
        ],
    }});
    whole
        .read_buffered(Api::Messages, response.to_string().as_bytes(), &InvocationMetrics::default())
        .unwrap();
    let (usage, _) = whole.charge(Instant::now());
    assert_eq!((usage.input, usage.output), (203_000, 4500));
}

/// In Bedrock mode every frame is passed on; what is passed on must be counted.
#[test]
fn what_passes_in_bedrock_mode_is_counted() {
    let long = "word ".repeat(2000);
    let mut uncounted = Vec::new();
    for (kind, payload) in [
        ("contentBlockDelta", json!({"contentBlockIndex": 0, "delta": {"toolResult": [{"text": long}]}})),
        (
            "contentBlockDelta",
            json!({"contentBlockIndex": 0, "delta": {"citation": {"sourceContent": [{"text": long}]}}}),
        ),
        (
            "contentBlockDelta",
            json!({"contentBlockIndex": 0, "delta": {"image": {"source": {"bytes": long}}}}),
        ),
        ("contentBlockDelta", json!({"contentBlockIndex": 0, "delta": {"somethingNew": {"text": long}}})),
        (
            "contentBlockStart",
            json!({"contentBlockIndex": 0, "start": {"toolUse": {"toolUseId": "a", "name": long}}}),
        ),
        ("somethingNew", json!({"text": long})),
    ] {
        let (mut meter, _) = meter(100_000);
        let payload = payload.to_string();
        let told: String = payload.chars().take(70).collect();
        let heard = BedrockEvent::Converse(ConverseEvent::read(kind, payload.as_bytes()).unwrap());
        meter.observe(&heard, payload.len() as u64, Instant::now());
        if meter.at_most(Instant::now()) < 2000 {
            uncounted.push(format!("{kind} {told}: {}", meter.at_most(Instant::now())));
        }
    }
    assert!(uncounted.is_empty(), "{}", uncounted.join("\n"));
}

/// What a client names is told back to it, not to the log.
#[test]
fn names_that_clients_choose_are_not_logged() {
    let name = format!("{}my prompt says max", "x".repeat(10_000));
    let body = json!({"messages": [], "additionalModelRequestFields": {name: 1}}).to_string();
    let format = ApiFormat::Converse { model: "m".to_owned(), streams: false };
    let fault = format.read(&http::HeaderMap::new(), body.as_bytes()).err().unwrap();
    let param = fault.to_error_response().param.unwrap();
    assert!(param.len() < 100 && !param.contains("prompt"), "logged as `param`: {} bytes", param.len());
}

/// Nova says something before it calls the tool whose input is the answer.
#[test]
fn an_answer_by_a_tool_is_json_whatever_is_said_beside() {
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}], "response_format":
        {"type": "json_schema", "json_schema": {"name": "answer", "schema": {"type": "object"}}}})
    .to_string();
    let asking = ApiFormat::Chat.read(&http::HeaderMap::new(), body.as_bytes()).unwrap();
    let catalog = Catalog::load_bundled("global").unwrap();
    let model = catalog.find("nova-lite-v1:0").unwrap();
    let whole = json!({"output": {"message": {"content": [
        {"text": "<thinking> I will use the tool. </thinking>\n"},
        {"toolUse": {"toolUseId": "t1", "name": "answer", "input": {"a": 1}}},
    ]}}, "stopReason": "tool_use"});
    let told = asking.teller(model, "req_1", 0).write_buffered(Bytes::from(whole.to_string())).unwrap();
    let told: serde_json::Value = serde_json::from_slice(&told).unwrap();
    let content = told["choices"][0]["message"]["content"].as_str().unwrap();
    assert!(serde_json::from_str::<serde_json::Value>(content).is_ok(), "{content}");
}

/// A count that says zero of a whole answer that is not empty.
#[test]
fn a_count_of_nothing_is_not_believed_of_an_answer_that_says_something() {
    let (meter, _) = meter(1000);
    let mut whole = meter.blind();
    let response = json!({"output": {"message": {"content": [{"text": "word ".repeat(500)}]}}, "stopReason": "end_turn",
        "usage": {"inputTokens": 0, "outputTokens": 0}});
    whole
        .read_buffered(Api::Converse, response.to_string().as_bytes(), &InvocationMetrics::default())
        .unwrap();
    assert!(whole.charge(Instant::now()).1 > Money::ZERO);
}

/// Only the chunk with the invocation metrics ends the stream of a model's own form.
#[test]
fn native_streams_that_break_off_are_not_complete() {
    let chunk = br#"{"generation":"half an ans"}"#;
    assert!(
        !BedrockEvent::read(Api::Native, "chunk", chunk).unwrap().completes(),
        "a cut is told as a clean end"
    );
}
