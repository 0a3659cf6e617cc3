use bytes::Bytes;
use http::StatusCode;
use shared::api::{ErrorKind, ErrorResponse};

use super::super::from_converse::chunk::Head;
use super::super::from_converse::stream::ChatCompletionStream;
use super::*;
use crate::formats::BedrockEvent;
use crate::formats::converse::event::ConverseEvent;

pub fn teller(include_usage: bool, response: Option<&str>) -> ChatCompletionStream {
    ChatCompletionStream::new(
        Head::new("req_01", 1_763_000_000, "claude-haiku-4-5"),
        include_usage,
        response.map(str::to_owned),
    )
}

/// The text of a stream of these frames, each by its type and payload.
fn stream_text(mut teller: ChatCompletionStream, frames: &[(&str, Value)]) -> String {
    let mut out = Vec::new();
    for (kind, payload) in frames {
        let frame = Bytes::from(payload.to_string());
        let event = ConverseEvent::read(kind, &frame).unwrap();
        out.extend(teller.write_event(&BedrockEvent::Converse(event), &frame));
    }
    out.extend(teller.end());
    String::from_utf8(out).unwrap()
}

fn delta(block: u64, delta: Value) -> (&'static str, Value) {
    ("contentBlockDelta", json!({"contentBlockIndex": block, "delta": delta}))
}

fn start(block: u64, id: &str, name: &str) -> (&'static str, Value) {
    let tool = json!({"toolUse": {"toolUseId": id, "name": name}});
    ("contentBlockStart", json!({"contentBlockIndex": block, "start": tool}))
}

fn input(block: u64, text: &str) -> (&'static str, Value) {
    delta(block, json!({"toolUse": {"input": text}}))
}

fn stop(block: u64) -> (&'static str, Value) {
    ("contentBlockStop", json!({"contentBlockIndex": block}))
}

fn message_stop(reason: &str) -> (&'static str, Value) {
    ("messageStop", json!({"stopReason": reason}))
}

fn usage_event() -> (&'static str, Value) {
    let usage = json!({"inputTokens": 10, "outputTokens": 5, "cacheReadInputTokens": 3,
        "cacheWriteInputTokens": 2, "totalTokens": 20});
    ("metadata", json!({"usage": usage, "metrics": {"latencyMs": 1}}))
}

#[test]
fn a_stream_is_told_chunk_by_chunk() {
    let frames = [
        ("messageStart", json!({"role": "assistant"})),
        delta(0, json!({"reasoningContent": {"text": "Let me"}})),
        delta(0, json!({"reasoningContent": {"text": " \"see\""}})),
        delta(0, json!({"reasoningContent": {"signature": "c2ln"}})),
        stop(0),
        delta(1, json!({"reasoningContent": {"redactedContent": "cmVk"}})),
        stop(1),
        delta(2, json!({"text": ""})),
        delta(2, json!({"text": "Hé\n"})),
        stop(2),
        start(3, "t1", "Read"),
        input(3, ""),
        input(3, "{\"path\":"),
        input(3, "\"a\"}"),
        stop(3),
        start(4, "t2", "List"),
        stop(4),
        message_stop("tool_use"),
        usage_event(),
    ];
    insta::assert_snapshot!("stream_with_usage", stream_text(teller(true, None), &frames));
}

