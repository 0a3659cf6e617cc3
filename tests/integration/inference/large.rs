//! Bodies with too many elements: refused by name before anything takes them apart, on every route.

use serde_json::{Value, json};
use tests::gateway::Stargate;

const TOO_MANY_TOOLS: usize = 10_001;

#[tokio::test]
async fn a_list_that_is_too_long_is_refused_on_every_route() {
    let stargate = Stargate::start().await;
    let holder = stargate.free_keyholder().await;
    let many = |element: Value, count: usize| Value::from(vec![element; count]);
    let user = json!([{"role": "user", "content": "hi"}]);
    let tools = many(json!({}), TOO_MANY_TOOLS);
    let blocks = json!([{"role": "user", "content": many(json!({}), 200_001)}]);
    let messages = many(json!({}), 100_001);
    let settings = many(json!({}), 10_001);
    let converse = json!([{"role": "user", "content": [{"text": "hi"}]}]);
    for (path, body, field) in [
        (
            "/v1/messages",
            json!({"model": "claude-haiku-4-5", "max_tokens": 9, "messages": user, "tools": tools}),
            "tools",
        ),
        (
            "/v1/messages",
            json!({"model": "nova-lite", "max_tokens": 9, "messages": user, "tools": tools}),
            "tools",
        ),
        (
            "/v1/messages",
            json!({"model": "claude-haiku-4-5", "max_tokens": 9, "messages": messages}),
            "messages",
        ),
        (
            "/v1/messages",
            json!({"model": "claude-haiku-4-5", "max_tokens": 9, "messages": blocks}),
            "messages",
        ),
        (
            "/v1/messages/count_tokens",
            json!({"model": "claude-haiku-4-5", "messages": user, "tools": tools}),
            "tools",
        ),
        (
            "/v1/chat/completions",
            json!({"model": "claude-haiku-4-5", "messages": user, "tools": tools}),
            "tools",
        ),
        ("/v1/chat/completions", json!({"model": "nova-lite", "messages": messages}), "messages"),
        (
            "/bedrock/model/nova-lite/converse",
            json!({"messages": [], "toolConfig": {"tools": tools}}),
            "toolConfig",
        ),
        ("/bedrock/model/nova-lite/invoke", json!({"messages": [], "tools": tools}), "tools"),
        (
            "/bedrock/model/claude-haiku-4-5/invoke",
            json!({"max_tokens": 9, "messages": user, "tools": tools}),
            "tools",
        ),
        (
            "/v1/messages",
            json!({"model": "claude-haiku-4-5", "max_tokens": 9, "messages": user, "thinking": {"a": settings}}),
            "thinking",
        ),
        (
            "/v1/messages/count_tokens",
            json!({"model": "claude-haiku-4-5", "messages": user, "metadata": {"a": {"b": settings}}}),
            "metadata",
        ),
        (
            "/v1/chat/completions",
            json!({"model": "nova-lite", "messages": user, "response_format": {"a": settings}}),
            "response_format",
        ),
        (
            "/bedrock/model/nova-lite/converse",
            json!({"messages": converse, "additionalModelRequestFields": {"reasoningConfig": settings}}),
            "additionalModelRequestFields",
        ),
        (
            "/bedrock/model/nova-lite/invoke",
            json!({"messages": converse, "inferenceConfig": {"a": {"b": settings}}}),
            "inferenceConfig",
        ),
    ] {
        let response = stargate.post(path, &holder.secret).json(&body).send().await.unwrap();
        assert_eq!(response.status(), 400, "{path} {field}");
        let told: Value = response.json().await.unwrap();
        let message = told["message"].as_str().or_else(|| told["error"]["message"].as_str()).unwrap();
        assert!(message.starts_with(&format!("{field}: must have at most ")), "{path}: {message}");
    }
    assert_eq!(stargate.fake().count(), 0);
    assert_eq!(stargate.records().await.len(), 0, "nothing was reserved");
}
