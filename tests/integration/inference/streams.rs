//! Answers, streamed and whole, and what they are charged.

use std::time::Duration;

use futures_util::StreamExt;
use serde_json::json;
use stargate_core::money::Money;
use stargate_core::pricing::TokenUsage;
use stargate_core::spend::Status;
use tests::gateway::{Stargate, ask, ask_stream, names};

#[tokio::test]
async fn a_stream_passes_through_and_is_charged_to_the_token() {
    let stargate = Stargate::start().await;
    let holder = stargate.free_keyholder().await;
    let script = json!({"text": "Hello there", "deltas": 3, "input_tokens": 100, "output_tokens": 7,
                        "cache_read": 10, "cache_write": 20, "cache_write_1h": 30});
    let response = stargate.messages(&holder, &ask_stream(&script)).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream; charset=utf-8");
    assert!(response.headers()["request-id"].to_str().unwrap().starts_with("req_"));
    let events = tests::gateway::events(&response.text().await.unwrap());
    assert_eq!(
        names(&events),
        [
            "message_start",
            "content_block_start",
            "content_block_delta",
            "content_block_delta",
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "message_stop"
        ]
    );
    let text: String = events.iter().filter_map(|event| event.data["delta"]["text"].as_str()).collect();
    assert_eq!(text, "Hello there");
    // Haiku 4.5 per million: 1 in, 5 out, 0.1 read, 1.25 and 2 written.
    let cost = 100 * 1_000_000 + 7 * 5_000_000 + 10 * 100_000 + 20 * 1_250_000 + 30 * 2_000_000;
    assert_eq!(stargate.charged_amount(&holder).await, Money::from_pico(cost));
    let record = stargate.records().await.pop().unwrap();
    let usage = TokenUsage { input: 100, output: 7, cache_read: 10, cache_write_5m: 20, cache_write_1h: 30 };
    assert_eq!(
        (record.usage, record.status, record.model.as_str()),
        (usage, Status::Success, "claude-haiku-4-5")
    );
}

#[tokio::test]
async fn a_whole_answer_tells_its_cost() {
    let stargate = Stargate::start().await;
    let holder = stargate.free_keyholder().await;
    let script = json!({"text": "Hi", "input_tokens": 1000, "output_tokens": 100});
    let response = stargate.messages(&holder, &ask(&script)).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["x-stargate-cost"], "0.0015");
    let message: serde_json::Value = response.json().await.unwrap();
    assert_eq!((&message["content"][0]["text"], &message["role"]), (&json!("Hi"), &json!("assistant")));
    assert_eq!(stargate.charged_amount(&holder).await, Money::parse("0.0015").unwrap());
}

#[tokio::test]
async fn usage_is_found_wherever_bedrock_puts_it() {
    let stargate = Stargate::start().await;
    for place in ["both", "stop"] {
        let holder = stargate.free_keyholder().await;
        let script = json!({"input_tokens": 1000, "output_tokens": 100, "cache_read": 50, "usage_at": place});
        let (status, _) = stargate.stream(&holder, &ask_stream(&script)).await;
        assert_eq!(status, 200);
        assert_eq!(stargate.charged_amount(&holder).await, Money::parse("0.001505").unwrap(), "{place}");
    }
    // Without any, the prompt's bound is charged: never nothing.
    let holder = stargate.free_keyholder().await;
    let (status, _) = stargate.stream(&holder, &ask_stream(&json!({"text": "x", "usage_at": "none"}))).await;
    assert_eq!(status, 200);
    assert!(stargate.charged_amount(&holder).await > Money::parse("0.002").unwrap());
}

#[tokio::test]
async fn the_first_delta_arrives_before_the_last_is_made_and_streams_do_not_wait_for_each_other() {
    let stargate = Stargate::start().await;
    let (slow, quick) = (stargate.free_keyholder().await, stargate.free_keyholder().await);
    let script = json!({"text": "one two", "deltas": 2, "gate": "streams::last"});
    let held = stargate.messages(&slow, &ask_stream(&script)).await;
    let mut bytes = held.bytes_stream();
    let mut seen = String::new();
    while !seen.contains("content_block_delta") {
        seen.push_str(std::str::from_utf8(&bytes.next().await.unwrap().unwrap()).unwrap());
    }
    assert_eq!(stargate.fake().waiting("streams::last"), 1, "the last delta is not made yet");
    // Meanwhile another stream begins and ends.
    let (_, events) = stargate.stream(&quick, &ask_stream(&json!({"text": "done"}))).await;
    assert_eq!(names(&events).last(), Some(&"message_stop"));
    assert_eq!(stargate.fake().open_streams(), 1);
    stargate.fake().release("streams::last");
    let rest: Vec<_> = bytes.collect().await;
    assert!(rest.iter().all(Result::is_ok));
    assert!(stargate.charged_amount(&slow).await > Money::ZERO);
}