#[test]
fn a_signature_is_told_with_its_own_thinking() {
    let think = |block: u64, text: &str| delta(block, json!({"reasoningContent": {"text": text}}));
    let sign = |block: u64| delta(block, json!({"reasoningContent": {"signature": "s"}}));
    for (frames, want) in [
        (vec![sign(0)], vec![""]),
        (vec![think(0, "a"), think(0, "b"), sign(0)], vec!["ab"]),
        (vec![think(0, "a"), sign(0), think(1, "b"), sign(1)], vec!["a", "b"]),
        (vec![think(0, "unsigned"), stop(0), think(1, "b"), sign(1)], vec!["b"]),
    ] {
        let told = stream_text(teller(false, None), &frames);
        let begun = told.split(r#"{"type":"thinking","thinking":""#).skip(1);
        assert_eq!(begun.map(|rest| rest.split('"').next().unwrap()).collect::<Vec<_>>(), want);
    }
}

#[test]
fn a_stream_without_usage_has_none() {
    let frames = [
        ("messageStart", json!({})),
        delta(0, json!({"text": "Hi"})),
        stop(0),
        message_stop("end_turn"),
        usage_event(),
    ];
    insta::assert_snapshot!("stream", stream_text(teller(false, None), &frames));
    // What was not counted is not told as 0.
    for metadata in [json!({}), json!({"usage": {"inputTokens": 1}}), json!({"usage": {"outputTokens": 1}})] {
        let told = stream_text(teller(true, None), &[("metadata", metadata)]);
        assert!(!told.contains("total_tokens") && told.contains(r#""usage":null"#), "{told}");
    }
}

#[test]
fn an_answer_by_tool_is_text() {
    let mut frames = vec![start(0, "t1", "person"), input(0, "{\"name\":"), input(0, "\"Ada\"}"), stop(0)];
    frames.push(message_stop("tool_use"));
    insta::assert_snapshot!("stream_by_tool", stream_text(teller(false, Some("person")), &frames));
    // Besides calls of the client's tools, it is these that are to be answered.
    frames.insert(4, start(1, "t2", "Read"));
    let told = stream_text(teller(false, Some("person")), &frames);
    assert!(told.contains(r#""finish_reason":"tool_calls""#), "{told}");
    assert!(told.contains(r#""tool_calls":[{"index":0,"id":"t2""#), "{told}");
}

#[test]
fn every_ending_has_its_word() {
    for (reason, want) in [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "tool_calls"),
        ("guardrail_intervened", "content_filter"),
        ("content_filtered", "content_filter"),
        ("malformed_model_output", "stop"),
    ] {
        let told = stream_text(teller(false, None), &[message_stop(reason)]);
        let last =
            format!(r#""choices":[{{"index":0,"delta":{{}},"logprobs":null,"finish_reason":"{want}"}}]}}"#);
        assert!(told.ends_with(&format!("{last}\n\ndata: [DONE]\n\n")), "{told}");
    }
}

#[test]
fn what_is_not_converses_is_not_told() {
    let mut teller = teller(false, None);
    let frame = Bytes::new();
    for heard in [
        BedrockEvent::Native(b"{}"),
        BedrockEvent::Message { kind: "ping".into(), json: b"{}" },
        BedrockEvent::Converse(ConverseEvent::Other),
        BedrockEvent::Converse(ConverseEvent::MessageStop { reason: "end_turn".into() }),
        BedrockEvent::Converse(ConverseEvent::Metadata(None)),
    ] {
        assert_eq!(teller.write_event(&heard, &frame), Bytes::new(), "{heard:?}");
    }
}

#[test]
fn what_surrounds_a_stream() {
    let teller = teller(false, None);
    assert_eq!(teller.ping().unwrap(), ": ping\n\n");
    assert_eq!(teller.media_type(), "text/event-stream; charset=utf-8");
    let wire = ErrorResponse {
        status: StatusCode::BAD_GATEWAY,
        kind: ErrorKind::Api,
        message: "broken".to_owned(),
        param: None,
        retry_after: None,
        may_retry: true,
    };
    let want = r#"{"error":{"code":502,"message":"broken","param":null,"type":"internal_server_error"}}"#;
    assert_eq!(teller.error(&wire, "req_01"), format!("data: {want}\n\n"));
}

/// A whole answer with this content.
fn completion_of(mut teller: ChatCompletionStream, content: &Value, reason: &str, usage: &Value) -> Value {
    let message = json!({"role": "assistant", "content": content});
    let response = json!({"output": {"message": message}, "stopReason": reason, "usage": usage});
    let told = teller.write_buffered(Bytes::from(response.to_string())).unwrap();
    serde_json::from_slice(&told).unwrap()
}

#[test]
fn a_whole_answer() {
    let content = json!([
        {"reasoningContent": {"reasoningText": {"text": "Let me", "signature": "c2ln"}}},
        {"reasoningContent": {"redactedContent": "cmVk"}},
        {"reasoningContent": {"reasoningText": {"text": " see"}}},
        {"text": "Hi"}, {"somethingNew": {}}, {"text": " there"},
        {"toolUse": {"toolUseId": "t1", "name": "Read", "input": {"path": "a", "n": 1}}},
    ]);
    let told = completion_of(teller(false, None), &content, "tool_use", &usage_event().1["usage"]);
    insta::assert_snapshot!("whole", serde_json::to_string_pretty(&told).unwrap());
}

#[test]
fn the_parts_of_a_whole_answer() {
    let call = json!({"toolUse": {"toolUseId": "t", "name": "person", "input": {"name": "Ada"}}});
    let text = r#"{"name":"Ada"}"#;
    for (answer, content, reason, pointer, want) in [
        (None, json!([call]), "tool_use", "/message/content", json!(null)),
        (None, json!([call]), "tool_use", "/message/tool_calls/0/function/arguments", json!(text)),
        (None, json!([call]), "tool_use", "/finish_reason", json!("tool_calls")),
        (None, json!([]), "max_tokens", "/message/content", json!("")),
        (None, json!([]), "max_tokens", "/finish_reason", json!("length")),
        (Some("person"), json!([call]), "tool_use", "/message/content", json!(text)),
        (Some("person"), json!([call]), "tool_use", "/message/tool_calls", json!(null)),
        (Some("person"), json!([call]), "tool_use", "/finish_reason", json!("stop")),
    ] {
        let told = completion_of(teller(false, answer), &content, reason, &json!(null));
        assert_eq!(
            told.pointer(&format!("/choices/0{pointer}")).cloned().unwrap_or_default(),
            want,
            "{pointer}"
        );
        assert_eq!(told.get("usage"), None);
    }
    assert!(teller(false, None).write_buffered(Bytes::from_static(b"{}")).is_err());
}

#[test]
fn the_request_decides_who_tells() {
    let schema = json!({"type": "json_schema", "json_schema": {"name": "s", "schema": {}}});
    let request = request_with(&json!({"response_format": schema}));
    let chat = Chat::parse(request.as_bytes()).unwrap();
    for (name, want) in [("deepseek-v3", "{}"), ("deepseek-v3.2", "")] {
        let mut teller = chat.teller(model(name), "req_9", 7);
        let content = json!([{"toolUse": {"toolUseId": "t", "name": "s", "input": {}}}]);
        let response = json!({"output": {"message": {"content": content}}, "stopReason": "tool_use"});
        let told: Value =
            serde_json::from_slice(&teller.write_buffered(response.to_string().into()).unwrap()).unwrap();
        assert_eq!((&told["id"], &told["created"]), (&json!("chatcmpl-9"), &json!(7)));
        assert_eq!(told["choices"][0]["message"]["content"].as_str().unwrap_or_default(), want, "{name}");
    }
}
