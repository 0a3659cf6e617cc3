use std::fs;

use super::*;

/// Whole requests, from `requests/`, for the model that each names.
#[test]
fn requests_become_converse() {
    for name in ["agent", "media", "effort", "schema", "schema_by_tool"] {
        let path = format!("{}/src/formats/openai/tests/requests/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let request = fs::read_to_string(path).unwrap();
        let fields: Value = serde_json::from_str(&request).unwrap();
        let said = bedrock_body(fields["model"].as_str().unwrap(), &request).unwrap();
        insta::assert_snapshot!(name, serde_json::to_string_pretty(&said).unwrap());
    }
}

/// What is large is copied as the client spelled it.
#[test]
fn texts_and_arguments_pass_byte_for_byte() {
    let request = r#"{"model":"m","messages":[{"role":"user","content":"\u00e8 \/ 1.50"},
        {"role":"assistant","tool_calls":[{"id":"t","function":{"name":"f","arguments":"{ \"n\": 1.50}"}}]}],
        "tools":[{"function":{"name":"f","parameters":{ "type" : "object" }}}]}"#;
    let chat = Chat::parse(request.as_bytes()).unwrap();
    let said = chat.to_bedrock(model("claude-haiku-4-5"), 1).unwrap().body;
    let said = String::from_utf8(said).unwrap();
    for piece in
        [r#"{"text":"\u00e8 \/ 1.50"}"#, r#""input":{ "n": 1.50}"#, r#"{"json":{ "type" : "object" }}"#]
    {
        assert!(said.contains(piece), "{said}");
    }
}

/// The part at `pointer` of what is sent to `model` for a request with these fields.
pub fn part(model: &str, fields: &Value, pointer: &str) -> Value {
    bedrock_body(model, &request_with(fields)).unwrap().pointer(pointer).cloned().unwrap_or_default()
}

#[test]
fn how_the_answer_is_drawn() {
    let claude = "claude-haiku-4-5";
    for (fields, pointer, want) in [
        (json!({}), "", json!({"maxTokens": 16384})),
        (json!({"max_tokens": 5}), "/maxTokens", json!(5)),
        (json!({"max_tokens": 5, "max_completion_tokens": 7}), "/maxTokens", json!(7)),
        (json!({"max_tokens": 5, "max_completion_tokens": null}), "/maxTokens", json!(5)),
        (json!({"temperature": 0.3}), "/temperature", json!(0.3)),
        (json!({"temperature": 1.7}), "/temperature", json!(1)),
        (json!({"top_p": 0.25}), "/topP", json!(0.25)),
        (json!({"stop": "END"}), "/stopSequences", json!(["END"])),
        (json!({"stop": ["a", " b"]}), "/stopSequences", json!(["a", " b"])),
        (json!({"stop": []}), "/stopSequences", Value::Null),
    ] {
        assert_eq!(part(claude, &fields, &format!("/inferenceConfig{pointer}")), want, "{fields}");
    }
    assert_eq!(part("nova-lite", &json!({}), "/inferenceConfig/maxTokens"), json!(10_000));
}

#[test]
fn turns_alternate_and_hold_nothing_blank() {
    let user = |text: &str| json!({"role": "user", "content": text});
    let call = json!({"id": "t1", "type": "function", "function": {"name": "f", "arguments": ""}});
    let assistant = json!({"role": "assistant", "content": null, "tool_calls": [call]});
    let result = json!({"role": "tool", "tool_call_id": "t1", "content": ""});
    let sent = |text: &str| json!({"role": "user", "content": [{"text": text}]});
    let tool_use = json!({"toolUse": {"toolUseId": "t1", "name": "f", "input": {}}});
    let tool_result = json!({"toolResult": {"toolUseId": "t1", "content": []}});
    for (messages, want) in [
        (json!([user("a"), user("b")]), json!([{"role": "user", "content": [{"text": "a"}, {"text": "b"}]}])),
        (json!([user(""), user(" "), user("\n\t"), user("\nx")]), json!([sent("\nx")])),
        (json!([user("a"), {"role": "assistant", "content": ""}]), json!([sent("a")])),
        (
            json!([user("a"), assistant, result, user("b")]),
            json!([
                sent("a"),
                {"role": "assistant", "content": [tool_use]},
                {"role": "user", "content": [tool_result, {"text": "b"}]},
            ]),
        ),
        (
            json!([user("a"), {"role": "assistant", "content": "x"}, assistant]),
            json!([sent("a"), {"role": "assistant", "content": [{"text": "x"}, tool_use]}]),
        ),
        (
            json!([user("a"), {"role": "assistant", "content": [
                {"type": "text", "text": "x"}, {"type": "refusal", "refusal": "no"}]}]),
            json!([sent("a"), {"role": "assistant", "content": [{"text": "x"}, {"text": "no"}]}]),
        ),
    ] {
        assert_eq!(part("claude-haiku-4-5", &json!({"messages": messages}), "/messages"), want, "{messages}");
    }
}

