use super::*;

fn read() -> Value {
    json!({"name": "Read", "description": "Reads", "input_schema": {"type": "object", "properties": {}}})
}

fn spec() -> Value {
    json!({"toolSpec": {"name": "Read", "description": "Reads", "inputSchema": {"json": {"type": "object", "properties": {}}}}})
}

/// A conversation in which a tool was called.
fn calls() -> Value {
    json!([
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "Write", "input": {}}, {"type": "tool_use", "id": "b", "name": "Glob", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a"}, {"type": "tool_result", "tool_use_id": "b"}]},
    ])
}

#[test]
fn tools_become_specifications() {
    let bare = |name: &str| json!({"toolSpec": {"name": name, "inputSchema": {"json": {"type": "object"}}}});
    let placeholder = json!({"name": "DeferredToolPlaceholder", "description": " ", "input_schema": {"type": "object"}, "defer_loading": true, "custom": {"defer_loading": true}});
    let typed = json!({"type": "custom", "name": "X", "input_schema": {"type": "object"}});
    for (name, body, want) in [
        ("a tool", json!({"tools": [read()]}), json!({"tools": [spec()]})),
        (
            "deferred and typed ones",
            json!({"tools": [placeholder, typed]}),
            json!({"tools": [bare("DeferredToolPlaceholder"), bare("X")]}),
        ),
        ("none", json!({"tools": []}), Value::Null),
        (
            "auto",
            json!({"tools": [read()], "tool_choice": {"type": "auto", "disable_parallel_tool_use": true}}),
            json!({"tools": [spec()]}),
        ),
        (
            "any",
            json!({"tools": [read()], "tool_choice": {"type": "any"}}),
            json!({"tools": [spec()], "toolChoice": {"any": {}}}),
        ),
        (
            "one",
            json!({"tools": [read()], "tool_choice": {"type": "tool", "name": "Read"}}),
            json!({"tools": [spec()], "toolChoice": {"tool": {"name": "Read"}}}),
        ),
        ("no call", json!({"tools": [read()], "tool_choice": {"type": "none"}}), Value::Null),
        (
            "no call, but there were some",
            json!({"tools": [read()], "tool_choice": {"type": "none"}, "messages": calls()}),
            json!({"tools": [spec()]}),
        ),
        ("only calls", json!({"messages": calls()}), json!({"tools": [bare("Glob"), bare("Write")]})),
    ] {
        assert_eq!(converse_body("nova-pro", body).unwrap()["toolConfig"], want, "{name}");
    }
}

#[test]
fn tools_that_cannot_be_had_are_named() {
    let choice = |choice: Value| json!({"tools": [read()], "tool_choice": choice});
    for (model, body, want) in [
        ("nova-pro", json!({"tools": {}}), "tools: must be an array"),
        ("nova-pro", json!({"tools": [read(), {"name": "x"}]}), "tools.1.input_schema: Field required"),
        (
            "nova-pro",
            json!({"tools": [{"name": "x", "input_schema": "{}"}]}),
            "tools.0.input_schema: must be an object",
        ),
        ("nova-pro", json!({"tools": [{"input_schema": {}}]}), "tools.0.name: Field required"),
        (
            "nova-pro",
            json!({"tools": [read(), {"type": "web_search_20250305", "name": "web_search"}]}),
            "tools.1: web_search_20250305 runs on Anthropic's own servers and is not available on Amazon Bedrock",
        ),
        (
            "nova-pro",
            json!({"tools": [{"type": "bash_20250124", "name": "bash"}]}),
            "tools.0: bash_20250124 is a tool that only Claude knows and is not available with nova-pro-v1:0",
        ),
        ("deepseek.r1-v1:0", json!({"tools": [read()]}), "tools: deepseek-r1-v1:0 does not call tools"),
        ("nova-pro", choice(json!("any")), "tool_choice: must be an object"),
        ("nova-pro", choice(json!({"type": "some"})), "tool_choice.type: must be auto, any, tool or none"),
        ("nova-pro", choice(json!({"type": "tool"})), "tool_choice.name: Field required"),
        (
            "nova-pro",
            json!({"tool_choice": {"type": "any"}}),
            "tool_choice: there are no tools to choose from",
        ),
        (
            "meta.llama3-3-70b-instruct-v1:0",
            choice(json!({"type": "any"})),
            "tool_choice: llama3-3-70b-instruct-v1:0 cannot be made to call a tool: it takes auto and none",
        ),
    ] {
        assert_eq!(converse_body(model, body.clone()), Err(want.to_owned()), "{body}");
    }
    assert!(converse_body("deepseek.r1-v1:0", json!({"tools": []})).is_ok());
    assert!(converse_body("meta.llama3-3-70b-instruct-v1:0", choice(json!({"type": "auto"}))).is_ok());
}
