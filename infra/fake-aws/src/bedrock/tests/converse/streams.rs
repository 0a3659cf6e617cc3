//! Streams that go well.

use super::super::super::FakeOperation;
use super::*;

#[tokio::test]
async fn follows_its_script() {
    let bedrock = Bedrock::start().await;
    let (events, broken) = bedrock
        .play_converse(json!({
            "text": "ab >> c", "deltas": 4, "thinking": true, "stop_reason": "stop_sequence",
            "input_tokens": 10, "output_tokens": 20, "cache_read": 30, "cache_write": 40, "cache_write_1h": 50,
        }))
        .await;
    assert!(broken.is_none(), "{broken:?}");
    assert_eq!(words(&events), "message_start delta*4 stop delta*4 stop message_stop metadata");
    let [reasoning, signature, text, _] = parts(&events);
    assert_eq!(text, "ab >> c");
    assert!(!reasoning.is_empty() && !signature.is_empty());
    assert_eq!(stop_reason(&events), "stop_sequence");
    let indexes: Vec<i32> = events
        .iter()
        .filter_map(|event| event.as_content_block_stop().ok())
        .map(|stop| stop.content_block_index)
        .collect();
    assert_eq!(indexes, [0, 1]);

    let metadata = events.last().unwrap().as_metadata().unwrap();
    let usage = metadata.usage.as_ref().unwrap();
    assert_eq!((usage.input_tokens, usage.output_tokens, usage.total_tokens), (10, 20, 150));
    assert_eq!((usage.cache_read_input_tokens, usage.cache_write_input_tokens), (Some(30), Some(90)));
    let details: Vec<(&str, i32)> =
        usage.cache_details().iter().map(|detail| (detail.ttl.as_str(), detail.input_tokens)).collect();
    assert_eq!(details, [("1h", 50), ("5m", 40)]);
    assert_eq!(metadata.metrics.as_ref().unwrap().latency_ms, 1);
}

#[tokio::test]
async fn echoes_and_keeps_what_arrived() {
    let bedrock = Bedrock::start().await;
    let output =
        bedrock.converse_stream(ContentBlock::Text("what is Rust?".to_owned())).send().await.unwrap();
    let (events, _) = all(output).await;
    assert!(parts(&events)[2].ends_with("You said: \"what is Rust?\""));
    assert_eq!(stop_reason(&events), "end_turn");

    let received = bedrock.fake.requests().remove(0);
    assert_eq!((received.operation, received.model.as_str()), (FakeOperation::ConverseStream, NOVA));
    let usage = events.last().unwrap().as_metadata().unwrap().usage.clone().unwrap();
    assert_eq!(usize::try_from(usage.input_tokens).unwrap(), received.body.len().div_ceil(4));
    assert!(usage.cache_details().is_empty());
}

#[tokio::test]
async fn reports_usage_where_asked() {
    let bedrock = Bedrock::start().await;
    for (at, reported) in [("both", true), ("start", false), ("stop", true), ("none", false)] {
        let (events, _) = bedrock.play_converse(json!({"usage_at": at})).await;
        assert_eq!(word(events.last().unwrap()) == "metadata", reported, "{at}");
        let whole = bedrock.converse(directive(&json!({"usage_at": at}))).send().await.unwrap();
        // The SDK puts zeros where the service says nothing.
        assert_eq!(whole.usage.unwrap().total_tokens > 0, reported, "{at}");
    }
}

#[tokio::test]
async fn never_reports_more_than_max_tokens() {
    let bedrock = Bedrock::start().await;
    let config = aws_sdk_bedrockruntime::types::InferenceConfiguration::builder().max_tokens(7).build();
    for (config, output, reason) in [(Some(config), 7, "max_tokens"), (None, 5000, "end_turn")] {
        let request = bedrock.converse_stream(directive(&json!({"output_tokens": 5000})));
        let (events, _) = all(request.set_inference_config(config).send().await.unwrap()).await;
        let usage = events.last().unwrap().as_metadata().unwrap().usage.clone().unwrap();
        assert_eq!((usage.output_tokens, stop_reason(&events).as_str()), (output, reason));
    }
}

#[tokio::test]
async fn calls_tools_and_then_speaks() {
    let bedrock = Bedrock::start().await;
    let input = json!({"command": "echo a long enough input"});
    let script = json!({"tools": [{"name": "Bash", "input": input}, {"name": "Now"}], "text": "done"});
    let (events, _) = bedrock.play_converse(script.clone()).await;
    assert_eq!(words(&events), "message_start start delta*4 stop start delta*2 stop message_stop metadata");
    let start = events[1].as_content_block_start().unwrap();
    let call = start.start.as_ref().unwrap().as_tool_use().unwrap();
    assert_eq!((start.content_block_index, call.name.as_str()), (0, "Bash"));
    assert_eq!(parts(&events)[3], format!("{input}{{}}"));
    assert_eq!(stop_reason(&events), "tool_use");

    let called = ToolUseBlock::builder().tool_use_id(call.tool_use_id.clone()).name("Bash");
    let called = called.input(Document::Object([].into())).build().unwrap();
    let result = ToolResultBlock::builder().tool_use_id(call.tool_use_id.clone());
    let result = result.content(ToolResultContentBlock::Text("ok".to_owned())).build().unwrap();
    let request = bedrock.converse_stream(directive(&script)).tool_config(tools());
    let request = request
        .messages(message_of(ConversationRole::Assistant, ContentBlock::ToolUse(called)))
        .messages(user(ContentBlock::ToolResult(result)));
    let (events, _) = all(request.send().await.unwrap()).await;
    assert_eq!((parts(&events)[2].as_str(), stop_reason(&events).as_str()), ("done", "end_turn"));
}

#[tokio::test]
async fn waits_at_its_gate() {
    let bedrock = Bedrock::start().await;
    let script = json!({"text": "abc", "deltas": 3, "gate": "g"});
    let mut output = bedrock.converse_stream(directive(&script)).send().await.unwrap();
    for _ in 0..3 {
        output.stream.recv().await.unwrap(); // the start, and two deltas
    }
    bedrock.wait_until(|fake| fake.waiting("g") == 1).await;
    assert_eq!((bedrock.fake.deltas_made(), bedrock.fake.open_streams()), (2, 1));
    bedrock.fake.release("g");
    let (rest, _) = all(output).await;
    assert_eq!((parts(&rest)[2].as_str(), words(&rest).as_str()), ("c", "delta stop message_stop metadata"));
}