#[test]
fn cache_points_are_what_the_model_takes() {
    let hour = json!({"type": "ephemeral", "ttl": "1h"});
    let text = json!({"type": "text", "text": "x", "cache_control": hour});
    let fields = json!({"messages": [
        {"role": "system", "content": "s", "cache_control": {"type": "ephemeral"}},
        {"role": "user", "content": [text], "cache_control": {"type": "ephemeral"}},
        {"role": "user", "content": "", "cache_control": hour},
        {"role": "tool", "tool_call_id": "t", "content": [text]},
    ], "tools": [{"type": "function", "cache_control": hour, "function": {"name": "f"}}]});
    for (model, point, hour) in [
        ("claude-haiku-4-5", Some(json!({"type": "default"})), Some(json!({"type": "default", "ttl": "1h"}))),
        ("claude-opus-4", Some(json!({"type": "default"})), Some(json!({"type": "default"}))),
        ("nova-lite", Some(json!({"type": "default"})), Some(json!({"type": "default"}))),
        ("llama3-1-70b-instruct", None, None),
    ] {
        let after = |block: Value, point: &Option<Value>| {
            let point = point.iter().map(|point| json!({"cachePoint": point}));
            std::iter::once(block).chain(point).collect::<Vec<_>>()
        };
        let result = json!({"toolResult": {"toolUseId": "t", "content": [{"text": "x"}]}});
        let said = bedrock_body(model, &request_with(&fields)).unwrap();
        assert_eq!(said["system"], json!(after(json!({"text": "s"}), &point)), "{model}");
        let content = [after(json!({"text": "x"}), &hour), after(result, &hour)].concat();
        assert_eq!(said["messages"], json!([{"role": "user", "content": content}]), "{model}");
        let tools = hour.iter().filter(|_| model.starts_with("claude"));
        let tools: Vec<_> = tools.map(|point| json!({"cachePoint": point})).collect();
        assert_eq!(said["toolConfig"]["tools"].as_array().unwrap()[1..], tools, "{model}");
    }
}

#[test]
fn what_asks_for_nothing_is_taken() {
    let plain = bedrock_body("claude-haiku-4-5", &request_with(&json!({}))).unwrap();
    let fields = json!({
        "n": 1, "logprobs": false, "top_logprobs": 0, "logit_bias": {}, "frequency_penalty": 0.0,
        "presence_penalty": 0, "modalities": ["text"], "store": false, "service_tier": "auto", "audio": null,
        "functions": null, "user": "u", "metadata": {"a": 1}, "seed": 7, "safety_identifier": "x",
        "prompt_cache_key": "k", "verbosity": "low", "what_is_this": [1], "tools": null, "tool_choice": null,
        "stop": null, "temperature": null, "response_format": null, "reasoning_effort": null, "thinking": null,
        "stream": null, "stream_options": null, "parallel_tool_calls": null,
    });
    assert_eq!(bedrock_body("claude-haiku-4-5", &request_with(&fields)).unwrap(), plain);
}

#[test]
fn what_is_streamed_and_counted() {
    for (fields, streams, counts) in [
        (json!({}), false, false),
        (json!({"stream": true}), true, false),
        (json!({"stream": true, "stream_options": {}}), true, false),
        (json!({"stream": true, "stream_options": {"include_usage": true}}), true, true),
    ] {
        let request = request_with(&fields);
        let chat = Chat::parse(request.as_bytes()).unwrap();
        assert_eq!((chat.model(), chat.streams(), chat.include_usage), ("m", streams, counts), "{fields}");
    }
}

#[test]
fn our_own_json_is_json() {
    for json in ["1", "{}", r#"{"type":"object"}"#, r#"{"type":"object","properties":{}}"#] {
        assert_eq!(read::static_json(json).get(), json);
    }
}
