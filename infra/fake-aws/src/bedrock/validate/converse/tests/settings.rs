//! Tools, and everything beside the conversation.

use super::*;

#[test]
fn refuses_bad_tools() {
    let with = |field: &str, value: Value| {
        let mut config = tools();
        config["tools"][0]["toolSpec"][field] = value;
        config
    };
    let choosing = |choice: Value| {
        let mut config = tools();
        config["toolChoice"] = choice;
        config
    };
    for (config, why) in [
        (json!({}), "Value null at 'toolConfig.tools'"),
        (json!({"tools": []}), "length greater than or equal to 1"),
        (json!({"tools": [{"name": "now"}]}), "extraneous key [name]"),
        (with("name", json!("a.b")), "pattern: [a-zA-Z0-9_-]+"),
        (with("description", json!("")), "at 'toolConfig.tools.0.toolSpec.description'"),
        (with("strict", json!("yes")), "expected type: Boolean"),
        (with("inputSchema", json!({"type": "object"})), "extraneous key [type]"),
        (
            with("inputSchema", json!({"json": {}})),
            "The value at toolConfig.tools.0.toolSpec.inputSchema.json.type must be one of the following: object.",
        ),
        (with("inputSchema", json!({"json": {"type": "array"}})), "must be one of the following: object."),
        (choosing(json!("auto")), "expected type: JSONObject, found: String"),
        (choosing(json!({"none": {}})), "extraneous key [none]"),
        (choosing(json!({"any": {"name": "now"}})), "extraneous key [name]"),
        (choosing(json!({"tool": {"name": "then"}})), "does not match the name of any tool provided"),
    ] {
        refuses(json!({"toolConfig": config}), why);
    }
}

#[test]
fn refuses_bad_settings() {
    let metadata = |count: usize| -> Value { (0..count).map(|at| (at.to_string(), json!("a"))).collect() };
    for (change, why) in [
        (json!({"inferenceConfig": {"maxTokens": 0}}), "value greater than or equal to 1"),
        (json!({"inferenceConfig": {"maxTokens": 1.5}}), "expected type: Integer"),
        (json!({"inferenceConfig": {"temperature": 1.1}}), "Value '1.1' at 'inferenceConfig.temperature'"),
        (json!({"inferenceConfig": {"temperature": "1"}}), "expected type: Number"),
        (json!({"inferenceConfig": {"topP": -0.1}}), "value greater than or equal to 0"),
        (json!({"inferenceConfig": {"topK": 1}}), "extraneous key [topK]"),
        (json!({"inferenceConfig": {"stopSequences": [""]}}), "length greater than or equal to 1"),
        (json!({"system": "a"}), "expected type: JSONArray"),
        (json!({"system": [{"text": ""}]}), "in the SystemContentBlock object at system.0 is blank"),
        (json!({"system": [{"image": {}}]}), "extraneous key [image]"),
        (json!({"requestMetadata": metadata(17)}), "length less than or equal to 16"),
        (json!({"requestMetadata": {"a": 1}}), "expected type: String"),
        (json!({"requestMetadata": {"a": "b".repeat(257)}}), "length less than or equal to 256"),
        (json!({"requestMetadata": {"a".repeat(257): "b"}}), "length less than or equal to 256"),
        (json!({"requestMetadata": {"": "b"}}), "length greater than or equal to 1"),
        (json!({"requestMetadata": {"a": "{}"}}), "regular expression pattern"),
        (json!({"guardrailConfig": {"guardrailVersion": "1"}}), "guardrailConfig.guardrailIdentifier'"),
        (json!({"guardrailConfig": {"guardrailIdentifier": "a"}}), "guardrailConfig.guardrailVersion'"),
        (
            json!({"guardrailConfig": {"guardrailIdentifier": "a", "guardrailVersion": "1", "trace": "on"}}),
            "[enabled, disabled, enabled_full]",
        ),
        (json!({"promptVariables": {"a": "b"}}), "expected type: JSONObject"),
        (json!({"performanceConfig": {"latency": "fast"}}), "[standard, optimized]"),
        (json!({"serviceTier": {"type": "auto"}}), "[priority, default, flex, reserved]"),
        (json!({"serviceTier": "flex"}), "expected type: JSONObject"),
        (json!({"additionalModelRequestFields": []}), "expected type: JSONObject"),
        (json!({"additionalModelResponseFieldPaths": "/a"}), "expected type: JSONArray"),
        (json!({"outputConfig": {"effort": "none"}}), "[low, medium, high, xhigh, max]"),
        (json!({"outputConfig": {"textFormat": {"type": "json"}}}), "[json_schema]"),
        (
            json!({"outputConfig": {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": {}}}}}}),
            "expected type: String, found: JSONObject",
        ),
        (
            json!({"outputConfig": {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": "{"}}}}}),
            "is not a valid JSON schema",
        ),
        (
            json!({"outputConfig": {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": "[]"}}}}}),
            "is not a valid JSON schema",
        ),
    ] {
        refuses(change, why);
    }
}

#[test]
fn takes_no_schema_for_amazons_models() {
    let structure = json!({"jsonSchema": {"schema": "{}"}});
    let asks = json!({"outputConfig": {"textFormat": {"type": "json_schema", "structure": structure}}});
    assert_eq!(refusal_of(CLAUDE, &asks), None);
    let why = refusal_of("us.amazon.nova-pro-v1:0", &asks);
    assert!(why.is_some_and(|why| why.contains("outputConfig.textFormat")));
}

#[test]
fn takes_of_claude_only_what_claude_knows() {
    let other = json!({"additionalModelRequestFields": {"top_k": 5, "inferenceConfig": {}}});
    assert_eq!(
        refusal_of(CLAUDE, &other).as_deref(),
        Some("The model returned the following errors: inferenceConfig: Extra inputs are not permitted")
    );
    let known = json!({"additionalModelRequestFields": {
        "thinking": {"type": "adaptive"}, "anthropic_beta": [], "output_config": {}, "tool_choice": {}, "top_k": 5,
    }});
    for (model, change) in [(OTHER, other), (CLAUDE, known)] {
        assert_eq!(refusal_of(model, &change), None, "{model}");
    }
}
