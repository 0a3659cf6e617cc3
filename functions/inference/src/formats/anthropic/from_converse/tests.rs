mod any;

use std::borrow::Cow;
use std::sync::LazyLock;

use serde_json::{Value, json};
use stargate_core::catalog::Catalog;

use super::*;

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::load_bundled("global").unwrap());

fn new_writer() -> ConverseToAnthropic {
    ConverseToAnthropic::new(CATALOG.find("nova-pro").unwrap(), "req_01J")
}

/// What a client reads of Converse's events, and of the end.
fn stream(events: &[(&str, Value)]) -> String {
    let mut teller = new_writer();
    let mut out = Vec::new();
    for (kind, payload) in events {
        let payload = payload.to_string();
        let event = HeardEvent::read(kind, payload.as_bytes()).unwrap();
        out.extend_from_slice(&teller.write_event(&BedrockEvent::Converse(event), &Bytes::new()));
    }
    out.extend_from_slice(&teller.end());
    String::from_utf8(out).unwrap()
}

/// The JSON of every event, and that its `event:` line names its type.
fn events(stream: &str) -> Vec<Value> {
    let read = |event: &str| {
        let (kind, data) = event.split_once("\ndata: ").unwrap();
        let data: Value = serde_json::from_str(data).unwrap();
        assert_eq!(kind.strip_prefix("event: "), data["type"].as_str());
        data
    };
    stream.split_terminator("\n\n").map(read).collect()
}

fn delta(index: u64, delta: Value) -> (&'static str, Value) {
    ("contentBlockDelta", json!({"contentBlockIndex": index, "delta": delta}))
}

fn text(index: u64, text: &str) -> (&'static str, Value) {
    delta(index, json!({"text": text}))
}

fn stop(index: u64) -> (&'static str, Value) {
    ("contentBlockStop", json!({"contentBlockIndex": index}))
}

fn tool(index: u64, id: &str) -> (&'static str, Value) {
    let tool = json!({"toolUse": {"toolUseId": id, "name": "Read"}});
    ("contentBlockStart", json!({"contentBlockIndex": index, "start": tool}))
}

#[test]
fn a_stream_with_everything() {
    let thought = |thought: Value| delta(0, json!({"reasoningContent": thought}));
    let usage = json!({
        "inputTokens": 10, "outputTokens": 20, "totalTokens": 35, "cacheReadInputTokens": 2,
        "cacheWriteInputTokens": 3, "cacheDetails": [{"ttl": "5m", "inputTokens": 3}],
    });
    let stream = stream(&[
        ("messageStart", json!({"role": "assistant"})),
        thought(json!({"text": "Let me see."})),
        thought(json!({"signature": "c2ln"})),
        stop(0),
        text(1, "I \"read\"\n"),
        text(1, "it."),
        stop(1),
        tool(2, "tooluse_1"),
        delta(2, json!({"toolUse": {"input": "{\"a\":"}})),
        delta(2, json!({"toolUse": {"input": "1}"}})),
        stop(2),
        delta(3, json!({"reasoningContent": {"redactedContent": "cmVk"}})),
        stop(3),
        ("messageStop", json!({"stopReason": "tool_use"})),
        ("metadata", json!({"usage": usage, "metrics": {"latencyMs": 1}})),
    ]);
    insta::assert_snapshot!("stream_with_everything", stream);
}

/// `0+text` is the start of block 0, `0=` a delta of it and `0-` its stop.
fn shape(stream: &str) -> String {
    let one = |event: &Value| {
        let index = &event["index"];
        match event["type"].as_str().unwrap() {
            "content_block_start" => format!("{index}+{}", event["content_block"]["type"].as_str().unwrap()),
            "content_block_delta" => format!("{index}="),
            "content_block_stop" => format!("{index}-"),
            "message_start" => "start".to_owned(),
            "message_delta" => "delta".to_owned(),
            other => other.to_owned(),
        }
    };
    events(stream).iter().map(one).collect::<Vec<_>>().join(" ")
}