#[tokio::test]
async fn tools_and_thinking_pass_through() {
    let stargate = Stargate::start().await;
    let holder = stargate.free_keyholder().await;
    let script = json!({"thinking": true, "tools": [{"name": "Write", "input": {"file_path": "/tmp/x"}}]});
    let (_, events) = stargate.stream(&holder, &ask_stream(&script)).await;
    let json: String =
        events.iter().filter_map(|event| event.data["delta"]["partial_json"].as_str()).collect();
    assert_eq!(json, r#"{"file_path":"/tmp/x"}"#);
    assert!(events.iter().any(|event| event.data["delta"]["type"] == "signature_delta"));
    let end = events.iter().find(|event| event.name == "message_delta").unwrap();
    assert_eq!(end.data["delta"]["stop_reason"], "tool_use");
}

#[tokio::test]
async fn a_long_stream_keeps_its_leases() {
    // A lease of a second, renewed every quarter of it: the stream outlives its first lease several times.
    let stargate = Stargate::with(&[("STARGATE_LEASE_MS", "1000")]).await;
    let holder = stargate.free_keyholder().await;
    let script = json!({"text": "x", "deltas": 30, "delay_ms": 100, "input_tokens": 10, "output_tokens": 30});
    let body = ask_stream(&script);
    let stream = stargate.stream(&holder, &body);
    let sweeps = async {
        tokio::time::sleep(Duration::from_millis(2500)).await;
        let now = stargate.gateway.clock.now();
        assert_eq!(stargate.gateway.store.sweep(&holder.key, now).await.unwrap(), 0, "nothing is overdue");
    };
    let ((status, events), ()) = tokio::join!(stream, sweeps);
    assert_eq!((status.as_u16(), names(&events).last()), (200, Some(&"message_stop")));
    assert_eq!(stargate.charged_amount(&holder).await, Money::from_pico(10 * 1_000_000 + 30 * 5_000_000));
    assert_eq!(stargate.records().await.pop().unwrap().status, Status::Success);
}

#[tokio::test]
async fn a_lease_that_cannot_be_kept_ends_the_stream() {
    let stargate = Stargate::with(&[("STARGATE_LEASE_MS", "1000")]).await;
    let holder = stargate.free_keyholder().await;
    let script =
        json!({"text": "x", "deltas": 100, "delay_ms": 50, "input_tokens": 10, "output_tokens": 100});
    let body = ask_stream(&script);
    let stream = stargate.stream(&holder, &body);
    let sweep = async {
        // Another process, whose clock is far ahead, takes the holder for dead.
        let ahead = stargate.gateway.clock.now() + Duration::from_secs(60);
        while stargate.gateway.store.sweep(&holder.key, ahead).await.unwrap() == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let ((status, events), ()) = tokio::join!(stream, sweep);
    assert_eq!((status.as_u16(), names(&events).last()), (200, Some(&"error")));
    assert_eq!(stargate.fake().open_streams(), 0, "the upstream was closed");
    // The holder was not dead: its record replaces the sweep's, and every scope is charged what it says.
    stargate.charged_amount(&holder).await;
    assert_eq!(stargate.records().await.pop().unwrap().status, Status::Failure);
}

#[tokio::test]
async fn a_quiet_stream_is_kept_open_by_pings() {
    let stargate = Stargate::start().await;
    let holder = stargate.free_keyholder().await;
    let script = json!({"text": "at last", "deltas": 1, "first_ms": 15_500});
    let (status, events) = stargate.stream(&holder, &ask_stream(&script)).await;
    assert_eq!(status, 200);
    let delta = names(&events).iter().position(|name| *name == "content_block_delta").unwrap();
    assert!(names(&events)[..delta].contains(&"ping"), "{:?}", names(&events));
    assert_eq!(names(&events).last(), Some(&"message_stop"));
}
