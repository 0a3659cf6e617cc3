mod conversation;
mod settings;

use serde_json::json;

use super::*;

const OTHER: &str = "deepseek.v3.2";
const CLAUDE: &str = "us.anthropic.claude-opus-5-5";

/// Why the smallest good body is refused once some fields are set; `null` takes a field out.
fn refusal_of(model: &str, change: &Value) -> Option<String> {
    let mut body = json!({"messages": [{"role": "user", "content": [{"text": "hi"}]}]});
    for (field, value) in change.as_object().unwrap() {
        match value {
            Value::Null => drop(body.as_object_mut().unwrap().remove(field)),
            value => body[field] = value.clone(),
        }
    }
    check(model, body.as_object().unwrap().clone()).err().map(|refusal| refusal.message)
}

fn refuses(change: Value, why: &str) {
    let got = refusal_of(OTHER, &change).unwrap_or_default();
    assert!(got.contains(why), "{change}\n got: {got}\nwant: {why}");
}

fn user(content: Value) -> Value {
    json!({"role": "user", "content": content})
}

fn assistant(content: Value) -> Value {
    json!({"role": "assistant", "content": content})
}

fn call(id: &str) -> Value {
    json!({"toolUse": {"toolUseId": id, "name": "now", "input": {}}})
}

fn result(id: &str) -> Value {
    json!({"toolResult": {"toolUseId": id, "content": [{"text": "noon"}]}})
}

fn tools() -> Value {
    json!({"tools": [{"toolSpec": {"name": "now", "inputSchema": {"json": {"type": "object"}}}}]})
}

#[test]
fn refuses_unknown_and_missing_fields() {
    refuses(
        json!({"stream": true}),
        "Malformed input request: extraneous key [stream] is not permitted, please reformat your input and try again.",
    );
    refuses(json!({"messages": null}), "Value null at 'messages' failed to satisfy constraint");
    refuses(json!({"messages": {}}), "#/messages: expected type: JSONArray, found: JSONObject");
    let extra = json!([{"role": "user", "content": [{"text": "a"}], "name": "b"}]);
    refuses(json!({"messages": extra}), "#/messages/0: extraneous key [name] is not permitted");
    let fields = json!({"inferenceConfig": {}, "messages": [user(json!([{"text": "hi"}]))]});
    let counted = check_counted(OTHER, fields.as_object().unwrap().clone());
    assert!(counted.is_err_and(|refusal| refusal.message.contains("extraneous key [inferenceConfig]")));
}

#[test]
fn takes_a_body_with_everything() {
    let source = json!({"bytes": "AAAA"});
    let asked = json!([
        {"text": "a"}, {"image": {"format": "png", "source": source}},
        {"image": {"format": "webp", "source": {"s3Location": {"uri": "s3://a/b", "bucketOwner": "1"}}}},
        {"document": {"format": "md", "name": "a (1) [b]-c", "source": {"text": "x"}, "citations": {"enabled": true}}},
        {"document": {"name": "a", "source": {"content": [{"text": "x"}]}, "context": "y"}},
        {"video": {"format": "mp4", "source": source}}, {"audio": {"format": "mp3", "source": source}},
        {"guardContent": {"text": {"text": "a", "qualifiers": ["query"]}}},
        {"searchResult": {"source": "a", "title": "b", "content": [{"text": "c"}]}},
        {"cachePoint": {"type": "default", "ttl": "1h"}},
    ]);
    let answered = json!([
        {"reasoningContent": {"reasoningText": {"text": "a", "signature": "b"}}},
        {"reasoningContent": {"redactedContent": "AAAA"}},
        {"citationsContent": {"content": [{"text": "a"}], "citations": [{"title": "b"}]}},
        call("a"), call("b"),
    ]);
    let results = json!([
        {"toolResult": {"toolUseId": "b", "content": [{"text": ""}, {"json": {}}], "status": "error"}},
        {"toolResult": {"toolUseId": "a", "content": []}},
    ]);
    let body = json!({
        "messages": [user(asked), assistant(answered), user(results), assistant(json!([{"text": "so"}]))],
        "system": [{"text": "s"}, {"guardContent": {"text": {"text": "g"}}}, {"cachePoint": {"type": "default"}}],
        "inferenceConfig": {"maxTokens": 1, "temperature": 1, "topP": 0.0, "stopSequences": ["x"]},
        "toolConfig": {
            "tools": [
                {"toolSpec": {
                    "name": "now", "description": "d", "strict": true, "inputSchema": {"json": {"type": "object"}},
                }},
                {"cachePoint": {"type": "default"}},
            ],
            "toolChoice": {"tool": {"name": "now"}},
        },
        "guardrailConfig": {
            "guardrailIdentifier": "a", "guardrailVersion": "1", "trace": "enabled", "streamProcessingMode": "sync",
        },
        "additionalModelResponseFieldPaths": ["/a"],
        "promptVariables": {"a": {"text": "b"}},
        "requestMetadata": {"team": "a b_@$#=/+,-.:1"},
        "performanceConfig": {"latency": "optimized"},
        "serviceTier": {"type": "reserved"},
        "outputConfig": {
            "effort": "low",
            "textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": "{}", "name": "n"}}},
        },
    });
    assert_eq!(refusal_of(OTHER, &body), None);
    assert_eq!(
        check(OTHER, body.as_object().unwrap().clone()).map(|body| body.max_tokens()).unwrap(),
        Some(1)
    );
}
