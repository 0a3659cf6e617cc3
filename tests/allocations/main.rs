//! The work of translations and decoders grows with what they are given, and no faster: counted in allocations and the bytes
//! of them, which are exact on any machine.

use std::alloc::System;
use std::hint::black_box;

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::BytesMut;
use http::HeaderMap;
use inference::bedrock_client::{read_frame, split_frame};
use inference::formats::anthropic::strip_rejected::strip_rejected_fields;
use inference::formats::{Api, ApiFormat, BedrockEvent};
use serde_json::{Value, json};
use stargate_core::catalog::Catalog;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// How much more there is in the second measurement.
const TIMES: usize = 8;

/// What doubling buffers may add to that, and constants take from it.
const SLACK: f64 = 1.6;

/// One test, since the allocator counts for the whole process.
#[test]
fn work_grows_with_its_input_and_no_faster() {
    for (shape, make) in SHAPES {
        for (name, format, model) in [
            ("messages to Claude", ApiFormat::Messages, "claude-haiku-4-5"),
            ("messages to Nova", ApiFormat::Messages, "nova-lite"),
            ("chat completions", ApiFormat::Chat, "claude-haiku-4-5"),
        ] {
            let ask = |size: usize| make(&format, size).map(|body| body.to_string());
            let (Some(small), Some(large)) = (ask(20), ask(20 * TIMES)) else { continue };
            let catalog = Catalog::load_bundled("global").unwrap();
            let model = catalog.find(model).unwrap();
            let put = |body: &str| {
                let asking = format.read(&HeaderMap::new(), body.as_bytes()).unwrap();
                asking.to_bedrock(model, 1000).unwrap_or_else(|fault| panic!("{shape}, {name}: {fault}")).body
            };
            let longer = large.len() as f64 / small.len() as f64;
            linear(&format!("{name}, {shape}"), longer, || put(&small), || put(&large));
        }
    }
    refusals();
    streams();
}

type Shape = fn(&ApiFormat, usize) -> Option<Value>;

/// Requests that are large each in their own way.
const SHAPES: [(&str, Shape); 6] = [
    ("one long text", |_, size| Some(body(json!([user(json!("word ".repeat(size * 100)))])))),
    ("many parts", |_, size| {
        let parts: Vec<Value> = (0..size).map(|_| json!({"type": "text", "text": "a few words"})).collect();
        Some(body(json!([user(json!(parts))])))
    }),
    ("many turns of one role", |_, size| Some(body((0..size).map(|_| user(json!("a few words"))).collect()))),
    ("many turns", |_, size| {
        let turn = |at: usize| json!({"role": if at.is_multiple_of(2) { "user" } else { "assistant" }, "content": "words"});
        Some(body((0..size * 2 + 1).map(turn).collect()))
    }),
    ("many tools", |format, size| {
        let mut body = body(json!([user(json!("hi"))]));
        let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}});
        body["tools"] = (0..size).map(|at| tool(format, at, &schema)).collect();
        Some(body)
    }),
    ("many calls of tools", |format, size| {
        let mut turns = vec![user(json!("hi"))];
        turns.extend((0..size).flat_map(|at| run_format(format, at)));
        Some(body(json!(turns)))
    }),
];

fn body(messages: Value) -> Value {
    json!({"model": "claude-haiku-4-5", "max_tokens": 1000, "messages": messages})
}

fn user(content: Value) -> Value {
    json!({"role": "user", "content": content})
}

fn tool(format: &ApiFormat, at: usize, schema: &Value) -> Value {
    // Not `tool_20`, which looks like a dated type and is looked into.
    let name = format!("tool-{at}");
    match format {
        ApiFormat::Chat => json!({"type": "function", "function": {"name": name, "parameters": schema}}),
        _ => json!({"name": name, "input_schema": schema, "cache_control": {"type": "ephemeral"}}),
    }
}

fn run_format(format: &ApiFormat, at: usize) -> [Value; 2] {
    let (id, name) = (format!("call_{at}"), "read");
    match format {
        ApiFormat::Chat => {
            let call =
                json!({"id": id, "type": "function", "function": {"name": name, "arguments": "{\"a\":1}"}});
            [
                json!({"role": "assistant", "content": null, "tool_calls": [call]}),
                json!({"role": "tool", "tool_call_id": id, "content": "found"}),
            ]
        }
        _ => [
            json!({"role": "assistant", "content": [{"type": "tool_use", "id": id, "name": name, "input": {"a": 1}}]}),
            user(json!([{"type": "tool_result", "tool_use_id": id, "content": "found"}])),
        ],
    }
}

