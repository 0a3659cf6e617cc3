//! Streams that go well.

use super::*;

#[tokio::test]
async fn says_that_it_is_a_stand_in() {
    let bedrock = Bedrock::start().await;
    let mut stream = bedrock.stream(&asking("what is Rust?")).await.unwrap();
    let mut events = Vec::new();
    while let Some(event) = next(&mut stream).await.unwrap() {
        events.push(event);
    }
    let text = join_deltas(&events, "text");
    assert!(text.contains("scripted Bedrock of the local gateway"), "{text}");
    assert!(text.ends_with("You said: \"what is Rust?\""), "{text}");

    let start = &events[0]["message"];
    let body = asking("what is Rust?").to_string().len();
    assert_eq!(start["model"], "claude-opus-5-5");
    assert_eq!(start["usage"]["input_tokens"], body.div_ceil(4));
    let metrics = &events.last().unwrap()["amazon-bedrock-invocationMetrics"];
    assert_eq!(metrics["inputTokenCount"], body.div_ceil(4));
    assert!(metrics["outputTokenCount"].as_u64().unwrap() > 10);
}

#[tokio::test]
async fn follows_its_script() {
    let bedrock = Bedrock::start().await;
    let (events, broken) = bedrock
        .play(json!({
            "text": "ab >> c", "deltas": 4, "thinking": true, "stop_reason": "stop_sequence",
            "input_tokens": 10, "output_tokens": 20, "cache_read": 30, "cache_write": 40, "cache_write_1h": 50,
        }))
        .await;
    assert!(broken.is_none());
    assert_eq!(
        outline(&events),
        "message_start start delta*4 stop start delta*4 stop message_delta message_stop"
    );
    assert_eq!(join_deltas(&events, "text"), "ab >> c");
    assert!(!join_deltas(&events, "thinking").is_empty() && !join_deltas(&events, "signature").is_empty());
    let end = &events[events.len() - 2];
    assert_eq!(end["delta"]["stop_reason"], "stop_sequence");
    assert_eq!(
        end["usage"],
        json!({
            "input_tokens": 10, "output_tokens": 20, "cache_read_input_tokens": 30, "cache_creation_input_tokens": 90,
            "cache_creation": {"ephemeral_5m_input_tokens": 40, "ephemeral_1h_input_tokens": 50},
        })
    );
}

#[tokio::test]
async fn reports_usage_where_asked() {
    let bedrock = Bedrock::start().await;
    for (at, start, delta, stop) in [
        ("both", true, true, true),
        ("start", true, false, false),
        ("stop", false, false, true),
        ("none", false, false, false),
    ] {
        let (events, _) = bedrock.play(json!({"usage_at": at})).await;
        let (first, last) = (&events[0], &events[events.len() - 1]);
        let got = (
            first["message"].get("usage").is_some(),
            events[events.len() - 2].get("usage").is_some(),
            last.get("amazon-bedrock-invocationMetrics").is_some(),
        );
        assert_eq!(got, (start, delta, stop), "{at}");
    }
}

#[tokio::test]
async fn never_reports_more_than_max_tokens() {
    let bedrock = Bedrock::start().await;
    let (events, _) = bedrock.play(json!({"output_tokens": 5000})).await;
    let end = &events[events.len() - 2];
    assert_eq!(end["usage"]["output_tokens"], 1000);
    assert_eq!(end["delta"]["stop_reason"], "max_tokens");
}

#[tokio::test]
async fn calls_tools_and_then_speaks() {
    let bedrock = Bedrock::start().await;
    let input = json!({"command": "echo a long enough input"});
    let script = json!({"tools": [{"name": "Bash", "input": input}, {"name": "Now"}], "text": "done"});
    let (events, _) = bedrock.play(script.clone()).await;
    let start = &events[1]["content_block"];
    assert_eq!((&start["type"], &start["name"]), (&json!("tool_use"), &json!("Bash")));
    let first: Vec<Value> = events.iter().filter(|event| event["index"] == 0).cloned().collect();
    assert_eq!(join_deltas(&first, "partial_json"), input.to_string());
    assert_eq!(events[events.len() - 2]["delta"]["stop_reason"], "tool_use");

    let mut body = scripted_body(&script);
    let id = start["id"].clone();
    let turns = body["messages"].as_array_mut().unwrap();
    turns.push(json!({"role": "assistant", "content": [{"type": "tool_use", "id": id, "name": "Bash", "input": input}]}));
    turns.push(
        json!({"role": "user", "content": [{"type": "tool_result", "tool_use_id": id, "content": "ok"}]}),
    );
    let mut stream = bedrock.stream(&body).await.unwrap();
    let mut events = Vec::new();
    while let Some(event) = next(&mut stream).await.unwrap() {
        events.push(event);
    }
    assert_eq!(join_deltas(&events, "text"), "done");
    assert_eq!(events[events.len() - 2]["delta"]["stop_reason"], "end_turn");
}

#[tokio::test]
async fn one_stream_does_not_wait_for_another() {
    let bedrock = Bedrock::start().await;
    let held = json!({"text": "abc", "deltas": 3, "gate": "g"});
    let mut slow = bedrock.stream(&scripted_body(&held)).await.unwrap();
    for _ in 0..4 {
        next(&mut slow).await.unwrap(); // start, block start, and two deltas arrive before the third is made
    }
    bedrock.wait_until(|fake| fake.waiting("g") == 1).await;
    assert_eq!((bedrock.fake.deltas_made(), bedrock.fake.open_streams()), (2, 1));

    let (events, _) = bedrock.play(json!({"text": "x", "deltas": 1})).await;
    assert_eq!(join_deltas(&events, "text"), "x");

    bedrock.fake.release("g");
    let last = next(&mut slow).await.unwrap().unwrap();
    assert_eq!(last["delta"]["text"], "c");
}

#[tokio::test]
async fn sees_that_the_client_went_away() {
    let bedrock = Bedrock::start().await;
    let mut stream = bedrock.stream(&scripted_body(&json!({"silence_after": 1}))).await.unwrap();
    next(&mut stream).await.unwrap();
    assert_eq!(bedrock.fake.open_streams(), 1);
    drop(stream);
    bedrock.wait_until(|fake| fake.open_streams() == 0).await;
}
