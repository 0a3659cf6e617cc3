use stargate_core::catalog::Catalog;

use super::*;

fn refusal(model: &str, body: &str) -> Option<String> {
    let catalog = Catalog::load_bundled("global").unwrap();
    let fields = RawObject::parse(body.as_bytes()).unwrap();
    check_native(&fields, catalog.find(model).unwrap()).err().map(|fault| fault.to_string())
}

#[test]
fn an_output_limit_above_the_catalogs_is_refused_by_any_name() {
    for (model, body, field) in [
        ("gpt-oss-120b", r#"{"max_completion_tokens": 128000}"#, "max_completion_tokens"),
        ("gpt-oss-120b", r#"{"max_tokens": 16385}"#, "max_tokens"),
        ("gpt-oss-120b", r#"{"max\u005ftokens": 16385}"#, "max_tokens"),
        ("gpt-oss-120b", r#"{"max_output_tokens": 16385}"#, "max_output_tokens"),
        ("meta.llama3-8b-instruct-v1:0", r#"{"max_gen_len": 9000}"#, "max_gen_len"),
        (
            "amazon.titan-text-express-v1",
            r#"{"textGenerationConfig": {"maxTokenCount": 9000}}"#,
            "textGenerationConfig.maxTokenCount",
        ),
        ("cohere.command-text-v14", r#"{"max_tokens_to_sample": 5000}"#, "max_tokens_to_sample"),
        ("ai21.j2-ultra-v1", r#"{"maxTokens": 9000}"#, "maxTokens"),
        ("nova-lite", r#"{"inferenceConfig": {"maxTokens": 10001}}"#, "inferenceConfig.maxTokens"),
        ("nova-lite", r#"{"inferenceConfig": {"max_new_tokens": 10001}}"#, "inferenceConfig.max_new_tokens"),
        ("deepseek.r1-v1:0", r#"{"max_tokens": 32768}"#, "max_tokens"),
        ("nova-lite", r#"{"max_tokens": "9"}"#, "max_tokens"),
        ("nova-lite", r#"{"max_tokens": 1e9}"#, "max_tokens"),
        ("nova-lite", r#"{"max_tokens": 0}"#, "max_tokens"),
        ("nova-lite", r#"{"max_tokens": -1}"#, "max_tokens"),
        ("nova-lite", r#"{"max_tokens": 100.5}"#, "max_tokens"),
        ("nova-lite", r#"{"max_tokens": 10001.0}"#, "max_tokens"),
        ("gpt-oss-120b", r#"{"min_tokens": 100000}"#, "min_tokens"),
    ] {
        let told = refusal(model, body).unwrap_or_else(|| panic!("{model} takes {body}"));
        assert!(told.starts_with(&format!("{field}: ")), "{body}: {told}");
    }
    let twice = r#"{"inferenceConfig": {"maxTokens": 128000, "maxTokens": 10}}"#;
    assert!(refusal("nova-lite", twice).is_some_and(|told| told.contains("duplicate field")));
}

#[test]
fn what_costs_extra_is_refused_wherever_it_stands() {
    for (body, field) in [
        (r#"{"serviceTier": {"type": "priority"}}"#, "serviceTier"),
        (r#"{"service_tier": "flex"}"#, "service_tier"),
        (r#"{"performanceConfig": {"latency": "optimized"}}"#, "performanceConfig"),
        (r#"{"performance_config": {"latency": "optimized"}}"#, "performance_config"),
        (
            r#"{"guardrailConfig": {"guardrailIdentifier": "mine", "guardrailVersion": "1"}}"#,
            "guardrailConfig",
        ),
        (r#"{"toolConfig": {"tools": [{"systemTool": {"name": "nova_grounding"}}]}}"#, "toolConfig.tools"),
        (r#"{"toolConfig": {"tools": [{"toolSpec": {}}, {"newTool": {}}]}}"#, "toolConfig.tools"),
        (r#"{"tools": [{"type": "function"}, {"type": "web_search"}]}"#, "tools"),
        (r#"{"tools": [{"type": "code_interpreter"}]}"#, "tools"),
        (r#"{"web_search_options": {"search_context_size": "low"}}"#, "web_search_options"),
        (r#"{"extra": {"connectors": [{"id": "web-search"}]}}"#, "extra.connectors"),
        (r#"{"n": 2}"#, "n"),
        (r#"{"tool_config": {"tools": [{"systemTool": {"name": "nova_grounding"}}]}}"#, "toolConfig.tools"),
        (r#"{"extra": {"systemTool": {"name": "nova_grounding"}}}"#, "extra.systemTool"),
        (r#"{"Tools": [{"type": "web_search"}]}"#, "Tools"),
        (r#"{"extra_body": {"tools": [{"type": "web_search"}]}}"#, "extra_body.tools"),
        (r#"{"tools": [{"googleSearch": {}}]}"#, "tools"),
        (r#"{"tools": [{"type": "function", "type": "web_search"}]}"#, "tools"),
        (r#"{"tools": {"googleSearch": {}}}"#, "tools"),
        (r#"{"tools": ["web_search"]}"#, "tools"),
        (r#"{"generation_config": {"candidateCount": 4}}"#, "generation_config.candidateCount"),
        (r#"{"num_return_sequences": 2}"#, "num_return_sequences"),
        (r#"{"reasoningConfig": {"maxReasoningEffort": "high"}}"#, "reasoningConfig.maxReasoningEffort"),
        (r#"{"reasoningConfig": {"maxReasoningEffort": "\u0068igh"}}"#, "reasoningConfig.maxReasoningEffort"),
    ] {
        let told = refusal("nova-2-lite", body).unwrap_or_else(|| panic!("takes {body}"));
        assert!(told.starts_with(&format!("{field}: ")), "{body}: {told}");
    }
}

#[test]
fn what_is_ordinary_passes() {
    for body in [
        r#"{"messages": [{"role": "user", "content": "n: 5, \"max_tokens\": 999999"}], "max_tokens": 100}"#,
        r#"{"serviceTier": {"type": "default"}, "performanceConfig": {"latency": "standard"}}"#,
        r#"{"service_tier": "auto", "n": 1, "max_tokens": null, "guardrailConfig": null}"#,
        r#"{"tools": [{"type": "function", "function": {"parameters": {"properties": {"n": {}, "max_tokens": {}}}}}]}"#,
        r#"{"toolConfig": {"tools": [{"toolSpec": {"name": "n"}}, {"cachePoint": {"type": "default"}}]}}"#,
        r#"{"textGenerationConfig": {"maxTokenCount": 100, "temperature": 0}}"#,
        r#"{"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "medium"}}"#,
        r#"{"max_input_tokens": 999999, "maximum_context_length": 999999}"#,
        r#"{"max_tokens": 100.0, "min_tokens": 0}"#,
        r#"{"tools": null, "toolConfig": null}"#,
        r#"{"tools": [{"name": "f", "description": "d", "parameter_definitions": {"systemTool": {}}}]}"#,
        r#"{"guided_json": {"properties": {"max_tokens": {"type": "string"}}}, "logit_bias": {"n": 5}}"#,
        r#"{"structured_outputs": {"json": {"max_length": {}}}, "extra": {"json_schema": {"n": {}}}}"#,
    ] {
        assert_eq!(refusal("nova-2-lite", body), None, "{body}");
    }
}
