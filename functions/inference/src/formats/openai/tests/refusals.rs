use super::*;

/// What the client is told, and of which field.
fn refusal(name: &str, request: &str) -> (String, Option<String>) {
    let fault = bedrock_body(name, request).unwrap_err();
    let wire = fault.to_error_response();
    assert_eq!(wire.status.as_u16(), 400, "{request}");
    (wire.message, wire.param)
}

pub fn check(name: &str, request: &str, path: &str, rule: &str) {
    let (message, param) = refusal(name, request);
    assert_eq!(
        (message.as_str(), param.as_deref()),
        (format!("{path}: {rule}").as_str(), Some(path)),
        "{request}"
    );
}

#[test]
fn the_body_itself() {
    for (body, want) in [
        ("{", "the request body is not valid JSON: EOF while parsing an object at line 1 column 1"),
        (
            "[]",
            "the request body is not valid JSON: invalid type: sequence, expected an object at line 1 column 0",
        ),
        (
            r#"{"model":"m","model":"n"}"#,
            "the request body is not valid JSON: duplicate field \"model\" at line 1 column 25",
        ),
        (r#"{"messages":[]}"#, "model: Field required"),
        (r#"{"model":7,"messages":[]}"#, "model: must be a string"),
        (r#"{"model":"m"}"#, "messages: Field required"),
        (r#"{"model":"m","messages":null}"#, "messages: Field required"),
        (r#"{"model":"m","messages":"hi"}"#, "messages: must be an array"),
        (r#"{"model":"m","messages":[]}"#, "messages: must not be empty"),
        (r#"{"model":"m","messages":["user"]}"#, "messages.0: must be an object"),
        (r#"{"model":"m","messages":[["user","hi"]]}"#, "messages.0: must be an object"),
        (
            r#"{"model":"m","messages":[{"role":"user","role":"tool"}]}"#,
            "messages.0: cannot be read: duplicate field \"role\" at line 1 column 29",
        ),
    ] {
        assert_eq!(refusal("claude-haiku-4-5", body).0, want, "{body}");
    }
    check(
        "nova-lite",
        &request_with(&json!({"model": "x".repeat(257)})),
        "model",
        "must be at most 256 bytes long",
    );
}

#[test]
fn fields() {
    let gone = "is not available on Amazon Bedrock";
    let whole = "must be a whole number above 0";
    let efforts = "must be one of none, minimal, low, medium, high, xhigh, max";
    for (fields, path, rule) in [
        (json!({"n": 2}), "n", "only 1 is served"),
        (json!({"logprobs": true}), "logprobs", gone),
        (json!({"top_logprobs": 3}), "top_logprobs", gone),
        (json!({"logit_bias": {"5": 1}}), "logit_bias", gone),
        (json!({"frequency_penalty": 0.1}), "frequency_penalty", gone),
        (json!({"presence_penalty": -0.1}), "presence_penalty", gone),
        (json!({"audio": {}}), "audio", gone),
        (json!({"modalities": ["text", "audio"]}), "modalities", "only text is available on Amazon Bedrock"),
        (json!({"prediction": {}}), "prediction", gone),
        (json!({"web_search_options": {}}), "web_search_options", gone),
        (json!({"functions": []}), "functions", "is not available on Amazon Bedrock: use tools"),
        (
            json!({"function_call": "auto"}),
            "function_call",
            "is not available on Amazon Bedrock: use tool_choice",
        ),
        (json!({"store": true}), "store", "nothing is stored by this gateway"),
        (json!({"service_tier": "flex"}), "service_tier", "must be auto or default"),
        (json!({"stream": 1}), "stream", "must be true or false"),
        (json!({"stream_options": 1}), "stream_options", "must be an object"),
        (
            json!({"stream_options": {"include_usage": 1}}),
            "stream_options.include_usage",
            "must be true or false",
        ),
        (json!({"max_tokens": 0}), "max_tokens", whole),
        (json!({"max_tokens": -1}), "max_tokens", whole),
        (json!({"max_tokens": "9", "max_completion_tokens": 9}), "max_tokens", whole),
        (json!({"max_completion_tokens": 1.5}), "max_completion_tokens", whole),
        (
            json!({"max_completion_tokens": 64_001}),
            "max_completion_tokens",
            "64001 > 64000, which is the maximum allowed number of output tokens for claude-haiku-4-5",
        ),
        (json!({"temperature": 2.1}), "temperature", "must be a number from 0 to 2"),
        (json!({"temperature": "1"}), "temperature", "must be a number from 0 to 2"),
        (json!({"top_p": -0.5}), "top_p", "must be a number from 0 to 1"),
        (json!({"stop": 1}), "stop", "must be a string"),
        (json!({"stop": ["a", " "]}), "stop.1", "must hold more than white space"),
        (json!({"reasoning_effort": "huge"}), "reasoning_effort", efforts),
        (json!({"reasoning_effort": 3}), "reasoning_effort", efforts),
        (
            json!({"thinking": {"type": "deep"}}),
            "thinking.type",
            "must be one of enabled, adaptive, disabled",
        ),
        (json!({"thinking": {"type": "enabled"}}), "thinking.budget_tokens", "Field required"),
        (json!({"thinking": {"type": "enabled", "budget_tokens": -1}}), "thinking.budget_tokens", whole),
    ] {
        check("claude-haiku-4-5", &request_with(&fields), path, rule);
    }
}

#[test]
fn tools() {
    let function = json!({"type": "function", "function": {"name": "f"}});
    let one = |tool: Value| json!({"tools": [tool]});
    let with = |choice: Value| json!({"tools": [function], "tool_choice": choice});
    let how = "must be auto, none, required, or a function by its name";
    let kind = "only function is available on Amazon Bedrock";
    for (fields, path, rule) in [
        (json!({"tools": {}}), "tools", "must be an array"),
        (one(json!({"type": "custom"})), "tools.0.type", kind),
        (one(json!({"type": "function"})), "tools.0.function", "Field required"),
        (one(json!({"function": {"name": ""}})), "tools.0.function.name", "must not be blank"),
        (
            one(json!({"function": {"name": "f", "parameters": []}})),
            "tools.0.function.parameters",
            "must be an object",
        ),
        (
            one(json!({"function": {"name": "f", "strict": 1}})),
            "tools.0.function.strict",
            "must be true or false",
        ),
        (with(json!("always")), "tool_choice", how),
        (with(json!(1)), "tool_choice", how),
        (with(json!({"type": "allowed_tools"})), "tool_choice.type", kind),
        (with(json!({"type": "function", "function": {}})), "tool_choice.function.name", "Field required"),
        (
            with(json!({"type": "function", "function": {"name": "g"}})),
            "tool_choice",
            "must name one of the tools",
        ),
        (json!({"tool_choice": "required"}), "tool_choice", "can only be required where tools are given"),
        (json!({"parallel_tool_calls": 0}), "parallel_tool_calls", "must be true or false"),
        (json!({"response_format": {}}), "response_format.type", "Field required"),
        (
            json!({"response_format": {"type": "grammar"}}),
            "response_format.type",
            "must be text, json_object or json_schema",
        ),
        (
            json!({"response_format": {"type": "json_schema"}}),
            "response_format.json_schema",
            "Field required",
        ),
        (
            json!({"response_format": {"type": "json_schema", "json_schema": {"name": "s"}}}),
            "response_format.json_schema.schema",
            "Field required",
        ),
    ] {
        check("claude-haiku-4-5", &request_with(&fields), path, rule);
    }
}

#[test]
fn what_a_model_cannot_do() {
    let tools = json!([{"type": "function", "function": {"name": "f"}}]);
    let schema = json!({"type": "json_schema", "json_schema": {"name": "f", "schema": {}}});
    let image = json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBO"}});
    let user = json!({"role": "user", "content": [{"type": "text", "text": "x"}, image]});
    let call = json!({"role": "assistant", "tool_calls": [{"id": "t", "function": {"name": "f"}}]});
    for (model, fields, path, rule) in [
        (
            "nova-micro",
            json!({"messages": [user]}),
            "messages.0.content.1.image_url",
            "nova-micro-v1:0 does not read images",
        ),
        ("jamba-instruct", json!({"tools": tools}), "tools", "jamba-instruct-v1:0 does not call tools"),
        (
            "jamba-instruct",
            json!({"messages": [call]}),
            "messages",
            "jamba-instruct-v1:0 does not call tools",
        ),
        (
            "llama3-1-70b-instruct",
            json!({"tools": tools, "tool_choice": "required"}),
            "tool_choice",
            "llama3-1-70b-instruct-v1:0 cannot be made to call a tool",
        ),
        (
            "llama3-1-70b-instruct",
            json!({"response_format": schema}),
            "response_format",
            "llama3-1-70b-instruct-v1:0 does not answer by a schema",
        ),
        (
            "deepseek-v3",
            json!({"response_format": schema, "tools": tools}),
            "response_format.json_schema.name",
            "must not be the name of a tool",
        ),
    ] {
        check(model, &request_with(&fields), path, rule);
    }
}