#[test]
fn blocks_are_begun_once_stopped_once_and_numbered_without_gaps() {
    let begun = || ("messageStart", json!({"role": "assistant"}));
    let thought = delta(0, json!({"reasoningContent": {"text": "hm"}}));
    let signature = delta(0, json!({"reasoningContent": {"signature": "s"}}));
    let input = |index| delta(index, json!({"toolUse": {"input": "{}"}}));
    for (name, heard, want) in [
        ("nothing at all", vec![], ""),
        ("no start", vec![text(0, "a")], "0+text 0= 0-"),
        ("two starts", vec![begun(), begun(), text(0, "a"), stop(0)], "0+text 0= 0-"),
        (
            "numbers with gaps",
            vec![text(3, "a"), stop(3), text(7, "b"), stop(7)],
            "0+text 0= 0- 1+text 1= 1-",
        ),
        ("no stop between", vec![text(0, "a"), tool(1, "t"), input(1)], "0+text 0= 0- 1+tool_use 1= 1-"),
        ("stopped twice", vec![text(0, "a"), stop(0), stop(0), stop(9)], "0+text 0= 0-"),
        ("another's stop", vec![text(0, "a"), stop(1), text(0, "b"), stop(0)], "0+text 0= 0= 0-"),
        ("text in a block of thinking", vec![thought.clone(), text(0, "a")], "0+thinking 0= 0- 1+text 1= 1-"),
        ("a signature alone", vec![signature], "0+thinking 0= 0-"),
        (
            "empty pieces",
            vec![text(0, ""), tool(1, "t"), delta(1, json!({"toolUse": {"input": ""}}))],
            "0+tool_use 0-",
        ),
        ("input of no tool", vec![input(0), text(0, "a"), input(0)], "0+text 0= 0-"),
        ("input after its stop", vec![tool(0, "t"), stop(0), input(0)], "0+tool_use 0-"),
    ] {
        let want = format!("start {want} delta message_stop").replace("  ", " ");
        assert_eq!(shape(&stream(&heard)), want, "{name}");
    }
}

#[test]
fn the_ending_says_why_and_what_is_known() {
    let untold = json!({"output_tokens": 0});
    let counted = json!({"usage": {"inputTokens": 1, "outputTokens": 2, "cacheWriteInputTokens": 4}});
    let known = json!({"input_tokens": 1, "output_tokens": 2, "cache_creation_input_tokens": 4});
    for (reason, metadata, told, usage) in [
        ("end_turn", json!({}), "end_turn", &untold),
        ("stop_sequence", json!({}), "stop_sequence", &untold),
        ("max_tokens", json!({}), "max_tokens", &untold),
        ("tool_use", json!({}), "tool_use", &untold),
        ("model_context_window_exceeded", json!({}), "model_context_window_exceeded", &untold),
        ("guardrail_intervened", json!({}), "refusal", &untold),
        ("content_filtered", json!({}), "refusal", &untold),
        ("malformed_tool_use", json!({}), "end_turn", &untold),
        ("something new", counted, "end_turn", &known),
    ] {
        let heard = [("messageStop", json!({"stopReason": reason})), ("metadata", metadata)];
        let told = json!({
            "type": "message_delta", "delta": {"stop_reason": told, "stop_sequence": null}, "usage": usage,
        });
        assert_eq!(events(&stream(&heard))[1], told, "{reason}");
    }
}

#[test]
fn a_whole_answer() {
    let response = r#"{"output":{"message":{"role":"assistant","content":[
        {"reasoningContent":{"reasoningText":{"text":"hm","signature":"s"}}},
        {"reasoningContent":{"reasoningText":{"text":"ha"}}},
        {"reasoningContent":{"redactedContent":"cg=="}},
        {"text":"Hi"},{"text":""},{"citationsContent":{}},
        {"toolUse":{"toolUseId":"tooluse_1","name":"Read","input":{"a" : 1.50}}}]}},
        "stopReason":"tool_use","usage":{"inputTokens":3,"outputTokens":4,"totalTokens":7}}"#;
    let whole = new_writer().write_buffered(Bytes::from_static(response.as_bytes())).unwrap();
    let want = concat!(
        r#"{"id":"msg_01J","type":"message","role":"assistant","model":"nova-pro-v1:0","content":["#,
        r#"{"type":"thinking","thinking":"hm","signature":"s"},{"type":"thinking","thinking":"ha","signature":""},"#,
        r#"{"type":"redacted_thinking","data":"cg=="},{"type":"text","text":"Hi"},"#,
        r#"{"type":"tool_use","id":"tooluse_1","name":"Read","input":{"a" : 1.50}}],"#,
        r#""stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":3,"output_tokens":4}}"#,
    );
    assert_eq!(String::from_utf8_lossy(&whole), want);
    assert!(new_writer().write_buffered(Bytes::from_static(b"{}")).is_err());
}

#[test]
fn what_is_not_converses_is_not_told() {
    let mut teller = new_writer();
    let message = BedrockEvent::Message { kind: Cow::Borrowed("ping"), json: b"{}" };
    assert!(teller.write_event(&message, &Bytes::new()).is_empty());
    assert!(teller.write_event(&BedrockEvent::Native(b"{}"), &Bytes::new()).is_empty());
    assert_eq!((teller.ping(), teller.media_type()), (Some(sse::PING), "text/event-stream; charset=utf-8"));
}
