use super::*;

#[test]
fn sampling_and_stops_pass() {
    for (body, want) in [
        (json!({}), json!({"maxTokens": 4096})),
        (
            json!({"temperature": 0.5, "top_p": 1, "top_k": 5, "stop_sequences": ["a", " \n", ""]}),
            json!({"maxTokens": 4096, "temperature": 0.5, "topP": 1, "stopSequences": ["a"]}),
        ),
        (json!({"temperature": null, "stop_sequences": null}), json!({"maxTokens": 4096})),
    ] {
        assert_eq!(converse_body("nova-pro", body.clone()).unwrap()["inferenceConfig"], want, "{body}");
    }
    for (body, want) in [
        (json!({"temperature": "hot"}), "temperature: must be a number"),
        (json!({"top_p": []}), "top_p: must be a number"),
        (json!({"stop_sequences": "x"}), "stop_sequences: must be an array"),
        (json!({"stop_sequences": ["x", 1]}), "stop_sequences.1: must be a string"),
    ] {
        assert_eq!(converse_body("nova-pro", body.clone()), Err(want.to_owned()), "{body}");
    }
}

#[test]
fn thinking_becomes_an_effort_in_the_models_words() {
    let enabled = |budget: u64| json!({"thinking": {"type": "enabled", "budget_tokens": budget}});
    let adaptive = json!({"type": "adaptive", "display": "omitted"});
    for (body, want) in [
        (json!({}), Value::Null),
        (enabled(1024), json!("low")),
        (enabled(2048), json!("medium")),
        (enabled(2049), json!("high")),
        (json!({"thinking": {"type": "enabled"}}), json!("high")),
        (json!({"thinking": adaptive}), json!("high")),
        (json!({"thinking": adaptive, "output_config": {"effort": "medium"}}), json!("medium")),
        (json!({"thinking": adaptive, "output_config": {"effort": "xhigh"}}), json!("high")),
        (json!({"output_config": {"effort": "low"}}), json!("low")),
        (json!({"thinking": {"type": "disabled"}, "output_config": {"effort": "high"}}), json!("low")),
    ] {
        let sent = converse_body("gpt-oss-120b", body.clone()).unwrap();
        assert_eq!(sent["additionalModelRequestFields"]["reasoning_effort"], want, "{body}");
    }
    let nova =
        |body: Value| converse_body("nova-2-lite", body).unwrap()["additionalModelRequestFields"].clone();
    assert_eq!(
        nova(json!({"thinking": {"type": "disabled"}})),
        json!({"reasoningConfig": {"type": "disabled"}})
    );
    // With "high" it would refuse `maxTokens`.
    let asked = nova(json!({"thinking": {"type": "adaptive"}}));
    assert_eq!(asked, json!({"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "medium"}}));
    // It does not think, and is not asked to.
    assert_eq!(converse_body("nova-pro", enabled(2048)).unwrap().get("additionalModelRequestFields"), None);
    for (body, want) in [
        (json!({"thinking": "yes"}), "thinking: must be an object"),
        (json!({"thinking": {"type": "auto"}}), "thinking.type: must be enabled, adaptive or disabled"),
        (
            json!({"thinking": {"type": "enabled", "budget_tokens": "x"}}),
            "thinking.budget_tokens: must be a whole number",
        ),
        (json!({"output_config": []}), "output_config: must be an object"),
        (json!({"output_config": {"effort": 1}}), "output_config.effort: must be a string"),
    ] {
        assert_eq!(converse_body("nova-pro", body.clone()), Err(want.to_owned()), "{body}");
    }
}

#[test]
fn a_schema_is_asked_for_in_the_body_or_in_words() {
    let schema = json!({"type": "object", "properties": {"title": {"type": "string"}}});
    let format = json!({"type": "json_schema", "schema": schema});
    for body in [json!({"output_config": {"format": format}}), json!({"output_format": format})] {
        let sent = converse_body("gpt-oss-120b", body).unwrap();
        let told = json!({"name": "answer", "schema": schema.to_string()});
        assert_eq!(
            sent["outputConfig"],
            json!({"textFormat": {"type": "json_schema", "structure": {"jsonSchema": told}}})
        );
        assert_eq!(sent.get("system"), None);
    }
    // Nova has no field for it, whatever the catalog says that it can.
    for model in ["nova-pro", "qwen3-32b"] {
        let sent =
            converse_body(model, json!({"system": "be kind", "output_config": {"format": format}})).unwrap();
        assert_eq!(sent.get("outputConfig"), None);
        let words = sent["system"][1]["text"].as_str().unwrap();
        assert!(words.ends_with(&format!("\n{schema}")), "{words}");
    }
    for (format, want) in [
        (json!("json"), "output_config.format: must be an object"),
        (json!({"type": "grammar"}), "output_config.format.type: must be json_schema"),
        (json!({"type": "json_schema"}), "output_config.format.schema: Field required"),
        (json!({"type": "json_schema", "schema": "x"}), "output_config.format.schema: must be an object"),
    ] {
        assert_eq!(
            converse_body("nova-pro", json!({"output_config": {"format": format}})),
            Err(want.to_owned()),
            "{format}"
        );
    }
}