/// A body that is looked through for what Bedrock named.
fn refusals() {
    let ask = |size: usize| {
        let blocks: Vec<Value> = (0..size)
            .map(|_| json!({"type": "text", "text": "words", "cache_control": {"type": "ephemeral"}}))
            .collect();
        json!({"anthropic_version": "x", "max_tokens": 1, "speed": 1, "messages": [user(json!(blocks))]})
            .to_string()
    };
    let (small, large) = (ask(100), ask(100 * TIMES));
    let heal =
        |body: &str| strip_rejected_fields(body.as_bytes(), "speed: Extra inputs are not permitted").unwrap();
    linear("a refused body", TIMES as f64, || heal(&small), || heal(&large));
}

/// Streams of many events, whose bytes arrive one at a time.
fn streams() {
    let delta =
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"twelve bytes"}}"#;
    let chunk = frame("chunk", &json!({"bytes": STANDARD.encode(delta)}));
    let event =
        frame("contentBlockDelta", &json!({"contentBlockIndex": 0, "delta": {"text": "twelve bytes"}}));
    for (name, format, model, api, one) in [
        ("Claude's stream", ApiFormat::Messages, "claude-haiku-4-5", Api::Messages, &chunk),
        ("Converse's as Anthropic's", ApiFormat::Messages, "nova-lite", Api::Converse, &event),
        ("Converse's as OpenAI's", ApiFormat::Chat, "claude-haiku-4-5", Api::Converse, &event),
    ] {
        let (catalog, body) =
            (Catalog::load_bundled("global").unwrap(), body(json!([user(json!("hi"))])).to_string());
        let asking = format.read(&HeaderMap::new(), body.as_bytes()).unwrap();
        let tell = |count: usize| {
            let mut teller = asking.teller(catalog.find(model).unwrap(), "req_1", 0);
            let (mut buffer, mut told) = (BytesMut::new(), 0);
            for byte in one.iter().cycle().take(one.len() * count) {
                buffer.extend_from_slice(&[*byte]);
                while let Some(raw) = split_frame(&mut buffer).unwrap() {
                    let frame = read_frame(raw).unwrap();
                    let content = frame.content(api).unwrap();
                    told += teller
                        .write_event(&BedrockEvent::read(api, &frame.kind, &content).unwrap(), &frame.raw)
                        .len();
                }
            }
            assert!(told > count * "twelve bytes".len(), "{name}");
            told
        };
        linear(name, TIMES as f64, || tell(100), || tell(100 * TIMES));
    }
}

/// Holds that the second work, on `longer` times the input, takes at most so many times the allocations and their bytes.
fn linear<T>(name: &str, longer: f64, small: impl Fn() -> T, large: impl Fn() -> T) {
    let (few, many) = (count_allocations(small), count_allocations(large));
    for (what, few, many) in [("allocations", few.0, many.0), ("bytes", few.1, many.1)] {
        let times = many as f64 / few as f64;
        println!("{name}: {few} {what}, {times:.1} times as many for {longer:.1} times the input");
        assert!(
            times <= longer * SLACK,
            "{name}: {few} {what}, then {many}, for {longer:.1} times the input"
        );
    }
}

fn count_allocations<T>(work: impl Fn() -> T) -> (usize, usize) {
    black_box(work());
    let region = Region::new(ALLOCATOR);
    black_box(work());
    let change = region.change();
    let grown = usize::try_from(change.bytes_reallocated).unwrap_or(0);
    (change.allocations + change.reallocations, change.bytes_allocated + grown)
}

fn frame(kind: &str, payload: &Value) -> Vec<u8> {
    let mut message = Message::new(payload.to_string());
    for (name, value) in [(":event-type", kind), (":message-type", "event")] {
        message = message.add_header(Header::new(name, HeaderValue::String(value.to_owned().into())));
    }
    let mut bytes = Vec::new();
    write_message_to(&message, &mut bytes).unwrap();
    bytes
}
