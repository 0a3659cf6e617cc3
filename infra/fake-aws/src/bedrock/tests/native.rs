//! Models of other makers, in their own formats.

use aws_sdk_bedrockruntime::error::ProvideErrorMetadata;
use tower::ServiceExt;

use super::*;

const LLAMA: &str = "us.meta.llama3-1-8b-instruct-v1:0";

impl Bedrock {
    async fn native(&self, body: &Value) -> Vec<Value> {
        let request = self.sdk.invoke_model_with_response_stream().model_id(LLAMA);
        let mut stream = request.body(Blob::new(body.to_string())).send().await.unwrap();
        let mut events = Vec::new();
        while let Some(event) = next(&mut stream).await.unwrap() {
            events.push(event);
        }
        events
    }
}

#[tokio::test]
async fn answers_in_one_piece() {
    let bedrock = Bedrock::start().await;
    let script = json!({"text": "hi", "input_tokens": 7, "output_tokens": 3, "cache_read": 2});
    let body = json!({"prompt": format!("please <<fake {script}>>"), "max_gen_len": 5});
    let request = bedrock.sdk.invoke_model().model_id(LLAMA).body(Blob::new(body.to_string()));
    let response = request.send().await.unwrap();
    let response: Value = serde_json::from_slice(response.body.as_ref()).unwrap();
    assert_eq!(response, json!({"generation": "hi", "stop_reason": "stop"}));
}

/// The SDK's answer does not show the headers.
#[tokio::test]
async fn counts_in_the_head_of_a_whole_answer() {
    let fake = FakeBedrock::instant();
    for (at, counted) in [("both", true), ("start", false)] {
        let script =
            json!({"input_tokens": 7, "output_tokens": 3, "cache_read": 2, "cache_write": 4, "usage_at": at});
        let body = json!({"prompt": format!("<<fake {script}>>")}).to_string();
        let request =
            http::Request::post(format!("/model/{LLAMA}/invoke")).body(axum::body::Body::from(body)).unwrap();
        let head = fake.router().oneshot(request).await.unwrap().into_parts().0;
        let counts: Vec<Option<&str>> = ["input", "output", "cache-read-input", "cache-write-input"]
            .iter()
            .map(|what| head.headers.get(format!("x-amzn-bedrock-{what}-token-count"))?.to_str().ok())
            .collect();
        let want = if counted { ["7", "3", "2", "4"].map(Some) } else { [None; 4] };
        assert_eq!(counts, want, "{at}");
    }
}

#[tokio::test]
async fn streams_and_counts_in_the_last_chunk() {
    let bedrock = Bedrock::start().await;
    let script = json!({"text": "abc", "deltas": 3, "output_tokens": 9, "stop_reason": "length"});
    let events = bedrock.native(&json!({"prompt": format!("<<fake {script}>>")})).await;
    let pieces: Vec<&Value> = events.iter().map(|event| &event["generation"]).collect();
    assert_eq!(pieces, ["a", "b", "c", ""]);
    let last = events.last().unwrap();
    assert_eq!(
        (&last["stop_reason"], last["amazon-bedrock-invocationMetrics"]["outputTokenCount"].as_u64()),
        (&json!("length"), Some(9))
    );
    assert!(events.iter().rev().skip(1).all(|event| event.as_object().unwrap().len() == 1));

    let script = json!({"deltas": 2, "usage_at": "none"});
    let events = bedrock.native(&json!({"prompt": format!("<<fake {script}>>")})).await;
    assert_eq!((events.len(), events[2].get("amazon-bedrock-invocationMetrics")), (3, None));
}

#[tokio::test]
async fn finds_its_script_in_any_text() {
    let bedrock = Bedrock::start().await;
    let says = |text: &str| format!("<<fake {}>>", json!({"text": text, "deltas": 1}));
    for (body, text) in [
        (json!({"a": {"b": ["x", {"c": says("1")}]}}), "1"),
        (json!({"a": [says("1"), "x", [says("2")], "y"]}), "2"),
        (json!({"a": "x", "z": "so"}), "You said: \"so\""),
    ] {
        let events = bedrock.native(&body).await;
        let spoken: String = events.iter().filter_map(|event| event["generation"].as_str()).collect();
        assert!(spoken.ends_with(text), "{body}: {spoken}");
    }
}

#[tokio::test]
async fn refuses_what_is_no_object() {
    let bedrock = Bedrock::start().await;
    for (model, body, why) in
        [(LLAMA, "[]", "Malformed input request"), (MODEL, "{}", "anthropic_version: Field required")]
    {
        let request = bedrock.sdk.invoke_model().model_id(model).body(Blob::new(body));
        let error = request.send().await.unwrap_err();
        assert!(error.message().unwrap().starts_with(why), "{error:?}");
    }
}
