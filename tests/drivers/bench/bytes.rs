//! Bytes in to bytes out, without any network: what it takes to put a request into Bedrock's words and to tell one event,
//! against copying the same bytes.

use std::hint::black_box;
use std::time::{Duration, Instant};

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::HeaderMap;
use inference::bedrock_client::{Frame, read_frame};
use inference::formats::{Api, ApiFormat, BedrockEvent};
use serde_json::{Value, json};
use stargate_core::catalog::Catalog;
use stats_alloc::Region;

use super::bodies::{Size, for_bedrock};
use super::inside::ALLOCATOR;

const CHUNKS: u32 = 20_000;
const REQUESTS: u32 = 20;

/// Prints both tables.
pub fn print() {
    println!("\n## Bytes in to bytes out\n");
    println!("No network, one thread; *copy* is `memcpy` of what came in, in the same run.\n");
    println!("| one event | bytes | ns | of a copy | allocations |\n|---|---|---|---|---|");
    chunks();
    println!("\n| a request | bytes | ms | of a copy | allocations |\n|---|---|---|---|---|");
    requests();
}

fn chunks() {
    let delta =
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"twelve bytes"}}"#;
    let chunk = frame("chunk", &json!({"bytes": STANDARD.encode(delta), "p": "abcdefghij"}));
    let event = frame(
        "contentBlockDelta",
        &json!({"contentBlockIndex": 0, "delta": {"text": "twelve bytes"}, "p": "abc"}),
    );
    let body = Size::Small.body(0);
    let native = ApiFormat::Invoke { model: "claude-haiku-4-5".to_owned(), streams: true };
    for (name, format, model, api, raw, body) in [
        (
            "Claude's, for `/v1/messages`",
            ApiFormat::Messages,
            "claude-haiku-4-5",
            Api::Messages,
            &chunk,
            &body,
        ),
        ("Converse's, for `/v1/messages`", ApiFormat::Messages, "nova-lite", Api::Converse, &event, &body),
        (
            "Converse's, for chat completions",
            ApiFormat::Chat,
            "claude-haiku-4-5",
            Api::Converse,
            &event,
            &body,
        ),
        (
            "Claude's, passed as it came",
            native,
            "claude-haiku-4-5",
            Api::Messages,
            &chunk,
            &for_bedrock(&body),
        ),
    ] {
        let (catalog, text) = (Catalog::load_bundled("global").unwrap(), body.to_string());
        let asking = format.read(&HeaderMap::new(), text.as_bytes()).unwrap();
        let mut teller = asking.teller(catalog.find(model).unwrap(), "req_1", 0);
        let mut tell = || {
            let frame: Frame = read_frame(raw.clone()).unwrap();
            let content = frame.content(api).unwrap();
            let heard = BedrockEvent::read(api, &frame.kind, &content).unwrap();
            teller.write_event(&heard, &frame.raw)
        };
        tell();
        row(name, raw.len(), CHUNKS, |each| each.as_nanos().to_string(), copy(raw, CHUNKS), &mut tell);
    }
}

fn requests() {
    let catalog = Catalog::load_bundled("global").unwrap();
    for size in [Size::Code, Size::Large] {
        let messages = size.body(0);
        let converse = ApiFormat::Converse { model: "claude-haiku-4-5".to_owned(), streams: true };
        for (name, format, model, body) in [
            ("`/v1/messages` to Claude", ApiFormat::Messages, "claude-haiku-4-5", messages.clone()),
            ("`/v1/messages` to Nova", ApiFormat::Messages, "nova-lite", short(&messages)),
            ("chat completions", ApiFormat::Chat, "claude-haiku-4-5", chat(&messages)),
            ("Converse, passed", converse, "claude-haiku-4-5", conversation(&messages)),
        ] {
            let (model, text) = (catalog.find(model).unwrap(), body.to_string());
            let mut put = || {
                let asking = format.read(&HeaderMap::new(), text.as_bytes()).unwrap();
                asking.to_bedrock(model, 1000).unwrap().body
            };
            let name = format!("{name}, {}", size.name());
            let millis = |each: Duration| format!("{:.2}", each.as_secs_f64() * 1000.0);
            row(&name, text.len(), REQUESTS, millis, copy(text.as_bytes(), REQUESTS), &mut put);
        }
    }
}

/// One row: the mean time of `times` calls, its ratio to a copy, and the allocations of one.
fn row<T>(
    name: &str,
    bytes: usize,
    times: u32,
    told: impl Fn(Duration) -> String,
    copy: Duration,
    work: &mut impl FnMut() -> T,
) {
    let each = mean(times, &mut *work);
    let region = Region::new(ALLOCATOR);
    black_box(work());
    let allocations = region.change().allocations;
    let ratio = each.as_secs_f64() / copy.as_secs_f64();
    println!("| {name} | {bytes} | {} | {ratio:.1} | {allocations} |", told(each));
}

fn copy(bytes: &[u8], times: u32) -> Duration {
    mean(times.max(1000), || black_box(bytes).to_vec())
}

fn mean<T>(times: u32, mut work: impl FnMut() -> T) -> Duration {
    let begun = Instant::now();
    for _ in 0..times {
        black_box(work());
    }
    begun.elapsed() / times
}

fn frame(kind: &str, payload: &Value) -> Bytes {
    let mut message = Message::new(payload.to_string());
    for (name, value) in
        [(":event-type", kind), (":content-type", "application/json"), (":message-type", "event")]
    {
        message = message.add_header(Header::new(name, HeaderValue::String(value.to_owned().into())));
    }
    let mut bytes = Vec::new();
    write_message_to(&message, &mut bytes).unwrap();
    bytes.into()
}

/// With no more output than Nova makes.
fn short(messages: &Value) -> Value {
    let mut body = messages.clone();
    body["max_tokens"] = json!(1000);
    body
}

/// The same as OpenAI's clients send it.
fn chat(messages: &Value) -> Value {
    let mut body = messages.clone();
    body.as_object_mut().unwrap().remove("system");
    if let Some(tools) = messages["tools"].as_array() {
        let function = |tool: &Value| {
            let function = json!({"name": tool["name"], "description": tool["description"], "parameters": tool["input_schema"]});
            json!({"type": "function", "function": function})
        };
        body["tools"] = tools.iter().map(function).collect();
    }
    if let Some(system) = messages.get("system") {
        let system = json!({"role": "system", "content": system});
        body["messages"].as_array_mut().unwrap().insert(0, system);
    }
    body
}

/// The same as Bedrock's own clients send it.
fn conversation(messages: &Value) -> Value {
    let content = |content: &Value| match content {
        Value::String(text) => json!([{"text": text}]),
        blocks => blocks.as_array().unwrap().iter().map(|block| json!({"text": block["text"]})).collect(),
    };
    let turn = |message: &Value| json!({"role": message["role"], "content": content(&message["content"])});
    let turns: Vec<Value> = messages["messages"].as_array().unwrap().iter().map(turn).collect();
    json!({"messages": turns, "inferenceConfig": {"maxTokens": 1000}})
}
